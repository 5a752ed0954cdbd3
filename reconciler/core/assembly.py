"""Nodes from the events of a parser, one document after another, within limits.

The limits are enforced while building, so that a hostile file costs what the limit allows and no more; nothing here
recurses. Belongs here: nesting, anchors, keys, counting. Does not belong here: YAML's events (`stages/load` knows them)
or what a document means (`envelope`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from sys import intern
from typing import NoReturn

from reconciler.core.declaration import Mapping, Node, Scalar, Sequence
from reconciler.core.diagnostics import Diagnostic, Location, error
from reconciler.core.scalars import quoted

# What YAML's own reader refuses when it stands in a file unescaped; NUL and terminal sequences are what matters.
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may hold; far beyond any honest manifest."""

    depth: int = 64
    nodes: int = 1_000_000
    # A few hundred bytes of aliases can stand for more nodes than fit into memory.
    expanded: int = 100_000
    problems: int = 100


class StopReading(Exception):
    """Reading this file ends here; carries the problem that says why."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Open:
    """A mapping or sequence whose end has not come yet."""

    __slots__ = ("anchor", "before", "height", "items", "key", "location", "pairs", "seen", "wants_key")

    def __init__(self, location: Location, is_mapping: bool, anchor: str | None, before: int) -> None:
        self.location = location
        self.anchor = anchor
        self.before = before  # nodes of the document when this one began
        self.height = 0
        self.items: list[Node] = []
        self.pairs: list[tuple[Scalar, Node]] | None = [] if is_mapping else None
        self.seen: dict[str, Location] = {}
        self.wants_key = is_mapping
        self.key: Scalar | None = None  # None where a value is due: its key was refused, drop it

    def add(self, value: Node) -> None:
        if self.pairs is None:
            self.items.append(value)
            return
        if self.key is not None:
            self.pairs.append((self.key, value))
        self.wants_key = True

    def close(self) -> Node:
        if self.pairs is None:
            return Sequence(tuple(self.items), self.location)
        return Mapping(tuple(self.pairs), self.location)


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    size: int
    height: int


class Assembly:
    """Builds documents from the calls of one file: open, close, scalar, alias, then `take`."""

    def __init__(self, problems: list[Diagnostic], limits: Limits) -> None:
        self._problems = problems
        self._limits = limits
        self._left = limits.nodes
        self._size = 0
        self.begin()

    def begin(self) -> None:
        """Start a document: nothing of the one before, finished or not, is left but its share of the file's limit."""
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored | _Open] = {}
        self._left -= self._size
        self._size = 0  # values of this document, aliases written out
        self._most = min(self._limits.expanded, self._left)
        self._root: Node | None = None

    def take(self) -> Node | None:
        """The finished document; None where there was none."""
        return self._root

    def report(self, summary: str, location: Location, hint: str | None = None) -> None:
        """Note a problem and read on, unless there are too many."""
        self._problems.append(error(summary, location, hint=hint))
        self.stop_if_too_many(location)

    def stop_if_too_many(self, location: Location) -> None:
        """End the file when its problems would fill more than a few screens."""
        if len(self._problems) >= self._limits.problems:
            summary = f"more than {self._limits.problems} problems; the rest of the file was not read"
            raise StopReading(error(summary, location))

    # ---- events

    def scalar(self, text: str, plain: bool, location: Location, anchor: str | None) -> None:
        """A scalar, as a key or as a value: eight of ten events, so the common ways are written out here."""
        self._size += 1
        if self._size > self._most:
            self._too_many(location)
        parent = self._stack[-1] if self._stack else None
        # Keys are few and come again in every document, so each is one text, a kilobyte less for each of them.
        node = Scalar(intern(text) if parent is not None and parent.wants_key else text, plain, location)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, 1, 0)
        if parent is None:
            self._root = node
        elif parent.wants_key:
            parent.key = self._accept_key(parent, node)
            parent.wants_key = False
        else:
            parent.add(node)

    def open(self, is_mapping: bool, location: Location, anchor: str | None) -> None:
        """A mapping or sequence begins."""
        self._check_depth(1, location)
        opened = _Open(location, is_mapping, anchor, self._size)
        self._count(1, location)
        if anchor is not None:
            self._anchors[anchor] = opened
        self._stack.append(opened)

    def close(self) -> None:
        """The innermost mapping or sequence ends."""
        closed = self._stack.pop()
        node, height = closed.close(), closed.height + 1
        # An inner node may have taken the same anchor since; then the name is its.
        if closed.anchor is not None and self._anchors[closed.anchor] is closed:
            self._anchors[closed.anchor] = _Anchored(node, self._size - closed.before, height)
        self._place(node, height)

    def alias(self, name: str, location: Location) -> None:
        """A reference to an anchored node, counted as if the node were written out again."""
        target = self._anchors.get(name)
        if isinstance(target, _Anchored):
            self._check_depth(target.height, location)
            self._count(target.size, location)
            node = target.node
            self._place(node._replace(location=location) if isinstance(node, Scalar) else node, target.height)
            return
        problem = "contains itself" if target else "has no anchor before it"
        self.report(f"the alias *{name[:60]} {problem}", location)
        self._place(Scalar("", True, location), 0)

    # ---- building

    def _place(self, node: Node, height: int) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        parent.height = max(parent.height, height)
        if parent.wants_key:
            parent.key = self._accept_key(parent, node)
            parent.wants_key = False
        else:
            parent.add(node)

    def _accept_key(self, parent: _Open, node: Node) -> Scalar | None:
        """The key, or None and a problem; the value that follows a refused key is dropped."""
        if not isinstance(node, Scalar) or (node.plain and (node.text == "<<" or node.is_null)):
            self.report(*_unusable_key(node))
            return None
        first = parent.seen.get(node.text)
        if first is None:
            parent.seen[node.text] = node.location
            return node
        self.report(f"the key {quoted(node.text)} stands twice in one mapping", node.location, f"first at {first}")
        return None

    def _count(self, values: int, location: Location) -> None:
        self._size += values
        if self._size > self._most:
            self._too_many(location)

    def _too_many(self, location: Location) -> NoReturn:
        if self._most == self._limits.expanded:
            summary = f"a document may hold {self._limits.expanded:,} values, this one holds more (aliases written out)"
        else:
            summary = f"a file may hold {self._limits.nodes:,} values, this one holds more"
        raise StopReading(error(summary, location, hint="split it"))

    def _check_depth(self, more: int, location: Location) -> None:
        if len(self._stack) + more > self._limits.depth:
            raise StopReading(error(f"nested deeper than {self._limits.depth} levels", location))


def _unusable_key(node: Node) -> tuple[str, Location, str]:
    if not isinstance(node, Scalar):
        found = "mapping" if isinstance(node, Mapping) else "list"
        hint = "quote a value that begins with a brace or bracket"
        return f"a key must be text, not a {found}", node.location, hint
    if node.is_null:
        return "a key is missing before the ':'", node.location, "quote it if the word null is meant"
    hint = "YAML 1.2 has none: write the keys out, or use an alias for the whole value"
    return "merge keys (<<) are not read", node.location, hint
