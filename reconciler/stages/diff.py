"""Desired x record x live -> changes: the three-way comparison, object by object, producers first.

Belongs here: what becomes of each object, from its field changes, its versions and its record. Does not belong here:
reading (`observe`), order of work (`order`), permission (`guard`).
The truth table of causes stands in `core/three_way`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from reconciler.core.address import Address
from reconciler.core.canonical import CANON
from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.graph import dependency_order
from reconciler.core.kind import Keeps, Kind
from reconciler.core.model_types import trains
from reconciler.core.ownership import filled, target_record, training_failed, value_at, version_fields, wants_version
from reconciler.core.state import (
    Desired,
    DesiredState,
    LiveState,
    LiveVersion,
    Observed,
)
from reconciler.core.three_way import Sides, field_changes
from reconciler.core.tree import (
    ABSENT,
    Path,
    Tree,
    Unknown,
    canonical_json,
    get,
    path_text,
    project,
    put,
    same,
    walk,
)

Kinds = Mapping[str, Kind]
"""Keyed by plural."""


NOT_READY = "the service is still at work on it: this run waits until it is ready"
"""Without the service's own words, which move on from minute to minute: a saved plan would be stale at once."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The changes, and what each declared object will look like once its references are known."""

    changes: tuple[ResourceChange, ...]
    wants: Mapping[Address, Tree]


def diff(
    desired: DesiredState,
    live: LiveState,
    kinds: Kinds,
    *,
    prune: bool = False,
    known: Mapping[Address, ResourceChange] = MappingProxyType({}),
) -> Compared:
    """Every declared object's change (NO_OP included), then what becomes of owned objects no longer declared.

    `known` holds changes found earlier that cannot be others now; they are not looked for again.
    """
    changes: list[ResourceChange] = []
    wants: dict[Address, Tree] = {}
    moving: dict[str, Unknown | str] = {}
    for address in declared_order(desired):
        item, kind = desired.resources[address], kinds[address.kind]
        want = wants[address] = filled(item, moving)
        observed = live.observed.get(address)
        change = known.get(address) or _compare(item, want, observed, kind, live, moving)
        moving[str(address)] = _output(change, observed, address)
        changes.append(change)
    gone = undeclared(desired, live) if prune else []
    removed = [_remove(address, live, kinds, "no longer declared") for address in gone]
    named = _naming_renames(changes, removed, desired, kinds)
    told = (*_naming_default(named, live), *removed)
    return Compared(tuple(_concealing(change, kinds[change.address.kind]) for change in told), wants)


def _concealing(change: ResourceChange, kind: Kind) -> ResourceChange:
    """The change with the paths in it whose values must never be shown, wherever they stand."""
    if not kind.fields.sensitive or change.action is Action.NO_OP:
        return change
    values = [change.before or {}, change.after or {}]
    values += [put({}, f.path, v) for f in change.fields for v in (f.before, f.after) if v is not ABSENT]
    found = {path for tree in values for path, _ in walk(tree) if kind.fields.any(kind.fields.sensitive, path)}
    return replace(change, sensitive=tuple(sorted(found)))


def _naming_default(changes: Iterable[ResourceChange], live: LiveState) -> Iterator[ResourceChange]:
    """A change of the app's default workflow serves every new input at once, so the plan says which one that is."""
    app = live.observed.get(Address(live.scope, "apps", live.scope.app_id))
    default = Address(live.scope, "workflows", str(get(app.tree, ("default_workflow", "id")) if app else ABSENT))
    for change in changes:
        serves = change.action is not Action.NO_OP and change.address == default
        yield replace(change, reasons=(*change.reasons, "the app's default")) if serves else change


def _naming_renames(
    changes: list[ResourceChange], removed: list[ResourceChange], desired: DesiredState, kinds: Kinds
) -> Iterator[ResourceChange]:
    """A rename is a delete and a create; where both sides are equal the plan says so."""
    doomed = [change for change in removed if change.action is Action.DELETE]
    for change in changes:
        twin = next((d for d in doomed if _twins(change, d, desired, kinds)), None)
        like = f"like {twin.address}, which is deleted: a rename" if twin else ""
        yield replace(change, reasons=(*change.reasons, like)) if twin else change


