"""Changing ids: facts 2.1, 3.1, 3.5, 3.8."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2


def rename(api, rpc, old, new, action="overwrite", **fields):
    pair = service_pb2.IdUpdateSource(id=old, new_id=new)
    return api(rpc, ids=[pair], action=action, **fields)


def test_a_renamed_model_keeps_versions_and_pins(api):
    version = api.thresholder("old")
    api.workflow("w", api.node("n", "old", version.id))
    assert rename(api, "PatchModelIds", "old", "new").models[0].model_version.id == version.id
    assert api.ok("GetWorkflow", workflow_id="w").workflow.nodes[0].model.id == "new"
    assert api.ok("GetModel", model_id="new").workflow_count == 1


def test_the_old_id_says_where_it_went(api):
    api.model("old")
    rename(api, "PatchModelIds", "old", "new")
    status = api("GetModel", model_id="old").status
    assert (status.code, status.redirect_info.new_resource_id) == (10050, "new")


def test_the_old_id_may_be_used_again(api):
    api.model("old")
    rename(api, "PatchModelIds", "old", "new")
    api.model("old")
    assert api.ok("GetModel", model_id="old").model.id == "old"


def test_a_taken_id_is_refused(api):
    api.model("a")
    api.model("b")
    assert rename(api, "PatchModelIds", "a", "b").status.code == 21202


def test_a_renamed_workflow_keeps_versions_and_stays_the_default(api):
    version = api.workflow("old").version.id
    api.ok("PatchApps", apps=[resources_pb2.App(id="app", default_workflow_id="old")], action="overwrite")
    assert rename(api, "PatchWorkflowIds", "old", "new").workflows[0].version.id == version
    assert api.ok("GetApp").app.default_workflow_id == "new"
    assert api.code("GetWorkflow", workflow_id="old") == 10050


def test_a_renamed_app_keeps_everything_inside(api):
    api.concepts("p", "q")
    api.relate("p", "hyponym", "q")
    version = api.thresholder("m")
    api.workflow("w", api.node("n", "m", version.id))
    api.ok("PatchApps", apps=[resources_pb2.App(id="app", default_workflow_id="w")], action="overwrite")
    assert rename(api, "PatchAppsIds", "app", "fresh").apps[0].id == "fresh"
    fresh = api.here("fresh")
    assert api.code("GetApp") == 10050
    assert api.ok("GetApp", user_app_id=fresh).app.default_workflow.app_id == "fresh"
    assert api.ok("GetWorkflow", user_app_id=fresh, workflow_id="w").workflow.nodes[0].model.app_id == "fresh"
    relations = api.ok("ListConceptRelations", user_app_id=fresh, concept_id="q").concept_relations
    assert [(r.subject_concept.id, r.subject_concept.app_id) for r in relations] == [("q", "fresh")]
    assert api.ok("GetModel", user_app_id=fresh, model_id="m").workflow_count == 1


@pytest.mark.parametrize("action", ["", "merge"])
def test_only_overwrite_renames(api, action):
    api.model("m")
    assert rename(api, "PatchModelIds", "m", "n", action).status.code == 11102


def test_exactly_one_pair_is_expected(api):
    assert api.code("PatchModelIds", action="overwrite") == 11102
