"""Compared changes x records -> has the live app moved away from what was applied? A value, no verdict on repair.

Belongs here: which differences are movement of the live app (drift) and which are edits that wait (notes);
objects that are no longer declared are judged by their record alone. Does not belong here: reading (`observe`),
comparing (`diff`), printing (`report`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.core.address import Address
from reconciler.core.canonical import CANON
from reconciler.core.change import Cause, ResourceChange
from reconciler.core.diagnostics import Diagnostic, did_you_mean, warning
from reconciler.core.drift import (
    NOT_KEPT,
    Ahead,
    DriftEntry,
    DriftField,
    DriftReport,
    DriftStatus,
    Unapplied,
    Unmanaged,
    by_address,
)
from reconciler.core.kind import Keeps, Kind, Versions
from reconciler.core.masking import conceal
from reconciler.core.ownership import value_at
from reconciler.core.state import DesiredState, LiveState, Observed, recorded_paths, remembered
from reconciler.core.tree import ABSENT, fingerprint, get, put

Kinds = Mapping[str, Kind]
"""Keyed by plural."""


def drift_report(
    changes: Iterable[ResourceChange],
    desired: DesiredState,
    live: LiveState,
    kinds: Kinds,
    unread: Mapping[Address, str],
    *,
    host: str,
    notes: Iterable[Diagnostic] = (),
) -> DriftReport:
    """The report of one look. `unread` maps what could not be read to the reason: never counted as in sync."""
    entries: list[DriftEntry] = []
    unapplied: list[Unapplied] = []
    for change in changes:
        if change.address in unread:
            continue
        found = _declared(change, desired, live)
        (entries if isinstance(found, DriftEntry) else unapplied).append(found)  # type: ignore[arg-type]
    entries += [_unread(address, reason, desired, kinds) for address, reason in unread.items()]
    for address in _leftovers(desired, live, unread):
        entries.append(_by_record(address, live, kinds))
        unapplied.append(Unapplied(address, "no longer declared; --prune deletes it"))
    return DriftReport(
        scope=desired.scope,
        owner=desired.owner,
        host=host,
        entries=by_address(entries),
        unmanaged=tuple(_unmanaged(desired, live, unread)),
        unapplied=tuple(sorted(unapplied, key=lambda u: u.address)),
        notes=(*notes, *_unknown_owner(desired.owner, live)),
        refresh=live.refresh,
    )


def _unknown_owner(owner: str, live: LiveState) -> Iterator[Diagnostic]:
    """A misspelt owner has nothing that could drift, and a look for it would be in sync for ever."""
    ours = (found.record is not None and found.record.owner == owner for found in live.observed.values())
    if live.others and not live.inventory.entries and not any(ours):
        known = ", ".join(map(repr, live.others))
        hint = did_you_mean(owner, live.others) or "name the owner with --owner, if this is another's set"
        yield warning(f"owner {owner!r} has applied nothing to this app; {known} did", hint=hint)


def _declared(change: ResourceChange, desired: DesiredState, live: LiveState) -> DriftEntry | Unapplied:
    """What is the matter with a declared object."""
    observed = live.observed.get(change.address)
    if observed is None:
        if change.cause is Cause.DRIFT:
            where = live.renamed(change.address)
            return DriftEntry(change.address, change.kind, DriftStatus.MISSING, (), where, change.location)
        return Unapplied(change.address, "declared, and not created yet", change.location)
    owner = observed.record.owner if observed.record is not None else None
    if owner != desired.owner and _was_applied(change.address, live):
        lost = "the record of what was applied is gone from it"
        return _without_record(change, lost if owner is None else f"owner {owner!r} has taken it over")
    if owner != desired.owner:
        whose = "nobody's" if owner is None else f"that of owner {owner!r}"
        return Unapplied(change.address, f"declared, but the live object is {whose}", change.location)
    concealed = conceal(change)
    fields = tuple(f for f in map(DriftField.of, concealed.fields) if f is not None)
    status = DriftStatus.DRIFTED if any(f.moved for f in fields) else DriftStatus.IN_SYNC
    return DriftEntry(change.address, change.kind, status, fields, location=change.location)


def _was_applied(address: Address, live: LiveState) -> bool:
    entry = live.inventory.entries.get(str(address))
    return entry is not None and not entry.pending


def _without_record(change: ResourceChange, message: str) -> DriftEntry:
    """Ours by the inventory, without our record: its metadata was replaced, it is another one of the same name, or
    somebody else's by now.

    What was applied is not known any more, so whatever differs counts as moved.
    """
    differing = [f for f in conceal(change).fields if f.cause is not Cause.FOLLOWS]
    fields = tuple(DriftField(f.path, f.before, NOT_KEPT, f.after, Ahead.LIVE, f.sensitive) for f in differing)
    return DriftEntry(change.address, change.kind, DriftStatus.DRIFTED, fields, message, change.location)


def _unread(address: Address, reason: str, desired: DesiredState, kinds: Kinds) -> DriftEntry:
    item = desired.resources.get(address)
    place = item.location if item else None
    return DriftEntry(address, kinds[address.kind].name, DriftStatus.UNKNOWN, message=reason, location=place)


def _leftovers(desired: DesiredState, live: LiveState, unread: Mapping[Address, str]) -> list[Address]:
    """Objects of this owner that the manifests do not declare (any more); of one that is gone nobody wants to hear."""
    owned = {a for a, o in live.observed.items() if o.record is not None and o.record.owner == desired.owner}
    apps = {a for a in owned if a.kind == "apps"}
    return sorted(owned - apps - desired.resources.keys() - unread.keys())


def _by_record(address: Address, live: LiveState, kinds: Kinds) -> DriftEntry:
    """An undeclared object against its record: it tells which paths moved, not from what."""
    kind, observed = kinds[address.kind], live.observed[address]
    fields = tuple(_moved(observed, kind))
    if kind.versions is not None and _was_applied(address, live) and _lost_version(observed, kind.versions):
        fields += (DriftField(kind.versions.path, ABSENT, NOT_KEPT, ABSENT, Ahead.LIVE),)
    return DriftEntry(address, kind.name, DriftStatus.DRIFTED if fields else DriftStatus.IN_SYNC, fields)


def _moved(observed: Observed, kind: Kind) -> Iterator[DriftField]:
    was, tree = _memory(observed, kind)
    for path in sorted(recorded_paths(was)):
        if kind.fields.any(kind.fields.write_only, path):
            continue
        value = value_at(tree, path, kind)
        if not remembered(was, path, {path: fingerprint(value)}):
            secret = kind.fields.any(kind.fields.sensitive, path)
            yield DriftField(path, get(tree, path), NOT_KEPT, ABSENT, Ahead.LIVE, secret)


def _lost_version(observed: Observed, versions: Versions) -> bool:
    """Whether a version of ours was there and is not any more; one whose training failed is nobody's doing."""
    record, newest = observed.record, observed.newest
    failed = newest is not None and versions.failed(newest.status)
    return record is not None and record.version and observed.complete and observed.managed is None and not failed


