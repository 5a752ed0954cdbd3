"""Changes -> steps: what runs after what, from the references of both states.

A step runs after the creation of all it will reference, and before the deletion of all it did reference; so expand,
repoint, contract falls out by itself:

    create concepts -> create models, new versions -> repoint workflows -> default workflow -> delete what is unused

Belongs here: cutting changes into steps and their edges. Does not belong here: whether a step may run (`guard`) or
running it (`apply`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.core.address import Address
from reconciler.core.change import Action, Effect, ResourceChange
from reconciler.core.graph import dependency_order
from reconciler.core.kind import Kind
from reconciler.core.plan import Step, Verb
from reconciler.core.state import Desired, DesiredState, LiveState
from reconciler.core.tree import ABSENT, get

Kinds = Mapping[str, Kind]

TITLES = {
    Verb.CREATE: "create",
    Verb.VERSION: "create a new version",
    Verb.WAIT: "wait until the version is ready",
    Verb.UPDATE: "update",
    Verb.LATE: "set the default workflow",
    Verb.ADOPT: "write our record",
    Verb.FORGET: "drop our record",
    Verb.DELETE: "delete",
    Verb.OPEN: "note what is about to exist",
    Verb.CLOSE: "note what exists now",
}


PROCESSED = "wait until it is processed"


def order(
    changes: Iterable[ResourceChange], desired: DesiredState, live: LiveState, kinds: Kinds, *, destroying: bool = False
) -> tuple[Step, ...]:
    """The steps of a plan in an order that is safe to run one after the other; `after` holds the true edges."""
    acting = [change for change in changes if change.action is not Action.NO_OP]
    if not acting:
        return ()
    groups = {change.address: _cut(change, desired, live, kinds) for change in acting}
    app = Address(live.scope, "apps", live.scope.app_id)
    if destroying or all(one.verb is not Verb.LATE for one in groups.get(app, ())):
        groups |= _take_off_default(acting, live, app, groups)
    steps = _link(groups, desired, live, kinds)
    steps = _deletes_last(steps, live, kinds)
    return _with_inventory(_sorted(steps), acting, live, app)


def _cut(change: ResourceChange, desired: DesiredState, live: LiveState, kinds: Kinds) -> list[Step]:
    """One change as a chain of steps, each depending on the one before."""
    item = desired.resources.get(change.address)
    kind = kinds[change.address.kind]
    steps: list[Step] = []
    for verb in _verbs(change, item, live, kind):
        after = (steps[-1].id,) if steps else ()
        one = step(change.address, verb, after)
        steps.append(replace(one, title=PROCESSED) if verb is Verb.WAIT and kind.processing else one)
    return steps


def step(address: Address, verb: Verb, after: tuple[str, ...] = ()) -> Step:
    """A step with the id `<address>:<verb>`."""
    return Step(f"{address}:{verb}", address, verb, TITLES[verb], after)


def _verbs(change: ResourceChange, item: Desired | None, live: LiveState, kind: Kind) -> Iterator[Verb]:
    match change.action:
        case Action.DELETE:
            yield Verb.DELETE
        case Action.FORGET:
            yield Verb.FORGET
        case Action.ADOPT:
            yield Verb.ADOPT
        case Action.CREATE | Action.REPLACE:
            if change.action is Action.REPLACE:
                yield Verb.DELETE
            yield from _creation(item, kind)
        case Action.UPDATE:
            yield from _update(change)


def _creation(item: Desired | None, kind: Kind) -> Iterator[Verb]:
    yield Verb.CREATE
    if item is not None and kind.versions is not None and get(item.tree, kind.versions.path) is not ABSENT:
        yield Verb.VERSION
        yield Verb.WAIT
    if item is not None and any(get(item.tree, tuple(late.split("."))) is not ABSENT for late in kind.fields.late):
        yield Verb.LATE


def _update(change: ResourceChange) -> Iterator[Verb]:
    if change.has(Effect.NEW_VERSION):
        yield Verb.VERSION
        yield Verb.WAIT
    elif change.mark:
        yield Verb.ADOPT
    if change.waiting:
        yield Verb.WAIT
    if change.has(Effect.IN_PLACE) or (change.record and not change.has(Effect.LATE)):
        yield Verb.UPDATE
    if change.has(Effect.LATE):
        yield Verb.LATE


def _take_off_default(
    changes: list[ResourceChange], live: LiveState, app: Address, groups: Mapping[Address, list[Step]]
) -> dict[Address, list[Step]]:
    """Before the default workflow goes, the app is put on `Empty` (facts U7), unless a step does so anyway."""
    observed = live.observed.get(app)
    default = get(observed.tree, ("default_workflow", "id")) if observed else ABSENT
    doomed = {c.address.id for c in changes if c.action is Action.DELETE and c.address.kind == "workflows"}
    if default is ABSENT or default not in doomed:
        return {}
    own = [s for s in groups.get(app, []) if s.verb is not Verb.LATE]
    late = replace(step(app, Verb.LATE), title="take the workflow off as default (Empty)")
    return {app: [late, *(replace(s, after=(*s.after, late.id)) for s in own)]}


# --- edges -----------------------------------------------------------------------------------------------------------


def _link(groups: Mapping[Address, list[Step]], desired: DesiredState, live: LiveState, kinds: Kinds) -> list[Step]:
    linked = []
    for address, steps in groups.items():
        item = desired.resources.get(address)
        for one in steps:
            extra = list(_needs(one, item, groups)) if one.verb not in (Verb.DELETE, Verb.FORGET) else []
            extra += _examples(one, item, groups, desired, kinds)
            linked.append(replace(one, after=_merge(one.after, extra)))
    return linked


def _examples(
    one: Step, item: Desired | None, groups: Mapping[Address, list[Step]], desired: DesiredState, kinds: Kinds
) -> Iterator[str]:
    """What must be in the app before a training begins; all examples before a workflow serves new inputs, or breaks.

    They are no references: a model is not refused because an example of it is gone.
    """
    learned = kinds[one.address.kind].learns(item.tree) if item and one.verb is Verb.VERSION else None
    if learned is None and one.verb is not Verb.LATE and not _breaks_workflows(one, groups, kinds):
        return
    for address, steps in groups.items():
        teaches, example = kinds[address.kind].teaches, desired.resources.get(address)
        if teaches is not None and example is not None and (not learned or learned & teaches(example.tree)):
            yield from (s.id for s in [s for s in steps if s.verb in _MAKING][-1:])


def _breaks_workflows(one: Step, groups: Mapping[Address, list[Step]], kinds: Kinds) -> bool:
    """Whether a step deletes a model that is made anew: until it is, an input on its way through it would fail."""
    anew = any(other.verb is Verb.CREATE for other in groups[one.address])
    return one.verb is Verb.DELETE and anew and kinds[one.address.kind].versions is not None


def _needs(one: Step, item: Desired | None, groups: Mapping[Address, list[Step]]) -> Iterator[str]:
    """The last making step of everything a step will reference; an App waits only for its default workflow, late."""
    if item is None or (one.address.kind == "apps" and one.verb is not Verb.LATE):
        return
    scope_app = Address(one.address.scope, "apps", one.address.scope.app_id)
    if one.address != scope_app:
        yield from (s.id for s in groups.get(scope_app, ()) if s.verb is Verb.CREATE)
    for reference in item.references:
        making = [s for s in groups.get(reference.target, ()) if s.verb in _MAKING]
        if making and reference.target != one.address:
            yield making[-1].id


ENDING = (Verb.DELETE, Verb.FORGET)
_MAKING = (Verb.CREATE, Verb.VERSION, Verb.WAIT, Verb.UPDATE, Verb.ADOPT)


def _deletes_last(steps: list[Step], live: LiveState, kinds: Kinds) -> list[Step]:
    """Every delete and every forgetting waits for all other steps, and for the deletion of what referred to it.

    A replace's delete comes before its own create, so it waits only for what its own chain does not follow.
    """
    created = {s.address for s in steps if s.verb is Verb.CREATE}
    final = {s.id: s for s in steps if s.verb in ENDING and s.address not in created}
    others = [s.id for s in steps if s.id not in final]
    users = _live_users(live, kinds)
    return [replace(s, after=_merge(s.after, _before(s, final, others, users))) if s.id in final else s for s in steps]


def _before(
    one: Step, final: Mapping[str, Step], others: list[str], users: Mapping[Address, list[Address]]
) -> list[str]:
    """What an ending waits for; the App's own comes after every other."""
    if one.address.kind == "apps":
        return [*others, *(name for name, step in final.items() if step.address != one.address)]
    ending = {step.address: name for name, step in final.items() if step.verb is Verb.DELETE}
    return [*others, *(ending[user] for user in users.get(one.address, ()) if user in ending and user.kind != "apps")]


