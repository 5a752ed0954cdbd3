"""What an author wrote, before anything is known about it: nodes with source text, style and position.

Belongs here: the values that `stages/load` makes and `stages/resolve` reads. Does not belong here: YAML (only `load`
knows it) or types (a plain `0123` is text until a field's descriptor says otherwise).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from reconciler.core.diagnostics import Location


class Scalar(NamedTuple):
    """One scalar: its text after unescaping, whether it was plain (unquoted), and where it stands."""

    text: str
    plain: bool
    location: Location

    @property
    def is_null(self) -> bool:
        """Whether it means "nothing" in YAML 1.2."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping in source order; keys are scalars and unique (the loader refuses duplicates)."""

    items: tuple[tuple[Scalar, Node], ...]
    location: Location

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.items)

    def get(self, name: str) -> Node | None:
        """The value under a key, or None."""
        for key, value in self.items:  # a loop: a generator costs three times as much, and loading lives on this call
            if key.text == name:
                return value
        return None

    def key(self, name: str) -> Scalar | None:
        """The key itself, for its position."""
        return next((key for key, _ in self.items if key.text == name), None)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence in source order."""

    items: tuple[Node, ...]
    location: Location

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


Node = Scalar | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a document says to us and never to the service."""

    protect: bool = False
    ignore: tuple[str, ...] = ()
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """One document: the envelope understood, the spec still as written."""

    kind: str
    name: str | None
    namespace: str | None
    spec: Mapping
    location: Location
    name_location: Location
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    inline: bool = False
    """Written inside what uses it (a model in a node of the SDK's workflow file); equal ones are one."""

    def with_spec(self, spec: Mapping) -> Declaration:
        """The same document with another spec."""
        return self if spec is self.spec else replace(self, spec=spec)


def substitute(node: Node, change: Callable[[Scalar], Scalar]) -> Node:
    """The node with every scalar value (not key) passed through `change`; the very node where none is another."""
    if isinstance(node, Scalar):
        return change(node)
    if isinstance(node, Sequence):
        items = [substitute(item, change) for item in node.items]
        unchanged = all(map(operator.is_, items, node.items))
        return node if unchanged else Sequence(tuple(items), node.location)
    values = [substitute(value, change) for _, value in node.items]
    if all(new is old for new, (_, old) in zip(values, node.items, strict=True)):
        return node
    pairs = zip(node.items, values, strict=True)
    return Mapping(tuple((key, value) for (key, _), value in pairs), node.location)
