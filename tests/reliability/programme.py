"""One programme: two owners, strangers and a bad network around one app, and the promises after every step.

Nothing here draws anything: a step is a call with numbers, so a failed programme can be written down as a plain test.
Belongs here: the steps. Does not belong here: drawing them (`machine`), what must hold (`checks`).
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler import pipeline, takeover
from reconciler.client.api import ReadOnlyApi
from reconciler.core.change import Action
from reconciler.core.diagnostics import InvalidManifest, Refused
from reconciler.core.drift import DriftStatus
from reconciler.core.plan import Plan, Step
from reconciler.core.remote import ApiError
from reconciler.stages.guard import RULES, Rails
from tests.reliability import bursts, checks, oracle, strangers
from tests.reliability.bursts import Burst
from tests.reliability.checks import Run
from tests.reliability.in_process import InProcess, Service
from tests.reliability.manifest_sets import FIRST, SECOND, desired, documents, slot_of
from tests.reliability.truth import Dump

OWNERS = {owner.name: owner for owner in (FIRST, SECOND)}
CAREFUL = frozenset((rule, "*") for rule in RULES if rule not in ("takeover", "adopt", "in-use"))


@dataclass
class Tally:
    """What many programmes came to, for those who ask whether they tried anything."""

    programmes: int = 0
    steps: int = 0
    applies: int = 0
    struck: int = 0
    """Applies in which a fault struck."""
    complete: int = 0
    objects: int = 0
    """Declared or owned, over all applies."""
    strikes: Counter[str] = field(default_factory=Counter)
    verbs: Counter[str] = field(default_factory=Counter)
    """Steps that got done, by kind and verb."""
    refused: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    stale: int = 0
    """Runs that stopped because somebody had been there since the plan."""


@dataclass(frozen=True)
class How:
    """How a run goes: what it may do, and what gets in its way."""

    prune: bool = False
    destroy: bool = False
    delete_app: bool = False
    adopt_only: bool = False
    take: bool = False
    """Take over what others made (`--adopt`)."""
    refresh: str = "stamp"
    bursts: Sequence[Burst] = ()
    while_planning: bool = False
    """The bursts come while the plan is made, else while it is applied."""
    shuffle: int = 0
    """Another order of the steps, of those that their edges allow; 0 leaves it."""
    meddling: tuple[int, int] | None = None
    """What a stranger does between the plan and the apply."""


class Programme:
    """The steps, and what is known of who made what."""

    def __init__(self, service: Service | None = None, tally: Tally | None = None) -> None:
        self.service = service or InProcess()
        self.tally = tally or Tally()
        self.slots: dict[str, dict[str, int]] = {FIRST.name: {"app:app": 1}, SECOND.name: {}}
        self.by_others: set[str] = set()
        """What strangers made, took our record off, or was left behind by a destroy."""
        self.taken: set[str] = set()
        """What was taken over by a run that did not come to its end."""
        self.calm_since: set[str] = set()
        """Owners since whose last apply, which was complete, nobody else has written."""
        self.unfit = False
        """A stranger took away what the default workflow needs: an input may fail on it."""
        self.calm = self.service.client()
        """Other people's handle; it meets no faults, since these are cleared before."""

    def close(self) -> None:
        self.service.close()

    # -- what people do

    def edit(self, owner: str, slot: int, form: int | None) -> None:
        """Change a document of a set; None takes it away."""
        slots, name = self.slots[owner], OWNERS[owner].slots[slot % len(OWNERS[owner].slots)]
        if form is not None:
            slots[name] = form
        elif name != "app:app":
            slots.pop(name, None)

    def meddle(self, edit: int, choice: int) -> strangers.Deed | None:
        """Somebody else is at work in the app."""
        if self.dump().app is None:
            return None
        before = self.dump()
        deed = strangers.meddle(self.calm, edit, choice, before)
        self.service.settle()
        after = self.dump()
        if deed is None or after.same_as(before):
            return None  # what was there already is not theirs
        self.calm_since.clear()
        self.tally.deeds[strangers.EDITS[edit % len(strangers.EDITS)].__name__] += 1
        appeared = set(after.addresses()) - set(before.addresses())
        self.by_others |= appeared | ({deed.address} if deed.claims else set())
        self.unfit |= deed.address.startswith(("models/", "workflows/", "apps/"))
        return deed

    def dump(self) -> Dump:
        return Dump.of(self.service.emulator)

    # -- looking

    def look(self, owner: str, storm: Sequence[Burst] = ()) -> None:
        """Plan and drift write nothing, and a look through a bad network never says more than a calm one."""
        if self.dump().app is None:
            return
        before, wanted = self.dump(), self.desired(owner)
        with suppress(InvalidManifest, ApiError):
            self.plan(owner, How())
        closely = self.options(How(refresh="full"))
        calm = pipeline.find_drift(ReadOnlyApi(self.service.client()), wanted, closely)
        self.order(storm)
        with suppress(ApiError):
            report = pipeline.find_drift(ReadOnlyApi(self.service.client()), wanted, closely)
            sure = {e.address for e in report.with_status(DriftStatus.IN_SYNC)}
            assert sure <= {e.address for e in calm.with_status(DriftStatus.IN_SYNC)}
            assert report.exit_code == 1 or not report.counts.unknown
            assert report.exit_code in (1, calm.exit_code), "a bad network changed the verdict"
        self.clear()
        assert not self.service.emulator.calls.writes, "plan or drift wrote"
        assert self.dump() == before

    # -- running

    def run(self, owner: str, how: How) -> Run | None:
        """Plan and apply, and check every promise; None where the plan was refused or could not be made."""
        self.order(how.bursts if how.while_planning else ())
        try:
            planned = self.plan(owner, how)
        except ApiError:
            assert how.while_planning, "nothing was in the way of the plan"
            return None
        except (InvalidManifest, Refused):
            if self.dump().app is not None:
                raise
            return None
        finally:
            self.clear()
            assert not self.service.emulator.calls.writes, "a plan wrote"
        if owner in self.calm_since:
            checks.nothing_moved(planned.plan)
        if planned.plan.refusals:
            self._refused(owner, planned.plan)
            return None
        deed = self.meddle(*how.meddling) if how.meddling else None
        run = self._carry_out(owner, shuffled(planned, how.shuffle), how, deed)
        self._count(run, how)
        self._check(run, how, deed)
        self._learn(run, how)
        return run

    def run_through_haze(self, owner: str, how: How) -> None:
        """A run to which one answer lies: it may do too little or stop, never too much, and the next one mends it."""
        self.order(how.bursts if how.while_planning else ())
        try:
            planned = self.plan(owner, how)
        except (ApiError, InvalidManifest, Refused):
            return
        finally:
            journal = self.service.emulator.faults.journal
            self.tally.strikes += bursts.struck(journal)
            self.clear()
            assert not self.service.emulator.calls.writes, "a plan wrote"
        if not planned.plan.refusals:
            run = self._carry_out(owner, shuffled(planned, how.shuffle), how, None)
            self._count(run, how)
            checks.check_hazy(run)
            self._learn(run, how)
            self.calm_since.discard(owner)
        self.run(owner, replace(how, bursts=(), while_planning=False))

    def _carry_out(self, owner: str, planned: Any, how: How, deed: strangers.Deed | None) -> Run:
        before = self.dump()
        self.order(() if how.while_planning else how.bursts)
        clock = pipeline.Clock(self.service.now, self.service.sleep)
        events: list[Any] = []
        result = pipeline.apply_plan(self.service.client(), planned, events.append, clock=clock)
        journal = self.service.emulator.faults.journal
        self.clear()
        self.service.settle()
        self.tally.strikes += bursts.struck(journal)
        return Run(
            owner, planned, result, before, self.dump(), bursts.doubled(journal), alone=deed is None,
            faulty=bool(journal), adopting=how.adopt_only, taking=how.take,
            taken=self.taken, events=events,
        )  # fmt: skip

    def _check(self, run: Run, how: How, deed: strangers.Deed | None) -> None:
        checks.check(run)
        if how.adopt_only and run.alone:
            checks.only_records_moved(run)
        if deed is not None:
            redone = run.actions().get(deed.address) is Action.REPLACE  # deleted by them or by us: it is made anew
            assert redone or deed.stands(run.after), f"what a stranger did to {deed.address} since the plan was undone"
        elif run.result.complete:
            self._check_complete(run, how)
        elif not run.faulty:
            failed = [(o.step.id, o.message) for o in run.result.outcomes if o.status == "failed"]
            assert self.unfit, failed
            assert all("processing failed" in message for _, message in failed), failed

    def _check_complete(self, run: Run, how: How) -> None:
        if how.destroy:
            checks.nothing_of_ours_is_left(run, pruned=how.prune)
        elif not how.adopt_only and self.dump().app is not None:
            other = "full" if how.refresh == "stamp" else "stamp"
            again = self.plan(run.owner, replace(how, take=False, refresh=other))
            assert again.plan.changes == (), f"applied, and yet: {changes(again.plan)}"
            if how.prune:
                checks.nothing_else_is_left(run)
            wrong = oracle.missing(documents(self.slots[run.owner]), run.after)
            assert not wrong, f"told as applied, and yet: {wrong}"
            self.order(())
            pipeline.apply_plan(self.service.client(), again, lambda event: None)
            assert not self.written, f"a second apply wrote {self.written}"
            if how.shuffle % 2:
                self._check_drift(run.owner)

    def _check_drift(self, owner: str) -> None:
        """Nothing that is declared has moved since the apply a moment ago."""
        wanted = self.desired(owner)
        report = pipeline.find_drift(ReadOnlyApi(self.service.client()), wanted, self.options())
        moved = [e for e in report.entries if e.address in wanted.resources and e.status is not DriftStatus.IN_SYNC]
        missing = report.with_status(DriftStatus.MISSING, DriftStatus.UNKNOWN)
        assert not [*moved, *missing], f"applied, and yet: {moved or missing}"

    def _learn(self, run: Run, how: How) -> None:
        """Who made what, from now on."""
        owners = run.after.owners()
        self.by_others -= owners.keys()
        if how.destroy:  # a concept and the App itself stay, as nobody's
            self.by_others |= {address for address in run.after.addresses() if address not in owners} | {"apps/app"}
        if run.actions().keys() and not how.destroy:
            forgotten = {a for a, action in run.actions().items() if action is Action.FORGET}
            self.by_others |= forgotten - owners.keys()
        if checks.app_owner(run.after) == FIRST.name:
            self.by_others.discard("apps/app")
        if run.result.complete and run.owner == FIRST.name and not how.destroy:
            self.unfit &= not run.alone
        self.unfit |= not run.result.complete
        kept = run.result.complete and run.alone and not how.destroy and not how.adopt_only
        (self.calm_since.add if kept else self.calm_since.discard)(run.owner)
        if run.after.app is None:
            self.by_others.clear()

    def _refused(self, owner: str, plan: Plan) -> None:
        """A refusal has a cause, and the author gives way to another owner."""
        declared = {str(address) for address in self.desired(owner).resources}
        checks.refusals_have_a_cause(plan, declared, self.dump(), self.by_others)
        for refusal in plan.refusals:
            self.tally.refused[refusal.rule] += 1
            slot = slot_of(str(refusal.address), self.slots[owner])
            if refusal.rule == "takeover" and slot is not None:
                self.slots[owner].pop(slot, None)

    def _count(self, run: Run, how: How) -> None:
        tally = self.tally
        tally.verbs.update(f"{o.step.address.kind} {o.step.verb}" for o in run.result.outcomes if o.status == "done")
        tally.stale += any("since the plan" in o.message for o in run.result.outcomes)
        if run.plan.steps:
            tally.applies += 1
            tally.struck += run.faulty
            tally.complete += run.result.complete
            tally.objects += len(
                {*run.planned.desired.resources, *run.plan.undeclared, *(c.address for c in run.plan.changes)}
            )

    # -- parts

    def desired(self, owner: str) -> Any:
        return desired(OWNERS[owner], self.slots[owner])

    def options(self, how: How | None = None) -> pipeline.PlanOptions:
        how = how or How()
        rails = Rails(CAREFUL | ({("adopt", "*")} if how.take else set()))
        return pipeline.PlanOptions(
            prune=how.prune, destroying=how.destroy, delete_app=how.delete_app, refresh=how.refresh, rails=rails,
            workers=self.service.workers,
        )  # fmt: skip

    def plan(self, owner: str, how: How) -> Any:
        """Made with a handle that cannot write."""
        planned = pipeline.make_plan(ReadOnlyApi(self.service.client()), self.desired(owner), self.options(how))
        return takeover.adoption(planned).planned if how.adopt_only else planned

    def order(self, ordered: Iterable[Burst]) -> None:
        self.clear()
        self.service.emulator.calls.reset()
        for burst in ordered:
            burst.order(self.service.emulator.faults)

    def clear(self) -> None:
        self.service.emulator.faults.clear()

    @property
    def written(self) -> list[str]:
        """The writes that arrived since the last order."""
        return [entry.rpc for entry in self.service.emulator.calls.writes]


def changes(plan: Plan) -> list[str]:
    return [f"{c.address} {c.action.value} {[f.path for f in c.fields]} {c.reasons}" for c in plan.changes]


def shuffled(planned: Any, seed: int) -> Any:
    """The same plan with its steps in another order that their edges allow."""
    if not seed:
        return planned
    dice, left, steps = random.Random(seed), list(planned.plan.steps), list[Step]()
    done: set[str] = set()
    names = {step.id for step in left}
    while left:
        ready = [step for step in left if done.issuperset(names.intersection(step.after))]
        step = dice.choice(ready)
        steps.append(step)
        left.remove(step)
        done.add(step.id)
    return replace(planned, plan=replace(planned.plan, steps=tuple(steps)))
