"""The auto-annotation walkthrough up to the app's default workflow, as its old text posts it: facts 4.6."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

PEOPLE = {"peopleID": ("people", "ai_l8TKp2h5"), "manID": ("man", "ai_dxSG2s86"), "adultID": ("adult", "ai_VPmHr5bm")}


def operator(api, identifier, type_id, concepts=(), **params):
    """One PostModels with everything inside, as before model versions were posted apart."""
    info = resources_pb2.OutputInfo()
    info.data.concepts.extend(resources_pb2.Concept(id=i, value=v) for i, v in concepts)
    info.params.update(params)
    return api.model(identifier, type_id, output_info=info).model_version.id


@pytest.fixture
def walked(api):
    """Concepts, relations, operators and the workflow of the walkthrough."""
    named = [resources_pb2.Concept(id=i, name=name) for i, (name, _) in PEOPLE.items()]
    api.ok("PostConcepts", concepts=named)
    for own, (_, public) in PEOPLE.items():
        assert api.relate(own, "synonym", public, app_id="main").status.code == 10000
    limits = (("peopleID", 0.5), ("manID", 0.5), ("adultID", 0.95))
    mapper = operator(api, "synonym-model-id", "concept-synonym-mapper", knowledge_graph_id="")
    above = operator(api, "greater-than-model-id", "concept-threshold", limits, concept_threshold_type=1)
    below = operator(api, "less-than-model-id", "concept-threshold", limits, concept_threshold_type=3)
    writer = {"annotation_user_id": "me-local"}
    success = operator(api, "write-success-model-id", "annotation-writer", annotation_status=24150, **writer)
    pending = operator(api, "write-pending-model-id", "annotation-writer", annotation_status=24151, **writer)
    api.workflow(
        "auto-annotation-workflow-id",
        api.node("general-embed", "bbb5f41425b8468d9b7a554ff10f8581", "bb186755eda04f9cbb6fe32e816be104"),
        api.node("general-concept", "aaa03c23b3724a16a56b629203edc62c", "aa7f35c01e0642fda5cf400f543e7c40"),
        api.node("general-cluster", "cccbe437d6e54e2bb911c6aa292fb072", "cc2074cff6dc4c02b6f4e1b8606dcb54"),
        api.node("mapper", "synonym-model-id", mapper, "general-concept"),
        api.node("greater-than", "greater-than-model-id", above, "mapper"),
        api.node("write-success", "write-success-model-id", success, "greater-than"),
        api.node("less-than", "less-than-model-id", below, "mapper"),
        api.node("write-pending", "write-pending-model-id", pending, "less-than"),
    )
    return api


def test_the_graph_is_stored_as_posted(walked):
    nodes = walked.ok("GetWorkflow", workflow_id="auto-annotation-workflow-id").workflow.nodes
    assert [node.id for node in nodes] == [
        "general-embed", "general-concept", "general-cluster", "mapper",
        "greater-than", "write-success", "less-than", "write-pending",
    ]  # fmt: skip
    assert all(n.model.id and n.model.user_id and n.model.app_id and n.model.model_version.id for n in nodes)


def test_the_old_type_and_numbers_come_back_as_sent(walked):
    model = walked.ok("GetModelOutputInfo", model_id="less-than-model-id").model
    assert model.model_type_id == "concept-threshold"
    assert model.model_version.output_info.params["concept_threshold_type"] == 3
    values = {c.id: round(c.value, 6) for c in model.model_version.output_info.data.concepts}
    assert values == {"peopleID": 0.5, "manID": 0.5, "adultID": 0.95}


def test_the_workflow_becomes_the_apps_default(walked):
    app = resources_pb2.App(id="app", default_workflow_id="auto-annotation-workflow-id")
    walked.ok("PatchApps", apps=[app], action="overwrite")
    assert walked.ok("GetWorkflow").workflow.id == "auto-annotation-workflow-id"
    assert walked.code("DeleteWorkflow", workflow_id="auto-annotation-workflow-id") == 22999


def test_everything_can_be_taken_down_in_order(walked):
    walked.ok("DeleteWorkflow", workflow_id="auto-annotation-workflow-id")
    walked.ok("DeleteModels", delete_all=True)
    for relation in walked.ok("ListConceptRelations").concept_relations:
        walked.ok("DeleteConceptRelations", concept_id=relation.subject_concept.id, ids=[relation.id])
    walked.ok("DeleteApp")
    assert walked.code("GetApp") == 11101
