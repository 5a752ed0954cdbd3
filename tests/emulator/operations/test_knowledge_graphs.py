"""Knowledge graphs: facts 3.4."""

from clarifai_grpc.grpc.api import resources_pb2

Graph = resources_pb2.KnowledgeGraph


def test_graphs_are_made_and_listed_without_pages(api):
    api.ok("PostKnowledgeGraphs", knowledge_graphs=[Graph(id="b", description="d"), Graph(id="a", name="A")])
    graphs = api.ok("ListKnowledgeGraphs").knowledge_graphs
    assert [(g.id, g.name, g.description) for g in graphs] == [("b", "b", "d"), ("a", "A", "")]


def test_a_taken_id_is_refused(api):
    api.ok("PostKnowledgeGraphs", knowledge_graphs=[Graph(id="a")])
    assert api.code("PostKnowledgeGraphs", knowledge_graphs=[Graph(id="a")]) == 40003