def _twins(made: ResourceChange, doomed: ResourceChange, desired: DesiredState, kinds: Kinds) -> bool:
    """Whether a new object is what another one was; of a doomed model only the shell was read."""
    if made.action is not Action.CREATE or made.kind != doomed.kind:
        return False
    kind = kinds[made.address.kind]
    paths = [p for p in desired.resources[made.address].written if kind.effect(p) is not Effect.NEW_VERSION]
    return bool(paths) and same(project(doomed.before or {}, paths), project(made.after or {}, paths))


def destroy(
    desired: DesiredState, live: LiveState, kinds: Kinds, *, prune: bool = False, delete_app: bool = False
) -> Compared:
    """What is declared here and owned goes; the App is forgotten unless its deletion was asked for by name."""
    mine = [
        a
        for a in declared_order(desired)
        if (o := live.observed.get(a)) and o.record and o.record.owner == desired.owner
    ]
    if prune:
        mine += undeclared(desired, live)
    removed = [_remove(address, live, kinds, "") for address in mine]
    if delete_app:
        removed = [replace(c, action=Action.DELETE, reasons=()) if c.address.kind == "apps" else c for c in removed]
    return Compared(tuple(_concealing(change, kinds[change.address.kind]) for change in removed), {})


def declared_order(desired: DesiredState) -> list[Address]:
    """Producers before consumers, otherwise as declared."""
    return dependency_order({a: [r.target for r in d.references] for a, d in desired.resources.items()})


def undeclared(desired: DesiredState, live: LiveState) -> list[Address]:
    """Live objects of this owner that the manifests do not declare (any more); never an App."""
    return sorted(
        address
        for address, observed in live.observed.items()
        if address not in desired.resources
        and observed.record is not None
        and observed.record.owner == desired.owner
        and address.id != ""
        and not _is_app(observed)
    )


def _is_app(observed: Observed) -> bool:
    return observed.address.kind == "apps"


def _output(change: ResourceChange, observed: Observed | None, address: Address) -> Unknown | str:
    """The version id that consumers will pin: known, unless this change makes a new one."""
    unknown = Unknown(str(address), "version_id")
    if change.action in (Action.CREATE, Action.REPLACE) or change.new_version or observed is None:
        return unknown
    version = _serving(observed)
    return version.id if version is not None else unknown


def _serving(observed: Observed) -> LiveVersion | None:
    """The version that counts as this set's: marked, or about to be adopted."""
    return observed.managed or observed.newest


# --- one object ------------------------------------------------------------------------------------------------------


def _compare(
    item: Desired, want: Tree, observed: Observed | None, kind: Kind, live: LiveState, moving: Mapping[str, Any]
) -> ResourceChange:
    if observed is None:
        return _create(item, want, live)
    have = kind.align(want, _have(item, want, observed, kind))
    paths = _compared_paths(item, observed, kind)
    sides = Sides(item, kind, want, have, _was(item, observed, kind), paths, moving)
    fields = _with_lost_versions(tuple(field_changes(sides, _differing)), sides, observed, live)
    fits = _record_fits(item, want, observed, kind, live)
    marked = _mark_fits(item, want, observed, kind)
    action, reasons = _action(item, observed, kind, fields, fits and marked and _listed(item, live, kind))
    waiting = _being_worked_on(item, observed, kind) and not _renews(fields)
    if waiting and action in (Action.NO_OP, Action.ADOPT, Action.UPDATE):
        told = () if action is Action.ADOPT else reasons
        action, reasons = Action.UPDATE, (NOT_READY, *told)
    if action is Action.NO_OP:
        return ResourceChange(item.address, item.kind, action, reasons=reasons, location=item.location)
    return ResourceChange(
        item.address,
        item.kind,
        action,
        fields,
        reasons,
        record=not fits,
        mark=not marked,
        waiting=waiting,
        before=project(have, paths),
        after=project(want, paths),
        location=item.location,
    )


