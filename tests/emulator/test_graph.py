"""Nodes as a graph: order, cycles, chaining of types."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import graph
from reconciler.emulator.errors import Refusal


def node(identifier, *sources, type_id=""):
    inputs = [resources_pb2.NodeInput(node_id=source) for source in sources]
    return resources_pb2.WorkflowNode(
        id=identifier, model=resources_pb2.Model(model_type_id=type_id), node_inputs=inputs
    )


def chained(*types):
    """Nodes in a row, each fed by the one before."""
    return [node(str(i), *([str(i - 1)] if i else []), type_id=t) for i, t in enumerate(types)]


def test_order_puts_sources_first_and_keeps_the_rest():
    nodes = [node("c", "b"), node("a"), node("b", "a"), node("d")]
    assert [n.id for n in graph.ordered(nodes)] == ["a", "d", "b", "c"]


def test_a_long_chain_is_no_problem():
    nodes = [node(str(i), *([str(i - 1)] if i else [])) for i in range(20)]
    assert [n.id for n in graph.ordered(reversed(nodes))] == [str(i) for i in range(20)]


@pytest.mark.parametrize(
    "types",
    [
        ("visual-classifier", "concept-synonym-mapper", "concept-thresholder", "annotation-writer"),
        ("visual-embedder", "embedding-classifier"),
        ("visual-detector", "region-thresholder"),
        ("visual-detector", "image-crop", "visual-classifier"),
        ("some-uploaded-type", "concept-thresholder"),
        ("random-sample", "concept-thresholder"),
        ("visual-detector", "object-counter"),
    ],
)
def test_types_that_fit(types):
    graph.check_types(chained(*types))


@pytest.mark.parametrize(
    "types",
    [
        ("visual-embedder", "concept-thresholder"),
        ("visual-classifier", "region-thresholder"),
        ("visual-classifier", "clusterer"),
        ("visual-embedder", "random-sample", "concept-thresholder"),
    ],
)
def test_types_that_do_not_fit(types):
    with pytest.raises(Refusal) as refusal:
        graph.check_types(chained(*types))
    assert refusal.value.code == 22107
