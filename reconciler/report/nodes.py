"""A workflow's node on one row: which model, which version, fed by whom.

Belongs here: reading the shape of a node. Everything else about fields is in `fields`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.core.tree import ABSENT, Tree, Unknown, get, show_path, walk
from reconciler.report.lines import Span, Spans
from reconciler.report.values import cut, value_text

_SAID = {("id",), ("model", "id"), ("model", "app_id"), ("model", "user_id"), ("model", "model_version", "id")}


def is_node(value: Any) -> bool:
    """Whether a value looks like a workflow's node."""
    return isinstance(value, dict) and isinstance(get(value, ("model", "id")), str)


def node_parts(node: Tree, room: int) -> tuple[Spans, Spans]:
    """The model with its version, and the inputs with whatever else is written."""
    model = (Span(_model(node, room)), *_version(node))
    inputs = ", ".join(_inputs(node.get("node_inputs")))
    arrow = (Span("<- ", "dim", whole=True), Span(inputs)) if inputs else ()
    return model, (*arrow, *_rest(node, bool(inputs)))


def _model(node: Tree, room: int) -> str:
    owner = [str(part) for name in ("user_id", "app_id") if (part := get(node, ("model", name))) is not ABSENT]
    return cut("/".join([*owner, "models", node["model"]["id"]]), room)


def _version(node: Tree) -> Spans:
    version = get(node, ("model", "model_version", "id"))
    if version is ABSENT:
        return ()
    unknown = isinstance(version, Unknown)
    return Span(" "), Span("@ ", "dim", whole=True), Span(value_text(version), "dim" if unknown else "", whole=True)


def _inputs(value: Any) -> Iterator[str]:
    for name, each in value.items() if isinstance(value, dict) else [("", each) for each in value or ()]:
        yield str(each.get("node_id", name) if isinstance(each, dict) else each)


def _rest(node: Tree, after_inputs: bool) -> Spans:
    """Anything unusual, in short: a suppressed output, an override."""
    others = [(path, value) for path, value in walk(node) if path not in _SAID and path[0] != "node_inputs"]
    if not others:
        return ()
    text = ", ".join(f"{show_path(path)}: {value_text(value, 24)}" for path, value in others)
    return (Span("  " if after_inputs else ""), Span(f"({cut(text, 60)})", "dim"))
