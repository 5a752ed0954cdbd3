"""Clarifai's gRPC client (`clarifai-grpc`): the contract its own tests rely on, a test for each statement.

`test_14_1_N` is statement N of facts 14.1, `test_2_3_...` a row of the table 2.3. Statement 3 is in two tests: pages,
and what exporters read.
"""

import re
from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2
from google.protobuf.struct_pb2 import Struct

GENERAL = "aaa03c23b3724a16a56b629203edc62c"
NEWEST, OLDER = "aa7f35c01e0642fda5cf400f543e7c40", "aa9ca48295b37401f8af92ad1af0d91d"
FOOD, FOOD_VERSION = "bd367be194cf45149e75f01d59f77ba7", "dfebc169854e429086aceb8368662641"
DOG_CONCEPT = "ai_8S2Vq3cR"

Concept, Data, Image, Input, Model = (
    resources_pb2.Concept,
    resources_pb2.Data,
    resources_pb2.Image,
    resources_pb2.Input,
    resources_pb2.Model,
)


def code(reply: Any) -> int:
    return int(reply.status.code)


def picture(url: str = "", content: bytes = b"", input_id: str = "", **data: Any) -> Any:
    image = Image(url=url, base64=content, allow_duplicate_url=True)
    return Input(id=input_id, data=Data(image=image, **data))


def node(identifier: str, model_id: str, version_id: str = "", *sources: str) -> Any:
    model = Model(id=model_id, model_version=resources_pb2.ModelVersion(id=version_id) if version_id else None)
    inputs = [resources_pb2.NodeInput(node_id=source) for source in sources]
    return resources_pb2.WorkflowNode(id=identifier, model=model, node_inputs=inputs)


def workflow(identifier: str, *nodes: Any) -> Any:
    return resources_pb2.Workflow(id=identifier, nodes=nodes)


def thresholds(value: float = 0.5) -> Any:
    info = resources_pb2.OutputInfo(data=Data(concepts=[Concept(id=DOG_CONCEPT, value=value)]))
    info.params.update({"concept_threshold_type": "GREATER_THAN"})
    return info


def rounded(concepts: Any) -> dict[str, float]:
    return {concept.id: round(concept.value, 4) for concept in concepts}


# -- facts 14.1: the contract


def test_14_1_1_an_unknown_key_is_11008_in_band(call: Any) -> None:
    reply = call("ListModels", key="some-wrong-key")
    assert code(reply) == status_code_pb2.CONN_KEY_INVALID == 11008
    assert reply.status.description == "Invalid API key or Invalid API key/application pair"


def test_14_1_1_unknown_concepts_and_inputs_are_11101(call: Any) -> None:
    for reply in (
        call("GetConcept", concept_id="nowhere"),
        call("GetInput", input_id="nowhere"),
        # A public concept is not the app's own, so it cannot be patched from there.
        call("PatchConcepts", action="overwrite", concepts=[Concept(id="ai_98Xb0K3q", name="mine")]),
    ):
        assert code(reply) == status_code_pb2.CONN_DOES_NOT_EXIST == 11101
        assert reply.status.description == "Resource does not exist"


def test_14_1_1_unknown_models_and_versions_are_21200(call: Any) -> None:
    call.ok("PostModels", models=[Model(id="m")])
    for reply in (
        call("GetModel", model_id="nowhere"),
        call("GetModelVersion", model_id="m", version_id="0" * 32),
    ):
        assert code(reply) == status_code_pb2.MODEL_DOES_NOT_EXIST == 21200
        assert "Model does not exist" in reply.status.description


def test_14_1_1_a_duplicate_concept_is_40003(call: Any) -> None:
    call.ok("PostConcepts", concepts=[Concept(id="c", name="的な")])
    assert call.ok("GetConcept", concept_id="c").concept.name == "的な"
    reply = call("PostConcepts", concepts=[Concept(id="c")])
    assert code(reply) == status_code_pb2.CONCEPTS_INVALID_REQUEST == 40003
    assert reply.status.description == "Invalid request"
    assert "duplicate" in reply.status.details.lower()


