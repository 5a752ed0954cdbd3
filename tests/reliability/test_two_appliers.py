"""Two applies of one app at a time, their calls in every order that 2,000 seeds give.

With the lock nothing of one is ever written between two writes of the other. Without it each stops where it sees that
the other was there; what it cannot see lies between a look and the write that follows, and is counted: a change that
was reported as done and overwritten there, a version that both made. One more apply puts all right.

A seed that fails says the command that replays it.
"""

import io
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from reconciler import pipeline
from reconciler.client.api import GrpcApi, ReadOnlyApi
from reconciler.client.rpcs import RpcClass, rpc_class
from reconciler.core.address import Scope
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.lease import Holder
from reconciler.core.outcome import ApplyResult, Status
from reconciler.locking.app_leases import AppLeases, AppLock
from reconciler.locking.clocks import Clocks, since_boot
from reconciler.locking.lease_lock import LeaseLock
from reconciler.locking.lock import Waiting
from reconciler.manifests import desired_state, read_manifests
from reconciler.stages.guard import RULES, Rails
from reconciler.stages.resolve import Options
from tests.reliability.in_process import Channel as Direct
from tests.reliability.in_process import InProcess, OverSockets, client
from tests.reliability.turns import Channel, Turns

SCOPE = Scope("me-local", "app")
EVERYTHING = Rails(allowed=frozenset((rule, "*") for rule in RULES))
IDS = {"user_app_id": {"user_id": "me-local", "app_id": "app"}}
LEASES = {"PostDatasets", "PatchDatasets", "DeleteDatasets"}

SEEDS = 1000
"""For each of: with the lock, without it."""
CHUNK = 50


# ---- what is applied


