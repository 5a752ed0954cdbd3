"""Inputs that were added, and annotations as a table that is pleasant at 100 columns; both as JSON, too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from reconciler.core.labels import Added, Addition, AddStatus, Annotation, Annotations, Label
from reconciler.report.changes import counted
from reconciler.report.lines import BLANK, Line, Span, columns, printable, render
from reconciler.report.values import cut

FORMAT_VERSION = "1.0"

STYLES = {"success": "add", "pending": "change", "failed": "delete"}
"""By the word for a status; others are plain."""

HEADINGS = ("INPUT", "CONCEPT", "VALUE", "STATUS", "USER", "CREATED (UTC)")
_WIDEST = (32, 24, 6, 27, 20, 19)
"""Columns that a column of the table may have."""


# ---- adding


def added_line(added: Added, *, color: bool) -> str:
    """One line for one input."""
    words = {
        AddStatus.PROCESSED: Span(f"added as {added.id}", "add"),
        AddStatus.PENDING: Span(f"added as {added.id}, not processed yet", "change"),
        AddStatus.FAILED: Span("failed", "error"),
    }
    said = Span(f": {' '.join(added.message.split())}") if added.message else Span("")
    line = Line((Span(f"{printable(added.source)}: ", "bold"), words[added.status], said))
    return render([line], color=color, width=10_000).rstrip("\n")


def addition_text(addition: Addition, *, color: bool, width: int) -> str:
    """The last line: how many, and how many not."""
    good = len(addition.inputs) - addition.failed
    waiting = sum(added.status is AddStatus.PENDING for added in addition.inputs)
    parts = [f"{counted(good, 'input')} added to {addition.scope}"]
    parts += [f"{waiting} not processed yet"] if waiting else []
    parts += [f"{addition.failed} failed"] if addition.failed else []
    style = "error" if addition.failed else "success"
    return render([Line((Span(", ".join(parts) + ".", style),))], color=color, width=max(40, width))


def addition_json(addition: Addition) -> str:
    """Every input with its id and its end."""
    body = {
        "format_version": FORMAT_VERSION,
        "scope": asdict(addition.scope),
        "added": len(addition.inputs) - addition.failed,
        "failed": addition.failed,
        "exit_code": addition.exit_code,
        "inputs": [asdict(added) for added in addition.inputs],
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


# ---- annotations


def annotations_text(found: Annotations, *, color: bool, width: int) -> str:
    """A row for each concept of each annotation, and how many there are of each status."""
    rows = [(each, label) for each in found.items for label in each.labels]
    if not rows:
        return f"No annotations in {found.scope}.\n"
    cells = [_cells(each, label) for each, label in rows]
    widths = _widths(cells, max(60, width))
    lines = [_row(HEADINGS, widths, ["bold"] * len(HEADINGS))]
    for (each, label), row in zip(rows, cells, strict=True):
        lines.append(_row(row, widths, _styles(each, label)))
    return render([*lines, BLANK, *_totals(found)], color=color, width=10_000)


def _cells(each: Annotation, label: Label) -> tuple[str, ...]:
    concept = f"{label.concept} (region)" if label.region else label.concept
    created = each.created.replace("T", " ").removesuffix("Z")
    return tuple(map(printable, (each.input_id, concept, f"{label.value:.3f}", each.status, each.user, created)))


def _styles(each: Annotation, label: Label) -> Sequence[str]:
    return ("", "bold", "", STYLES.get(each.status, ""), "", "dim")


def _widths(cells: Sequence[Sequence[str]], room: int) -> list[int]:
    """Each column as wide as it must be and may be; the first gives way where the room is short."""
    widths = [
        min(most, max(columns(text) for text in column))
        for most, column in zip(_WIDEST, zip(HEADINGS, *cells, strict=True), strict=True)
    ]
    widths[5] = max(columns(row[5]) for row in (HEADINGS, *cells))
    over = sum(widths) + 2 * (len(widths) - 1) - room
    widths[0] = max(8, widths[0] - max(0, over))
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], styles: Sequence[str]) -> Line:
    shown = [cut(text, width) for text, width in zip(cells, widths, strict=True)]
    spans = []
    for number, (text, width, style) in enumerate(zip(shown, widths, styles, strict=True)):
        gap = " " * (width - columns(text))
        last = number == len(widths) - 1
        spans.append(Span(text, style))
        spans.append(Span("" if last else f"{gap}  "))
    return Line(tuple(spans))


def _totals(found: Annotations) -> Iterator[Line]:
    count = Counter(each.status for each in found.items)
    told = ", ".join(f"{number} {status}" for status, number in sorted(count.items()))
    pictures = len({each.input_id for each in found.items})
    yield Line((Span(f"{counted(len(found.items), 'annotation')} of {counted(pictures, 'input')}: {told}."),))


def annotations_json(found: Annotations) -> str:
    """Every annotation with its concepts."""
    body = {
        "format_version": FORMAT_VERSION,
        "scope": asdict(found.scope),
        "count": len(found.items),
        "annotations": [
            {
                "id": each.id,
                "input_id": each.input_id,
                "status": each.status,
                "user_id": each.user,
                "created_at": each.created,
                "concepts": [asdict(label) for label in each.labels],
            }
            for each in found.items
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"