@pytest.mark.parametrize("user", ["me", ""])
def test_14_1_2_me_and_nobody_are_the_caller(call: Any, user: str) -> None:
    here = resources_pb2.UserAppIDSet(user_id=user, app_id="app")
    assert call.ok("GetApp", user_app_id=here).app.user_id == "me-local"


def test_14_1_3_pages(call: Any) -> None:
    call.ok("PostConcepts", concepts=[Concept(id=f"c{number}") for number in range(3)])
    assert len(call.ok("ListConcepts", page=0, per_page=0).concepts) == 3
    assert len(call.ok("ListConcepts", page=2, per_page=2).concepts) == 1
    for rpc, field in (("ListModels", "models"), ("ListInputs", "inputs"), ("ListConcepts", "concepts")):
        assert not getattr(call.ok(rpc, page=1000, per_page=500), field)


def test_14_1_3_what_exporters_read(call: Any) -> None:
    assert len(call.ok("ListModels", user_app_id=call.main, per_page=2).models) == 2
    for model in call.ok("ListModels", user_app_id=call.main).models:
        assert model.app_id == "main"
        assert model.model_version.id
    for each in call.ok("GetWorkflow", user_app_id=call.main, workflow_id="General").workflow.nodes:
        assert each.model.id
        assert each.model.model_version.id
        assert (each.model.user_id, each.model.app_id) == ("clarifai", "main")


def test_14_1_4_ids_of_versions(call: Any) -> None:
    call.ok("PostModels", models=[Model(id="m" * 48, model_type_id="prompter")])
    version = resources_pb2.ModelVersion()
    reply = call.ok("PostModelVersions", model_id="m" * 48, model_versions=[version])
    assert re.fullmatch("[0-9a-f]{32}", reply.model.model_version.id)
    assert code(call("PostModels", models=[Model(id="m" * 49)])) != status_code_pb2.SUCCESS
    made = call.ok("PostWorkflows", workflows=[workflow("w", node("n", GENERAL, NEWEST))]).workflows[0]
    assert re.fullmatch("[0-9a-f]{32}", made.version.id)


def test_14_1_5_models_without_an_owner(call: Any) -> None:
    made = call.ok(
        "PostWorkflows", workflows=[workflow("w", node("n", GENERAL, NEWEST), node("f", FOOD, FOOD_VERSION))]
    )
    assert [(n.model.user_id, n.model.app_id) for n in made.workflows[0].nodes] == [("clarifai", "main")] * 2
    call.ok("PostModels", models=[Model(id="general-image-recognition", model_type_id="prompter")])
    call.ok("PostModelVersions", model_id="general-image-recognition", model_versions=[resources_pb2.ModelVersion()])
    made = call.ok("PostWorkflows", workflows=[workflow("own", node("n", "general-image-recognition"))])
    assert made.workflows[0].nodes[0].model.app_id == "app"


def test_14_1_6_what_makes_a_version(call: Any) -> None:
    def versions(model_id: str) -> int:
        return len(call.ok("ListModelVersions", model_id=model_id).model_versions)

    sent = Model(id="with", model_type_id="concept-thresholder", output_info=thresholds())
    assert call.ok("PostModels", models=[sent]).model.model_version.id
    call.ok("PostModels", models=[Model(id="without", model_type_id="concept-thresholder")])
    call.ok(
        "PostModelVersions", model_id="without", model_versions=[resources_pb2.ModelVersion(output_info=thresholds())]
    )
    assert (versions("with"), versions("without")) == (1, 1)
    call.ok("PatchModels", action="merge", models=[Model(id="with", output_info=thresholds(0.7))])
    assert versions("with") == 2
    shown = call.ok("GetModelOutputInfo", request="GetModelRequest", model_id="with").model
    assert rounded(shown.model_version.output_info.data.concepts) == {DOG_CONCEPT: 0.7}


def test_14_1_7_a_bare_model_and_an_operator(call: Any) -> None:
    bare = call.ok("PostModels", models=[Model(id="bare")]).model
    assert bare.model_type_id
    call.ok("PatchModels", action="overwrite", models=[Model(id="bare", name="some new name")])
    assert call.ok("GetModel", model_id="bare").model.name == "some new name"
    sent = Model(id="operator", model_type_id="concept-thresholder", output_info=thresholds())
    version = call.ok("PostModels", models=[sent]).model.model_version
    assert version.status.code == status_code_pb2.MODEL_TRAINED
    call.ok("DeleteModel", model_id="bare")
    assert code(call("GetModel", model_id="bare")) == 21200