def document(kind: str, name: str | None, /, **spec: Any) -> Any:
    return {"apiVersion": "clarifai.reconciler/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


@dataclass(frozen=True)
class Shop:
    """An app with a model, a workflow that pins it, and concepts with a relation between the first two."""

    threshold: float = 0.5
    about: str = ""
    notes: str = ""
    concepts: tuple[str, ...] = ("a",)

    def documents(self) -> Iterator[Any]:
        yield document("App", "app", **({"description": self.about} if self.about else {}))
        yield from (document("Concept", name, name=name) for name in self.concepts)
        params = {"concept_threshold_type": "GREATER_THAN"}
        info = {"params": params, "data": {"concepts": [{"id": "a", "value": self.threshold}]}}
        yield document("Model", "cut", model_type_id="concept-thresholder", model_version={"output_info": info})
        noted = {"notes": self.notes} if self.notes else {}
        yield document("Workflow", "flow", nodes=[{"id": "n", "model": {"id": "cut"}}], **noted)
        if len(self.concepts) > 1:
            subject, target = ({"id": name} for name in self.concepts[:2])
            yield document("ConceptRelation", None, predicate="hyponym", subject_concept=subject, object_concept=target)

    def desired(self) -> Any:
        return desired("\n---\n".join(json.dumps(each) for each in self.documents()))


@dataclass(frozen=True)
class Case:
    """What is there, and what two runs make of it at the same time."""

    before: Shop | None
    one: Shop
    other: Shop
    options: dict[str, Any] = field(default_factory=dict)
    """Of the other run."""


OBJECT_OF = {
    "threshold": (("models/cut", "model_version"), ("workflows/flow", "nodes")),
    "about": (("apps/app", "description"),),
    "notes": (("workflows/flow", "notes"),),
}
"""Where a property of a shop stands: object, first name of the path."""

AWAY = {"prune": True, "rails": EVERYTHING}
CASES = {
    "the first apply, twice": Case(None, Shop(), Shop()),
    "the same edit, twice": Case(Shop(), Shop(0.6), Shop(0.6)),
    "two values of one field": Case(Shop(about="x"), Shop(about="y"), Shop(about="z")),
    "two thresholds of one model": Case(Shop(), Shop(0.6), Shop(0.7)),
    "a threshold, and a note": Case(Shop(notes="x"), Shop(0.6, notes="x"), Shop(notes="y")),
    "more concepts, and others": Case(Shop(), Shop(concepts=("a", "b")), Shop(concepts=("a", "c"))),
    "an edit, and a destroy": Case(Shop(), Shop(0.6), Shop(), {"destroying": True, **AWAY}),
    "an edit, and a prune": Case(Shop(concepts=("a", "b")), Shop(0.6, concepts=("a", "b")), Shop(), AWAY),
}


@cache
def desired(text: str) -> Any:
    resolved = read_manifests(["-"], Options(user_id=SCOPE.user_id), stdin=io.BytesIO(text.encode()))
    return desired_state(resolved)


# ---- one run


@dataclass
class Service:
    """One emulator, and the order in which two runs may talk to it."""

    turns: Turns
    inside: InProcess | OverSockets = field(default_factory=InProcess)

    def api(self, who: str = "") -> GrpcApi:
        inside = self.inside
        direct: Any = inside._channel if isinstance(inside, OverSockets) else Direct(inside.emulator._dispatcher)
        channel = Channel(direct, self.turns, who) if who else direct
        return client(channel, inside.now, lambda seconds: self.turns.sleep(who) if who else None)

    def apply(self, shop: Shop, *, who: str = "", lock: bool = False, **options: Any) -> ApplyResult:
        """As the command line does it: lock, plan, apply, release."""
        api = self.api(who)
        with self.locked(api, who) if lock else _open(api) as handle:
            planned = pipeline.make_plan(
                ReadOnlyApi(handle), shop.desired(), pipeline.PlanOptions(workers=1, **options)
            )
            clock = pipeline.Clock(self.inside.now, lambda seconds: self.turns.sleep(who) if who else None)
            return pipeline.apply_plan(handle, planned, lambda event: None, clock=clock)

    @contextmanager
    def locked(self, api: GrpcApi, who: str) -> Iterator[GrpcApi]:
        clocks = Clocks(boot=since_boot, sleep=lambda seconds: self.turns.sleep(who), background=False)
        waiting = Waiting(1e9, lambda text: None)
        lease = LeaseLock(AppLeases(api, SCOPE), Holder("apply", who), waiting=waiting, clocks=clocks)
        with AppLock(lease) as lock:
            yield api.guarded(lock.write)


@contextmanager
def _open(api: GrpcApi) -> Iterator[GrpcApi]:
    yield api


@dataclass
class Ended:
    """What came of two runs at a time."""

    service: Service
    case: Case
    results: dict[str, Any]

    def writes(self, but: str = "") -> list[str]:
        """Who wrote, in order; leases are no writes."""
        order = self.service.turns.order
        return [who for who, rpc in order if rpc_class(rpc) is not RpcClass.READ and rpc not in {*LEASES, but}]

    def complete(self, who: str) -> bool:
        return isinstance(self.results[who], ApplyResult) and self.results[who].complete

    def problems(self, who: str) -> list[str]:
        """What went wrong in a run, in its own words."""
        end = self.results[who]
        if isinstance(end, ApplyResult):
            return [o.message for o in end.outcomes if o.status in (Status.FAILED, Status.UNKNOWN)]
        return [str(end)]

    def plan_of(self, who: str, **more: Any) -> Any:
        """What a run of this set would change now."""
        options = {"workers": 1, **(self.case.options if who == "other" else {}), **more}
        wanted = self.case.one if who == "one" else self.case.other
        handle = ReadOnlyApi(self.service.api())
        return pipeline.make_plan(handle, wanted.desired(), pipeline.PlanOptions(**options)).plan

    def versions(self) -> list[Any]:
        """Those of the model, newest first."""
        try:
            return [v for page in self.service.api().pages("ListModelVersions", **IDS, model_id="cut") for v in page]
        except ReconcilerError:
            return []

    def twins(self) -> int:
        """How many versions are the second with their mark, so that one of the two need not be."""
        marks = Counter(version.metadata["reconciler"] for version in self.versions())
        return sum(marks.values()) - len(marks)

    def live(self) -> Shop:
        """What there is now, of what the workflow really runs."""
        api: Any = self.service.api()
        notes = api.call("GetWorkflow", **IDS, workflow_id="flow").workflow
        version = {"model_id": "cut", "version_id": notes.nodes[0].model.model_version.id}
        model = api.call("GetModelOutputInfo", **IDS, **version).model
        [concept] = model.model_version.output_info.data.concepts
        found = tuple(sorted(each.id for page in api.pages("ListConcepts", **IDS) for each in page))
        about = api.call("GetApp", **IDS).app.description
        return Shop(round(concept.value, 6), about, notes.notes, found)

    def lost(self) -> list[str]:
        """What a run reports as done, is not so, and was not meant to be otherwise by the other's plan."""
        before = self.case.before
        if before is None or "destroying" in self.case.options:
            return []
        live, wanted = self.live(), {"one": self.case.one, "other": self.case.other}
        gone = []
        for who, name in itertools.product(wanted, OBJECT_OF):
            mine, now = getattr(wanted[who], name), getattr(live, name)
            changed = mine != getattr(before, name)
            if (
                self.complete(who)
                and changed
                and now != mine
                and not self.meant("other" if who == "one" else "one", name)
            ):
                gone.append(name)
        for who in wanted:
            if self.complete(who) and not set(wanted[who].concepts) - set(before.concepts) <= set(live.concepts):
                gone.append("concepts")
        return gone

    def meant(self, who: str, name: str) -> bool:
        """Whether a run's plan said that it would change this."""
        changes = [(str(c.address), f.path[0]) for c in self.results[who].plan.changes for f in c.fields]
        return any(change in OBJECT_OF[name] for change in changes)

    def looked_away(self, rpc: str) -> bool:
        """Whether one wrote an object after the other's look at it and before the other's own write of it.

        With one worker the look is the call before the write. No service without compare-and-swap can close this.
        """
        order = self.service.turns.order
        for k, (who, name) in enumerate(order):
            if name == rpc:
                look = max((i for i in range(k) if order[i][0] == who), default=k)
                if any(each == rpc for _, each in order[look + 1 : k]):
                    return True
        return False

    def close(self) -> None:
        self.service.inside.close()


def race(case: Case, seed: int, *, lock: bool, inside: InProcess | OverSockets | None = None) -> Ended:
    service = Service(Turns(seed), inside or InProcess())
    if case.before is not None:
        assert service.apply(case.before).complete
    results = service.turns.run(
        {
            "one": lambda: service.apply(case.one, who="one", lock=lock),
            "other": lambda: service.apply(case.other, who="other", lock=lock, **case.options),
        }
    )
    return Ended(service, case, results)


def chunks() -> list[range]:
    return [range(start, start + CHUNK) for start in range(0, SEEDS, CHUNK)]


def seeds_of(chunk: range) -> Iterator[tuple[str, Case, int]]:
    """Each seed with a case, all of them in turn; RACE=NAME:SEED in the environment is that one alone."""
    if wish := os.environ.get("RACE"):
        name, _, seed = wish.rpartition(":")
        yield name, CASES[name], int(seed)
        return
    names = list(CASES)
    for seed in chunk:
        name = names[seed % len(names)]
        yield name, CASES[name], seed


@contextmanager
def replayable(name: str, seed: int, test: str) -> Iterator[None]:
    """A failure that says how to see it again."""
    try:
        yield
    except AssertionError as failed:
        command = f"RACE='{name}:{seed}' pytest {os.path.relpath(__file__)} -k {test}"
        raise AssertionError(f"{failed}\nto see it again: {command}") from failed


# ---- with the lock

CREATION = "PostApps"
"""Excludes others by itself: the service refuses an app that is there, and before there is one there is no lock."""


def took_turns(ended: Ended) -> None:
    """Assert that nothing of one was written between two writes of the other, and that both are done."""
    turns = [who for who, _ in itertools.groupby(ended.writes(but=CREATION))]
    assert len(turns) == len(set(turns)), ended.service.turns.order
    done = [who for who in ended.results if ended.complete(who)]
    # Of two that create the app, the second is refused, or plans again; neither harms the other.
    assert len(done) == 2 or ended.case.before is None, [ended.problems(who) for who in ended.results]
    assert len(done) == 2 or all(_refusal(p) for who in ended.results for p in ended.problems(who))
    if done:
        assert ended.plan_of(turns[-1] if turns[-1] in done else done[-1]).summary.empty
    assert ended.twins() == 0


@pytest.mark.parametrize("chunk", chunks(), ids=lambda chunk: str(chunk.start))
def test_with_the_lock_no_write_of_one_falls_between_two_of_the_other(chunk: range, figures: Any) -> None:
    for name, case, seed in seeds_of(chunk):
        with replayable(name, seed, "test_with_the_lock"):
            ended = race(case, seed, lock=True)
            took_turns(ended)
            ended.close()
    figures("orders of two applies with the lock", len(chunk))


@pytest.mark.parametrize("name", CASES)
def test_the_same_over_real_connections(name: str) -> None:
    for seed in range(4):
        ended = race(CASES[name], seed, lock=True, inside=OverSockets())
        try:
            took_turns(ended)
        finally:
            ended.close()


def _refusal(problem: str) -> bool:
    return "is locked by another run" in problem or "since the plan" in problem


# ---- without it

SAYS = (
    "since the plan",  # the look before a write
    "was accepted, but",  # the look after it
    "is not the one this run creates",
    "but it cannot be read",
    "does not exist",  # deleted between the look and the write
)


@pytest.mark.parametrize("chunk", chunks(), ids=lambda chunk: str(chunk.start))
def test_without_it_a_change_is_lost_only_between_a_look_and_its_write_and_one_more_apply_puts_all_right(
    chunk: range, figures: Any
) -> None:
    counted = Counter[str]()
    for name, case, seed in seeds_of(chunk):
        with replayable(name, seed, "test_without_it"):
            ended = race(case, seed, lock=False)
            for who in ended.results:
                assert all(any(words in p for words in SAYS) for p in ended.problems(who)), ended.problems(who)
                assert ended.complete(who) or ended.problems(who)
            for name in (lost := ended.lost()):
                assert ended.looked_away("PatchWorkflows"), (name, ended.service.turns.order)
            counted.update(lost=len(lost), twins=ended.twins())
            assert ended.twins() <= 1
            if seed // len(CASES) % 5 == 0:  # each case in turn
                options = {**case.options, "destroying": False}
                assert ended.service.apply(case.other, **options).complete
                assert ended.plan_of("other", **options).summary.empty
            ended.close()
    figures("orders of two applies without a lock", len(chunk))
    figures("changes lost between a look and its write, without a lock", counted["lost"])
    figures("versions made twice, without a lock", counted["twins"])
