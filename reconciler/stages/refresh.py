"""Lists -> addresses to read by id: what a list leaves open, and what it may show wrongly because it lags behind.

Belongs here: which objects, and why. Does not belong here: reading them (`observe.settle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.address import Address
from reconciler.core.canonical import CANON
from reconciler.core.change import Action, ResourceChange
from reconciler.core.kind import Keeps, Kind
from reconciler.core.ownership import filled, known_versions, training_failed, version_fields, wants_version
from reconciler.core.state import Desired, DesiredState, LiveState, Observed
from reconciler.core.tree import Tree

Kinds = Mapping[str, Kind]


def unsettled(desired: DesiredState, live: LiveState, kinds: Kinds, *, full: bool) -> list[Address]:
    """What the lists leave open, and what the inventory lists but the lists lack; with `full`, all with versions."""
    versions = known_versions(live)
    wanted = [
        address
        for address, item in desired.resources.items()
        if _unsettled(item, live, kinds[address.kind], versions, full=full)
    ]
    return [*wanted, *_unread_leftovers(desired, live, kinds)]


def _unsettled(item: Desired, live: LiveState, kind: Kind, versions: Mapping[str, str], *, full: bool) -> bool:
    observed = live.observed.get(item.address)
    if observed is None:
        return str(item.address) in live.inventory.entries
    return (full and kind.versions is not None) or needs_read(item, filled(item, versions), observed, kind)


def needs_read(item: Desired, want: Tree, observed: Observed, kind: Kind) -> bool:
    """Whether a list leaves open what becomes of a declared object.

    Without a record in the list there may be one that the list drops; a version is settled only by an untouched mark
    with the very values that are wanted now.
    """
    if observed.complete:
        return False
    if kind.keeps is Keeps.INVENTORY:
        return False
    if observed.record is None:
        return True
    if not wants_version(item, kind):
        return False
    newest = observed.newest
    mark = newest.mark if newest else None
    if newest is None or mark is None or not newest.untouched or mark.canon != CANON:
        return True
    if training_failed(observed, kind):
        return True
    return mark.owner != observed.record.owner or dict(mark.fields) != version_fields(item, want, kind)


def _unread_leftovers(desired: DesiredState, live: LiveState, kinds: Kinds) -> list[Address]:
    """Listed in our inventory, no longer declared, and shown without a record or not at all: a list proves neither."""
    listed = (Address.parse(name, live.scope) for name in live.inventory.entries)
    return [
        address
        for address in listed
        if address not in desired.resources
        and (kind := kinds.get(address.kind)) is not None
        and not kind.by_id
        and ((observed := live.observed.get(address)) is None or _without_record(observed, kind))
    ]


def _without_record(observed: Observed, kind: Kind) -> bool:
    """Whether a list shows an object without a record, and a Get may show it with one (U8)."""
    return observed.record is None and not observed.complete and kind.crud.get is not None


def seen_in_lists_only(changes: Iterable[ResourceChange], live: LiveState, kinds: Kinds) -> list[Address]:
    """Objects that are to change but were seen in a list only: lists may lag behind (facts U28), so look again.

    What was asked for by its id was no list to begin with; a thousand of them would cost a thousand calls.
    """
    return [
        change.address
        for change in changes
        if change.action is not Action.NO_OP
        and (observed := live.observed.get(change.address)) is not None
        and not observed.complete
        and kinds[change.address.kind].crud.get is not None
        and not kinds[change.address.kind].by_id
    ]


def doubtful(
    changes: Iterable[ResourceChange], undeclared: Iterable[Address], live: LiveState, kinds: Kinds
) -> list[Address]:
    """What a list shows to differ, and every owned model that is no longer declared: drift is told of what was read."""
    owned = [address for address in undeclared if not live.observed[address].complete]
    return [*seen_in_lists_only(changes, live, kinds), *(a for a in owned if kinds[a.kind].versions is not None)]