def test_14_1_8_concepts_name_themselves_and_appear(call: Any, pictures: Any) -> None:
    call.ok("PostConcepts", concepts=[Concept(id="plain")])
    assert call.ok("GetConcept", concept_id="plain").concept.name == "plain"
    (input_id,) = call.posted(picture(pictures.url["dog"], concepts=[Concept(id="of-input")]))
    annotation = resources_pb2.Annotation(input_id=input_id, data=Data(concepts=[Concept(id="of-annotation", value=1)]))
    call.ok("PostAnnotations", annotations=[annotation])
    listed = {each.id: each.name for each in call.ok("ListConcepts").concepts}
    assert listed == {name: name for name in ("plain", "of-input", "of-annotation")}


def test_14_1_9_outputs_of_a_workflow(call: Any, pictures: Any) -> None:
    for sent in (picture(pictures.url["dog"]), picture(content=pictures.content["dog"])):
        reply = call.ok(
            "PostWorkflowResults", user_app_id=call.main, workflow_id="General", inputs=[sent],
            output_config=resources_pb2.OutputConfig(max_concepts=3),
        )  # fmt: skip
        outputs = reply.results[0].outputs
        assert [o.model.id for o in outputs] == [
            "general-image-recognition", "general-image-embedding", "general-clusterering",
        ]  # fmt: skip
        assert all(o.model.model_version.id for o in outputs)
        assert len(outputs[0].data.concepts) == 3


def test_14_1_10_inputs_arrive_and_go(call: Any, pictures: Any) -> None:
    by_url, by_bytes = call.posted(picture(pictures.url["truck"]), picture(content=pictures.content["dog"]))
    assert len(call.ok("ListInputs", per_page=1).inputs) == 1
    call.ok("DeleteInputs", ids=[by_url, by_bytes])
    call.until(lambda: {call.input_code(by_url), call.input_code(by_bytes)} == {11101})


def test_14_1_11_inputs_merge_and_overwrite(call: Any, pictures: Any) -> None:
    metadata, more = Struct(), Struct()
    metadata.update({"key1": 123, "key2": {"inner": "value"}})
    more.update({"new-key": "new-value"})
    geo = resources_pb2.Geo(geo_point=resources_pb2.GeoPoint(longitude=55, latitude=66))
    labels = [Concept(id="yes", value=1), Concept(id="no", value=0)]
    call.posted(picture(pictures.url["dog"], input_id="i", concepts=labels, geo=geo, metadata=metadata))
    shown = call.ok("GetInput", input_id="i").input.data
    assert [(c.id, c.value) for c in shown.concepts] == [("yes", 1), ("no", 0)]
    assert (shown.geo.geo_point.longitude, shown.geo.geo_point.latitude) == (55, 66)

    patch = Input(id="i", data=Data(concepts=[Concept(id="also", value=1)], metadata=more))
    merged = call.ok("PatchInputs", action="merge", inputs=[patch]).inputs[0].data
    assert [c.id for c in merged.concepts] == ["yes", "no", "also"]
    assert (merged.metadata["key1"], merged.metadata["key2"]["inner"]) == (123, "value")
    assert merged.metadata["new-key"] == "new-value"

    patch = Input(id="i", data=Data(concepts=[Concept(id="only")]))
    call.ok("PatchInputs", action="overwrite", inputs=[patch])
    assert [c.name for c in call.ok("GetInput", input_id="i").input.data.concepts] == ["only"]


def test_14_1_12_relations_have_no_automatic_inverse(call: Any) -> None:
    call.ok("PostConcepts", concepts=[Concept(id="dog"), Concept(id="animal")])
    relation = resources_pb2.ConceptRelation(object_concept=Concept(id="animal"), predicate="hyponym")
    made = call.ok("PostConceptRelations", concept_id="dog", concept_relations=[relation]).concept_relations[0]
    every = call.ok("ListConceptRelations").concept_relations
    assert [(r.subject_concept.id, r.predicate, r.object_concept.id) for r in every] == [("dog", "hyponym", "animal")]
    call.ok("DeleteConceptRelations", concept_id="animal", ids=[made.id])
    assert not call.ok("ListConceptRelations").concept_relations


