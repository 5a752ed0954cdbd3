"""Workflows: facts 3.8, 6, U7, U9 to U12, U24."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

Workflow = resources_pb2.Workflow

RECOGNITION = ("general-image-recognition", "aa7f35c01e0642fda5cf400f543e7c40")
OLD_RECOGNITION = "aaa03c23b3724a16a56b629203edc62c"
EMBEDDING = ("general-image-embedding", "bb186755eda04f9cbb6fe32e816be104")


def patch(api, *nodes, action="overwrite", **fields):
    return api("PatchWorkflows", workflows=[Workflow(id="w", nodes=nodes, **fields)], action=action)


def post_code(api, *nodes):
    return api.code("PostWorkflows", workflows=[Workflow(id="w", nodes=nodes)])


def version_ids(api):
    return [v.id for v in api.ok("ListWorkflowVersions", workflow_id="w").workflow_versions]


def test_nodes_come_back_with_everything_exporters_need(api):
    version = api.thresholder("m")
    workflow = api.workflow("w", api.node("see", *RECOGNITION), api.node("keep", "m", version.id, "see"))
    shown = [(n.model.id, n.model.user_id, n.model.app_id, n.model.model_version.id) for n in workflow.nodes]
    assert shown == [
        ("general-image-recognition", "clarifai", "main", "aa7f35c01e0642fda5cf400f543e7c40"),
        ("m", "me-local", "app", version.id),
    ]
    assert [i.node_id for i in workflow.nodes[1].node_inputs] == ["see"]
    assert list(workflow.version.nodes) == list(workflow.nodes)
    assert len(workflow.version.id) == 32
    assert api.ok("GetWorkflow", workflow_id="w").workflow == workflow


def test_public_models_are_found_by_old_id_and_echo_as_sent(api):
    workflow = api.workflow("w", api.node("see", OLD_RECOGNITION, RECOGNITION[1]))
    assert workflow.nodes[0].model.id == OLD_RECOGNITION
    assert workflow.nodes[0].model.app_id == "main"


def test_a_whole_model_message_is_taken(api):
    api.thresholder("m")
    model = api.ok("GetModel", model_id="m").model
    node = resources_pb2.WorkflowNode(id="n", model=model)
    assert not api.workflow("w", node).nodes[0].model.HasField("metadata")


def test_an_own_model_goes_before_a_public_one(api):
    version = api.model(RECOGNITION[0], "prompter", output_info=resources_pb2.OutputInfo()).model_version
    assert api.workflow("w", api.node("n", RECOGNITION[0])).nodes[0].model.model_version.id == version.id


def test_a_node_without_a_version_is_pinned_to_the_latest_trained_one(api):
    api.thresholder("m")
    second = api.version("m")
    api.workflow("w", api.node("n", "m"))
    api.version("m")
    assert api.ok("GetWorkflow", workflow_id="w").workflow.nodes[0].model.model_version.id == second.id


def test_an_absent_workflow_is_11101(api):
    for rpc in ("GetWorkflow", "DeleteWorkflow", "ListWorkflowVersions"):
        assert api.code(rpc, workflow_id="nope") == 11101


def test_without_an_app_the_own_workflow_comes_before_the_public_one(api):
    nowhere = api.here("", "")
    assert api.ok("GetWorkflow", user_app_id=nowhere, workflow_id="General").workflow.app_id == "main"
    assert api.code("GetWorkflow", workflow_id="General") == 11101
    api.workflow("General")
    assert api.ok("GetWorkflow", user_app_id=nowhere, workflow_id="General").workflow.app_id == "app"


def test_a_taken_id_is_22100(api):
    api.workflow("w")
    status = api("PostWorkflows", workflows=[Workflow(id="w")]).status
    assert status.code == 22100
    assert "already exists" in status.details


def test_ids_of_36_characters_are_taken(api):
    assert api.workflow("a" * 36).id == "a" * 36


def test_an_unknown_model_is_21200(api):
    assert post_code(api, api.node("n", "nope")) == 21200
    assert post_code(api, api.node("n", RECOGNITION[0], "0" * 32)) == 21200


def test_an_untrained_model_is_22002(api):
    version = api.model("m", "embedding-classifier", output_info=resources_pb2.OutputInfo()).model_version
    assert post_code(api, api.node("n", "m", version.id)) == 22002
    assert post_code(api, api.node("n", "m")) == 22002


def test_bad_graphs_are_22107(api):
    see, loop = api.node("see", *RECOGNITION), api.node("a", *RECOGNITION, "a")
    circle = [api.node("a", *RECOGNITION, "b"), api.node("b", *RECOGNITION, "a")]
    for nodes in ([api.node("n", *RECOGNITION, "nowhere")], [see, see], [loop], circle, [api.node("", *RECOGNITION)]):
        assert post_code(api, *nodes) == 22107


def test_twenty_nodes_are_the_most(api):
    nodes = [api.node(f"n{i}", *RECOGNITION) for i in range(21)]
    assert post_code(api, *nodes) == 22999
    assert post_code(api, *nodes[:20]) == 10000


def test_nodes_that_cannot_feed_each_other_are_22107(api):
    version = api.thresholder("m")
    embed = api.node("embed", *EMBEDDING)
    assert post_code(api, embed, api.node("keep", "m", version.id, "embed")) == 22107


def test_a_node_far_down_may_look_back_for_the_image(api):
    nodes = [
        api.node("find", "face-detection"),
        api.node("cut", "margin-110-image-crop", "", "find"),
        api.node("see", *RECOGNITION, "cut"),
    ]
    assert post_code(api, *nodes) == 10000


def test_a_cluster_without_node_inputs_is_taken(api):
    cluster = api.node("c", "cccbe437d6e54e2bb911c6aa292fb072", "cc2074cff6dc4c02b6f4e1b8606dcb54")
    assert post_code(api, api.node("e", *EMBEDDING), cluster) == 10000


def test_suppress_output_and_override_survive(api):
    info = resources_pb2.OutputInfo(message="dropped")
    info.params.update({"min_value": 0.5})
    node = api.node("n", *RECOGNITION, suppress_output=True, output_info_override=info)
    stored = api.workflow("w", node).nodes[0]
    assert stored.suppress_output
    assert dict(stored.output_info_override.params) == {"min_value": 0.5}
    assert not stored.output_info_override.message


def test_overwrite_replaces_the_nodes_and_makes_a_version(api):
    api.workflow("w", api.node("a", *RECOGNITION), api.node("b", *EMBEDDING))
    first = version_ids(api)
    workflow = patch(api, api.node("b", *EMBEDDING)).workflows[0]
    assert [n.id for n in workflow.nodes] == ["b"]
    assert version_ids(api) == [workflow.version.id, *first]


def test_merge_lays_nodes_over_by_id(api):
    api.workflow("w", api.node("a", *RECOGNITION), api.node("b", *EMBEDDING))
    workflow = patch(api, api.node("b", *RECOGNITION, "a"), api.node("c", *RECOGNITION), action="merge").workflows[0]
    shown = [(n.id, n.model.id, [i.node_id for i in n.node_inputs]) for n in workflow.nodes]
    assert shown == [("a", RECOGNITION[0], []), ("b", RECOGNITION[0], ["a"]), ("c", RECOGNITION[0], [])]


@pytest.mark.parametrize("action", ["merge", "overwrite"])
def test_the_same_nodes_again_make_no_version(api, action):
    nodes = [api.node("a", *RECOGNITION), api.node("b", *EMBEDDING)]
    api.workflow("w", *nodes)
    patch(api, *reversed(nodes), action=action)
    assert len(version_ids(api)) == 1


def test_a_description_makes_no_version_but_moves_the_time(api):
    before = api.workflow("w", api.node("a", *RECOGNITION))
    after = patch(api, description="d", metadata={"k": 1}).workflows[0]
    assert after.version == before.version
    assert (after.description, dict(after.metadata)) == ("d", {"k": 1})
    assert after.modified_at.ToNanoseconds() > before.modified_at.ToNanoseconds()


def test_a_refused_patch_changes_nothing(api):
    before = api.workflow("w", api.node("a", *RECOGNITION))
    assert patch(api, api.node("a", "nope"), description="d").status.code == 21200
    assert api.ok("GetWorkflow", workflow_id="w").workflow == before


def test_an_empty_description_clears_nothing(api):
    api.workflow("w", description="d")
    assert patch(api, notes="n").workflows[0].description == "d"


def test_workflows_are_listed_by_latest_change(api):
    for identifier in ("v", "w", "x"):
        api.workflow(identifier)
    patch(api, description="d")
    assert [w.id for w in api.ok("ListWorkflows").workflows] == ["w", "x", "v"]
    assert [w.id for w in api.ok("ListWorkflows", sort_by_id=True).workflows] == ["x", "w", "v"]
    assert [w.id for w in api.ok("ListWorkflows", search="D").workflows] == ["w"]
    assert not api.ok("ListWorkflows", bookmark=True).workflows


def test_delete_keeps_the_models(api):
    version = api.thresholder("m")
    api.workflow("w", api.node("n", "m", version.id))
    api.ok("DeleteWorkflow", workflow_id="w")
    assert api.code("GetWorkflow", workflow_id="w") == 11101
    assert api.ok("GetModel", model_id="m").workflow_count == 0


def test_the_default_workflow_cannot_be_deleted(api):
    api.workflow("w")
    api.workflow("other")
    api.ok("PatchApps", apps=[resources_pb2.App(id="app", default_workflow_id="w")], action="overwrite")
    assert api.code("DeleteWorkflow", workflow_id="w") == 22999
    assert api.code("DeleteWorkflows", ids=["other", "w"]) == 22999
    assert api.code("GetWorkflow", workflow_id="other") == 10000


def test_delete_workflows_takes_several(api):
    api.workflow("v")
    api.workflow("w")
    api.ok("DeleteWorkflows", ids=["v", "w"])
    assert not api.ok("ListWorkflows").workflows
