"""What an inventory lists and nobody has any more: which entries those are, and the changes that strike them out.

Pure. A run that ended between its last delete and its last write leaves some, and so does whoever deletes what is ours
and no longer declared. As long as they stand there, an object that somebody else makes under such a name may be taken
for ours, so every plan proposes to strike them out. Does not belong here: what any closing run strikes out by itself
(`inventory`), or finding out that an object is gone (`observe`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.address import Address
from reconciler.core.change import Action, ResourceChange
from reconciler.core.kind import Kind
from reconciler.core.state import DesiredState, LiveState

GONE = "it is gone, and only our list of what we made still names it"


def leftovers(
    changes: Iterable[ResourceChange],
    desired: DesiredState,
    live: LiveState,
    kinds: Mapping[str, Kind],
    *,
    destroying: bool = False,
) -> tuple[ResourceChange, ...]:
    """The changes that strike out what is not there and not wanted back; `kinds` is keyed by plural.

    None where the App itself is forgotten or deleted: the whole inventory goes with it.
    """
    if any(c.address.kind == "apps" and c.action in (Action.FORGET, Action.DELETE) for c in changes):
        return ()
    wanted = () if destroying else desired.resources
    gone = sorted(a for a in _listed(live, kinds) if a not in live.observed and a not in wanted)
    return tuple(ResourceChange(a, kinds[a.kind].name, Action.FORGET, reasons=(GONE,)) for a in gone)


def _listed(live: LiveState, kinds: Mapping[str, Kind]) -> Iterator[Address]:
    """What a later release may list besides is not ours to judge."""
    named = (Address.parse(name, live.scope) for name in live.inventory.entries)
    return (address for address in named if address.kind in kinds)