def test_14_1_13_versions_of_a_workflow(call: Any, pictures: Any) -> None:
    first = call.ok("PostWorkflows", workflows=[workflow("w", node("n", GENERAL, NEWEST))]).workflows[0].version.id
    call.ok("PatchWorkflows", action="overwrite", workflows=[workflow("w", node("n", GENERAL, OLDER))])
    live = call.ok("GetWorkflow", workflow_id="w").workflow
    assert live.nodes[0].model.model_version.id == OLDER
    assert live.version.id != first
    for version_id, expected in ((first, NEWEST), ("", OLDER)):
        sent = [picture(content=pictures.content["dog"])]
        reply = call.ok("PostWorkflowResults", workflow_id="w", version_id=version_id, inputs=sent)
        assert reply.results[0].outputs[0].model.model_version.id == expected
    call.ok("DeleteWorkflow", workflow_id="w")
    assert code(call("GetWorkflow", workflow_id="w")) == 11101


def test_14_1_14_default_workflows(call: Any) -> None:
    user = resources_pb2.UserAppIDSet(user_id="me")
    public = resources_pb2.Workflow(id="Universal", user_id="clarifai", app_id="main")
    apps = [
        resources_pb2.App(id="by-id", default_workflow_id="Universal"),
        resources_pb2.App(id="by-workflow", default_workflow=public),
    ]
    for app in apps:
        made = call.ok("PostApps", user_app_id=user, apps=[app]).apps[0]
        assert made.default_workflow.id == "Universal"
    call.ok("PostWorkflows", workflows=[workflow("first", node("n", GENERAL, NEWEST))])
    call.ok("PostWorkflows", workflows=[workflow("second", node("n", GENERAL, OLDER))])
    call.ok(
        "PatchApps",
        user_app_id=user,
        action="overwrite",
        apps=[resources_pb2.App(id="app", default_workflow_id="first")],
    )
    assert call.ok("GetApp").app.default_workflow.id == "first"
    changed = resources_pb2.App(id="app", default_workflow=resources_pb2.Workflow(id="second"))
    call.ok("PatchApp", action="overwrite", app=changed)
    assert call.ok("GetApp").app.default_workflow.id == "second"


# -- facts 2.3: what the live service is seen to answer


def test_2_3_absent_workflows_and_apps_are_11101(call: Any, pictures: Any) -> None:
    nowhere = resources_pb2.UserAppIDSet(user_id="me", app_id="nowhere")
    for reply in (
        call("GetWorkflow", workflow_id="nowhere"),
        call("PostWorkflowResults", workflow_id="nowhere", inputs=[picture(content=pictures.content["dog"])]),
        call("DeleteApp", user_app_id=nowhere),
    ):
        assert code(reply) == 11101
        assert reply.status.description == "Resource does not exist"


def test_2_3_an_unknown_deployment_is_11101(call: Any, pictures: Any) -> None:
    selector = resources_pb2.RunnerSelector(deployment=resources_pb2.Deployment(id="nowhere", user_id="me-local"))
    sent = [picture(content=pictures.content["dog"])]
    reply = call("PostModelOutputs", user_app_id=call.main, model_id=GENERAL, inputs=sent, runner_selector=selector)
    assert code(reply) == 11101


def test_2_3_there_is_no_export(call: Any) -> None:
    call.ok("PostModels", models=[Model(id="m", model_type_id="concept-thresholder", output_info=thresholds())])
    version_id = call.ok("GetModel", model_id="m").model.model_version.id
    assert code(call("GetModelVersionExport", model_id="m", version_id=version_id)) == 11101


def test_2_3_an_app_that_exists_already_exists(call: Any) -> None:
    reply = call("PostApps", apps=[resources_pb2.App(id="app")])
    assert code(reply) != status_code_pb2.SUCCESS
    assert "already exists" in reply.status.description


