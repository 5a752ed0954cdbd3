"""The public app that other clients rely on: facts 14.2, 4.6."""

import pytest

PAIRS = {
    "aaa03c23b3724a16a56b629203edc62c": ("general-image-recognition", "aa7f35c01e0642fda5cf400f543e7c40"),
    "bbb5f41425b8468d9b7a554ff10f8581": ("general-image-embedding", "bb186755eda04f9cbb6fe32e816be104"),
    "cccbe437d6e54e2bb911c6aa292fb072": ("general-clusterering", "cc2074cff6dc4c02b6f4e1b8606dcb54"),
    "d16f390eb32cad478c7ae150069bd2c6": ("moderation-recognition", "aa8be956dbaa4b7a858826a84253cab9"),
}


def public(api, rpc, **fields):
    return api.ok(rpc, user_app_id=api.here("main", "clarifai"), **fields)


@pytest.mark.parametrize("old", PAIRS)
def test_old_and_readable_id_are_the_same_model(api, old):
    readable, version = PAIRS[old]
    by_old, by_name = (public(api, "GetModel", model_id=i).model for i in (old, readable))
    assert by_old == by_name
    assert (by_name.id, by_name.model_version.id) == (readable, version)
    assert by_name.model_version.status.code == 21100


def test_named_versions_exist(api):
    versions = public(api, "ListModelVersions", model_id="general-image-recognition").model_versions
    assert [v.id for v in versions] == ["aa7f35c01e0642fda5cf400f543e7c40", "aa9ca48295b37401f8af92ad1af0d91d"]
    for model, version in (
        ("face-detection", "fe995da8cb73490f8556416ecf25cea3"),
        ("margin-110-image-crop", "b9987421b40a46649566826ef9325303"),
    ):
        assert public(api, "GetModelVersion", model_id=model, version_id=version).model_version.id == version


def test_a_page_of_16_holds_at_least_14_models(api):
    models = public(api, "ListModels", page=1, per_page=16).models
    assert len(models) >= 14
    assert all(model.model_version.id and model.app_id == "main" for model in models)


def test_there_are_exactly_seven_workflows(api):
    names = {workflow.id for workflow in public(api, "ListWorkflows").workflows}
    assert len(names) == 7
    assert names >= {"Empty", "General", "Universal"}


def test_general_has_one_version_and_its_nodes_in_order(api):
    workflow = public(api, "GetWorkflow", workflow_id="General").workflow
    shown = [(n.id, [i.node_id for i in n.node_inputs]) for n in workflow.nodes]
    assert shown == [
        ("general-v1.5-concept", []), ("general-v1.5-embed", []), ("general-v1.5-cluster", ["general-v1.5-embed"]),
    ]  # fmt: skip
    assert len(public(api, "ListWorkflowVersions", workflow_id="General").workflow_versions) == 1


def test_every_public_node_pins_a_trained_version_that_exists(api):
    for workflow in public(api, "ListWorkflows").workflows:
        for node in workflow.nodes:
            version = public(
                api, "GetModelVersion", model_id=node.model.id, version_id=node.model.model_version.id
            ).model_version
            assert version.status.code == 21100


@pytest.mark.parametrize(
    ("identifier", "name"),
    [("ai_l8TKp2h5", "people"), ("ai_dxSG2s86", "man"), ("ai_VPmHr5bm", "adult"), ("ai_8S2Vq3cR", "dog")],
)
def test_public_concepts(api, identifier, name):
    assert public(api, "GetConcept", concept_id=identifier).concept.name == name


def test_concepts_found_by_name(api):
    names = {concept.name for concept in public(api, "ListConcepts").concepts}
    assert names >= {"cat", "palm", "water"}
    assert public(api, "GetConcept", concept_id="ai_98Xb0K3q").concept.id


def test_seeding_a_file_again_changes_nothing(start, tmp_path):
    first, second = (start(database=tmp_path / "db", empty=True) for _ in range(2))
    assert public(first, "ListModels").models == public(second, "ListModels").models
