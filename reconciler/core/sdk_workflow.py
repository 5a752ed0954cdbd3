"""The official SDK's workflow file, `{workflow: {id, nodes}}` or the bare object that its exporter writes (facts 8.1).

It becomes a Workflow, and a Model for each node that describes its model instead of pinning a version. Nodes keep
their positions, so that every later problem points into the file. Belongs here: that format and its own rules. Does not
belong here: what holds for every workflow (`kinds/workflow`).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import Any

from reconciler.core.declaration import Declaration, Mapping, Node, Scalar, Sequence, substitute
from reconciler.core.diagnostics import Diagnostic, Location, Severity, error, note
from reconciler.core.model_types import DEFAULT_TYPE
from reconciler.core.reading import (
    expected_text,
    found,
    place_of,
    required_text,
    section,
    text_of,
    unknown_keys,
)
from reconciler.core.scalars import as_json, quoted

_WORKFLOW = ("id", "nodes")
_NODE = ("id", "model", "node_inputs")
_MODEL = ("model_id", "user_id", "app_id", "model_version_id", "model_type_id", "description", "output_info")
_INLINE = ("model_type_id", "description", "output_info")
_IDS = ("model_id", "user_id", "app_id", "model_type_id")

_ID = re.compile(r"[0-9A-Za-z]+([-_][0-9A-Za-z]+)*")
_LONGEST_ID = 48
_VERSION_ID = re.compile(r"[0-9a-fA-F]{32}")


def read_sdk_workflow(root: Mapping, problems: list[Diagnostic]) -> list[Declaration]:
    """The declarations of one file; none if it breaks a rule of the format, which is then among the problems."""
    before = len(problems)
    body = root
    if root.get("workflow") is not None:
        unknown_keys(root, ("workflow",), "a workflow file of the SDK", problems)
        body = section(root, "workflow", problems)
    suggested = unknown_keys(body, _WORKFLOW, "workflow", problems)
    name = required_text(body, "id", suggested, problems)
    nodes = list(_nodes(body, suggested, problems))
    if name is None or any(problem.severity is Severity.ERROR for problem in problems[before:]):
        return []
    models = [_inline_model(node) for node in nodes if _describes_model(node)]
    problems.extend(_left_open(name, nodes, {model.name for model in models}))
    key = body.key("nodes") or _key("nodes", body.location)
    listed = Sequence.of(map(_workflow_node, nodes), place_of(body, "nodes"))
    spec = Mapping.of([(key, listed)], body.location)
    workflow = Declaration("Workflow", _literal(name), None, spec, root.location, place_of(body, "id"))
    return [*models, workflow]


def merge_inline(declarations: Iterable[Declaration], problems: list[Diagnostic]) -> Iterator[Declaration]:
    """Each inline model once: several nodes may describe the same one, if they all say the same of it."""
    first: dict[tuple[str | None, str | None], Declaration] = {}
    for declaration in declarations:
        known = first.setdefault((declaration.name, declaration.namespace), declaration) if declaration.inline else None
        if known is None or known is declaration:
            yield declaration
        elif _plain(known.spec) != _plain(declaration.spec):
            summary = f"model {quoted(declaration.name or '')} is described in another way than before"
            hint = f"first at {known.location}; give one of the two another model_id, or make them equal"
            problems.append(error(summary, declaration.location, hint=hint))


# ---- the rules of the format


def _nodes(body: Mapping, suggested: Container[str], problems: list[Diagnostic]) -> Iterator[Mapping]:
    """The nodes that are right in themselves."""
    listed = body.get("nodes")
    if not isinstance(listed, Sequence) or not listed.items:
        if "nodes" not in suggested:
            problems.append(error("workflow.nodes must be a list of at least one node", place_of(body, "nodes")))
        return
    ids = [text_of(node.get("id")) for node in listed if isinstance(node, Mapping)]
    seen: set[str] = set()
    for node in listed:
        if not isinstance(node, Mapping):
            problems.append(error(f"a node is a mapping, not {found(node)}", node.location))
            continue
        suggested = unknown_keys(node, _NODE, "a node", problems)
        name = required_text(node, "id", suggested, problems)
        _check_model(node, suggested, problems)
        _check_inputs(node, seen, ids, problems)
        seen.add(name or "")
        yield node


def _check_model(node: Mapping, suggested: Container[str], problems: list[Diagnostic]) -> None:
    model = node.get("model")
    if not isinstance(model, Mapping):
        if "model" not in suggested:
            problems.append(error("a node needs model, a mapping with model_id", place_of(node, "model")))
        return
    suggested = unknown_keys(model, _MODEL, "model", problems)
    required_text(model, "model_id", suggested, problems)
    for name in _IDS:
        _check_id(name, model.get(name), problems)
    _check_version(model, problems)
    description = model.get("description")
    if isinstance(description, Mapping | Sequence):
        problems.append(expected_text("description", description))
    info = section(model, "output_info", problems)
    unknown_keys(info, ("params",), "output_info", problems)
    section(info, "params", problems)


def _check_id(name: str, node: Node | None, problems: list[Diagnostic]) -> None:
    text = text_of(node)
    if node is None or (name == "model_id" and not text):
        return
    if text is None:
        problems.append(expected_text(name, node))
    elif not _ID.fullmatch(text) or len(text) > _LONGEST_ID:
        hint = f"1 to {_LONGEST_ID} letters and digits with inner - or _"
        problems.append(error(f"{name} {quoted(text)} is no id", node.location, hint=hint))


def _check_version(model: Mapping, problems: list[Diagnostic]) -> None:
    node = model.get("model_version_id")
    if node is None:
        return
    if not _VERSION_ID.fullmatch(text_of(node) or ""):
        shown = quoted(node.text) if isinstance(node, Scalar) else found(node)
        summary = f"model_version_id {shown} is no version id"
        problems.append(error(summary, node.location, hint="32 hexadecimal digits"))
    if described := [name for name in _INLINE if model.get(name) is not None]:
        summary = f"model_version_id pins a version that exists, {', '.join(described)} would describe a new one"
        problems.append(error(summary, node.location, hint="remove one of the two"))


def _check_inputs(node: Mapping, seen: set[str], ids: list[str | None], problems: list[Diagnostic]) -> None:
    """Form and order; an input that is no node at all is found by the kind's own check, in any workflow."""
    inputs = node.get("node_inputs")
    if inputs is None:
        return
    if not isinstance(inputs, Sequence) or not inputs.items:
        problems.append(error("node_inputs must be a list of at least one {node_id: ...}", inputs.location))
        return
    for item in inputs:
        if not isinstance(item, Mapping):
            problems.append(error(f"an element of node_inputs is a mapping, not {found(item)}", item.location))
            continue
        source = required_text(item, "node_id", unknown_keys(item, ("node_id",), "node_inputs", problems), problems)
        if source in ids and source not in seen:
            summary = f"node {quoted(text_of(node.get('id')) or '')} reads from {quoted(source or '')} further down"
            problems.append(error(summary, item.location, hint="in this format a node stands after those it reads"))