def _live_users(live: LiveState, kinds: Kinds) -> dict[Address, list[Address]]:
    """Who refers to whom in the live app."""
    users: dict[Address, list[Address]] = {}
    for address, observed in live.observed.items():
        kind = kinds[address.kind]
        tree = observed.tree
        if kind.versions is not None and observed.newest is not None and observed.newest.tree:
            tree = {**tree, kind.versions.path[0]: observed.newest.tree}
        for reference in kind.references(tree, live.scope):
            users.setdefault(reference.target, []).append(address)
    return users


def _merge(first: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *more)))


def _sorted(steps: list[Step]) -> list[Step]:
    by_id = {one.id: one for one in steps}
    return [by_id[i] for i in dependency_order({one.id: one.after for one in steps})]


def _with_inventory(
    steps: list[Step], changes: list[ResourceChange], live: LiveState, app: Address
) -> tuple[Step, ...]:
    """The inventory is written before the first create or delete and after the last step, if it changes at all.

    A new App carries its first inventory in its own creation; one that is deleted takes its last one along.
    """
    listed = any(
        c.action in (Action.CREATE, Action.DELETE, Action.FORGET, Action.REPLACE)
        or c.address.kind in ("concepts", "relations")
        or (entry := live.inventory.entries.get(str(c.address))) is None
        or entry.pending
        for c in changes
        if c.address != app
    )
    # What a broken run announced goes with the App's record: nobody would ever strike it out.
    listed |= bool(live.inventory.entries) and any(s.verb is Verb.FORGET and s.address == app for s in steps)
    if not listed and all(s.verb is not Verb.CREATE for s in steps):
        return tuple(steps)
    opening = [] if not live.exists else [step(app, Verb.OPEN)]
    gated = [replace(s, after=_merge([o.id for o in opening], s.after)) for s in steps]
    doomed = any(s.verb is Verb.DELETE and s.address == app for s in steps)
    closing = [] if doomed else [step(app, Verb.CLOSE, tuple(s.id for s in gated))]
    return (*opening, *gated, *closing)
