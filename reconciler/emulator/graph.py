"""Check the nodes of a workflow as a graph and put them in order.

Belongs here: counts, names, edges, cycles, which types may follow which. Not here: resolving the models a node
names (`operations/nodes.py`). Facts 6, 3.7, U24.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import errors, model_types

Node = resources_pb2.WorkflowNode

MOST_NODES: Final = 20
_RAW_INPUTS: Final = frozenset({"image", "video", "text", "audio"})
"""What a workflow's own input can hold; a node far down may look back for it (facts 6)."""


def check_shape(nodes: Sequence[Node]) -> None:
    """Refuse what is no graph at all: too many nodes, names missing or taken, edges to nowhere, cycles."""
    if len(nodes) > MOST_NODES:
        raise errors.invalid_workflow(f"a workflow has at most {MOST_NODES} nodes, these are {len(nodes)}")
    known: set[str] = set()
    for node in nodes:
        if not node.id:
            raise errors.invalid_graph("a node has no id")
        if node.id in known:
            raise errors.invalid_graph(f"node id {node.id} is taken twice")
        known.add(node.id)
    for node in nodes:
        for source in node.node_inputs:
            if source.node_id not in known:
                raise errors.invalid_graph(f"node {node.id} takes its input from {source.node_id!r}, which is no node")
    ordered(nodes)


def ordered(nodes: Iterable[Node]) -> list[Node]:
    """The nodes with every source before its users, else in the order given; a cycle is refused."""
    waiting = list(nodes)
    done: dict[str, Node] = {}
    while waiting:
        ready = [node for node in waiting if all(source.node_id in done for source in node.node_inputs)]
        if not ready:
            raise errors.invalid_graph(f"nodes form a cycle: {', '.join(node.id for node in waiting)}")
        done.update({node.id: node for node in ready})
        waiting = [node for node in waiting if node.id not in done]
    return list(done.values())


def check_types(nodes: Sequence[Node]) -> None:
    """Refuse a node of a known type that cannot get a Data field it needs from the nodes before it (U24).

    Nodes without inputs take whatever the workflow is given and are not checked; `any` and unknown types fit
    everywhere.
    """
    by_id = {node.id: node for node in nodes}
    for node in nodes:
        known = model_types.find(node.model.model_type_id)
        if known is None or not node.node_inputs:
            continue
        offered = _offered(node, by_id)
        if offered is None:
            continue
        for field in (field for entry in known.input_fields for field in entry.split(",")):
            if field != "any" and field not in offered and not _part_of(field, offered):
                raise errors.invalid_graph(f"node {node.id} of type {known.id} needs {field}, its inputs give none")


def _offered(node: Node, by_id: Mapping[str, Node]) -> set[str] | None:
    """All Data fields that the node's ancestors can put out; None when one of them may put out anything."""
    offered = set(_RAW_INPUTS)
    waiting, seen = [source.node_id for source in node.node_inputs], set[str]()
    while waiting:
        identifier = waiting.pop()
        if identifier in seen:
            continue
        seen.add(identifier)
        ancestor = by_id[identifier]
        known = model_types.find(ancestor.model.model_type_id)
        if known is None:
            return None
        offered.update(field for entry in known.output_fields for field in entry.split(","))
        waiting.extend(source.node_id for source in ancestor.node_inputs)
    # `any` is what went in: a pass-through adds nothing, but one that opens the workflow may carry anything.
    return None if "any" in offered and not _only_passes(seen, by_id) else offered


def _only_passes(ancestors: set[str], by_id: Mapping[str, Node]) -> bool:
    passers = [by_id[i] for i in ancestors if "any" in _outputs(by_id[i])]
    return all(node.node_inputs for node in passers)


def _outputs(node: Node) -> Sequence[str]:
    known = model_types.find(node.model.model_type_id)
    return list(known.output_fields) if known else ()


def _part_of(field: str, offered: Iterable[str]) -> bool:
    """`regions[...]` is met by any field inside regions, and the other way round."""
    return any(have.startswith(field) or field.startswith(have + ".") for have in offered if have not in _RAW_INPUTS)
