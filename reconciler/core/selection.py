"""`--select` and `--exclude`: which objects a run is about, by name, glob or kind, and along the graph.

    models/greater-than        one object                models/greater-than+    and all that use it
    'models/write-*'           a glob                    +workflows/auto         and all that it uses
    models, Model              a kind                    +models/x+              both

Belongs here: patterns and the set of addresses they mean. Does not belong here: what becomes of the rest (`pipeline`
leaves it out, `guard` refuses a broken dependency).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.core.address import Address
from reconciler.core.diagnostics import ReconcilerError, did_you_mean


@dataclass(frozen=True, slots=True)
class Selection:
    """What the flags say; nothing selected means everything."""

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.select and not self.exclude

    def of(self, universe: Collection[Address], uses: Mapping[Address, Iterable[Address]]) -> frozenset[Address]:
        """The selected addresses. `uses` maps an object to what it refers to.

        Raises ReconcilerError for a pattern that means nothing: a misspelt name must not select everything or nothing.
        """
        chosen = _union(self.select, universe, uses) if self.select else frozenset(universe)
        return chosen - _union(self.exclude, universe, uses)


def _union(
    patterns: Iterable[str], universe: Collection[Address], uses: Mapping[Address, Iterable[Address]]
) -> frozenset[Address]:
    return frozenset().union(*(_meaning(pattern, universe, uses) for pattern in patterns))


def _meaning(
    pattern: str, universe: Collection[Address], uses: Mapping[Address, Iterable[Address]]
) -> frozenset[Address]:
    name = pattern.removeprefix("+").removesuffix("+")
    found = {address for address in universe if _matches(name, address)}
    if not found:
        known = [str(address) for address in universe] + sorted({address.kind for address in universe})
        hint = did_you_mean(name, known) or "write KIND/ID, a glob such as 'models/write-*', or a kind such as models"
        raise ReconcilerError(f"{pattern!r} selects nothing", hint=hint)
    upstream = _closure(found, uses) if pattern.startswith("+") else set()
    downstream = _closure(found, _reversed(uses)) if pattern.endswith("+") else set()
    return frozenset(address for address in found | upstream | downstream if address in universe)


def _matches(name: str, address: Address) -> bool:
    kind = name.lower()
    singular = address.kind.removesuffix("s")
    return any(fnmatchcase(text, name) for text in (str(address), address.qualified)) or kind in (
        address.kind,
        singular,
    )


def _closure(start: Iterable[Address], edges: Mapping[Address, Iterable[Address]]) -> set[Address]:
    reached, left = set(start), list(start)
    while left:
        new = set(edges.get(left.pop(), ())) - reached
        reached |= new
        left += new
    return reached


def _reversed(edges: Mapping[Address, Iterable[Address]]) -> dict[Address, list[Address]]:
    users: dict[Address, list[Address]] = {}
    for user, used in edges.items():
        for address in used:
            users.setdefault(address, []).append(user)
    return users
