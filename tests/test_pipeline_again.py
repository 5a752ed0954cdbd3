"""Doing, undoing and doing again; and one set of manifests in two places."""

import pytest

from reconciler.stages.guard import Rails


@pytest.fixture
def manifests(documents):
    return [
        documents.app(default_workflow={"id": "w"}, description="d"),
        documents.concept("p", definition="people"),
        documents.concept("q"),
        documents.relation("p", "synonym", "q"),
        documents.thresholder("m", p=0.5),
        documents.workflow("w", n="m"),
    ]


def test_what_was_destroyed_can_be_applied_again(world, manifests):
    world.apply(*manifests)
    world.apply(*manifests, destroying=True)
    world.apply(*manifests)
    assert world.plan(*manifests, refresh="full").plan.summary.empty


def test_destroying_twice_is_destroying_once(world, manifests):
    world.apply(*manifests)
    world.apply(*manifests, destroying=True)
    world.forget_calls()
    world.apply(*manifests, destroying=True)
    assert world.writes == []


def test_after_a_destroy_nothing_of_ours_is_left_in_the_app(world, manifests):
    world.apply(*manifests)
    world.apply(*manifests, destroying=True)
    assert {v.string_value for v in world.ask("GetApp").app.metadata.fields.values()} <= {""}


def test_an_app_deleted_by_others_is_made_again_with_all_it_held(world, manifests):
    world.apply(*manifests)
    world.ask("DeleteApp")
    world.apply(*manifests)
    assert world.plan(*manifests).plan.summary.empty


def test_edits_there_and_back_leave_nothing_to_do(world, documents, manifests):
    renamed = [*manifests[:4], documents.thresholder("n", p=0.5), documents.workflow("w", n="n")]
    for wanted in (manifests, renamed, manifests):
        world.apply(*wanted, prune=True)
        assert world.plan(*wanted, prune=True, refresh="full").plan.summary.empty
    assert [m.id for m in world.listed("ListModels")] == ["m"]


def test_a_removed_description_of_a_workflow_is_no_longer_owned_and_warned_about_once(world, documents):
    base = [documents.app(), documents.concept("p"), documents.thresholder("m", p=0.5)]
    flow = documents.workflow("w", n="m")
    flow["spec"]["description"] = "d"
    world.apply(*base, flow)
    world.apply(*base, documents.workflow("w", n="m"))
    assert world.ask("GetWorkflow", workflow_id="w").workflow.description == "d"
    assert world.plan(*base, documents.workflow("w", n="m")).plan.summary.empty


def test_one_set_makes_two_apps(world, documents):
    rest = [documents.concept("p"), documents.thresholder("m", p=0.5), documents.workflow("w", n="m")]
    for name in ("staging", "production"):
        world.apply(documents.app(name), *rest)
    for name in ("staging", "production"):
        assert world.plan(documents.app(name), *rest).plan.summary.empty


def test_a_copy_of_our_metadata_in_another_object_is_not_taken_for_ours(world, manifests):
    world.apply(*manifests)
    record = world.ask("GetModel", model_id="m").model.metadata
    world.ask("PostModels", models=[{"id": "copy", "model_type_id": "prompter", "metadata": record}])
    assert world.plan(*manifests, prune=True).plan.summary.empty


def test_what_a_run_killed_while_pruning_announced_is_forgotten_by_the_next(world, documents, manifests):
    world.apply(*manifests, documents.thresholder("old", p=0.5))
    world.emulator.faults.add("PatchApps", code=11102, skip=1, times=-1)
    world.carry_out(world.plan(*manifests, prune=True, rails=Rails()))
    world.emulator.faults.clear()
    world.apply(*manifests, documents.concept("new"), prune=True)
    assert "models/old" not in world.ask("GetApp").app.metadata["reconciler_app"]


def test_a_node_edited_by_others_keeps_what_nobody_declared(world, documents):
    base = [documents.app(), documents.concept("p"), documents.workflow("w", n="m")]
    world.apply(*base, documents.thresholder("m", p=0.5))
    node = world.ask("GetWorkflow", workflow_id="w").workflow.nodes[0]
    node.suppress_output = True
    world.ask("PatchWorkflows", workflows=[{"id": "w", "nodes": [node]}], action="overwrite")
    world.apply(*base, documents.thresholder("m", p=0.6))
    assert world.ask("GetWorkflow", workflow_id="w").workflow.nodes[0].suppress_output
    assert world.plan(*base, documents.thresholder("m", p=0.6)).plan.summary.empty


def test_a_node_added_by_others_is_drift_and_removed(world, documents):
    base = [documents.app(), documents.concept("p"), documents.thresholder("m", p=0.5), documents.workflow("w", n="m")]
    world.apply(*base)
    nodes = list(world.ask("GetWorkflow", workflow_id="w").workflow.nodes)
    extra = {"id": "extra", "model": {"id": "m"}}
    world.ask("PatchWorkflows", workflows=[{"id": "w", "nodes": [nodes[0]]}], action="overwrite")
    world.ask("PatchWorkflows", workflows=[{"id": "w", "nodes": [extra]}], action="merge")
    [field] = world.plan(*base).plan.changes[0].fields
    assert (field.path, field.cause) == (("nodes", "extra"), "drift")
    world.apply(*base)
    assert list(world.pins("w")) == ["n"]


def test_a_pin_of_a_public_model_is_looked_up_once_and_then_stays(world, documents):
    public = {"id": "general-image-recognition", "user_id": "clarifai", "app_id": "main"}
    flow = documents.workflow("w", n=public)
    planned = world.plan(documents.app(), flow)
    [pin] = planned.plan.pins
    assert pin.value == "aa7f35c01e0642fda5cf400f543e7c40"
    assert world.carry_out(planned).complete
    world.forget_calls()
    assert world.plan(documents.app(), flow).plan.summary.empty
    assert "GetModel" not in world.emulator.calls.names


def test_an_old_pin_is_left_alone_until_an_upgrade_is_asked_for(world, documents):
    public = {"id": "general-image-recognition", "user_id": "clarifai", "app_id": "main"}
    pinned = {**public, "model_version": {"id": "aa9ca48295b37401f8af92ad1af0d91d"}}
    world.apply(documents.app(), documents.workflow("w", n=pinned))
    world.apply(documents.app(), documents.workflow("w", n=public))
    assert world.pins("w")["n"][1] == "aa9ca48295b37401f8af92ad1af0d91d"
    planned = world.plan(documents.app(), documents.workflow("w", n=public), upgrade_pins=True)
    assert world.actions(planned) == {"workflows/w": "update"}
    assert world.carry_out(planned).complete
    assert world.pins("w")["n"][1] == "aa7f35c01e0642fda5cf400f543e7c40"
    assert world.plan(documents.app(), documents.workflow("w", n=public)).plan.summary.empty
