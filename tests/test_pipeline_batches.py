"""Concepts and relations travel many in a request; whatever happens to the request, each object gets a true account."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest


def concepts(documents: Any, count: int, **spec: Any) -> list[Any]:
    return [documents.concept(f"c{n:03d}", name=f"Concept {n}", **spec) for n in range(count)]


def accounts(result: Any) -> Counter[str]:
    return Counter(str(outcome.status) for outcome in result.outcomes if outcome.step.address.kind != "apps")


def sent(world: Any, rpc: str) -> list[int]:
    """How many objects each request of an RPC held."""
    requests = [entry.request for entry in world.emulator.calls.entries if entry.rpc == rpc]
    return [
        len(getattr(request, "concepts", None) or getattr(request, "concept_relations", ())) for request in requests
    ]


@pytest.fixture
def planned(world: Any, documents: Any) -> Any:
    """A plan that creates 130 concepts in an app that is there."""
    world.apply(documents.app())
    plan = world.plan(documents.app(), *concepts(documents, 130))
    world.forget_calls()
    return plan


def test_concepts_are_created_128_at_a_time_and_nothing_is_read_for_it(world: Any, planned: Any) -> None:
    assert world.carry_out(planned).complete
    assert sorted(sent(world, "PostConcepts")) == [2, 128]
    assert set(world.emulator.calls.counts) == {"GetApp", "PatchApps", "PostConcepts"}
    assert len(world.listed("ListConcepts")) == 130


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_batch_whose_reply_is_lost_is_looked_for_before_it_is_sent_again(world: Any, planned: Any, when: Any) -> None:
    world.emulator.faults.add("PostConcepts", "unavailable", when=when)
    assert world.carry_out(planned).complete
    assert len(sent(world, "PostConcepts")) == (3 if when == "before" else 2)
    assert len(world.listed("ListConcepts")) == 130


def test_a_batch_of_which_half_was_done_is_completed(world: Any, planned: Any) -> None:
    world.emulator.faults.add("PostConcepts", "mixed", keep=70)
    one_by_one = replace(planned, options=replace(planned.options, workers=1))  # else the small batch may be struck
    result = world.carry_out(one_by_one)
    assert result.complete, [o.message for o in result.outcomes if o.message]
    assert sorted(sent(world, "PostConcepts"), reverse=True) == [128, 58, 2]
    assert len(world.listed("ListConcepts")) == 130


def test_one_that_is_refused_fails_alone(worlds: Any, documents: Any) -> None:
    world = worlds(longest_id=20)
    world.apply(documents.app())
    bad = documents.concept("c020-with-a-name-that-is-too-long")
    planned = world.plan(documents.app(), *concepts(documents, 60), bad)
    world.forget_calls()
    result = world.carry_out(planned)
    assert accounts(result) == {"done": 60, "failed": 1}
    assert {str(o.step.address) for o in result.outcomes if str(o.status) == "failed"} == {
        "concepts/c020-with-a-name-that-is-too-long"
    }
    assert len(sent(world, "PostConcepts")) <= 1 + 2 * 6, "a refused batch is halved until the bad one stands alone"
    assert len(world.listed("ListConcepts")) == 60


def test_one_that_somebody_made_meanwhile_does_not_keep_the_others_back(world: Any, planned: Any) -> None:
    world.ask("PostConcepts", concepts=[{"id": "c100", "name": "Concept 100"}])
    assert world.carry_out(planned).complete
    assert len(world.listed("ListConcepts")) == 130


def test_a_batch_that_nobody_may_send_is_not_taken_apart(worlds: Any, documents: Any) -> None:
    world = worlds()
    world.apply(documents.app())
    planned = world.plan(documents.app(), *concepts(documents, 20))
    world.emulator.faults.add("PostConcepts", code=11007, times=-1)
    world.forget_calls()
    assert accounts(world.carry_out(planned)) == {"failed": 20}
    assert sent(world, "PostConcepts") == [20]


# ---- updates


@pytest.fixture
def renamed(world: Any, documents: Any) -> Any:
    """A plan that gives 40 concepts another name."""
    world.apply(documents.app(), *concepts(documents, 40))
    moved = [documents.concept(f"c{n:03d}", name=f"Another {n}") for n in range(40)]
    plan = world.plan(documents.app(), *moved)
    world.forget_calls()
    return plan


def names(world: Any) -> Counter[str]:
    return Counter(concept.name.split()[0] for concept in world.listed("ListConcepts"))


def test_concepts_are_patched_together_between_two_looks(world: Any, renamed: Any) -> None:
    assert world.carry_out(renamed).complete
    assert sent(world, "PatchConcepts") == [40]
    assert world.emulator.calls.counts["GetConcept"] == 0
    assert names(world) == {"Another": 40}


def test_one_that_moved_since_the_plan_is_left_alone(world: Any, renamed: Any) -> None:
    world.ask("PatchConcepts", concepts=[{"id": "c007", "name": "Theirs"}], action="overwrite")
    result = world.carry_out(renamed)
    assert accounts(result) == {"done": 39, "failed": 1}
    assert names(world) == {"Another": 39, "Theirs": 1}


@pytest.mark.parametrize("effect", ["unavailable", "mixed"])
def test_a_patch_of_many_is_completed_whatever_became_of_the_first(world: Any, renamed: Any, effect: Any) -> None:
    world.emulator.faults.add("PatchConcepts", effect)
    assert world.carry_out(renamed).complete
    assert names(world) == {"Another": 40}


def test_one_patch_that_is_refused_fails_alone(world: Any, renamed: Any, documents: Any) -> None:
    world.emulator.faults.add("PatchConcepts", code=40003, times=1)
    assert world.carry_out(renamed).complete
    assert names(world) == {"Another": 40}


# ---- relations


@pytest.fixture
def related(world: Any, documents: Any) -> Any:
    """A world whose `base` are the manifests of an app with 40 concepts."""
    world.base = [documents.app(), *concepts(documents, 40)]
    return world


def test_the_relations_of_one_subject_are_posted_together(related: Any, documents: Any) -> None:
    related.apply(*related.base)
    edges = [documents.relation("c000", "hyponym", f"c{n:03d}") for n in range(1, 30)]
    edges += [documents.relation("c001", "hyponym", f"c{n:03d}") for n in range(2, 30)]
    related.forget_calls()
    related.apply(*related.base, *edges)
    assert sorted(sent(related, "PostConceptRelations")) == [28, 29]
    assert len(related.listed("ListConceptRelations")) == 57
    assert related.actions(related.plan(*related.base, *edges)) == {}


def test_relations_are_deleted_together_after_one_look(related: Any, documents: Any) -> None:
    edges = [documents.relation("c000", "hyponym", f"c{n:03d}") for n in range(1, 30)]
    related.apply(*related.base, *edges)
    planned = related.plan(*related.base, prune=True, rails=related.everything)
    related.forget_calls()
    assert related.carry_out(planned).complete
    counts = related.emulator.calls.counts
    assert (counts["DeleteConceptRelations"], counts["ListConceptRelations"]) == (1, 2)
    assert related.listed("ListConceptRelations") == []


def test_relations_that_can_only_be_deleted_from_their_other_side_are(worlds: Any, documents: Any) -> None:
    world = worlds(relation_delete="subject")
    base = [documents.app(), *concepts(documents, 4)]
    edges = [documents.relation("c000", "synonym", f"c{n:03d}") for n in range(1, 4)]
    world.apply(*base)
    for turned in edges[1:]:
        end = {"object_concept": {"id": "c000"}, "predicate": "synonym"}
        subject = turned["spec"]["object_concept"]["id"]
        world.ask("PostConceptRelations", concept_id=subject, concept_relations=[end])
    world.apply(*base, *edges)
    planned = world.plan(*base, prune=True, rails=world.everything)
    assert world.carry_out(planned).complete
    assert world.listed("ListConceptRelations") == []


def test_a_batch_of_relations_whose_reply_is_lost_is_looked_for(related: Any, documents: Any) -> None:
    related.apply(*related.base)
    edges = [documents.relation("c000", "hyponym", f"c{n:03d}") for n in range(1, 30)]
    planned = related.plan(*related.base, *edges)
    related.emulator.faults.add("PostConceptRelations", "unavailable", when="after")
    related.forget_calls()
    assert related.carry_out(planned).complete
    assert sent(related, "PostConceptRelations") == [29]
    assert len(related.listed("ListConceptRelations")) == 29