def _memory(observed: Observed, kind: Kind) -> tuple[dict[str, str], dict[str, object]]:
    """(what the record and the mark remember, the live tree they are about)."""
    record, version, tree = observed.record, observed.managed, dict(observed.tree)
    was = dict(record.fields) if record is not None and record.canon == CANON else {}
    if kind.versions is not None and observed.complete and version is not None and version.mark is not None:
        was |= version.mark.fields
        newest = observed.newest or version
        newest = version if kind.versions.failed(newest.status) else newest
        tree = put(tree, kind.versions.path, newest.tree or ABSENT)
    return was, tree


def _unmanaged(desired: DesiredState, live: LiveState, unread: Mapping[Address, str]) -> Iterator[Unmanaged]:
    for address, observed in sorted(live.observed.items()):
        record = observed.record
        if address in unread or address in desired.resources or (record is not None and record.owner == desired.owner):
            continue
        if address.kind != "apps":
            yield Unmanaged(address, observed.kind, record.owner if record else None)


def without_app(desired: DesiredState, host: str, kinds: Kinds) -> DriftReport:
    """The report when the app itself is not there: with it went every record, so only its absence can be told."""
    app = next((a for a in desired.resources if kinds[a.kind].keeps is Keeps.APP), None)
    address = app or Address(desired.scope, "apps", desired.scope.app_id)
    missing = DriftEntry(address, "App", DriftStatus.MISSING, message="the app does not exist, or was never applied")
    return DriftReport(desired.scope, desired.owner, host, (missing,))


def named(report: DriftReport) -> set[Address]:
    """Every object that a report says something of."""
    return {one.address for group in (report.entries, report.unapplied, report.unmanaged) for one in group}


def only(report: DriftReport, chosen: Container[Address]) -> DriftReport:
    """The report about some objects: the others that were applied are named and not judged."""
    return replace(
        report,
        entries=tuple(e if e.address in chosen else _left_out(e) for e in report.entries),
        unapplied=tuple(u for u in report.unapplied if u.address in chosen),
        unmanaged=tuple(u for u in report.unmanaged if u.address in chosen),
    )


def _left_out(entry: DriftEntry) -> DriftEntry:
    return replace(entry, status=DriftStatus.EXCLUDED, fields=(), message="left out by --select or --exclude")
