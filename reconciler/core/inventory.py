"""What the owner's inventory says at the start and at the end of a run.

Pure: plan and live state in, `Inventory` out. Does not belong here: its text form (`state`) or writing it (`write`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from reconciler.core.address import Address
from reconciler.core.canonical import CANON
from reconciler.core.change import Action, ResourceChange
from reconciler.core.plan import Plan
from reconciler.core.state import DesiredState, Entry, Inventory, LiveState

Fields = Callable[[Address], Mapping[str, str]]
"""Path -> fingerprint, for an object whose record stands in the inventory."""

_IN_INVENTORY = ("concepts", "relations")
_BY_NAME = ("inputs",)
"""Kinds of which no list is read: only those that are declared or listed here are looked at."""


def opening_inventory(plan: Plan, desired: DesiredState, live: LiveState, fields: Fields) -> Inventory:
    """Before the first create or delete: old and planned entries, those about to come or go `pending`."""
    entries = dict(live.inventory.entries)
    for change in plan.changes:
        name = str(change.address)
        if _is_app(change.address):
            continue
        if change.action in (Action.CREATE, Action.REPLACE):
            entries[name] = replace(_entry(change.address, desired, fields), pending=True)
        elif change.action in (Action.DELETE, Action.FORGET):
            entries[name] = replace(_ending(change, entries.get(name, Entry()), live), pending=True)
        elif _about_to_be_ours(change.address, entries):
            entries[name] = Entry(pending=True)
    return Inventory(desired.owner, entries, CANON)


def closing_inventory(
    plan: Plan, desired: DesiredState, live: LiveState, fields: Fields, done: Collection[Address]
) -> Inventory:
    """After the last step: what got done is entered or struck out, everything else stays as it was when we began."""
    entries = _lasting(plan, desired, live)
    for address in plan.unchanged:
        if not _is_app(address):
            entries[str(address)] = entries.get(str(address)) or _entry(address, desired, fields)
    for change in plan.changes:
        name, address = str(change.address), change.address
        if _is_app(address):
            continue
        ending = change.action in (Action.DELETE, Action.FORGET)
        if address in done and ending:
            entries.pop(name, None)
        elif address in done:
            entries[name] = _entry(address, desired, fields)
        elif change.action in (Action.CREATE, Action.REPLACE):
            # It may exist, half made, or not at all: both are told apart by looking, next time.
            entries[name] = replace(_entry(address, desired, fields), pending=True)
        elif ending and name in entries:
            entries[name] = _ending(change, entries[name], live)
        elif not ending and _about_to_be_ours(address, entries):
            entries[name] = Entry(pending=True)
    return Inventory(desired.owner, entries, CANON)


def _ending(change: ResourceChange, entry: Entry, live: LiveState) -> Entry:
    """The entry of what is about to go, or of which nobody knows whether it is gone.

    A relation bears nothing of ours. Whether one of the same ends is still that which we set out to delete, or one that
    somebody made since, only its id can tell.
    """
    found = live.observed.get(change.address)
    if change.action is not Action.DELETE or change.address.kind not in _IN_INVENTORY or found is None:
        return entry
    return replace(entry, service_id=found.service_id)


def _about_to_be_ours(address: Address, entries: Mapping[str, Entry]) -> bool:
    """Whether an object is taken over that nobody will find again, if the run ends there, unless it is listed."""
    return str(address) not in entries and address.kind in _BY_NAME


def _lasting(plan: Plan, desired: DesiredState, live: LiveState) -> dict[str, Entry]:
    """The old entries of what is ours, and of what is wanted back.

    Any other is struck out: announced by a run that ended too early to do so itself, deleted by others and no longer
    declared, or stripped of our record.
    """
    ours = {str(a) for a, o in live.observed.items() if o.record is not None and o.record.owner == desired.owner}
    wanted = () if plan.destroying else {str(address) for address in desired.resources}
    return {name: entry for name, entry in live.inventory.entries.items() if name in ours or name in wanted}


def without(theirs: Inventory, taken: Collection[Address]) -> Inventory:
    """Another owner's inventory after we took objects over whose record stood in it: else both would own them."""
    names = {str(address) for address in taken}
    return replace(theirs, entries={name: entry for name, entry in theirs.entries.items() if name not in names})


def _entry(address: Address, desired: DesiredState, fields: Fields) -> Entry:
    if address.kind not in _IN_INVENTORY:
        return Entry()
    return Entry(fields=fields(address), protect=desired.resources[address].lifecycle.protect)


def _is_app(address: Address) -> bool:
    return address.kind == "apps"
