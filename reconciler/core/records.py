"""The records of objects that bear none of ours: they stand in the inventories, and those in the App.

Pure. Belongs here: whose a relation or a concept is, given what the App's metadata says. Does not belong here: reading
(`observe`), or what an owner writes into its inventory (`inventory`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from reconciler.core.address import Address
from reconciler.core.kind import Keeps, Kind
from reconciler.core.state import Inventory, Observed, Record, inventory_key


def inventories_in(metadata: Mapping[str, Any]) -> dict[str, Inventory]:
    """The inventories of all owners that an App's metadata holds, by owner; what cannot be read is none."""
    prefix = inventory_key("")
    named = {key.removeprefix(prefix): value for key, value in metadata.items() if key.startswith(prefix)}
    parsed = {owner: Inventory.parse(value, owner) for owner, value in named.items()}
    return {owner: inventory for owner, inventory in parsed.items() if inventory is not None}


def with_records(
    observed: Mapping[Address, Observed], inventories: Sequence[Inventory], kinds: Iterable[Kind]
) -> dict[Address, Observed]:
    """Join what stands in an inventory: of those that know an object a settled one, else the first (ours)."""
    kept = {kind.name for kind in kinds if kind.keeps is Keeps.INVENTORY}
    joined = dict(observed)
    for address, found in observed.items():
        if found.kind in kept:
            joined[address] = replace(found, record=_record(found, inventories))
    return joined


def _record(found: Observed, inventories: Iterable[Inventory]) -> Record | None:
    """What one owner has announced and not done yet says less than what another one has done."""
    name = str(found.address)
    records = ((i.entries[name].pending, r) for i in inventories if (r := i.record_of(found)) is not None)
    return min(records, key=itemgetter(0), default=(False, None))[1]
