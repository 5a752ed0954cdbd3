"""Incoming concepts become the app's own along its relations."""

import pytest

from reconciler.emulator.execution.behaviour import answer
from reconciler.emulator.switches import Switches


@pytest.fixture
def mapped(bench, values):
    """Map concepts of clarifai/main."""

    def run(app="main", graph="", **incoming):
        return values(
            answer(bench.task("concept-synonym-mapper", knowledge_graph_id=graph), bench.concepts(app, **incoming))
        )

    return run


@pytest.mark.parametrize("predicate", ["synonym", "hyponym", "hypernym"])
def test_every_kind_of_relation_is_followed_and_the_score_kept(bench, mapped, predicate):
    bench.relate("peopleID", predicate, "ai_1")
    assert mapped(ai_1=0.98) == {"peopleID": 0.98}


def test_only_synonyms_may_be_followed(bench, mapped):
    bench.switches = Switches(mapper_relations="synonyms")
    bench.relate("a", "hyponym", "ai_1")
    bench.relate("b", "synonym", "ai_1")
    assert mapped(ai_1=0.5) == {"b": 0.5}


def test_a_concept_without_a_relation_is_dropped(bench, mapped):
    bench.relate("a", "synonym", "ai_1")
    assert mapped(ai_1=0.5, ai_2=0.9) == {"a": 0.5}
    assert mapped(ai_2=0.9) == {}


def test_where_several_meet_the_highest_counts(bench, mapped):
    bench.relate("a", "synonym", "ai_1")
    bench.relate("a", "hypernym", "ai_2")
    assert mapped(ai_1=0.4, ai_2=0.7) == {"a": 0.7}


def test_one_concept_may_become_several_best_first(bench, mapped):
    bench.relate("a", "synonym", "ai_1")
    bench.relate("b", "synonym", "ai_1")
    bench.relate("b", "synonym", "ai_2")
    assert list(mapped(ai_1=0.4, ai_2=0.7).items()) == [("b", 0.7), ("a", 0.4)]


def test_relations_inside_the_app_go_both_ways(bench, mapped):
    bench.relate("a", "synonym", "b", app="app")
    assert mapped(app="app", a=0.4) == {"b": 0.4}
    assert mapped(app="app", b=0.4) == {"a": 0.4}


def test_a_namesake_of_another_app_is_another_concept(bench, mapped):
    bench.relate("a", "synonym", "ai_1")
    assert mapped(app="app", ai_1=0.4) == {}


def test_a_graph_that_is_named_is_the_only_one_followed(bench, mapped):
    bench.relate("a", "synonym", "ai_1", graph="g")
    bench.relate("b", "synonym", "ai_1", graph="h")
    assert mapped(graph="g", ai_1=0.4) == {"a": 0.4}
    assert set(mapped(ai_1=0.4)) == {"a", "b"}
    bench.switches = Switches(mapper_graph="app-wide")
    assert mapped(ai_1=0.4) == {}


def test_the_result_is_the_apps_own_concept(bench):
    bench.concept("peopleID", "people")
    bench.relate("peopleID", "synonym", "ai_1")
    (found,) = answer(bench.task("concept-synonym-mapper"), bench.concepts("main", ai_1=0.5)).concepts
    assert (found.id, found.name, found.app_id, found.user_id) == ("peopleID", "people", "app", "me-local")
