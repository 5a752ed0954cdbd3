"""Concept relations: facts 3.3, 14.1.12, U13, U14."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2


@pytest.fixture
def graph(api):
    """honey is a kind of food; honey means the same as nectar."""
    api.concepts("honey", "food", "nectar")
    assert api.relate("honey", "hyponym", "food").status.code == 10000
    assert api.relate("honey", "synonym", "nectar").status.code == 10000
    return api


def shown(api, **fields):
    relations = api.ok("ListConceptRelations", **fields).concept_relations
    return [(r.subject_concept.id, r.predicate, r.object_concept.id) for r in relations]


def test_all_relations_come_once_in_their_stored_direction(graph):
    assert shown(graph) == [("honey", "hyponym", "food"), ("honey", "synonym", "nectar")]


def test_a_concept_sees_its_relations_from_its_own_side(graph):
    assert shown(graph, concept_id="food") == [("food", "hypernym", "honey")]
    assert shown(graph, concept_id="nectar") == [("nectar", "synonym", "honey")]
    assert len(shown(graph, concept_id="honey")) == 2


def test_the_predicate_filters_what_the_concept_sees(graph):
    assert shown(graph, concept_id="food", predicate="hyponym") == []
    assert shown(graph, concept_id="food", predicate="hypernym") == [("food", "hypernym", "honey")]


def test_asking_for_hypernyms_without_a_subject_flips_stored_hyponyms(graph):
    assert shown(graph, predicate="hypernym") == [("food", "hypernym", "honey")]


def test_a_posted_hypernym_is_stored_as_a_hyponym(api):
    api.concepts("honey", "food")
    made = api.relate("food", "hypernym", "honey").concept_relations[0]
    assert made.predicate == "hypernym"
    assert shown(api) == [("honey", "hyponym", "food")]


@pytest.mark.parametrize(
    ("subject", "predicate", "target"),
    [("honey", "hyponym", "food"), ("food", "hypernym", "honey"), ("nectar", "synonym", "honey")],
)
def test_the_same_relation_from_either_side_already_exists(graph, subject, predicate, target):
    status = graph.relate(subject, predicate, target).status
    assert status.code == 40003
    assert "already exists" in status.details


def test_the_opposite_relation_is_another_one(graph):
    assert graph.relate("food", "hyponym", "honey").status.code == 10000


def test_a_public_concept_is_named_by_app_alone(api):
    api.concepts("p")
    relation = api.relate("p", "synonym", "ai_l8TKp2h5", app_id="main").concept_relations[0]
    other = relation.object_concept
    assert (other.user_id, other.app_id, other.name) == ("clarifai", "main", "people")
    assert len(relation.id) == 32


def test_unknown_concepts_are_11101(api):
    api.concepts("p")
    assert api.relate("p", "synonym", "nope").status.code == 11101
    assert api.relate("nope", "synonym", "p").status.code == 11101


def test_an_unknown_predicate_is_refused(graph):
    assert graph.relate("honey", "likes", "food").status.code == 40003
    assert graph.code("ListConceptRelations", predicate="likes") == 40003


@pytest.mark.parametrize("side", ["honey", "food"])
def test_either_side_deletes(graph, side):
    made = graph.ok("ListConceptRelations").concept_relations[0]
    graph.ok("DeleteConceptRelations", concept_id=side, ids=[made.id])
    assert shown(graph) == [("honey", "synonym", "nectar")]


def test_deleting_with_a_stranger_as_concept_is_11101(graph):
    made = graph.ok("ListConceptRelations").concept_relations[0]
    assert graph.code("DeleteConceptRelations", concept_id="nectar", ids=[made.id]) == 11101
    assert len(shown(graph)) == 2


def test_graphs_keep_relations_apart(graph):
    graph.ok("PostKnowledgeGraphs", knowledge_graphs=[resources_pb2.KnowledgeGraph(id="kg")])
    relation = resources_pb2.ConceptRelation(
        predicate="hyponym", knowledge_graph_id="kg", object_concept=resources_pb2.Concept(id="food")
    )
    graph.ok("PostConceptRelations", concept_id="honey", concept_relations=[relation])
    assert len(shown(graph)) == 3
    assert shown(graph, knowledge_graph_id="kg") == [("honey", "hyponym", "food")]


def test_a_graph_that_does_not_exist_is_11101(graph):
    relation = resources_pb2.ConceptRelation(
        predicate="synonym", knowledge_graph_id="nope", object_concept=resources_pb2.Concept(id="food")
    )
    assert graph.code("PostConceptRelations", concept_id="honey", concept_relations=[relation]) == 11101


def test_no_inverse_appears_by_itself(graph):
    assert len(graph.ok("ListConceptRelations").concept_relations) == 2