def test_2_3_a_failed_download_is_30002_at_the_top_and_below(call: Any, pictures: Any) -> None:
    reply = call("PostModelOutputs", user_app_id=call.main, model_id=GENERAL, inputs=[picture(pictures.missing)])
    assert code(reply) == reply.outputs[0].status.code == status_code_pb2.INPUT_DOWNLOAD_FAILED == 30002
    assert reply.outputs[0].status.details.startswith("404 Client Error")
    assert reply.outputs[0].status.details.endswith(f"for url: {pictures.missing}")


def test_2_3_one_bad_input_fails_all(call: Any, pictures: Any) -> None:
    sent = [picture(pictures.url["dog"]), picture(pictures.missing)]
    reply = call("PostModelOutputs", user_app_id=call.main, model_id=GENERAL, inputs=sent)
    assert code(reply) == status_code_pb2.FAILURE == 10020
    assert [output.status.code for output in reply.outputs] == [30104, 30002]


def test_2_3_a_workflow_refuses_the_wrong_kind(call: Any) -> None:
    sent = [Input(data=Data(text=resources_pb2.Text(raw="words")))]
    reply = call("PostWorkflowResults", user_app_id=call.main, workflow_id="General", inputs=sent)
    failed = reply.results[0].status if reply.results and code(reply) == 10000 else reply.status
    assert failed.code == status_code_pb2.INPUT_UNSUPPORTED_FORMAT == 30101
    assert failed.description == "Input format unsupported"


def test_2_3_an_url_may_not_come_twice(call: Any, pictures: Any) -> None:
    call.posted(picture(pictures.url["dog"]))
    sent = Input(data=Data(image=Image(url=pictures.url["dog"])))
    reply = call("PostInputs", inputs=[sent])
    assert 30100 in {code(reply), *(each.status.code for each in reply.inputs)}


# -- predictions, searches and annotations, as the client's tests make them


def predicted(call: Any, pictures: Any, **config: Any) -> Any:
    model = Model(output_info=resources_pb2.OutputInfo(output_config=resources_pb2.OutputConfig(**config)))
    sent = [picture(pictures.url["dog"])]
    return (
        call.ok("PostModelOutputs", user_app_id=call.main, model_id=GENERAL, inputs=sent, model=model).outputs[0].data
    )


def test_predictions_can_be_cut(call: Any, pictures: Any) -> None:
    assert len(predicted(call, pictures).concepts) == 4
    assert len(predicted(call, pictures, max_concepts=3).concepts) == 3
    assert [c.name for c in predicted(call, pictures, min_value=0.98).concepts] == ["dog"]
    wanted = predicted(call, pictures, select_concepts=[Concept(name="dog"), Concept(name="cat")]).concepts
    values = {c.name: c.value for c in wanted}
    assert set(values) == {"dog", "cat"}
    assert values["dog"] > values["cat"]


@pytest.mark.parametrize(("name", "language"), [("dog*", ""), ("狗*", "zh"), ("palm", ""), ("water", "")])
def test_public_concepts_are_found(call: Any, name: str, language: str) -> None:
    query = resources_pb2.ConceptQuery(name=name, language=language)
    assert call.ok("PostConceptsSearches", concept_query=query).concepts


def test_models_are_found(call: Any) -> None:
    query = resources_pb2.ModelQuery(name="*general*")
    found = call.ok("PostModelsSearches", user_app_id=call.main, model_query=query).models
    assert found
    assert all("general" in model.name for model in found)


@pytest.fixture
def indexed(call: Any, pictures: Any) -> Any:
    """The client in an app whose default workflow has looked at both pictures."""
    app = resources_pb2.App(id="searched", default_workflow_id="General")
    call.ok("PostApps", apps=[app])
    call.app = resources_pb2.UserAppIDSet(user_id="me", app_id="searched")
    metadata = Struct()
    metadata.update({"some-key": "some-value", "another-key": {"inner-key": "inner-value"}})
    geo = resources_pb2.Geo(geo_point=resources_pb2.GeoPoint(longitude=44, latitude=55))
    own = Concept(id="own-id", name="own name", value=1)
    call.posted(
        picture(pictures.url["truck"], input_id="truck"),
        picture(pictures.url["dog"], input_id="dog", concepts=[own], metadata=metadata, geo=geo),
    )
    return call


