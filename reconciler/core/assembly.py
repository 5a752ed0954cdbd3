"""Nodes from the events of a parser, one document after another, within limits.

The limits are enforced while building, so that a hostile file costs what the limit allows and no more; nothing here
recurses. Belongs here: nesting, anchors, keys, counting. Does not belong here: YAML's events (`stages/load` knows them)
or what a document means (`envelope`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from sys import intern
from typing import NoReturn

from reconciler.core.declaration import NULLS, Mapping, Node, Scalar, Sequence
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


_new = partial(tuple.__new__, Scalar)
"""Half the time of calling the class."""
_NO_KEYS = NULLS | {"<<"}
"""What cannot be a key unless it is quoted."""
_REFUSED = Scalar("", True, "", 0, 0)
"""In the place of a key that was refused: the value that follows it is dropped."""


class _Open:
    """A mapping or sequence whose end has not come yet; also the document around them, as if it were a sequence."""

    __slots__ = ("height", "key", "node")

    def __init__(self, node: Mapping | Sequence, key: Scalar | None) -> None:
        self.node = node
        self.key = key  # of a mapping the one whose value is due, None where a key is due; of a sequence _REFUSED
        self.height = 0


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    size: int
    height: int


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """An anchor whose mapping or sequence has not ended."""

    name: str
    opened: _Open
    before: int
    """How many nodes the document had when it began."""


class Assembly:
    """Builds the documents of one file from calls: open, close, scalar, alias, then `take`."""

    def __init__(self, file: str, problems: list[Diagnostic], limits: Limits) -> None:
        self._file = file
        self._problems = problems
        self._limits = limits
        self._left = limits.nodes
        self._size = 0
        self.begin()

    def begin(self) -> None:
        """Start a document: nothing of the one before, finished or not, is left but its share of the file's limit."""
        self._document: list[Node] = []
        self._inner = _Open(Sequence(self._document, self._file, 1, 1), _REFUSED)
        self._around: list[_Open] = []  # what `_inner` stands in, outermost first
        self._anchors: dict[str, _Anchored | _Unfinished] = {}
        self._unfinished: list[_Unfinished] = []
        self._left -= self._size
        self._size = 0  # values of this document, aliases written out
        self._most = min(self._limits.expanded, self._left)

    def take(self) -> Node | None:
        """The finished document; None where there was none."""
        return self._document[0] if self._document else None

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

    def scalar(self, text: str, plain: bool, line: int, column: int, anchor: str | None) -> None:
        """A scalar, as a key or as a value: eight of ten events, so the common ways are written out here."""
        self._size += 1
        if self._size > self._most:
            self._too_many(Location(self._file, line, column))
        inner = self._inner
        holder, key = inner.node, inner.key
        if isinstance(holder, Mapping) and key is None:
            # Keys are few and come again in every document, so each is one text, a kilobyte less for each of them.
            node = _new((intern(text), plain, self._file, line, column))
            if text in holder.pairs or (plain and text in _NO_KEYS):
                self._accept_key(inner, node)
            else:
                inner.key = node
        else:
            node = _new((text, plain, self._file, line, column))
            if "$" in text:
                holder.constant = False
            if isinstance(holder, Sequence):
                holder.items.append(node)
            elif key is not None:
                if key is not _REFUSED:
                    holder.pairs[key[0]] = (key, node)
                inner.key = None
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, 1, 0)

    def open(self, is_mapping: bool, line: int, column: int, anchor: str | None) -> None:
        """A mapping or sequence begins."""
        self._around.append(self._inner)
        if is_mapping:
            self._inner = _Open(Mapping({}, self._file, line, column, True), None)
        else:
            self._inner = _Open(Sequence([], self._file, line, column, True), _REFUSED)
        if len(self._around) > self._limits.depth:
            self._too_deep(self._inner.node.location)
        if anchor is not None:
            self._anchors[anchor] = unfinished = _Unfinished(anchor, self._inner, self._size)
            self._unfinished.append(unfinished)
        self._size += 1
        if self._size > self._most:
            self._too_many(self._inner.node.location)

    def close(self) -> None:
        """The innermost mapping or sequence ends."""
        closed = self._inner
        self._inner = self._around.pop()
        if self._unfinished and self._unfinished[-1].opened is closed:
            self._finish(self._unfinished.pop())
        self._place(closed.node, closed.height + 1)

    def alias(self, name: str, line: int, column: int) -> None:
        """A reference to an anchored node, counted as if the node were written out again."""
        here = Location(self._file, line, column)
        target = self._anchors.get(name)
        if isinstance(target, _Anchored):
            if len(self._around) + target.height > self._limits.depth:
                self._too_deep(here)
            self._size += target.size
            if self._size > self._most:
                self._too_many(here)
            node = target.node
            self._place(node.at(here) if isinstance(node, Scalar) else node, target.height)
            return
        problem = "contains itself" if target else "has no anchor before it"
        self.report(f"the alias *{name[:60]} {problem}", here)
        self._place(Scalar("", True, *here), 0)

    # ---- building

    def _finish(self, anchor: _Unfinished) -> None:
        """The node of an anchor is whole; an inner one may have taken the same name since, which is then its."""
        if self._anchors[anchor.name] is anchor:
            size = self._size - anchor.before
            self._anchors[anchor.name] = _Anchored(anchor.opened.node, size, anchor.opened.height + 1)

    def _place(self, node: Node, height: int) -> None:
        inner = self._inner
        key, holder = inner.key, inner.node
        if height > inner.height:
            inner.height = height
        if key is None:
            self._accept_key(inner, node)
            return
        if "$" in node.text if isinstance(node, Scalar) else not node.constant:
            holder.constant = False
        if isinstance(holder, Sequence):
            holder.items.append(node)
        else:
            if key is not _REFUSED:
                holder.pairs[key.text] = (key, node)
            inner.key = None

    def _accept_key(self, inner: _Open, node: Node) -> None:
        """Keep the key until its value comes; the value that follows a refused one is dropped."""
        assert isinstance(inner.node, Mapping)
        inner.key = _REFUSED
        if not isinstance(node, Scalar) or (node.plain and node.text in _NO_KEYS):
            self.report(*_unusable_key(node))
        elif node.text in inner.node.pairs:
            first = inner.node.pairs[node.text][0].location
            self.report(f"the key {quoted(node.text)} stands twice in one mapping", node.location, f"first at {first}")
        else:
            inner.key = node

    def _too_many(self, location: Location) -> NoReturn:
        if self._most == self._limits.expanded:
            summary = f"a document may hold {self._limits.expanded:,} values, this one holds more (aliases written out)"
        else:
            summary = f"a file may hold {self._limits.nodes:,} values, this one holds more"
        raise StopReading(error(summary, location, hint="split it"))

    def _too_deep(self, location: Location) -> NoReturn:
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
