"""What changes inside one object, as an outline: shared paths said once, columns aligned.

Belongs here: field changes and whole trees -> lines. Does not belong here: how objects are grouped (`changes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from reconciler.core.change import Cause, Effect, FieldChange
from reconciler.core.masking import SENSITIVE
from reconciler.core.tree import ABSENT, Path, Tree, Unknown, show_path
from reconciler.report.lines import Line, Span, Spans, columns, fits, padded, span_columns
from reconciler.report.nodes import is_node, node_parts
from reconciler.report.values import pair_text, value_text

Parts = tuple[Spans, Spans]
"""Two columns: what was, and what comes."""

LABEL_SHARE = 0.45
"""A label wider than this part of the room does not push the values of its neighbours aside."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The end of a path: a sign with its style, and what to say in a given room."""

    sign: str
    style: str
    parts: Callable[[int], Parts]


MOVED = (Cause.DRIFT, Cause.EDIT_OVER_DRIFT, Cause.RELEASED)
"""Causes that lie with somebody else."""

Outline = dict[str, Any]
"""Name -> Entry or another Outline."""


@dataclass(frozen=True, slots=True)
class _Row:
    depth: int
    label: str
    entry: Entry | None


def tree_lines(tree: Tree, indent: int, width: int) -> list[Line]:
    """Everything that is written in a tree; for an object that is about to exist."""
    return _laid_out(_grown(tree, " ", ""), indent, width, 0)


def change_lines(fields: Iterable[FieldChange], indent: int, width: int, depth: int = 0) -> list[Line]:
    """What differs, field by field; signs stand in the margin whatever the depth."""
    outline: Outline = {}
    for field in fields:
        _plant(outline, field)
    return _laid_out(outline, indent, width, depth)


def _laid_out(outline: Outline, indent: int, width: int, depth: int) -> list[Line]:
    lines: list[Line] = []
    rows = _rows(_without_values(outline), depth)
    for (level, leaf), group in groupby(rows, key=lambda row: (row.depth, row.entry is not None)):
        if leaf:
            lines += _aligned(list(group), indent, width)
        else:
            lines += [_branch(row, indent + 2 * level) for row in group]
    return lines


def _rows(outline: Outline, depth: int) -> Iterator[_Row]:
    """Yield rows from the top: values first, then what has values beneath it."""
    chains = [_chain((name,), value) for name, value in outline.items()]
    for path, end in sorted(chains, key=lambda chain: (isinstance(chain[1], dict), len(chain[0]) > 2)):
        if isinstance(end, Entry):
            yield _Row(depth, show_path(path), end)
        else:
            yield _Row(depth, show_path(path), None)
            yield from _rows(end, depth + 1)


def _chain(path: Path, value: Entry | Outline) -> tuple[Path, Entry | Outline]:
    """Follow names with a single child: they share a row with it."""
    while isinstance(value, dict) and len(value) == 1:
        (name, value), *_ = value.items()
        path = (*path, name)
    return path, value


def _branch(row: _Row, margin: int) -> Line:
    return Line((Span(row.label),), (Span(" " * (margin + 2)),), hang=2)


