"""What an author wrote, before anything is known about it: nodes with source text, style and position.

Belongs here: the values that `stages/load` makes, `spec` reads and `stages/resolve` joins. Does not belong here: YAML
(only `load` knows it) or types (a plain `0123` is text until a field's descriptor says otherwise).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.tree import Path, Tree

if TYPE_CHECKING:
    from reconciler.core.positions import Positions  # which is made of nodes

T = TypeVar("T")

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
"""What a plain scalar says to mean "nothing", in YAML 1.2."""


class Scalar(NamedTuple):
    """One scalar: its text after unescaping, whether it was plain (unquoted), and where it stands.

    Flat, since a manifest is made of them: a `Location` in each would take twice the time and the memory.
    """

    text: str
    plain: bool
    file: str
    line: int
    column: int

    @property
    def location(self) -> Location:
        """Where it stands."""
        return Location(self.file, self.line, self.column)

    @property
    def is_null(self) -> bool:
        """Whether it means "nothing" in YAML 1.2."""
        return self.plain and self.text in NULLS

    def at(self, location: Location) -> Scalar:
        """The same scalar at another place."""
        return Scalar(self.text, self.plain, *location)


# Not frozen, though nobody changes them once they are whole: a frozen dataclass takes three times as long to make.
@dataclass(slots=True)
class Mapping:
    """A mapping in source order; keys are scalars and unique (the loader refuses duplicates)."""

    pairs: dict[str, tuple[Scalar, Node]]
    """By the text of the key: the key, for its place, and the value."""
    file: str
    line: int
    column: int
    constant: bool = False
    """Whether it is known that no variable can stand in it."""

    @classmethod
    def of(cls, items: Iterable[tuple[Scalar, Node]], location: Location) -> Mapping:
        """A mapping of keys and values that are at hand."""
        return cls({key.text: (key, value) for key, value in items}, *location)

    @property
    def location(self) -> Location:
        """Where it begins."""
        return Location(self.file, self.line, self.column)

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.pairs.values())

    def get(self, name: str) -> Node | None:
        """The value under a key, or None."""
        pair = self.pairs.get(name)
        return pair[1] if pair is not None else None

    def key(self, name: str) -> Scalar | None:
        """The key itself, for its position."""
        pair = self.pairs.get(name)
        return pair[0] if pair is not None else None


@dataclass(slots=True)
class Sequence:
    """A sequence in source order."""

    items: list[Node]
    file: str
    line: int
    column: int
    constant: bool = False
    """Whether it is known that no variable can stand in it."""

    @classmethod
    def of(cls, items: Iterable[Node], location: Location) -> Sequence:
        """A sequence of nodes that are at hand."""
        return cls(list(items), *location)

    @property
    def location(self) -> Location:
        """Where it begins."""
        return Location(self.file, self.line, self.column)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


Node = Scalar | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a document says to us and never to the service."""

    protect: bool = False
    ignore: tuple[str, ...] = ()
    owner: str | None = None


@dataclass(slots=True)
class Spec:
    """What a kind's message says of a spec, and what is wrong with it."""

    tree: Tree
    written: frozenset[Path]
    """The paths that are owned; as they stand in the document if something in it could not be read."""
    positions: Positions
    problems: list[Diagnostic]


@dataclass(slots=True)  # not frozen for the same reason
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
    read: Spec | None = None
    """What the spec says, where that did not have to wait; the spec itself is then let go."""
    kind_location: Location | None = None
    """Where the kind is written, where it is."""

    def with_spec(self, spec: Mapping, read: Spec | None = None) -> Declaration:
        """The same document with another spec, or with what was read in it."""
        if spec is self.spec:
            return self
        return Declaration(
            self.kind,
            self.name,
            self.namespace,
            spec,
            self.location,
            self.name_location,
            self.lifecycle,
            self.inline,
            read,
            self.kind_location,
        )


def substitute(node: Node, change: Callable[[Scalar], Scalar]) -> Node:
    """The node with every scalar value (not key) passed through `change`; the very node where none is another.

    `change` leaves alone what holds no `$`, so it is not asked about what is known to hold none.
    """
    if isinstance(node, Scalar):
        return change(node)
    if node.constant:
        return node
    if isinstance(node, Sequence):
        items = [substitute(item, change) for item in node.items]
        return node if all(map(operator.is_, items, node.items)) else Sequence.of(items, node.location)
    pairs = {name: (key, substitute(value, change)) for name, (key, value) in node.pairs.items()}
    unchanged = all(pair[1] is node.pairs[name][1] for name, pair in pairs.items())
    return node if unchanged else Mapping(pairs, node.file, node.line, node.column)


def let_go(things: list[T]) -> Iterator[T]:
    """Each in its turn, and none kept: what was read takes more memory than what it is made into."""
    things.reverse()
    while things:
        yield things.pop()
