"""What must hold after a run, whatever went wrong in it: one function for each promise, over what the server holds.

Belongs here: the promises. Each raises an AssertionError with words. Does not belong here: what is run (`programme`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.change import Action, Cause
from reconciler.core.outcome import Status, StepFinished, StepStarted
from reconciler.core.plan import Verb
from tests.reliability.strangers import stripped
from tests.reliability.truth import Dump, Place, marks

ENDING = (Verb.DELETE, Verb.FORGET)
BOOKKEEPING = (Verb.OPEN, Verb.CLOSE)
CONFLICTS = ("is not the one this run creates", "since the plan", "another run of the same owner")


@dataclass(frozen=True)
class Run:
    """One apply, from what the server held before its first write to what it holds now."""

    owner: str
    planned: Any
    result: Any
    before: Dump
    after: Dump
    doubled: int = 0
    """Requests for a version that the network may have delivered twice."""
    alone: bool = True
    """Nobody else wrote between the plan and its end."""
    faulty: bool = False
    adopting: bool = False
    """The plan was cut down to its adoptions."""
    taking: bool = False
    """What others made may be taken over."""
    taken: set[str] = field(default_factory=set)
    """What was taken over, and the run did not come to the end at which it is listed."""

    events: Sequence[Any] = ()

    @property
    def plan(self) -> Any:
        return self.planned.plan

    def actions(self) -> dict[str, Action]:
        return {str(change.address): change.action for change in self.plan.changes}

    def verbs(self, *verbs: Verb) -> set[str]:
        """The addresses that the plan has such a step for."""
        return {str(step.address) for step in self.plan.steps if step.verb in verbs}

    def has(self, address: str) -> bool:
        return address in self.after.addresses()


def check(run: Run) -> None:
    """All of it."""
    for promise in (
        others_are_untouched, the_app_is_theirs, nothing_is_made_but_what_was_planned, versions_are_made_once,
        done_is_done, untouched_is_untouched, nothing_is_deleted_after_a_failure,
        nothing_is_deleted_after_the_first_failure, conflicts_are_with_others, ours_is_listed,
        the_inventory_is_true, the_exit_code_tells,
    ):  # fmt: skip
        promise(run)


def check_hazy(run: Run) -> None:
    """What holds even if an answer showed another app than there is."""
    for promise in (
        others_are_untouched, the_app_is_theirs, nothing_is_made_but_what_was_planned, versions_are_made_once,
        done_is_done, untouched_is_untouched, nothing_is_deleted_after_a_failure,
        nothing_is_deleted_after_the_first_failure, ours_is_listed, nothing_of_ours_is_lost, the_exit_code_tells,
    ):  # fmt: skip
        promise(run)


def nothing_of_ours_is_lost(run: Run) -> None:
    """What was ours and is there still is ours, unless the plan says that it is forgotten or it was taken over."""
    owners, let_go = run.after.owners(), {a for a, action in run.actions().items() if action is Action.FORGET}
    was = {address for address, owner in run.before.owners().items() if owner == run.owner} - let_go
    lost = {address for address in was if run.has(address) and owners.get(address) != run.owner}
    assert not lost, f"{lost} were ours, are there still, and are ours no more"


_TAKING = {False: (Action.ADOPT,), True: (Action.ADOPT, Action.UPDATE, Action.REPLACE)}
"""What may become of nobody's object, without `--adopt` and with it; a concept may be as inputs make them."""


def others_are_untouched(run: Run) -> None:
    """What is nobody's, or another owner's, stays as it was byte for byte; but for what is adopted."""
    owners, actions = run.before.owners(), run.actions()
    for address in run.before.addresses():
        if owners.get(address) == run.owner:
            continue
        if address not in owners and actions.get(address) in _TAKING[run.taking or address.startswith("concepts/")]:
            continue
        # A workflow's version says so when a model that it pins is gone.
        before, after = (_rows(dump, address) for dump in (run.before, run.after))
        assert before == after, f"{address} of {owners.get(address, 'nobody')} was touched by {run.owner}"


def _rows(dump: Dump, address: str) -> dict[Place, tuple[Any, ...]]:
    return {place: row for place, row in dump.below(address).items() if place.kind != "workflow_version"}


def the_app_is_theirs(run: Run) -> None:
    """Of an App that the set does not change, nothing moves but our own keys; other owners' inventories never do."""
    theirs = [owner for owner in run.before.inventories() if owner != run.owner]
    for owner in theirs if run.after.app is not None else ():
        assert run.before.inventory(owner) == run.after.inventory(owner), f"the inventory of {owner} was touched"
    if "apps/app" in run.actions() or run.verbs(Verb.LATE):
        assert run.after.app is not None or run.actions()["apps/app"] in (Action.DELETE, Action.CREATE)
        return
    assert run.before.app_of_others() == run.after.app_of_others(), "the App was touched, and the plan did not say so"


