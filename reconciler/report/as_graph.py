"""What is declared as a graph for other programs: DOT (Graphviz) and Mermaid (GitHub, GitLab).

A workflow is a frame with its nodes in it; a broken line goes to what is not declared here. For people there is
`graph_text`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from reconciler.core.picture import Arrow, Box, Node, Picture
from reconciler.report.graph_text import graph_text
from reconciler.report.lines import printable
from reconciler.report.markup import label
from reconciler.report.values import short_id

__all__ = ["graph_dot", "graph_json", "graph_mermaid", "graph_text"]


def graph_json(picture: Picture) -> str:
    """Boxes, arrows and nodes as they are."""
    return json.dumps(asdict(picture), indent=2, ensure_ascii=False) + "\n"


# ---- DOT


def graph_dot(picture: Picture) -> str:
    """A digraph; `dot -Tsvg` draws it."""
    lines = [
        f"digraph {_quoted(picture.scope)} {{",
        "  rankdir=LR",
        "  compound=true",
        '  node [shape=box, style="rounded"]',
    ]
    for box in picture.boxes:
        lines += _dot_frame(box, picture) if picture.flows.get(box.name) else [f"  {_dot_box(box)}"]
    lines += _dot_uses(picture)
    for arrow in picture.arrows:
        lines.append(f"  {_quoted(arrow.source)} -> {_quoted(arrow.target)}{_dot_look(arrow, picture)}")
    return "".join(f"{line}\n" for line in [*lines, "}"])


def _dot_box(box: Box) -> str:
    said = f"{box.name}\n{box.note}" if box.note else box.name
    style = "" if box.declared else ', style="rounded,dashed"'
    return f"{_quoted(box.name)} [label={_quoted(said)}{style}]"


def _dot_frame(box: Box, picture: Picture) -> Iterator[str]:
    yield f"  subgraph {_quoted('cluster ' + box.name)} {{"
    yield f"    label={_quoted(box.name)}"
    yield f"    {_quoted(box.name)} [shape=point, style=invis]"
    for node in picture.flows[box.name]:
        yield f"    {_quoted(_node_name(box.name, node.id))} [label={_quoted(node.id)}]"
    for source, target in _edges(picture.flows[box.name]):
        yield f"    {_quoted(_node_name(box.name, source))} -> {_quoted(_node_name(box.name, target))}"
    yield "  }"


def _dot_look(arrow: Arrow, picture: Picture) -> str:
    """An arrow to a workflow ends at its frame."""
    looks = [f"label={_quoted(arrow.label)}"] if arrow.label else []
    looks += [f"lhead={_quoted('cluster ' + arrow.target)}"] if picture.flows.get(arrow.target) else []
    return f" [{', '.join(looks)}]" if looks else ""


def _dot_uses(picture: Picture) -> Iterator[str]:
    for flow, nodes in picture.flows.items():
        for node in nodes:
            if node.model:
                said = f", label={_quoted(short_id(node.version))}" if node.version else ""
                yield f"  {_quoted(_node_name(flow, node.id))} -> {_quoted(node.model)} [style=dashed{said}]"


def _node_name(flow: str, node: str) -> str:
    return f"{flow}#{node}"


def _quoted(text: str) -> str:
    """A DOT string; a line break in it starts a new line of the label."""
    return json.dumps("\n".join(map(printable, text.split("\n"))), ensure_ascii=False)


# ---- Mermaid


def graph_mermaid(picture: Picture) -> str:
    """A flowchart; names are numbered, since Mermaid takes few characters in them."""
    names = {box.name: f"r{number}" for number, box in enumerate(picture.boxes, start=1)}
    lines = ["flowchart LR"]
    for box in picture.boxes:
        lines += _frame(box, names, picture) if picture.flows.get(box.name) else [f"  {_box(box, names)}"]
    for flow, nodes in picture.flows.items():
        lines += [f"  {_inner(names[flow], nodes, n.id)} -.-> {names[n.model]}" for n in nodes if n.model in names]
    for arrow in picture.arrows:
        said = f"|{_said(arrow.label)}|" if arrow.label else ""
        lines.append(f"  {names[arrow.source]} -->{said} {names[arrow.target]}")
    others = [names[box.name] for box in picture.boxes if not box.declared]
    if others:
        lines += ["  classDef other stroke-dasharray:5 4", f"  class {','.join(others)} other"]
    return "".join(f"{line}\n" for line in lines)


def _box(box: Box, names: dict[str, str]) -> str:
    said = [box.name, box.note] if box.note else [box.name]
    return f'{names[box.name]}["{"<br/>".join(map(label, said))}"]'


def _said(text: str) -> str:
    return f'"{label(text)}"'


def _frame(box: Box, names: dict[str, str], picture: Picture) -> Iterator[str]:
    nodes, name = picture.flows[box.name], names[box.name]
    yield f"  subgraph {name}[{_said(box.name)}]"
    yield from (f"    {_inner(name, nodes, node.id)}[{_said(node.id or ' ')}]" for node in nodes)
    yield from (f"    {_inner(name, nodes, a)} --> {_inner(name, nodes, b)}" for a, b in _edges(nodes))
    yield "  end"


def _inner(flow: str, nodes: tuple[Node, ...], node: str) -> str:
    return f"{flow}n{[each.id for each in nodes].index(node) + 1}"


def _edges(nodes: tuple[Node, ...]) -> Iterator[tuple[str, str]]:
    known = {node.id for node in nodes}
    yield from ((source, node.id) for node in nodes for source in node.inputs if source in known)
