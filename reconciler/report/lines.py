"""Styled lines of text: built from spans, wrapped to a width, painted or left plain.

Belongs here: what a terminal can do (columns, colours, wrapping). Does not belong here: what is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

ANSI = {
    "": "",
    "bold": "1",
    "dim": "2",
    "add": "32",
    "change": "33",
    "delete": "31",
    "adopt": "36",
    "drift": "35",
    "error": "1;31",
    "warning": "1;33",
    "success": "1;32",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one style (a name from ANSI); `whole` keeps its words on one row."""

    text: str
    style: str = ""
    whole: bool = False


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be: `lead` never breaks and sets the margin, `body` wraps under it, `right` goes to the far side."""

    body: Spans = ()
    lead: Spans = ()
    hang: int = 0
    right: Span | None = None


BLANK = Line()


def say(text: str, style: str = "", *, indent: int = 0, hang: int = 0) -> list[Line]:
    """Lines for a text that may hold line breaks of its own."""
    lead = (Span(" " * indent),)
    return [Line((Span(part, style),), lead, hang) for part in text.splitlines() or [""]]


def printable(text: str) -> str:
    """The text with everything that would move a cursor, colour a terminal or reverse reading made visible."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return short.get(char) or (f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}")


def columns(text: str) -> int:
    """How many terminal columns a printable text takes."""
    return len(text) if text.isascii() else sum(_columns_of(char) for char in text)


def _columns_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def span_columns(spans: Iterable[Span]) -> int:
    """How many terminal columns spans take."""
    return sum(columns(printable(span.text)) for span in spans)


def padded(spans: Spans, width: int) -> Spans:
    """The spans followed by as many spaces as the width wants."""
    missing = width - span_columns(spans)
    return (*spans, Span(" " * missing)) if missing > 0 else spans


def fits(line: Line, width: int) -> bool:
    """Whether the line takes one row, the part on the right included."""
    right = columns(printable(line.right.text)) + 2 if line.right else 0
    return span_columns(line.lead) + span_columns(line.body) + right <= width


def render(lines: Iterable[Line], *, color: bool, width: int) -> str:
    """The finished text, each line ended by a newline."""
    rows = (row for line in lines for row in _rows(line, width))
    return "".join(_paint(row, color) + "\n" for row in rows)


def _rows(line: Line, width: int) -> Iterator[Spans]:
    """Break a line into rows no wider than the width, unless a single word is."""
    margin = span_columns(line.lead)
    rows = list(_wrapped(_words(line.body), width - margin, line.hang))
    first, rest = rows[0], rows[1:]
    first = (*line.lead, *first)
    if line.right is not None and not rest:
        gap = width - span_columns(first) - span_columns([line.right])
        if gap >= 2:
            yield (*first, Span(" " * gap), line.right)
            return
    yield first
    yield from ((Span(" " * (margin + line.hang)), *row) for row in rest)
    if line.right is not None:
        yield (Span(" " * max(margin, width - span_columns([line.right]))), line.right)


def _words(spans: Spans) -> Iterator[list[Span]]:
    """Yield atoms: a word (which may change style in the middle) or the white space between two."""
    atom: list[Span] = []
    for span in spans:
        text = printable(span.text)
        for piece in [text] if span.whole and text else re.findall(r" +|[^ ]+", text):
            if atom and piece.isspace() != atom[0].text.isspace():
                yield atom
                atom = []
            atom.append(Span(piece, span.style))
    if atom:
        yield atom


def _wrapped(atoms: Iterator[list[Span]], width: int, hang: int) -> Iterator[Spans]:
    row: list[Span] = []
    space: list[Span] = []
    room = width
    for atom in atoms:
        if atom[0].text.isspace():
            space = atom
            continue
        if row and span_columns((*row, *space, *atom)) > room:
            yield tuple(row)
            row, space, room = [], [], width - hang
        row += [*space, *atom]
        space = []
    yield tuple(row)


def _paint(spans: Sequence[Span], color: bool) -> str:
    if not color:
        return "".join(printable(span.text) for span in spans).rstrip()
    return "".join(_painted(span) for span in _without_tail(spans))


def _painted(span: Span) -> str:
    code, text = ANSI[span.style], printable(span.text)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text.strip() else text


def _without_tail(spans: Sequence[Span]) -> list[Span]:
    """Drop white space at the end of a row, and join neighbours of one style."""
    kept = list(spans)
    while kept and not kept[-1].text.strip(" "):
        kept.pop()
    joined: list[Span] = kept[:1]
    for before, span in pairwise(kept):
        if before.style == span.style:
            joined[-1] = Span(joined[-1].text + span.text, span.style)
        else:
            joined.append(span)
    return joined