def nothing_is_made_but_what_was_planned(run: Run) -> None:
    made = set(run.after.addresses()) - set(run.before.addresses())
    planned = {address for address, action in run.actions().items() if action in (Action.CREATE, Action.REPLACE)}
    assert made <= planned, f"made, but not planned: {made - planned}"


def versions_are_made_once(run: Run) -> None:
    """A model gets one version at most in a run, and only if that was planned; no mark is there twice."""
    asked, extra = run.verbs(Verb.VERSION), 0
    for address in [a for a in run.after.addresses() if a.startswith("models/")]:
        name = address.partition("/")[2]
        known = {version.id for version in run.before.versions(name)}
        versions = run.after.versions(name)
        new = [version for version in versions if version.id not in known]
        extra += max(0, len(new) - (address in asked))
        repeated = [mark for mark, count in Counter(marks(new)).items() if count > 1]
        assert not repeated or run.doubled, f"{address} was given one version twice"
    assert extra <= run.doubled, f"{extra} more versions were made than planned"


def done_is_done(run: Run) -> None:
    """What is told as done, the server shows."""
    ended = {outcome.step.id: outcome for outcome in run.result.outcomes}
    owners = run.after.owners()
    for outcome in ended.values():
        address, verb = str(outcome.step.address), outcome.step.verb
        if outcome.status is not Status.DONE or address == "apps/app":
            continue
        if verb is Verb.CREATE:
            assert run.has(address), f"{address} is told as created and is not there"
            assert not address.startswith(("models/", "workflows/", "inputs/")) or owners.get(address) == run.owner
        if verb is Verb.DELETE and run.actions()[address] is Action.DELETE:
            assert not run.has(address) or not run.alone, f"{address} is told as deleted and is still there"
        if verb is Verb.VERSION and run.alone:
            newest = run.after.versions(address.partition("/")[2])[-1:]
            names = [version.id for version in newest]
            assert names == [outcome.outputs.get(address)] or run.doubled, f"the version of {address} is another one"
        if verb is Verb.ADOPT and address.startswith(("models/", "workflows/", "inputs/")) and run.alone:
            assert owners.get(address) == run.owner, f"{address} is told as adopted and is not ours"


def untouched_is_untouched(run: Run) -> None:
    """What is told as not started or skipped, with all its steps, is as it was."""
    ends: dict[str, set[Status]] = {}
    for outcome in run.result.outcomes:
        if outcome.step.verb not in BOOKKEEPING:
            ends.setdefault(str(outcome.step.address), set()).add(outcome.status)
    for address, statuses in ends.items():
        if statuses <= {Status.NOT_STARTED, Status.SKIPPED} and address != "apps/app":
            same = _rows(run.before, address) == _rows(run.after, address)
            assert same, f"{address} is told as {statuses}, and was touched"


def nothing_is_deleted_after_a_failure(run: Run) -> None:
    others = [o for o in run.result.outcomes if o.step.verb not in (*ENDING, *BOOKKEEPING)]
    opened = [o for o in run.result.outcomes if o.step.verb is Verb.OPEN]
    replaced = {address for address, action in run.actions().items() if action is Action.REPLACE}
    if any(outcome.status is not Status.DONE for outcome in (*others, *opened)):
        gone = set(run.before.addresses()) - set(run.after.addresses()) - replaced
        assert not gone, f"{gone} went in a run in which something failed"


def nothing_is_deleted_after_the_first_failure(run: Run) -> None:
    """From the first step on that did not get done, no delete is taken up; but for what is in flight."""
    failed = False
    for event in run.events if run.planned.options.workers == 1 else ():
        if isinstance(event, StepStarted):
            anew = run.actions().get(str(event.step.address)) is Action.REPLACE
            assert not failed or event.step.verb is not Verb.DELETE or anew, f"{event.step.id} began after a failure"
        if isinstance(event, StepFinished):
            failed |= event.outcome.status is not Status.DONE


def nothing_moved(plan: Any) -> None:
    """Nobody but us wrote since a complete apply, so a plan cannot tell of anything that moved."""
    causes = {(str(c.address), f.path, f.cause) for c in plan.changes for f in c.fields if f.cause in _MOVED}
    gone = [str(change.address) for change in plan.changes if change.cause in _MOVED]
    assert not [*causes, *gone], f"nobody did that: {causes} {gone}"