# ---- into our own form


def _workflow_node(node: Mapping) -> Mapping:
    items = [(key, _model_reference(value) if key.text == "model" else value) for key, value in node]
    return Mapping.of(((key, _as_it_stands(value)) for key, value in items), node.location)


def _model_reference(model: Node) -> Mapping:
    """Which model a node uses, in the words of the API."""
    assert isinstance(model, Mapping)
    names = {"model_id": "id", "user_id": "user_id", "app_id": "app_id"}
    items: list[tuple[Scalar, Node]] = [(_renamed(key, names[key.text]), v) for key, v in model if key.text in names]
    version, key = model.get("model_version_id"), model.key("model_version_id")
    if isinstance(version, Scalar) and key is not None:
        pinned = version._replace(text=version.text.lower())
        held = Mapping.of([(_key("id", key.location), pinned)], version.location)
        items.append((_renamed(key, "model_version"), held))
    return Mapping.of(items, model.location)


def _describes_model(node: Mapping) -> bool:
    return any(_model(node).get(name) is not None for name in _INLINE)


def _inline_model(node: Mapping) -> Declaration:
    """The model that a node describes; an app it names must then be the one of the manifests."""
    model = _model(node)
    own = [(key, value) for key, value in model if key.text in ("model_type_id", "description")]
    info = model.get("output_info")
    version = (_key("output_info", place_of(model, "output_info")), info or Mapping.of((), model.location))
    own.append((_key("model_version", version[0].location), Mapping.of([version], model.location)))
    spec = Mapping.of(((key, _as_it_stands(value)) for key, value in own), model.location)
    name, place = text_of(model.get("model_id")), place_of(model, "model_id")
    return Declaration("Model", name, text_of(model.get("app_id")), spec, model.location, place, inline=True)


def _left_open(workflow: str, nodes: Iterable[Mapping], described: set[str | None]) -> Iterator[Diagnostic]:
    """What the file does not say, and how it is filled."""
    open_nodes = [node for node in nodes if _model(node).get("model_version_id") is None]
    named = [node for node in open_nodes if text_of(_model(node).get("model_id")) not in described]
    if named:
        listed = ", ".join(text_of(node.get("id")) or "" for node in named)
        summary = f"workflow {quoted(workflow)} leaves the model version open in: {listed}"
        hint = "a model declared here: the version managed here; any other: its newest version, pinned at creation"
        yield note(summary, named[0].location, hint=hint)
    for node in open_nodes:
        if _describes_model(node) and _model(node).get("model_type_id") is None:
            summary = f"model {quoted(text_of(_model(node).get('model_id')) or '')} names no model_type_id"
            hint = f"it is made as {DEFAULT_TYPE}, as the service makes it for the SDK; each version is a training"
            yield note(summary, node.location, hint=hint)


def _model(node: Mapping) -> Mapping:
    model = node.get("model")
    return model if isinstance(model, Mapping) else Mapping.of((), node.location)


def _as_it_stands(node: Node) -> Node:
    """The SDK knows no variables: `${x}` is text."""
    return substitute(node, lambda scalar: scalar._replace(text=_literal(scalar.text)))


def _literal(text: str) -> str:
    return text.replace("${", "$${")


def _renamed(key: Scalar, name: str) -> Scalar:
    return key._replace(text=name)


def _key(name: str, location: Location) -> Scalar:
    return Scalar(name, True, *location)


def _plain(node: Node) -> Any:
    """A node's values without positions, for comparing."""
    if isinstance(node, Mapping):
        return {key.text: _plain(value) for key, value in node}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node]
    try:
        return as_json(node)
    except ValueError:
        return node.text