def _with_lost_versions(
    fields: tuple[FieldChange, ...], sides: Sides, observed: Observed, live: LiveState
) -> tuple[FieldChange, ...]:
    """The field changes, a version that must be made although no field says so, and secrets marked as such."""
    item, kind, want = sides.item, sides.kind, sides.want
    if _lacks_version(item, observed, kind, fields):
        fields += tuple(_first_version(want, kind, Cause.DRIFT if observed.newest is None else Cause.EDIT))
    if _lost_version(item, observed, kind, live):
        fields = tuple(replace(f, cause=Cause.DRIFT) if f.effect is Effect.NEW_VERSION else f for f in fields)
    secret = kind.fields.sensitive
    return tuple(replace(f, sensitive=True) if kind.fields.any(secret, f.path) else f for f in fields)


def _renews(fields: tuple[FieldChange, ...]) -> bool:
    """Whether what is there now is followed by another one, so that nobody waits for it."""
    return any(field.effect in (Effect.NEW_VERSION, Effect.REPLACE) for field in fields)


def _being_worked_on(item: Desired, observed: Observed, kind: Kind) -> bool:
    """Whether the service is still at work on a version that serves, or on the object itself."""
    version = observed.managed
    if kind.versions is not None and wants_version(item, kind) and version is not None:
        return version.status in kind.versions.waiting
    return kind.processing is not None and observed.status in kind.processing.waiting


def _create(item: Desired, want: Tree, live: LiveState) -> ResourceChange:
    entry = live.inventory.entries.get(str(item.address))
    deleted = entry is not None and not entry.pending and live.exists
    gone = live.renamed(item.address) or ("was deleted behind our back" if deleted else "")
    return ResourceChange(
        item.address,
        item.kind,
        Action.CREATE,
        after=want,
        location=item.location,
        cause=Cause.DRIFT if deleted else Cause.EDIT,
        reasons=(gone,) if gone else (),
    )


def _remove(address: Address, live: LiveState, kinds: Kinds, reason: str) -> ResourceChange:
    observed = live.observed[address]
    kind = kinds[address.kind]
    if _is_app(observed):
        return ResourceChange(address, kind.name, Action.FORGET, reasons=("left in place",), before=observed.tree)
    if not kind.deletable:
        reasons = tuple(r for r in (reason, f"left in the app: the service cannot delete {kind.plural}") if r)
        return ResourceChange(address, kind.name, Action.FORGET, reasons=reasons, before=observed.tree)
    along = f"with {kind.goes_along}" if kind.goes_along and kind.versions is None else ""
    reasons = tuple(r for r in (reason, along) if r)
    return ResourceChange(address, kind.name, Action.DELETE, reasons=reasons, before=observed.tree)


def _compared_paths(item: Desired, observed: Observed, kind: Kind) -> list[Path]:
    """The owned paths and the pins looked up for this run, without ignored ones and a version the list has settled."""
    settled = kind.versions is not None and not observed.complete
    pinned = {r.path for r in item.references if r.output and get(item.tree, r.path) is not ABSENT}
    paths = (item.written | pinned) - item.ignored if pinned else item.owned
    return list(kind.apart(paths)[0]) if settled else sorted(paths)


def _have(item: Desired, want: Tree, observed: Observed, kind: Kind) -> Tree:
    """The live tree, with the version that counts in its place."""
    if kind.versions is None or not observed.complete:
        return observed.tree
    version = _effective(item, want, observed, kind)
    return (
        observed.tree if version is None or not version.tree else put(observed.tree, kind.versions.path, version.tree)
    )


def _effective(item: Desired, want: Tree, observed: Observed, kind: Kind) -> LiveVersion | None:
    """The managed version, unless somebody posted a newer one with other declared values (decision 0007)."""
    newest, managed = observed.newest, observed.managed
    if managed is None or newest is None or newest.id == managed.id or trains(want):
        return managed or newest
    prefix = kind.versions.path if kind.versions else ()
    paths = [path for path in item.owned if path[: len(prefix)] == prefix]
    newest_tree = put({}, prefix, newest.tree or ABSENT)
    equal = all(same(value_at(want, p, kind), value_at(newest_tree, p, kind)) for p in paths)
    return managed if equal else newest


def _was(item: Desired, observed: Observed, kind: Kind) -> dict[str, str]:
    """What the record (and the version's mark) remembers; nothing if it is in another canonical form."""
    record, mark = observed.record, observed.managed.mark if observed.managed else None
    was = dict(record.fields) if record and record.canon == CANON else {}
    if mark and mark.canon == CANON and wants_version(item, kind):
        was |= mark.fields
    return was