_MOVED = (Cause.DRIFT, Cause.EDIT_OVER_DRIFT, Cause.RELEASED)


def conflicts_are_with_others(run: Run) -> None:
    """Nobody but us wrote, so nothing can have changed since the plan."""
    if run.alone:
        told = [o.message for o in run.result.outcomes if any(words in o.message for words in CONFLICTS)]
        assert not told, f"a conflict with nobody: {told}"


def ours_is_listed(run: Run) -> None:
    """Nothing of ours is ever an orphan: whatever broke, the inventory names it.

    But for models and workflows that were being taken over: every list shows that they are ours.
    """
    if run.after.app is not None:
        owned = {address for address, owner in run.after.owners().items() if owner == run.owner}
        listed, there = run.after.inventory(run.owner).keys(), run.before.addresses().keys()
        taken = (owned & there) - run.before.owners().keys()
        run.taken.update(address for address in taken if address.startswith(("models/", "workflows/")))
        run.taken.difference_update(listed)
        lost = owned - listed - run.taken
        assert not lost, f"{lost} are ours and in no inventory"


def the_inventory_is_true(run: Run) -> None:
    """After a complete apply it lists what is declared, and nothing of that is pending."""
    if not run.result.complete or not run.plan.steps or not run.alone or run.plan.destroying or run.adopting:
        return
    listed = run.after.inventory(run.owner)
    declared = {str(address) for address in run.planned.desired.resources} - {"apps/app"}
    assert declared <= listed.keys(), f"{declared - listed.keys()} are declared, applied and not listed"
    pending = [address for address in declared if listed[address].get("pending")]
    assert not pending, f"{pending} are still pending after a complete run"


def the_exit_code_tells(run: Run) -> None:
    statuses = {outcome.status for outcome in run.result.outcomes}
    assert run.result.complete == (statuses <= {Status.DONE})
    assert (run.result.exit_code == 0) == run.result.complete


def nothing_of_ours_is_left(run: Run, *, pruned: bool) -> None:
    """After a complete destroy."""
    owned = {address for address, owner in run.after.owners().items() if owner == run.owner}
    declared = {str(address) for address in run.planned.desired.resources}
    left = owned if pruned else owned & declared
    assert not left, f"{left} are left after a destroy"
    listed = run.after.inventory(run.owner)
    assert not pruned or not listed, f"{listed} are listed after a destroy"


def nothing_else_is_left(run: Run) -> None:
    """After a complete apply that prunes, nothing is ours but what is declared."""
    declared = {str(address) for address in run.planned.desired.resources}
    left = {address for address, owner in run.after.owners().items() if owner == run.owner} - declared
    assert not left, f"{left} are no longer declared, and were not pruned"


def only_records_moved(run: Run) -> None:
    """An adoption changes nothing but our own keys."""
    assert set(run.before.addresses()) == set(run.after.addresses())
    for place, row in run.before.rows.items():
        if place.kind not in ("app", "workflow_version"):
            same = stripped(row[0], place.kind) == stripped(run.after.rows[place][0], place.kind)
            assert same, f"{place} was changed by an adoption"


def refusals_have_a_cause(plan: Any, declared: set[str], dump: Dump, by_others: set[str]) -> None:
    """Takeover of what is another owner's, adoption of what others made, in use where something that stays uses it.

    What is not `declared` here is never in anybody's way: a plan lets it alone if it is not ours.
    """
    owners, app_is_ours = dump.owners(), app_owner(dump) == plan.owner
    gone = {str(change.address) for change in plan.changes if change.action is Action.DELETE}
    strangers = {address for address in dump.addresses() if owners.get(address) != plan.owner}
    for refusal in plan.refusals:
        address = str(refusal.address)
        causes = {
            "takeover": address in declared
            and (owners.get(address, plan.owner) != plan.owner or (address == "apps/app" and not app_is_ours)),
            "adopt": address in declared & by_others,
            "in-use": not app_is_ours or any(a.startswith("workflows/") and a not in gone for a in dump.addresses()),
            "delete-app": bool(strangers) or not app_is_ours or len(dump.inventories()) > 1,
        }
        assert causes.get(refusal.rule, False), f"refused without a cause: {refusal}"


def app_owner(dump: Dump) -> str | None:
    """Whose record the App carries."""
    app = dump.app
    if app is None or "reconciler" not in app.metadata.fields:
        return None
    text = app.metadata.fields["reconciler"].string_value
    return next((owner for owner in ("app", "second") if f'"owner":"{owner}"' in text), None)
