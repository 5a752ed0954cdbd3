"""Where each path of an object was written: a mapping of paths to locations that takes little room.

A run keeps one for each object, and objects of a kind have the same paths; as a dictionary of locations it would be a
third of all that is kept of a manifest. Does not belong here: what stands there (`declaration`).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from functools import lru_cache

from reconciler.core.declaration import Node
from reconciler.core.diagnostics import Location
from reconciler.core.tree import Path

_COLUMN_BITS = 32


class Positions(Mapping[Path, Location]):
    """The places of one document's nodes, by path."""

    __slots__ = ("_file", "_order", "_places")

    def __init__(self, nodes: Mapping[Path, Node], file: str) -> None:
        self._file = file
        self._order = _order(tuple(nodes))
        self._places = array("Q", [node.line << _COLUMN_BITS | node.column for node in nodes.values()])

    def __getitem__(self, path: Path) -> Location:
        place = self._places[self._order[path]]
        return Location(self._file, place >> _COLUMN_BITS, place & ((1 << _COLUMN_BITS) - 1))

    def __iter__(self) -> Iterator[Path]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)


@lru_cache(maxsize=1 << 14)
def _order(paths: tuple[Path, ...]) -> dict[Path, int]:
    """The index of each path; the same dictionary for the same paths."""
    return {path: index for index, path in enumerate(paths)}
