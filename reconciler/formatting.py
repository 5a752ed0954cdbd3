"""One layout for all manifests: two spaces a level, lists at the level of their key, no stray blanks.

Only blanks change: lines are moved sideways, never joined, split or put in another order. Belongs here: text -> text.
Does not belong here: files (`cli/fmt`), or what a manifest says (`stages/load`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.core.diagnostics import ReconcilerError

_STEP = 2
_BLOCK_STYLES = ("|", ">")
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_DASHES = re.compile(r" *(- +)*")


def formatted(text: str) -> str:
    """The same manifests in the house's layout; formatting them again changes nothing.

    `text` is one that `stages.load` reads without a problem. Raises ReconcilerError where another layout would say
    something else: that is checked, not believed.
    """
    text = text.replace("\r\n", "\n")
    layout = _Layout(text.split("\n"))
    for event in _parsed(text):
        layout.take(event)
    found = layout.text()
    if _meaning(found) != _meaning(text):
        raise ReconcilerError("its layout cannot be changed without changing what it says")
    return found


def _parsed(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _meaning(text: str) -> list[tuple[object, ...]]:
    """What the loader sees of a text: everything but positions."""
    names = ("value", "tag", "anchor", "implicit", "style", "explicit", "flow_style")
    return [(type(event), *(getattr(event, name, None) for name in names)) for event in _parsed(text)]


@dataclass(slots=True)
class _Block:
    """A mapping or a list that is being read: the column it stands in, and the one it will stand in."""

    mapping: bool
    flow: bool
    old: int
    new: int
    key: Any = None
    """The key whose value comes next, if one does."""


@dataclass(slots=True)
class _Layout:
    """What becomes of each line: a new column, and gaps that shrink to one blank."""

    lines: list[str]
    columns: dict[int, int] = field(default_factory=dict)
    gaps: dict[int, list[tuple[int, int, str]]] = field(default_factory=dict)
    """By line: what stands between two columns is replaced."""
    inside: set[int] = field(default_factory=set)
    """Lines that go on with a value: moved with the line it began in, and otherwise left alone."""
    stack: list[_Block] = field(default_factory=list)

    # ---- reading

    def take(self, event: Any) -> None:
        """Place one event of the parser."""
        last = event.end_mark.line
        if isinstance(event, _ENDS):
            block = self.stack.pop()
            if block.flow and not (self.stack and self.stack[-1].flow):
                self._go_on(block.old, last)
            self._done()
        elif isinstance(event, _STARTS):
            self._open(event)
        elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            self._leaf(event)

    def _open(self, event: Any) -> None:
        mapping, flow, mark = isinstance(event, yaml.MappingStartEvent), bool(event.flow_style), event.start_mark
        if self.stack and self.stack[-1].flow:
            self.stack.append(_Block(mapping, True, mark.line, 0))
            return
        column = self._place(event, nested=not flow, mapping=mapping)
        # Of what is written in braces only the first line counts.
        self.stack.append(_Block(mapping, True, mark.line, 0) if flow else _Block(mapping, False, mark.column, column))

    def _leaf(self, event: Any) -> None:
        if not (self.stack and self.stack[-1].flow):
            self._place(event, nested=False, mapping=False)
            last = event.end_mark.line - (getattr(event, "style", None) in _BLOCK_STYLES)
            self._go_on(event.start_mark.line, last)
        self._done(event)

    def _done(self, event: Any = None) -> None:
        """In a block mapping, keys and values take turns."""
        block = self.stack[-1] if self.stack else None
        if block is not None and block.mapping and not block.flow:
            block.key = None if block.key is not None else event

    def _place(self, event: Any, *, nested: bool, mapping: bool) -> int:
        """Give the line that a node begins its column; the node's own new column."""
        block, mark = self.stack[-1] if self.stack else None, event.start_mark
        if block is None:
            return 0
        if not block.mapping:
            self._after_dash(block, mark)
            return block.new + _STEP
        if block.key is None:
            if nested or self.lines[mark.line][block.old : block.old + 1] == "?":
                raise ReconcilerError(f"line {mark.line + 1}: a key that is more than a word cannot be formatted")
            self._begin(mark.line, mark.column, block.new)
            return block.new
        column = block.new if nested and not mapping else block.new + _STEP
        if mark.line == block.key.end_mark.line:
            self._shrink(mark.line, block.key.end_mark.column, mark.column, ": ")
        elif not nested:
            self._begin(mark.line, mark.column, column)
        return column

    def _after_dash(self, block: _Block, mark: Any) -> None:
        """Place the dash that stands before an item: on its line, or alone on a line above."""
        for line in range(mark.line, -1, -1):
            row = self.lines[line]
            if row[block.old : block.old + 1] == "-" and _DASHES.fullmatch(row, 0, block.old):
                self._begin(line, block.old, block.new)
                break
        if line == mark.line:
            self._shrink(line, block.old + 1, mark.column, " ")
        else:
            self._begin(mark.line, mark.column, block.new + _STEP)

    def _begin(self, line: int, column: int, new: int) -> None:
        """A line that begins with this column will begin with the new one."""
        if not self.lines[line][:column].strip():
            self.columns.setdefault(line, new)

    def _shrink(self, line: int, start: int, end: int, to: str) -> None:
        between = self.lines[line][start:end]
        if between.strip() == to.strip() and between != to:
            self.gaps.setdefault(line, []).append((start, end, to))

    def _go_on(self, first: int, last: int) -> None:
        """The further lines of a value keep their distance from the line it began in."""
        shift = self.columns.get(first, _column(self.lines[first])) - _column(self.lines[first])
        for line in range(first + 1, last + 1):
            self.inside.add(line)
            self.columns.setdefault(line, max(0, _column(self.lines[line]) + shift))

    # ---- writing

    def text(self) -> str:
        """All lines in their new places."""
        rows: list[str] = []
        for line in range(len(self.lines)):
            row = self._row(line)
            if row or line in self.inside or (rows and rows[-1]):
                rows.append(row)
        return "\n".join(rows).rstrip("\n") + "\n"

    def _row(self, line: int) -> str:
        row, old = self.lines[line], _column(self.lines[line])
        if line in self.inside:
            return " " * self.columns[line] + row[old:] if row.strip() else row
        for start, end, to in sorted(self.gaps.get(line, ()), reverse=True):
            row = row[:start] + to + row[end:]
        column = self._of_comment(line) if row.lstrip().startswith("#") else self.columns.get(line, old)
        return (" " * column + row[old:]).rstrip()

    def _of_comment(self, line: int) -> int:
        """A comment goes with what follows, or ends the block above that it stood in line with."""
        old, after = _column(self.lines[line]), self._neighbour(line, 1)
        if after is None or _column(self.lines[after]) != old:
            above = self._neighbour(line, -1)
            while above is not None and _column(self.lines[above]) > old:
                above = self._neighbour(above, -1)
            if above is not None and _column(self.lines[above]) == old:
                return self.columns.get(above, old)
        return 0 if after is None else self.columns.get(after, _column(self.lines[after]))

    def _neighbour(self, line: int, step: int) -> int | None:
        """The nearest line above or below that is neither empty nor a comment, in the same document."""
        line += step
        while 0 <= line < len(self.lines) and not self.lines[line].startswith("---"):
            row = self.lines[line].strip()
            if line not in self.inside and row and not row.startswith("#"):
                return line
            line += step
        return None


def _column(row: str) -> int:
    return len(row) - len(row.lstrip(" "))
