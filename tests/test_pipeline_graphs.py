"""Relations in a knowledge graph, which somebody must have made before: a plan says if nobody did."""

from typing import Any

import pytest

from reconciler.core.diagnostics import Severity

RELATION = "relations/p.hyponym.q#birds"


@pytest.fixture
def manifests(documents: Any) -> list[Any]:
    relation = documents.relation("p", "hyponym", "q")
    relation["spec"]["knowledge_graph_id"] = "birds"
    return [documents.app(), documents.concept("p"), documents.concept("q"), relation]


def test_a_graph_that_is_not_there_is_told_and_stops_nothing_else(world: Any, manifests: Any) -> None:
    for _ in range(2):  # before there is an app, and in one that is there
        planned = world.plan(*manifests)
        (told,) = planned.plan.notes
        assert told.severity is Severity.WARNING
        assert told.summary == f"knowledge graph 'birds' is not in the app, so {RELATION} will be refused"
        assert told.location is not None
        result = world.carry_out(planned)
        assert {str(o.step.address) for o in result.outcomes if o.status != "done"} == {RELATION}
    world.ask("PostKnowledgeGraphs", knowledge_graphs=[{"id": "birds"}])
    planned = world.plan(*manifests)
    assert planned.plan.notes == ()
    assert world.carry_out(planned).complete


def test_relations_that_are_there_and_those_in_no_graph_ask_for_none(world: Any, manifests: Any) -> None:
    world.apply(*manifests[:-1])
    world.ask("PostKnowledgeGraphs", knowledge_graphs=[{"id": "birds"}])
    world.apply(*manifests)
    world.forget_calls()
    assert world.plan(*manifests).plan.summary.empty
    assert not world.emulator.calls.counts["ListKnowledgeGraphs"]