def found(call: Any, ranks: Any = (), filters: Any = (), language: str = "") -> list[str]:
    query = resources_pb2.Query(
        ranks=[resources_pb2.Rank(annotation=resources_pb2.Annotation(data=data)) for data in ranks],
        filters=[resources_pb2.Filter(annotation=resources_pb2.Annotation(data=data)) for data in filters],
        language=language,
    )
    pages = service_pb2.Pagination(page=1, per_page=1000)
    hits = call.ok("PostInputsSearches", searches=[resources_pb2.Search(query=query)], pagination=pages).hits
    return [hit.input.id for hit in hits]


def test_inputs_are_found_by_what_they_hold(indexed: Any) -> None:
    metadata = Struct()
    metadata.update({"another-key": {"inner-key": "inner-value"}})
    near = resources_pb2.Geo(
        geo_point=resources_pb2.GeoPoint(longitude=43, latitude=56),
        geo_limit=resources_pb2.GeoLimit(value=1000, type="withinKilometers"),
    )
    corners = [resources_pb2.GeoPoint(longitude=x, latitude=y) for x, y in ((43, 54), (45, 56))]
    box = resources_pb2.Geo(geo_box=[resources_pb2.GeoBoxedPoint(geo_point=corner) for corner in corners])
    for wanted in (
        Data(concepts=[Concept(id="own-id", value=1)]),
        Data(concepts=[Concept(name="own name", value=1)]),
        Data(metadata=metadata),
        Data(geo=near),
        Data(geo=box),
    ):
        assert found(indexed, filters=[wanted]) == ["dog"]


def test_inputs_are_found_by_what_is_seen_in_them(indexed: Any, pictures: Any) -> None:
    assert found(indexed, ranks=[Data(concepts=[Concept(id=DOG_CONCEPT, value=1)])]) == ["dog"]
    assert found(indexed, ranks=[Data(concepts=[Concept(name="dog", value=1)])]) == ["dog"]
    for language, name in (("zh", "狗"), ("ja", "犬")):
        assert found(indexed, ranks=[Data(concepts=[Concept(name=name, value=1)])], language=language) == ["dog"]
    for image in (Image(url=pictures.url["dog"]), Image(base64=pictures.content["dog"])):
        assert found(indexed, ranks=[Data(image=image)]) == ["dog", "truck"]
    assert found(indexed, ranks=[Data(image=Image(url=pictures.url["truck"]))]) == ["truck", "dog"]


def test_a_picture_that_cannot_be_had_ranks_nothing(indexed: Any, pictures: Any) -> None:
    rank = resources_pb2.Rank(annotation=resources_pb2.Annotation(data=Data(image=Image(url=pictures.missing))))
    search = resources_pb2.Search(query=resources_pb2.Query(ranks=[rank]))
    assert code(indexed("PostInputsSearches", searches=[search])) == 30002


def test_annotations_are_posted_and_found_one_by_one(indexed: Any) -> None:
    def region(concept_id: str, top: float) -> Any:
        box = resources_pb2.BoundingBox(top_row=top, left_col=0, bottom_row=1, right_col=0.98)
        held = resources_pb2.Region(
            region_info=resources_pb2.RegionInfo(bounding_box=box),
            data=Data(concepts=[Concept(id=concept_id, value=1)]),
        )
        return resources_pb2.Annotation(input_id="dog", data=Data(regions=[held]))

    def hits(*concept_ids: str) -> list[str]:
        filters = [
            resources_pb2.Filter(annotation=resources_pb2.Annotation(data=Data(concepts=[Concept(id=each, value=1)])))
            for each in concept_ids
        ]
        search = resources_pb2.Search(query=resources_pb2.Query(filters=filters))
        return [hit.input.id for hit in indexed.ok("PostAnnotationsSearches", searches=[search]).hits]

    for concept_id, top in (("palm", 0.0), ("water", 0.6)):
        indexed.ok("PostAnnotations", annotations=[region(concept_id, top)])
    assert hits("palm") == ["dog"]
    assert hits("water") == ["dog"]
    assert hits("palm", "water") == [], "no single annotation has both"


def test_what_is_not_implemented_is_10040_in_the_replys_own_type(call: Any) -> None:
    reply = call("ListKeys")
    assert isinstance(reply, service_pb2.MultiKeyResponse)
    assert code(reply) == status_code_pb2.NOT_IMPLEMENTED == 10040
