"""Knowledge graphs: made and listed, never changed or deleted (facts 3.4)."""

from __future__ import annotations

from collections.abc import Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator import errors, ids
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation

KIND = "knowledge_graph"


def list_knowledge_graphs(
    call: Call, request: service_pb2.ListKnowledgeGraphsRequest
) -> service_pb2.MultiKnowledgeGraphResponse:
    """All graphs of an app at once; this list has no pages."""
    scope = call.readable(request.user_app_id)
    rows = call.store.select(scope.user, scope.app, KIND)
    graphs = [resources_pb2.KnowledgeGraph.FromString(row.body) for row in rows]
    return service_pb2.MultiKnowledgeGraphResponse(knowledge_graphs=graphs)


def post_knowledge_graphs(
    call: Call, request: service_pb2.PostKnowledgeGraphsRequest
) -> service_pb2.MultiKnowledgeGraphResponse:
    """Make graphs; a graph without a name is named by its id."""
    scope = call.writable(request.user_app_id)
    made = []
    for sent in request.knowledge_graphs:
        graph = resources_pb2.KnowledgeGraph()
        graph.CopyFrom(sent)
        graph.id = ids.check("knowledge graph", sent.id or ids.new_id())
        graph.name = sent.name or graph.id
        if call.store.get(scope.key(KIND, graph.id)) is not None:
            raise errors.duplicate(KIND, f"knowledge graph {graph.id}", call.duplicate_code)
        call.insert(scope.key(KIND, graph.id), graph.SerializeToString(), created=call.store.tick())
        made.append(graph)
    return service_pb2.MultiKnowledgeGraphResponse(knowledge_graphs=made)


def exists(call: Call, scope: Scope, graph: str) -> bool:
    """Whether relations may name this graph; "" is the app-wide one."""
    return not graph or call.store.get(scope.key(KIND, graph)) is not None


OPERATIONS: Mapping[str, Operation] = {
    "ListKnowledgeGraphs": list_knowledge_graphs,
    "PostKnowledgeGraphs": post_knowledge_graphs,
}
