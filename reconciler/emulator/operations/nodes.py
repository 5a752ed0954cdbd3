"""Resolve the models that workflow nodes name and bring nodes into the form they are stored in.

Belongs here: what a node's model means, which version it is pinned to, merging node lists. Not here: the shape of
the graph (`emulator/graph.py`), versions of workflows (`workflows.py`). Facts 3.8, 6, U9, U11, 14.1.5.

Posters may send a whole Model they once read (SDK) or just two ids; stored and shown are always id, user_id, app_id,
type and version id, which exporters rely on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import errors, graph
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.operations import model_views
from reconciler.emulator.store import Row

Node = resources_pb2.WorkflowNode


def settle(call: Call, scope: Scope, sent: Sequence[Node]) -> list[Node]:
    """Nodes checked and with their models pinned, ready to store."""
    graph.check_shape(sent)
    settled = [_settle(call, scope, node) for node in sent]
    if call.switches.node_types == "checked":
        graph.check_types(settled)
    return settled


def _settle(call: Call, scope: Scope, sent: Node) -> Node:
    if not sent.model.id:
        raise errors.invalid_graph(f"node {sent.id} names no model")
    model = model_views.find_addressed(call, scope, sent.model)
    version = _version(call, model, sent)
    node = Node(id=sent.id, node_inputs=sent.node_inputs, suppress_output=sent.suppress_output)
    node.model.id = _shown_id(call, model, sent.model.id)
    node.model.user_id, node.model.app_id = model.key.user, model.key.app
    node.model.model_type_id = model_views.type_of(model)
    node.model.model_version.id = version.key.id
    node.model.model_version.user_id, node.model.model_version.app_id = model.key.user, model.key.app
    if sent.HasField("output_info_override"):
        node.output_info_override.data.CopyFrom(sent.output_info_override.data)
        node.output_info_override.params.CopyFrom(sent.output_info_override.params)
    return node


def _shown_id(call: Call, model: Row, sent: str) -> str:
    """Public models may be named by their old hex id, and come back so unless the service renames (facts 4.5)."""
    return model.key.id if call.switches.old_model_ids == "readable" else sent


def _version(call: Call, model: Row, sent: Node) -> Row:
    wanted = sent.model.model_version.id
    if not wanted and call.switches.node_version == "required":
        raise errors.invalid_graph(f"node {sent.id} names no model version")
    if wanted:
        version = model_views.find_version(call, model, wanted)
        if not model_views.is_trained(version):
            raise errors.untrained(f"node {sent.id}: version {wanted} of model {model.key.id} is not trained")
        return version
    newest = model_views.latest_trained(call, model)
    if newest is None:
        raise errors.untrained(f"node {sent.id}: model {model.key.id} has no trained version")
    return newest


def merge(stored: Iterable[Node], sent: Iterable[Node]) -> list[Node]:
    """The stored nodes with the sent ones laid over them by id; new ones come last (U9)."""
    merged = {node.id: node for node in stored}
    for node in sent:
        known = merged.get(node.id)
        merged[node.id] = node if known is None else _lay_over(known, node)
    return list(merged.values())


def _lay_over(known: Node, sent: Node) -> Node:
    """One node with what was sent of it replaced. The model goes whole: half of one and half of another is none."""
    node = Node()
    node.CopyFrom(known)
    if sent.HasField("model"):
        node.model.CopyFrom(sent.model)
    if sent.node_inputs:
        del node.node_inputs[:]
        node.node_inputs.extend(sent.node_inputs)
    node.suppress_output = sent.suppress_output or known.suppress_output
    if sent.HasField("output_info_override"):
        node.output_info_override.CopyFrom(sent.output_info_override)
    return node


def same(left: Iterable[Node], right: Iterable[Node]) -> bool:
    """The two lists describe the same graph; the order of nodes does not matter (facts 6)."""
    return _by_id(left) == _by_id(right)


def _by_id(nodes: Iterable[Node]) -> dict[str, bytes]:
    return {node.id: node.SerializeToString(deterministic=True) for node in nodes}


def show(call: Call, nodes: Sequence[Node]) -> list[Node]:
    """Nodes in the order this service answers them in (switch `node_order`)."""
    how = call.switches.node_order
    if how == "sorted":
        return graph.ordered(nodes)
    return list(reversed(nodes)) if how == "reversed" else list(nodes)