def _aligned(rows: list[_Row], indent: int, width: int) -> list[Line]:
    """Leaves of one depth beneath each other: signs in the margin, then label, what was, what comes."""
    room = width - indent - 2 * rows[0].depth - 2
    cap = int(room * LABEL_SHARE)
    label_width = max((size for row in rows if (size := columns(row.label)) <= cap), default=0)
    parts = [_entry(row).parts(max(20, room - _label_room(row, label_width, cap))) for row in rows]
    paired = [span_columns(first) for first, second in parts if second]
    first_width = max((size for size in paired if size <= room * 2 // 3), default=0)
    each = zip(rows, parts, strict=True)
    return [line for row, part in each for line in _leaf(row, part, indent, label_width, first_width, width)]


def _label_room(row: _Row, label_width: int, cap: int) -> int:
    """What a label takes from the room of the values; one too long stands on a line of its own if need be."""
    return label_width + 2 if columns(row.label) <= cap else 2


def _leaf(row: _Row, parts: Parts, indent: int, label_width: int, first_width: int, width: int) -> list[Line]:
    lead = _gutter(_entry(row), indent, row.depth)
    label = padded((Span(row.label), Span("  ")), label_width + 2)
    line = Line((*label, *_joined(parts, first_width)), lead, hang=min(label_width, 24) + 2)
    if columns(row.label) <= label_width or fits(line, width):
        return [line]
    below = (Span(" " * (span_columns(lead) + 2)),)
    return [Line((Span(row.label),), lead, hang=2), Line(_joined(parts, 0), below, hang=2)]


def _joined(parts: Parts, first_width: int) -> Spans:
    first, second = parts
    return (*padded((*first, Span(" ")), first_width + 1), *second) if first and second else (*first, *second)


def _gutter(entry: Entry, indent: int, depth: int) -> Spans:
    return Span(" " * indent), Span(f"{entry.sign} ", entry.style), Span("  " * depth)


def _entry(row: _Row) -> Entry:
    assert row.entry is not None
    return row.entry


# ---- growing an outline


def _plant(outline: Outline, field: FieldChange) -> None:
    *above, last = field.path or ("(whole object)",)
    for name in above:
        inner = outline.setdefault(name, {})
        outline = inner if isinstance(inner, dict) else outline.setdefault(f"{name} ", {})
    outline[last if last not in outline else f"{last} "] = _grown_field(field)


def _grown_field(field: FieldChange) -> Entry | Outline:
    field = replace(field, before=_plain(field.before, field.path), after=_plain(field.after, field.path))
    sign, style = _sign(field)
    if sign == "+" and isinstance(field.after, dict) and field.after:
        return _node(field.after, sign, style) if is_node(field.after) else _grown(field.after, sign, style)
    if sign == "-" and is_node(field.before):
        return _node(field.before, sign, style)
    words = _moved_words if field.cause in MOVED else _edit_words
    return Entry(sign, style, lambda room: words(field, room))


def _plain(value: Any, path: Path) -> Any:
    """A concept that is nothing but a value, as that value."""
    if "concepts" in path[-2:-1] and isinstance(value, dict) and "value" in value and set(value) <= {"id", "value"}:
        return value["value"]
    return value


def _grown(tree: Tree, sign: str, style: str) -> Outline:
    if tree and all(is_node(value) for value in tree.values()):
        return {name: _node(value, sign, style) for name, value in tree.items()}
    grown: Outline = {}
    for name, value in tree.items():
        if isinstance(value, dict) and value and not is_node(value):
            grown[name] = _grown(_without_key(value, name), sign, style)
        else:
            grown[name] = _node(value, sign, style) if is_node(value) else _written(value, sign, style)
    return grown


def _without_key(element: Tree, key: str) -> Tree:
    """An element of a keyed list need not say its id twice."""
    if element.get("id") == key and len(element) > 1:
        return {name: value for name, value in element.items() if name != "id"}
    return element


def _without_values(outline: Outline) -> Outline:
    """`people 0.5` says as much as `people.value 0.5` where all that is written of a concept is its value."""
    result: Outline = {}
    for name, inner in outline.items():
        if not isinstance(inner, dict):
            result[name] = inner
        elif name == "concepts":
            result[name] = {key: _only_value(each) for key, each in inner.items()}
        else:
            result[name] = _without_values(inner)
    return result


def _only_value(element: Any) -> Any:
    alone = isinstance(element, dict) and set(element) == {"value"}
    return element["value"] if alone else _without_values(element) if isinstance(element, dict) else element


# ---- what stands at the end of a path


def value_span(value: Any, room: int) -> Span:
    """A value in its style: what nobody knows yet, or may not know, is dim."""
    return _styled(value, value_text(value, room))


def _styled(value: Any, text: str) -> Span:
    mark = value is SENSITIVE or isinstance(value, Unknown)
    return Span(text, "dim" if mark else "", whole=mark)


def _written(value: Any, sign: str, style: str) -> Entry:
    return Entry(sign, style, lambda room: ((), (value_span(value, room),)))


def _node(value: Tree, sign: str, style: str) -> Entry:
    return Entry(sign, style, lambda room: node_parts(value, room))


def _sign(field: FieldChange) -> tuple[str, str]:
    if field.cause is Cause.RELEASED:
        return ".", "dim"
    if field.effect is Effect.RECORD:
        return "=", "adopt"
    if field.before is ABSENT:
        return "+", "add"
    return ("-", "delete") if field.after is ABSENT else ("~", "change")


def _edit_words(field: FieldChange, room: int) -> Parts:
    remark = _remark(field)
    if field.before is ABSENT:
        return (), (value_span(field.after, room), *remark)
    if field.after is ABSENT:
        return (value_span(field.before, room),), remark
    before, after = _pair(field, room - 4)
    return (before,), (Span("-> ", "dim", whole=True), after, *remark)


def _moved_words(field: FieldChange, room: int) -> Parts:
    """Live and wanted value both by name: an arrow would not say whose is whose."""
    live, wanted = _pair(field, room - 16)
    if field.cause is Cause.RELEASED:
        return (Span("live ", "drift", whole=True), live), _remark(field)
    return (Span("live ", "drift", whole=True), live, Span(",")), (
        Span("manifest ", "drift", whole=True),
        wanted,
        *_remark(field),
    )


def _pair(field: FieldChange, room: int) -> tuple[Span, Span]:
    before, after = pair_text(field.before, field.after, max(48, room))
    return _styled(field.before, before), _styled(field.after, after)


def _remark(field: FieldChange) -> Spans:
    """What the values do not say by themselves."""
    if field.effect is Effect.REPLACE:
        return Span("  "), Span("# forces replacement", "delete", whole=True)
    text = remark_text(field)
    return (Span("  "), Span("# ", "dim", whole=True), Span(text, "dim")) if text else ()


def remark_text(field: FieldChange) -> str:
    """What the values of a field do not say by themselves, in words."""
    if field.cause is Cause.RELEASED:
        return "line removed, value changed by others: left as it is"
    if field.cause is Cause.REMOVED:
        kept = field.effect is Effect.RECORD
        return "line removed; cannot be cleared, so it stays" if kept else "line removed"
    if field.cause is Cause.EDIT_OVER_DRIFT:
        return "the manifest changed too"
    if field.effect is Effect.LATE:
        return "set last"
    return ""
