"""A workflow as a picture: its nodes and what feeds them, those that change marked by a word and a colour.

Drawn from the trees of a change, with its fields for the marks. GitHub and GitLab render Mermaid by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.change import Action, Cause, ResourceChange
from reconciler.core.tree import ABSENT, Tree, Unknown, get
from reconciler.report.fields import MOVED
from reconciler.report.markup import label
from reconciler.report.values import cut, short_id

MOST_NODES = 50
"""More than twice what the service allows; a bigger picture shows nothing."""

STYLES = {
    "added": "stroke:#1a7f37,stroke-width:3px",
    "changed": "stroke:#bf8700,stroke-width:3px",
    "removed": "stroke:#cf222e,stroke-width:2px,stroke-dasharray:5 4",
    "moved": "stroke:#8250df,stroke-width:3px",
}
"""Outlines only, so that the text is readable on a light and on a dark page."""


@dataclass(frozen=True, slots=True)
class _Node:
    body: Tree
    mark: str
    word: str


def workflow_graph(change: ResourceChange) -> str | None:
    """The picture of a concealed change, or None if it has no nodes to draw. `added` is said only beside others."""
    nodes = _nodes(change)
    if not nodes or len(nodes) > MOST_NODES:
        return None
    names = {node_id: f"n{number}" for number, node_id in enumerate(nodes, start=1)}
    lines = ["flowchart LR", *(_box(names[node_id], node_id, node) for node_id, node in nodes.items())]
    lines += _edges(nodes, names)
    for mark, style in STYLES.items():
        if marked := [names[node_id] for node_id, node in nodes.items() if node.mark == mark]:
            lines += [f"  classDef {mark} {style}", f"  class {','.join(marked)} {mark}"]
    return "".join(f"{line}\n" for line in lines)


def marked_nodes(change: ResourceChange) -> int:
    """How many nodes of a workflow change."""
    return sum(bool(node.mark) for node in _nodes(change).values())


def _nodes(change: ResourceChange) -> dict[str, _Node]:
    """Every node of both sides, in the order of what will be, those that go last."""
    if change.action not in (Action.CREATE, Action.UPDATE, Action.REPLACE):
        return {}
    before, after = _bodies(change.before), _bodies(change.after)
    found = {}
    for node_id, body in {**after, **{name: body for name, body in before.items() if name not in after}}.items():
        mark, word = ("", "") if change.action is Action.CREATE else _mark(change, node_id)
        found[node_id] = _Node(body, mark, word)
    return found


def _bodies(tree: Any) -> Mapping[str, Tree]:
    nodes = tree.get("nodes") if isinstance(tree, dict) else None
    if not isinstance(nodes, dict):
        return {}
    return {str(name): body for name, body in nodes.items() if isinstance(body, dict)}


def _mark(change: ResourceChange, node_id: str) -> tuple[str, str]:
    fields = [field for field in change.fields if field.path[:2] == ("nodes", node_id)]
    whole = next((field for field in fields if len(field.path) == 2), None)
    if any(field.cause in MOVED for field in fields):
        return "moved", "moved by someone else"
    if whole is not None and whole.before is ABSENT:
        return "added", "added"
    if whole is not None and whole.after is ABSENT:
        return "removed", "removed"
    if fields:
        follows = all(field.cause is Cause.FOLLOWS for field in fields)
        return "changed", "new version" if follows else "changed"
    return "", ""


def _box(name: str, node_id: str, node: _Node) -> str:
    said = [node_id or " ", *_model(node.body), *([node.word] if node.word else [])]
    return f'  {name}["{"<br/>".join(label(cut(text, 60)) for text in said)}"]'


def _model(body: Tree) -> Iterator[str]:
    model = get(body, ("model", "id"))
    if isinstance(model, str) and model:
        parts = [get(body, ("model", name)) for name in ("user_id", "app_id")]
        yield "/".join([*(part for part in parts if isinstance(part, str)), "models", model])
    version = get(body, ("model", "model_version", "id"))
    if isinstance(version, Unknown):
        yield f"@ {version}"
    elif isinstance(version, str):
        yield f"@ {short_id(version)}"


def _edges(nodes: Mapping[str, _Node], names: Mapping[str, str]) -> Iterator[str]:
    for node_id, node in nodes.items():
        arrow = "-.->" if node.mark == "removed" else "-->"
        for source in dict.fromkeys(_inputs(node.body.get("node_inputs"))):
            if source in names:
                yield f"  {names[source]} {arrow} {names[node_id]}"


def _inputs(value: Any) -> Iterator[str]:
    pairs = value.items() if isinstance(value, dict) else [("", each) for each in value] if _is_list(value) else []
    for name, each in pairs:
        source = each.get("node_id", name) if isinstance(each, dict) else each
        if isinstance(source, str):
            yield source


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))
