"""The changes of a plan in Markdown: a fold with a coloured diff for each object, a picture for each workflow.

Belongs here: objects and fields. What stands around them is in `as_markdown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from reconciler.core.change import Action, Cause, FieldChange, ResourceChange
from reconciler.core.tree import show_path
from reconciler.report.changes import SIGNS, Grouping, counted, detail_lines, headline_text, short_values
from reconciler.report.fields import MOVED, remark_text
from reconciler.report.fitting import Block
from reconciler.report.lines import Line, Span, render
from reconciler.report.markup import code, fence, fold, html_code, plain_html, text
from reconciler.report.mermaid import marked_nodes, workflow_graph
from reconciler.report.values import cut, pair_text, value_text

WIDTH = 96
ROOM = 120
"""Columns for the two values of a row."""

DIFF_SIGNS = {"add": "+", "delete": "-", "change": "!"}
"""What colours a line of a diff block; the sign must stand in its first column."""

APART = (Action.ADOPT, Action.FORGET)


def change_blocks(group: Grouping) -> Iterator[Block]:
    """One fold an object; those that have nothing to unfold share a list."""
    roots = [change for change in group.roots if change.action not in APART]
    for short, some in groupby([(change, _insides(change, group)) for change in roots], key=lambda pair: not pair[1]):
        if short:
            yield Block("", "change", tuple(f"- {_short(change, group)}\n" for change, _ in some))
        else:
            for change, lines in some:
                yield Block(fold(_summary(change, group), fence(diff_text(lines), "diff")), "change")


def graph_blocks(group: Grouping) -> Iterator[Block]:
    """The picture of each workflow that is new or changes its nodes."""
    nested = {str(c.address): c for followers in group.followers.values() for c in followers}
    changes = {**{str(c.address): c for c in group.roots}, **nested}
    for address, change in sorted(changes.items()):
        number = marked_nodes(change)
        drawn = workflow_graph(change) if number or change.action is Action.CREATE else None
        if drawn is not None:
            said = f"{counted(number, 'node')} marked" if number else "new"
            yield Block(fold(f"Graph of {html_code(address)}: {said}", fence(drawn, "mermaid")), "workflow graph")


def record_blocks(group: Grouping) -> Iterator[Block]:
    """What leaves the objects as they are."""
    heads = {
        Action.ADOPT: "**Adopted:** the objects stay as they are, only our record of them is written:",
        Action.FORGET: "**Forgotten:** the objects stay as they are, only our record of them is dropped:",
    }
    for action, head in heads.items():
        items = tuple(f"- {_short(change, group)}\n" for change in group.roots if change.action is action)
        if items:
            yield Block(f"{head}\n\n", "object", items)


def moved_rows(group: Grouping) -> list[tuple[str, str, str, str, str]]:
    """A row for all that others changed in the live app: object, field, live, manifest, remark."""
    rows = []
    for change in {str(c.address): c for c in [*group.roots, *_followers(group)]}.values():
        if change.action is Action.CREATE and change.cause is Cause.DRIFT:
            rows.append((code(str(change.address)), "", "*deleted*", "*declared*", "created again"))
        rows += [_moved_row(change, field) for field in change.fields if field.cause in MOVED]
    return rows


def _followers(group: Grouping) -> Iterator[ResourceChange]:
    for followers in group.followers.values():
        yield from followers


def _moved_row(change: ResourceChange, field: FieldChange) -> tuple[str, str, str, str, str]:
    live, wanted = pair_text(field.before, field.after, ROOM)
    return code(str(change.address)), code(show_path(field.path)), code(live), code(wanted), text(remark_text(field))


# ---- one object


def _insides(change: ResourceChange, group: Grouping) -> list[Line]:
    if short_values(change) is not None:
        group.shown.add(str(change.address))
        return []
    return detail_lines(change, group, 0, WIDTH)


def _summary(change: ResourceChange, group: Grouping) -> str:
    said = [html_code(_signed(change)), plain_html(headline_text(change, group))]
    if change.location:
        said.append(f"<sub>{plain_html(f'{change.location.file}:{change.location.line}')}</sub>")
    return " ".join(part for part in said if part)


def _short(change: ResourceChange, group: Grouping) -> str:
    values = [f"{text(path)}: {code(value_text(value, ROOM))}" for path, value in short_values(change) or ()]
    said = [code(_signed(change)), text(headline_text(change, group)), ", ".join(values)]
    return " ".join(part for part in said if part)


def _signed(change: ResourceChange) -> str:
    return f"{SIGNS[change.action][0]} {cut(str(change.address), 200)}"


def diff_text(lines: Iterable[Line], width: int = WIDTH) -> str:
    """Lines as the content of a diff block: their sign moved to the first column, where it gives the colour."""
    rows: list[str] = []
    for line in lines:
        sign = next((DIFF_SIGNS[s.style] for s in line.lead if s.style in DIFF_SIGNS and s.text.strip()), " ")
        bare = replace(line, lead=tuple(_blanked(span) for span in line.lead))
        first, *rest = render([bare], color=False, width=width).splitlines()
        rows += [f"{sign}{first}".rstrip(), *(f" {row}".rstrip() for row in rest)]
    return "".join(f"{row}\n" for row in rows)


def _blanked(span: Span) -> Span:
    return Span(" " * len(span.text)) if span.style in DIFF_SIGNS else span
