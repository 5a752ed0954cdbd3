"""Plan -> refusals: one small function for each rule, each refusal with the flag that allows it.

A refusal stops the whole run before anything is written. Belongs here: permission. Does not belong here: finding
changes (`diff`) or noticing that the world moved (`apply`, right before each write).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from reconciler.core.address import MAIN, Address
from reconciler.core.change import Action, Cause, Effect, ResourceChange
from reconciler.core.kind import Keeps, Kind
from reconciler.core.model_types import trains
from reconciler.core.plan import Limit, Refusal, allowing
from reconciler.core.state import DesiredState, LiveState, Observed
from reconciler.core.tree import ABSENT, Tree, get, show_path

Kinds = Mapping[str, Kind]

RULES = ("delete", "replace", "in-use", "protected", "takeover", "empty", "adopt", "default-workflow", "train")


UNASKED = Limit(3, 0.3)
"""What a run may delete where the settings file names no limit."""


@dataclass(frozen=True, slots=True)
class Rails:
    """Limits and permissions of a run. `allowed` holds (rule, address or glob) pairs."""

    allowed: frozenset[tuple[str, str]] = frozenset()
    limit: Limit = UNASKED
    """Of deletes, for the whole run."""
    kinds: Mapping[str, Limit] = field(default_factory=dict)
    """Of deletes, for single kinds by name; they hold beside the one of the whole run."""
    destroying: bool = False
    delete_app: bool = False
    reindex: bool = False

    def allows(self, rule: str, address: Address) -> bool:
        """Whether a flag allows the rule to be broken for an object."""
        names = (str(address), address.qualified)
        return any(rule == r and any(fnmatchcase(n, pattern) for n in names) for r, pattern in self.allowed)


@dataclass(frozen=True, slots=True)
class Case:
    """All that a rule may look at."""

    changes: tuple[ResourceChange, ...]
    desired: DesiredState
    live: LiveState
    kinds: Kinds
    rails: Rails = field(default_factory=Rails)
    left_out: frozenset[Address] = frozenset()
    """Objects that would change but were not selected: they stay as they are live."""
    waiting: Mapping[Address, str] = field(default_factory=dict)
    """Left out objects that something selected needs, with the user's name."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What GetResourceCounts says, where a rule needs it (`needs_counts`)."""

    def ending(self) -> list[ResourceChange]:
        """The changes after which an object is gone."""
        return [change for change in self.changes if change.action is Action.DELETE]


def needs_counts(changes: Iterable[ResourceChange], rails: Rails) -> bool:
    """Whether a rule asks how much the app holds: that costs a call."""
    return rails.delete_app or switches(changes)


def switches(changes: Iterable[ResourceChange]) -> bool:
    """Whether a live app gets a default workflow that it did not have: inputs that are there are not run by it."""
    return any(
        change.action is Action.UPDATE and any(f.effect is Effect.LATE and f.after is not ABSENT for f in change.fields)
        for change in changes
    )


def guard(case: Case) -> tuple[Refusal, ...]:
    """Every refusal that no flag lifts."""
    found = (refusal for rule in _RULES for refusal in rule(case))
    return tuple(r for r in found if r.flag is None or not case.rails.allows(r.rule, r.address))


def _empty_set(case: Case) -> Iterator[Refusal]:
    """No document at all is more often a wrong path than a wish."""
    if case.desired.documents == 0 and not case.rails.destroying:
        app = Address(case.live.scope, "apps", case.live.scope.app_id)
        owned = len(case.live.inventory.entries)
        yield Refusal(
            "empty",
            app,
            f"the manifest set is empty; {owned} objects of owner {case.desired.owner} exist",
            allowing("empty", app),
        )


def _too_many_deletes(case: Case) -> Iterator[Refusal]:
    """More deletes than the run may do unasked, or than it may do of one kind; an object is refused once."""
    doomed = [c for c in case.ending() if not case.rails.allows("delete", c.address)]
    if case.rails.destroying or not doomed:
        return
    owned = Counter(o.kind for o in case.live.observed.values() if o.record and o.record.owner == case.desired.owner)
    gone = Counter(change.kind for change in doomed)
    whole = _exceeded(case.rails.limit, gone.total(), owned.total(), "owned objects", "rails")
    for change in doomed:
        kind = change.kind
        limit = case.rails.kinds.get(kind)
        what, setting = f"owned objects of kind {kind}", f"rails.kinds.{kind}"
        own = _exceeded(limit, gone[kind], owned[kind], what, setting) if limit else None
        if message := "; ".join(filter(None, (own, whole))):
            yield Refusal("delete", change.address, message, allowing("delete", change.address))


def _exceeded(limit: Limit, doomed: int, owned: int, what: str, setting: str) -> str | None:
    """What is too much, in words that name the setting; None if it may go."""
    if limit.allows(doomed, owned):
        return None
    most = f"{limit.count - 1}, or {limit.share:.0%}" if limit.share else f"{limit.count - 1}"
    return f"{doomed} of {owned} {what} would be deleted (limit: {most}; {setting} in reconciler.yaml)"


