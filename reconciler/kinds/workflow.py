"""Workflow: nodes that each pin a model version; a patch of the nodes is live at once for every caller (facts 6)."""

from __future__ import annotations

from collections.abc import Iterable

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.address import Address, Scope
from reconciler.core.diagnostics import did_you_mean
from reconciler.core.graph import CycleFound, dependency_order
from reconciler.core.kind import Fields, Keeps, Kind, Problem
from reconciler.core.remote import Crud
from reconciler.core.state import Reference
from reconciler.core.tree import ABSENT, Tree, Unknown, get, same

MAX_NODES = 20
"""Facts 6 and 9."""

VERSION_ID = ("model_version", "id")


def inputs_of(node: Tree) -> list[str]:
    """The ids of the nodes that feed a node."""
    return [item.get("node_id", "") for item in node.get("node_inputs", ())]


def _nodes(tree: Tree) -> dict[str, Tree]:
    nodes = get(tree, ("nodes",))
    return nodes if isinstance(nodes, dict) else {}


def _arrange(tree: Tree) -> Tree:
    """Nodes in an order in which each input stands before its reader, as the service asks (facts 6)."""
    nodes = _nodes(tree)
    if not nodes:
        return tree
    order = dependency_order({name: inputs_of(node) for name, node in nodes.items()})
    return {**tree, "nodes": {name: nodes[name] for name in order}}


def _align(want: Tree, have: Tree) -> Tree:
    """A public model has two ids; the same version id means the same model (facts 4.5), spelled as in the manifest."""
    wanted, nodes = _nodes(want), _nodes(have)
    aligned = {name: _align_node(wanted.get(name, {}), node) for name, node in nodes.items()}
    return {**have, "nodes": aligned} if nodes else have


def _align_node(want: Tree, have: Tree) -> Tree:
    model, live = get(want, ("model",)), get(have, ("model",))
    if not isinstance(model, dict) or not isinstance(live, dict):
        return have
    pinned = get(model, VERSION_ID)
    if pinned is ABSENT or isinstance(pinned, Unknown) or not same(pinned, get(live, VERSION_ID)):
        return have
    spelled = {name: model[name] for name in ("id", "user_id", "app_id") if name in model}
    return {**have, "model": {**live, **spelled}}


def _brief(tree: Tree, address: Address) -> Tree:
    """Models of the app itself are named by id alone."""
    nodes = {name: _brief_node(node, address.scope) for name, node in _nodes(tree).items()}
    return {**tree, "nodes": nodes} if nodes else tree


def _brief_node(node: Tree, scope: Scope) -> Tree:
    model = node.get("model", {})
    if (model.get("user_id", scope.user_id), model.get("app_id", scope.app_id)) != (scope.user_id, scope.app_id):
        return node
    return {**node, "model": {name: value for name, value in model.items() if name not in ("user_id", "app_id")}}


def _references(tree: Tree, scope: Scope) -> Iterable[Reference]:
    for name, node in _nodes(tree).items():
        model = node.get("model", {})
        if not model.get("id"):
            continue
        foreign = bool(model.get("user_id") or model.get("app_id"))
        target = Scope(model.get("user_id") or scope.user_id, model.get("app_id") or scope.app_id)
        pinned = get(model, VERSION_ID) is not ABSENT
        address = Address(target, "models", model["id"])
        yield Reference(
            ("nodes", name, "model", *VERSION_ID),
            address,
            None if pinned else "version_id",
            foreign=foreign and target != scope,
        )


def _check(tree: Tree, scope: Scope) -> Iterable[Problem]:
    nodes = _nodes(tree)
    if not nodes:
        yield Problem(("nodes",), "a workflow needs at least one node")
    if len(nodes) > MAX_NODES:
        yield Problem(("nodes",), f"{len(nodes)} nodes; the service takes at most {MAX_NODES}")
    for name, node in nodes.items():
        if not get(node, ("model", "id")):
            yield Problem(("nodes", name), f"node {name!r} names no model", "write model: {id: ...}")
        yield from _check_inputs(name, node, nodes)
    yield from _check_cycle(nodes)


def _check_inputs(name: str, node: Tree, nodes: dict[str, Tree]) -> Iterable[Problem]:
    for source in inputs_of(node):
        if source not in nodes:
            hint = did_you_mean(source, nodes) or f"nodes: {', '.join(nodes)}"
            yield Problem(("nodes", name, "node_inputs"), f"node {name!r} reads from unknown node {source!r}", hint)


def _check_cycle(nodes: dict[str, Tree]) -> Iterable[Problem]:
    try:
        dependency_order({name: inputs_of(node) for name, node in nodes.items()})
    except CycleFound as cycle:
        first = str(cycle.chain[0])
        yield Problem(("nodes", first, "node_inputs"), f"nodes feed each other in a circle: {cycle}")


KIND = Kind(
    name="Workflow",
    plural="workflows",
    message=resources_pb2.Workflow,
    summary="a graph of models; metadata.name is its id, and nodes without a model version pin the one managed here",
    fields=Fields(
        writable=(
            "description",
            "notes",
            "metadata",
            "visibility.gettable",
            "use_cases",
            "image.url",
            "nodes.*.model.id",
            "nodes.*.model.user_id",
            "nodes.*.model.app_id",
            "nodes.*.model.model_version.id",
            "nodes.*.node_inputs.node_id",
            "nodes.*.suppress_output",
            "nodes.*.output_info_override.data.concepts.*.value",
            "nodes.*.output_info_override.params",
        ),
        keyed={"nodes": "id", "nodes.*.output_info_override.data.concepts": "id"},
        # Not a pin: a node without one would be refused or pinned anew (facts U11), so the live one stays.
        clearable=(
            "nodes.*.model.user_id",
            "nodes.*.model.app_id",
            "nodes.*.node_inputs",
            "nodes.*.suppress_output",
            "nodes.*.output_info_override",
            "metadata",
        ),
        write_only=("image.url",),
        defaults={"visibility.gettable": "PRIVATE"},
    ),
    crud=Crud.of("Workflow"),
    keeps=Keeps.OVERWRITE,
    references=_references,
    align=_align,
    brief=_brief,
    check=_check,
    arrange=_arrange,
    reserved_ids=("Empty", "General", "Universal", "Face", "Language-Understanding"),
)