def _differing(have: Tree, want: Tree, paths: list[Path], kind: Kind) -> list[Path]:
    """The only use of deepdiff: which of the owned leaves differ, each leaf compared as a whole."""
    from deepdiff import DeepDiff  # 0.1 s to import, so only when something differs

    # As canonical text, since deepdiff takes [True] for [1] while our fingerprints tell them apart.
    left, right = ({path_text(p): canonical_json(value_at(t, p, kind)) for p in paths} for t in (have, want))
    delta = DeepDiff(left, right, view="tree", threshold_to_diff_deeper=0)
    names = {change.path(output_format="list")[0] for changes in delta.values() for change in changes}
    return [path for path in paths if path_text(path) in names]


# --- versions and records --------------------------------------------------------------------------------------------


def _lacks_version(item: Desired, observed: Observed, kind: Kind, fields: tuple[FieldChange, ...]) -> bool:
    """Whether a version of ours must be made although no field says so: never finished, or deleted."""
    if not wants_version(item, kind) or not observed.complete or any(f.effect is Effect.NEW_VERSION for f in fields):
        return False
    return observed.managed is None and (observed.newest is None or bool(training_failed(observed, kind)))


def _lost_version(item: Desired, observed: Observed, kind: Kind, live: LiveState) -> bool:
    """Whether our version was there and is gone, or no longer shows its mark.

    The record says that there was one, or is to be: as long as the inventory has the object pending, nobody took it.
    """
    if not wants_version(item, kind) or not observed.complete or observed.managed is not None:
        return False
    entry, record = live.inventory.entries.get(str(item.address)), observed.record
    ours = record is not None and record.owner == live.inventory.owner and record.version
    return ours and not training_failed(observed, kind) and entry is not None and not entry.pending


def _first_version(want: Tree, kind: Kind, cause: Cause) -> Iterator[FieldChange]:
    path = kind.versions.path if kind.versions else ()
    yield FieldChange(path, ABSENT, get(want, path), cause, Effect.NEW_VERSION)


def _action(
    item: Desired, observed: Observed, kind: Kind, fields: tuple[FieldChange, ...], fits: bool
) -> tuple[Action, tuple[str, ...]]:
    effects = {field.effect for field in fields}
    if kind.processing is not None and kind.processing.failed(observed.status):
        return Action.REPLACE, (f"its processing failed: {observed.said}",)
    if Effect.REPLACE in effects:
        along = (f"deletes {kind.goes_along}",) if kind.goes_along else ()
        return Action.REPLACE, (f"{_versions_of(observed)} lost",) if kind.versions else along
    if effects - {Effect.RECORD}:
        return Action.UPDATE, _version_reason(observed, kind, item)
    if fields or not fits:
        return Action.ADOPT, ("taken over as it is",) if observed.record is None else (
            "our record is brought up to date",
        )
    return Action.NO_OP, ()


def _versions_of(observed: Observed) -> str:
    count = observed.version_count
    return "its versions are" if count == 0 else ("1 version is" if count == 1 else f"{count} versions are")


def _version_reason(observed: Observed, kind: Kind, item: Desired) -> tuple[str, ...]:
    if not wants_version(item, kind) or not observed.complete:
        return ()
    if failed := training_failed(observed, kind):
        return (f"the last training failed: {failed}; applying starts another one, which is billed",)
    if observed.managed is not None:
        return ()
    return ("has no version made by this manifest set: creation was not finished, or it was deleted",)


def _record_fits(item: Desired, want: Tree, observed: Observed, kind: Kind, live: LiveState) -> bool:
    record, owner = observed.record, live.inventory.owner
    return record is not None and record == target_record(item, want, kind, owner)


def _listed(item: Desired, live: LiveState, kind: Kind) -> bool:
    """Whether the inventory lists the object as there; a leftover `pending` must be settled."""
    entry = live.inventory.entries.get(str(item.address))
    return kind.keeps is Keeps.APP or (entry is not None and not entry.pending)


def _mark_fits(item: Desired, want: Tree, observed: Observed, kind: Kind) -> bool:
    if not wants_version(item, kind) or not observed.complete:
        return True
    mark = observed.managed.mark if observed.managed else None
    return mark is not None and mark.canon == CANON and dict(mark.fields) == version_fields(item, want, kind)
