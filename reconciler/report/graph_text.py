"""What is declared as trees of text: each resource with what it refers to, each workflow with its nodes.

A node stands beneath the first that feeds it, and names the others it reads from. The forms for other programs are in
`as_graph`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.picture import Arrow, Box, Node, Picture
from reconciler.report.changes import counted
from reconciler.report.lines import BLANK, Line, Span, columns, render
from reconciler.report.values import short_id


def graph_text(picture: Picture, *, color: bool, width: int = 100) -> str:
    """A tree for each declared resource that has branches, then the others on a line each."""
    lines = [_title(picture), BLANK]
    declared = [box for box in picture.boxes if box.declared]
    arrows = {box.name: [arrow for arrow in picture.arrows if arrow.source == box.name] for box in picture.boxes}
    for box in (box for box in picture.boxes if arrows[box.name] or picture.flows.get(box.name)):
        lines += [*_tree(box, arrows[box.name], picture), BLANK]
    alone = [box for box in declared if not arrows[box.name] and not picture.flows.get(box.name)]
    lines += [_head(box) for box in alone] + ([BLANK] if alone else [])
    return render([*lines, *_not_here(picture)], color=color, width=max(40, width)).rstrip("\n") + "\n"


def _title(picture: Picture) -> Line:
    said = f"  {counted(picture.declared, 'resource')}, {counted(len(picture.arrows) + _uses(picture), 'reference')}"
    return Line((Span(picture.scope, "bold"), Span(said, "dim")))


def _uses(picture: Picture) -> int:
    return sum(bool(node.model) for nodes in picture.flows.values() for node in nodes)


def _not_here(picture: Picture) -> Iterator[Line]:
    """What the set relies on without declaring it; an address in full names another app."""
    others = [box for box in picture.boxes if not box.declared]
    if others:
        yield Line((Span("Not declared here:", "bold"),))
        yield from (Line((Span(box.name),), (Span("  "),)) for box in others)


def _head(box: Box) -> Line:
    note = (Span(f"  {box.note}", "dim"),) if box.note else ()
    return Line((Span(box.name, "bold"), *note))


def _tree(box: Box, arrows: Sequence[Arrow], picture: Picture) -> Iterator[Line]:
    yield _head(box)
    yield from _branches([(arrow.target, arrow.label) for arrow in arrows])
    nodes = picture.flows.get(box.name, ())
    if nodes:
        room = max(columns(stem) for stem, _ in _walk(nodes))
        yield from (_node(stem, node, room) for stem, node in _walk(nodes))


def _branches(pairs: Sequence[tuple[str, str]]) -> Iterator[Line]:
    room = max((columns(target) for target, _ in pairs), default=0)
    for number, (target, label) in enumerate(pairs, start=1):
        stem = "└─ " if number == len(pairs) else "├─ "
        pad = " " * (room - columns(target) + 2)
        yield Line((Span(target), Span(f"{pad}{label}" if label else "", "dim")), (Span(stem, "dim"),), 2)


def _node(stem: str, node: Node, room: int) -> Line:
    version = f" @ {short_id(node.version)}" if node.version else ""
    more = f"  and from {', '.join(node.inputs[1:])}" if node.inputs[1:] else ""
    branch = stem[: len(stem) - len(node.id)]
    name = (Span(branch, "dim"), Span(node.id), Span(" " * (room - columns(stem) + 2)))
    return Line((Span(node.model), Span(version, "dim"), Span(more, "dim")), name, 2)


def _walk(nodes: Sequence[Node]) -> list[tuple[str, Node]]:
    """(branch and name, node), depth first."""
    known = {node.id for node in nodes}
    children: dict[str, list[Node]] = {}
    for node in nodes:
        parent = node.inputs[0] if node.inputs and node.inputs[0] in known else ""
        children.setdefault(parent, []).append(node)
    return list(_descend("", children, ""))


def _descend(parent: str, children: dict[str, list[Node]], margin: str) -> Iterator[tuple[str, Node]]:
    below = children.get(parent, [])
    for number, node in enumerate(below, start=1):
        last = number == len(below)
        yield f"{margin}{'└─ ' if last else '├─ '}{node.id}", node
        yield from _descend(node.id, children, margin + ("   " if last else "│  "))