def _foreign_records(case: Case) -> Iterator[Refusal]:
    """Another owner's object is refused by name; one without record needs to be the same, or `--adopt`."""
    for change in case.changes:
        observed = case.live.observed.get(change.address)
        if observed is None or change.action is Action.CREATE:
            continue
        if observed.record is not None and observed.record.owner != case.desired.owner:
            yield Refusal(
                "takeover",
                change.address,
                f"{change.address} belongs to owner {observed.record.owner!r}, not to {case.desired.owner!r}",
                allowing("takeover", change.address),
            )
        elif observed.record is None and change.action is not Action.ADOPT and not _may_adopt(change, case):
            paths = ", ".join(show_path(f.path) for f in change.fields[:4])
            yield Refusal(
                "adopt",
                change.address,
                f"{change.address} exists, was not made by this manifest set, and differs in {paths}",
                allowing("adopt", change.address),
            )


def _may_adopt(change: ResourceChange, case: Case) -> bool:
    """What is still as the service makes it may be taken over: inputs create concepts (facts 3.2).

    So may an App that differs in nothing but a late field which nobody has set, as `destroy` leaves it.
    """
    observed, kind = case.live.observed[change.address], case.kinds[change.address.kind]
    unset = (f.effect is Effect.LATE and get(kind.unset_late, f.path) == f.before for f in change.fields)
    return kind.pristine(observed.tree, change.address.id) or (bool(change.fields) and all(unset))


def _protected(case: Case) -> Iterator[Refusal]:
    for change in case.changes:
        observed = case.live.observed.get(change.address)
        if change.action not in (Action.DELETE, Action.REPLACE) or observed is None or observed.record is None:
            continue
        item = case.desired.resources.get(change.address)
        protect = item.lifecycle.protect if item and not case.rails.destroying else observed.record.protect
        if protect or observed.record.protect:
            yield Refusal(
                "protected",
                change.address,
                f"{change.address} is protected (lifecycle.protect)",
                allowing("protected", change.address),
            )


def _replaced(case: Case) -> Iterator[Refusal]:
    for change in case.changes:
        if change.action is not Action.REPLACE or _came_to_nothing(change, case):
            continue
        paths = ", ".join(show_path(f.path) for f in change.fields if f.effect is Effect.REPLACE)
        if not case.kinds[change.address.kind].replaceable:
            yield Refusal(
                "replace",
                change.address,
                f"{paths} of an {change.kind} is fixed at creation, and an {change.kind} is never replaced",
                None,
            )
        else:
            yield Refusal(
                "replace",
                change.address,
                f"{paths} is fixed at creation: replacing deletes {change.address} {_price(case, change)}; "
                f"a new id (for example {change.address.id}-2) avoids {'both' if _is_model(case, change) else 'that'}",
                allowing("replace", change.address),
            )


def _is_model(case: Case, change: ResourceChange) -> bool:
    return case.kinds[change.address.kind].versions is not None


def _price(case: Case, change: ResourceChange) -> str:
    """What goes with an object that is replaced."""
    along = f"with {case.kinds[change.address.kind].goes_along or 'what belongs to it'}"
    return f"{along}, and workflows that use it fail in between" if _is_model(case, change) else along


def _came_to_nothing(change: ResourceChange, case: Case) -> bool:
    """Whether the service could not process an object: then nothing can be lost with it."""
    processing, observed = case.kinds[change.address.kind].processing, case.live.observed.get(change.address)
    return processing is not None and observed is not None and processing.failed(observed.status)


def _in_use(case: Case) -> Iterator[Refusal]:
    """A delete of what a live workflow, or the app's default, will still refer to."""
    gone = {c.address for c in case.changes if c.action in (Action.DELETE, Action.FORGET)}
    doomed = {c.address for c in case.ending()}
    for address, user in _remaining_uses(case, gone) if doomed else ():
        if address in doomed:
            yield Refusal("in-use", address, f"{address} is used by {user}", allowing("in-use", address))


def _remaining_uses(case: Case, gone: set[Address]) -> Iterator[tuple[Address, str]]:
    for address, observed in case.live.observed.items():
        kind = case.kinds[address.kind]
        stays = case.rails.destroying or address in case.left_out
        item = None if stays else case.desired.resources.get(address)
        if kind.keeps is Keeps.APP:
            yield from _default_use(case, item.tree if item else observed.tree, address, declared=item is not None)
        elif address not in gone:
            tree = item.tree if item is not None else observed.tree
            yield from ((reference.target, str(address)) for reference in kind.references(tree, case.live.scope))


def _default_use(case: Case, tree: Tree, app: Address, *, declared: bool) -> Iterator[tuple[Address, str]]:
    """The app's default workflow counts as used, unless the App is ours and is put on another one first."""
    default = get(tree, ("default_workflow", "id"))
    record = case.live.observed[app].record
    ours = record is not None and record.owner == case.desired.owner
    if default and (declared or not ours):
        yield Address(app.scope, "workflows", default), f"{app} as its default workflow"


