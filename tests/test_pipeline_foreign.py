"""What is not ours stays untouched, and an app that holds it is deleted by no combination of flags."""

import itertools

import pytest

from reconciler.core.plan import Verb
from reconciler.stages.guard import RULES, Rails


@pytest.fixture
def shared(world, documents):
    """An app of ours in which somebody else has a concept, a relation, a model with a version, and a workflow."""
    world.ours = [
        documents.app(),
        documents.concept("p"),
        documents.thresholder("mine", p=0.5),
        documents.workflow("flow", n="mine"),
    ]
    world.apply(*world.ours)
    info = {"params": {"concept_threshold_type": "LESS_THAN"}, "data": {"concepts": [{"id": "theirs", "value": 0.25}]}}
    world.ask("PostConcepts", concepts=[{"id": "theirs", "name": "Theirs"}, {"id": "also"}])
    world.ask("PostConceptRelations", concept_id="theirs", concept_relations=[
        {"object_concept": {"id": "also"}, "predicate": "synonym"}])  # fmt: skip
    world.ask("PostModels", models=[{"id": "foreign", "model_type_id": "concept-thresholder", "notes": "keep"}])
    world.ask("PostModelVersions", model_id="foreign", model_versions=[{"output_info": info}])
    world.ask("PostWorkflows", workflows=[{"id": "alien", "nodes": [{"id": "n", "model": {"id": "foreign"}}]}])
    return world


def of_others(world):
    """The stored bytes of everything somebody else made."""
    names = ("theirs", "also", "foreign", "alien")
    found = {n: b for n, b in world.snapshot().items() if any(part in names for part in n.split("/"))}
    found["relation"] = world.listed("ListConceptRelations", concept_id="theirs")[0].SerializeToString()
    assert len(found) >= 7
    return found


def test_objects_of_others_survive_plan_apply_prune_and_destroy_byte_for_byte(shared, documents):
    before = of_others(shared)
    shared.apply(documents.app(), documents.concept("p"), prune=True, rails=shared.everything)
    assert of_others(shared) == before
    shared.apply(*shared.ours)
    shared.apply(*shared.ours, destroying=True, prune=True, rails=shared.everything)
    assert of_others(shared) == before
    assert [m.id for m in shared.listed("ListModels")] == ["foreign"]


def test_an_app_with_an_object_of_others_is_never_deleted(shared):
    for chosen in itertools.combinations(RULES, len(RULES) - 1):
        for rails in (Rails(frozenset((rule, "*") for rule in chosen)), shared.everything):
            planned = shared.plan(*shared.ours, destroying=True, prune=True, delete_app=True, rails=rails)
            [refusal] = [r for r in planned.plan.refusals if r.rule == "delete-app"]
            assert refusal.flag is None
            assert "workflows/alien" in refusal.message
    assert "DeleteApp" not in shared.writes


def only_ours(world, documents):
    world.ours = [documents.app(), documents.concept("p"), documents.thresholder("m", p=0.5)]
    world.apply(*world.ours)
    return {"destroying": True, "prune": True, "delete_app": True, "rails": world.everything}


def test_an_app_with_nothing_but_ours_can_be_deleted_by_name(world, documents):
    options = only_ours(world, documents)
    world.apply(*world.ours, **options)
    assert world.writes[-1] == "DeleteApp"
    assert world.actions(world.plan(documents.app())) == {"apps/app": "create"}


STRANGERS = {
    "concept": ("PostConcepts", {"concepts": [{"id": "late"}]}),
    "model": ("PostModels", {"models": [{"id": "late", "model_type_id": "prompter"}]}),
    "workflow": ("PostWorkflows", {"workflows": [{"id": "late", "nodes": [{"id": "n", "model": {"id": "m"}}]}]}),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_an_object_added_between_plan_and_delete_saves_the_app(world, documents, what):
    options = only_ours(world, documents)
    planned = world.plan(*world.ours, **options)
    assert not planned.plan.refusals
    rpc, fields = STRANGERS[what]
    world.ask(rpc, **fields)
    result = world.carry_out(planned)
    assert "DeleteApp" not in world.writes
    [last] = [o for o in result.outcomes if o.step.verb is Verb.DELETE and o.step.address.kind == "apps"]
    assert "the app is not deleted: it holds" in last.message
    assert "late" in last.message


def add_input(world):
    world.ask("PostInputs", inputs=[{"id": "text", "data": {"text": {"raw": "hello"}}}])


def test_an_app_with_an_input_is_never_deleted(world, documents):
    options = only_ours(world, documents)
    add_input(world)
    [refusal] = world.plan(*world.ours, **options).plan.refusals
    assert (refusal.flag, "1 input" in refusal.message) == (None, True)


def test_an_input_added_between_plan_and_delete_saves_the_app(world, documents):
    options = only_ours(world, documents)
    planned = world.plan(*world.ours, **options)
    add_input(world)
    assert not world.carry_out(planned).complete
    assert "DeleteApp" not in world.writes
    assert [i.id for i in world.listed("ListInputs")] == ["text"]


def test_an_object_of_others_added_before_anything_is_deleted_leaves_all_in_place_but_what_was_planned(
    world, documents
):
    options = only_ours(world, documents)
    planned = world.plan(*world.ours, **options)
    world.ask("PostModels", models=[{"id": "late", "model_type_id": "prompter"}])
    world.carry_out(planned)
    assert [m.id for m in world.listed("ListModels")] == ["late"]


def test_a_copy_made_by_the_service_does_not_save_an_app(worlds, documents):
    world = worlds(base_workflow_copy="always")
    options = only_ours(world, documents)
    world.apply(*world.ours, **options)
    assert world.writes[-1] == "DeleteApp"


def test_an_app_of_others_is_not_deleted(world, documents):
    world.ask("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app", "default_workflow_id": "Empty"}])
    planned = world.plan(documents.app(), destroying=True, delete_app=True, rails=world.everything)
    assert [r.rule for r in planned.plan.refusals] == ["delete-app"]


def test_destroy_leaves_the_app_and_drops_our_record(world, documents):
    world.apply(documents.app(description="d"), documents.thresholder("m", p=0.5), documents.concept("p"))
    world.apply(documents.app(), destroying=True, prune=True, rails=world.everything)
    app = world.ask("GetApp").app
    assert app.description == "d"
    assert [key for key, value in app.metadata.fields.items() if value.string_value] == []
    assert [c.id for c in world.listed("ListConcepts")] == ["p"]