def _switches_default(change: ResourceChange) -> bool:
    """Whether an author's edit puts a live app from one default workflow on another.

    Repairing a drift is no such edit, and neither is setting the first one: a run that stopped before it goes on.
    """
    edits = (Cause.EDIT, Cause.EDIT_OVER_DRIFT)
    late = [f for f in change.fields if f.effect is Effect.LATE and f.cause in edits]
    return change.action is Action.UPDATE and any(f.before not in (ABSENT, "Empty") for f in late)


def _default_with_inputs(case: Case) -> Iterator[Refusal]:
    """New inputs go through the new default workflow, those that are there do not (facts 3.1, U15)."""
    inputs = case.counts.get("inputs", 0)
    for change in case.changes if inputs else ():
        if _switches_default(change):
            what_then = (
                "--reindex runs them all again, which is billed"
                if case.rails.reindex
                else "they keep what the former one made of them, unless --reindex runs them all again (billed)"
            )
            yield Refusal(
                "default-workflow",
                change.address,
                f"{change.address} gets another default workflow, and it holds {_counted(inputs, 'inputs')}: "
                f"{what_then}",
                allowing("default-workflow", change.address),
            )


def _retraining(case: Case) -> Iterator[Refusal]:
    """A new version of a trainable type is a training, and trainings are billed (facts 5)."""
    for change in case.changes:
        observed = case.live.observed.get(change.address)
        kind = case.kinds[change.address.kind]
        if observed is None or kind.versions is None or not change.new_version or not trains(observed.tree):
            continue
        # After a training that failed, the next one is what the author asked for already.
        latest = observed.newest
        if observed.managed is not None and latest is not None and latest.status in kind.versions.ready:
            message = f"a new version of {change.address} is a training, which is billed; the present one is trained"
            yield Refusal("train", change.address, message, allowing("train", change.address))


BASE_WORKFLOWS = ("Empty", "Universal", "General", "Face", "Language-Understanding")
"""What the service itself may have copied into a new app (facts 3.1)."""


def not_ours(live: LiveState, owner: str, counts: Mapping[str, int]) -> str | None:
    """What an app holds besides what this owner made, in words; None when there is nothing.

    Inputs are counted, never listed; ours are known from the inventory and were read by name.
    """
    app = live.observed.get(Address(live.scope, "apps", live.scope.app_id))
    if app is None or app.record is None or app.record.owner != owner:
        return "no record of ours: the app was not made by this manifest set"
    mine = sum(a.kind == "inputs" and _made_by(o, owner) for a, o in live.observed.items())
    others = {**counts, "inputs": max(0, counts.get("inputs", 0) - mine)}
    counted = [_counted(others[n], n) for n in ("inputs", "datasets", "pipelines", "locks") if others.get(n)]
    counted += [
        f"{_counted(more, kind)} that no list shows"
        for kind in ("models", "workflows")
        if (more := _unlisted(kind, live, counts))
    ]
    strangers = [str(address) for address, o in sorted(live.observed.items()) if not _made_by(o, owner)]
    strangers += [f"objects of owner {other!r}" for other, theirs in sorted(live.others.items()) if theirs.entries]
    listed = counted + strangers[:5] + ([f"{len(strangers) - 5} more"] if len(strangers) > 5 else [])
    return ", ".join(listed) or None


def _counted(number: int, plural: str) -> str:
    return f"1 {plural.removesuffix('s')}" if number == 1 else f"{number} {plural}"


def _unlisted(kind: str, live: LiveState, counts: Mapping[str, int]) -> int:
    """How many more objects the service counts than its lists show (a list may lag behind)."""
    return max(0, counts.get(kind, 0) - sum(address.kind == kind for address in live.observed))


def _made_by(observed: Observed, owner: str) -> bool:
    if observed.record is not None:
        return observed.record.owner == owner
    return observed.kind == "Workflow" and observed.address.id in BASE_WORKFLOWS and _is_copy(observed.tree)


def _is_copy(workflow: Tree) -> bool:
    """Whether a workflow is as the service copies one: nodes of clarifai/main, and nothing that anybody wrote."""
    owners = {get(node, ("model", "user_id")) for node in (workflow.get("nodes") or {}).values()}
    return owners <= {MAIN.user_id} and not set(workflow) - {"nodes", "visibility"}


def _app_with_others(case: Case) -> Iterator[Refusal]:
    """An app with anything in it that is not ours is deleted by no combination of flags."""
    app = Address(case.live.scope, "apps", case.live.scope.app_id)
    if case.rails.delete_app and case.live.exists:
        foreign = not_ours(case.live, case.desired.owner, case.counts)
        if foreign is not None:
            yield Refusal("delete-app", app, f"the app is not deleted: it holds {foreign}", None)


def _broken_selection(case: Case) -> Iterator[Refusal]:
    """What is selected needs something that would have to change first, and that was left out."""
    for address, user in sorted(case.waiting.items()):
        yield Refusal("selection", address, f"{user} needs {address}, which is not selected: select {address}+", None)


_RULES = (
    _broken_selection,
    _app_with_others,
    _empty_set,
    _foreign_records,
    _default_with_inputs,
    _retraining,
    _replaced,
    _protected,
    _in_use,
    _too_many_deletes,
)
