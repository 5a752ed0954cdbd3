"""The official SDK (`clarifai` on PyPI) does its work against the emulator as it does against the service."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from clarifai_grpc.grpc.api import resources_pb2, service_pb2

# The SDK leaves the files that it uploads to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

CONCEPTS = {"peopleID": "people", "manID": "man"}

AUTO_ANNOTATION = """
workflow:
  id: judge
  nodes:
    - id: concepts
      model:
        model_id: general-image-recognition
        model_version_id: aa7f35c01e0642fda5cf400f543e7c40
        user_id: clarifai
        app_id: main
    - id: sure
      model:
        model_id: sure
        model_type_id: concept-thresholder
        description: What is quite sure
        output_info:
          params: {{concept_threshold_type: GREATER_THAN, note: {note}}}
      node_inputs:
        - node_id: concepts
"""

CROPPERS = """
workflow:
  id: faces
  nodes:
    - id: detector
      model: {{model_id: {detector}, model_version_id: {version}, user_id: clarifai, app_id: main}}
    - id: cropper
      model: {{model_id: margin-110-image-crop, user_id: clarifai, app_id: main}}
      node_inputs:
        - node_id: detector
    - id: sentiment
      model:
        model_id: face-sentiment-recognition
        model_version_id: a5d7776f0c064a41b48c3ce039049f65
        user_id: clarifai
        app_id: main
      node_inputs:
        - node_id: cropper
"""


def node_models(workflow: Any) -> dict[str, tuple[str, str, str]]:
    return {n.id: (n.model.user_id, n.model.app_id, n.model.model_version.id) for n in workflow.nodes}


# -- apps, concepts, relations


def test_an_app_is_created_listed_patched_and_deleted(sdk: Any) -> None:
    app = sdk.app()
    assert (app.id, app.user_id) == ("app", "me-local")
    sdk.user.patch_app(
        "app", base_workflow="Universal", description="words", notes="more words", visibility=10, is_template=True
    )
    assert "app" in [each.id for each in sdk.user.list_apps()]
    live = sdk.user.STUB.GetApp(service_pb2.GetAppRequest(user_app_id=sdk.user.app("app").user_app_id)).app
    assert (live.description, live.notes, live.is_template.value) == ("words", "more words", True)
    assert (live.default_workflow.id, live.default_workflow.user_id) == ("Universal", "clarifai")
    sdk.user.delete_app("app")
    assert "app" not in [each.id for each in sdk.user.list_apps()]
    with pytest.raises(Exception, match="CONN_DOES_NOT_EXIST"):
        sdk.user.app("app")


def test_an_app_that_exists_is_said_to_exist(sdk: Any) -> None:
    sdk.app()
    with pytest.raises(Exception, match="already exists"):
        sdk.app()


def test_concepts_are_created_listed_and_renamed(sdk: Any) -> None:
    app = sdk.app()
    app.create_concepts(list(CONCEPTS), list(CONCEPTS.values()))
    assert {each.id: each.name for each in app.list_concepts()} == CONCEPTS
    app.inputs().patch_concepts(["manID"], labels=["gentleman"])
    assert {each.id: each.name for each in app.list_concepts()}["manID"] == "gentleman"


def test_relations_are_created_found_shown_and_deleted(sdk: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app = sdk.app()
    app.create_concepts(["animal", "dog", "hound"])
    app.create_concept_relations("dog", ["animal", "hound"], ["hyponym", "synonym"])
    found = list(app.search_concept_relations(concept_id="dog", show_tree=True))
    assert {(r.subject_concept.id, r.predicate, r.object_concept.id) for r in found} == {
        ("dog", "hyponym", "animal"),
        ("dog", "synonym", "hound"),
    }
    app.delete_concept_relations("dog")
    assert not list(app.search_concept_relations(concept_id="dog"))


def test_the_catalogue_is_there(sdk: Any) -> None:
    from clarifai.client.user import User

    public = User(user_id="clarifai", **sdk.where)
    assert "main" in [each.id for each in public.list_apps()]
    main = public.app("main")
    assert len(list(main.list_models(page_no=1))) == 16
    assert len(list(main.model("general-image-recognition").list_versions())) == 2
    assert len(list(main.workflow("General").list_versions())) == 1
    assert "General" in [each.id for each in main.list_workflows()]


# -- workflows


def test_the_public_workflow_predicts_with_every_node(sdk: Any, pictures: Any) -> None:
    workflow = sdk.workflow(url="https://clarifai.com/clarifai/main/workflows/General")
    (result,) = workflow.predict_by_bytes(pictures.content["dog"], "image").results
    concepts, embedding, cluster = result.outputs
    assert concepts.data.concepts
    assert embedding.data.embeddings
    assert cluster.data.clusters


@pytest.fixture
def judging(sdk: Any, tmp_path: Path) -> Any:
    """An app with the workflow `judge`, its thresholder made from the YAML, and the concepts it judges."""
    app = sdk.app()
    app.create_concepts(["ai_8S2Vq3cR"], ["dog"])
    file = tmp_path / "judge.yml"
    file.write_text(AUTO_ANNOTATION.format(note="first"))
    app.create_workflow(str(file))
    return app


def test_a_workflow_is_made_from_yaml_with_its_own_models(judging: Any) -> None:
    workflow = judging.workflow("judge")
    models = node_models(workflow)
    assert models["concepts"] == ("clarifai", "main", "aa7f35c01e0642fda5cf400f543e7c40")
    own = judging.model("sure")
    assert own.model_type_id == "concept-thresholder"
    assert own.description == "What is quite sure"
    assert models["sure"] == ("me-local", "app", own.model_info.model_version.id)
    assert [each.id for each in judging.list_workflows()] == ["judge"]


def test_public_models_of_yaml_need_no_owner(sdk: Any, tmp_path: Path) -> None:
    text = CROPPERS.format(detector="face-detection", version="fe995da8cb73490f8556416ecf25cea3")
    (tmp_path / "faces.yml").write_text(text.replace(", user_id: clarifai, app_id: main", ""))
    workflow = sdk.app().create_workflow(str(tmp_path / "faces.yml"), generate_new_id=True)
    assert {owner for owner, _, _ in node_models(workflow).values()} == {"clarifai"}


@pytest.mark.parametrize(
    ("detector", "version"),
    [
        ("face-detection", "fe995da8cb73490f8556416ecf25cea3"),
        ("face-detection", "45fb9a671625463fa646c3523a3087d5"),
        ("a403429f2ddf4b49b307e318f00e528b", "34ce21a40cc24b6b96ffee54aabff139"),
    ],
)
def test_public_models_of_yaml_need_no_version_and_may_have_old_ids(
    sdk: Any, tmp_path: Path, detector: str, version: str
) -> None:
    app = sdk.app()
    (tmp_path / "faces.yml").write_text(CROPPERS.format(detector=detector, version=version))
    app.create_workflow(str(tmp_path / "faces.yml"), generate_new_id=True)
    (listed,) = app.list_workflows()
    models = node_models(listed)
    assert models["detector"] == ("clarifai", "main", version)
    assert models["cropper"] == ("clarifai", "main", "b9987421b40a46649566826ef9325303")
    assert models["sentiment"][:2] == ("clarifai", "main")
    assert not list(app.list_models(only_in_app=True)), "nothing was made in the app for a public model"


def test_changed_params_make_a_version_and_equal_ones_do_not(judging: Any, tmp_path: Path) -> None:
    file = tmp_path / "again.yml"
    for note, versions in (("first", 1), ("second", 2)):
        file.write_text(AUTO_ANNOTATION.format(note=note))
        judging.create_workflow(str(file), generate_new_id=True)
        assert len(list(judging.model("sure").list_versions())) == versions


@pytest.mark.parametrize("action", ["merge", "overwrite"])
def test_a_workflow_is_patched_in_a_new_version(judging: Any, tmp_path: Path, action: str) -> None:
    (tmp_path / "second.yml").write_text(AUTO_ANNOTATION.format(note="second"))
    judging.patch_workflow(
        "judge", action=action, config_filepath=str(tmp_path / "second.yml"), description="patched", visibility=10
    )
    workflow = judging.workflow("judge")
    assert workflow.description == "patched"
    assert node_models(workflow)["sure"][2] == judging.model("sure").model_info.model_version.id
    assert len(list(workflow.list_versions())) == 2


def test_a_workflow_predicts_bytes_urls_and_files(judging: Any, pictures: Any) -> None:
    workflow = judging.workflow("judge")
    replies = [
        workflow.predict_by_bytes(pictures.content["dog"], "image"),
        workflow.predict_by_url(pictures.url["dog"], "image"),
        workflow.predict_by_filepath(pictures.file["dog"], "image"),
    ]
    for reply in replies:
        first, second = reply.results[0].outputs
        assert first.data.concepts[0].name == "dog"
        assert round(first.data.concepts[0].value, 4) == 0.99
        assert second.model.id == "sure"


def test_an_exported_workflow_can_be_made_again(judging: Any, sdk: Any, tmp_path: Path) -> None:
    exported = tmp_path / "exported.yml"
    judging.workflow("judge").export(str(exported))
    nodes = yaml.safe_load(exported.read_text())["workflow"]["nodes"]
    assert [node["id"] for node in nodes] == ["concepts", "sure"]
    judging.delete_workflow("judge")
    judging.create_workflow(str(exported))
    assert [each.id for each in judging.list_workflows()] == ["judge"]


def test_the_public_workflow_is_exported_as_its_fixture_has_it(sdk: Any, tmp_path: Path) -> None:
    exported = tmp_path / "general.yml"
    sdk.workflow(url="https://clarifai.com/clarifai/main/workflows/General").export(str(exported))
    nodes = yaml.safe_load(exported.read_text())["workflow"]["nodes"]
    assert [(n["model"]["model_id"], n["model"]["model_version_id"]) for n in nodes] == [
        ("general-image-recognition", "aa7f35c01e0642fda5cf400f543e7c40"),
        ("general-image-embedding", "bb186755eda04f9cbb6fe32e816be104"),
        ("general-clusterering", "cc2074cff6dc4c02b6f4e1b8606dcb54"),
    ]
    assert nodes[2]["node_inputs"] == [{"node_id": "general-v1.5-embed"}]


def test_a_workflow_and_its_model_are_deleted(judging: Any) -> None:
    judging.delete_workflow("judge")
    judging.delete_model("sure")
    assert not list(judging.list_workflows())
    with pytest.raises(Exception, match="CONN_DOES_NOT_EXIST"):
        judging.workflow("judge")


# -- models


def test_a_model_predicts_with_an_output_config(sdk: Any, pictures: Any) -> None:
    model = sdk.model(url="https://clarifai.com/clarifai/main/models/general-image-recognition")
    by_url = model.predict_by_url(pictures.url["dog"], input_type="image")
    by_bytes = model.predict_by_bytes(pictures.content["dog"], input_type="image")
    assert [c.name for c in by_url.outputs[0].data.concepts] == ["dog", "people", "water", "cat"]
    assert by_bytes.outputs[0].data.concepts == by_url.outputs[0].data.concepts
    few = model.predict_by_url(pictures.url["dog"], "image", output_config={"max_concepts": 2})
    assert len(few.outputs[0].data.concepts) == 2
    high = model.predict_by_filepath(pictures.file["dog"], "image", output_config={"min_value": 0.98})
    assert [c.name for c in high.outputs[0].data.concepts] == ["dog"]


def test_a_model_is_created_versioned_patched_and_deleted(sdk: Any) -> None:
    app = sdk.app()
    model = app.create_model("above", model_type_id="concept-thresholder")
    info = resources_pb2.OutputInfo()
    info.params.update({"concept_threshold_type": "GREATER_THAN"})
    info.data.concepts.add(id="dog", value=0.5)
    version = model.create_version(output_info=info)
    assert len(version.model_info.model_version.id) == 32
    app.patch_model("above", action="merge", description="words", visibility=10)
    assert app.model("above").description == "words"
    assert len(list(model.list_versions())) == 1
    model.delete_version(version.model_info.model_version.id)
    assert not list(model.list_versions())
    app.delete_model("above")
    assert not list(app.list_models(only_in_app=True))


def test_what_the_emulator_cannot_predict_says_why(sdk: Any, pictures: Any) -> None:
    model = sdk.model(url="https://clarifai.com/clarifai/main/models/travel-recognition")
    with pytest.raises(Exception, match="MODEL_PREDICTION_FAILED"):
        model.predict_by_bytes(pictures.content["dog"], "image")


def test_a_model_is_trained_and_predicts(sdk: Any, pictures: Any, tmp_path: Path) -> None:
    app = sdk.app()
    inputs = app.inputs()
    dataset = app.create_dataset("examples")
    for name in ("dog", "truck"):
        inputs.upload_from_bytes(name, image_bytes=pictures.content[name], labels=[name], dataset_id="examples")
    model = app.create_model("own", model_type_id="embedding-classifier")
    params = model.get_params(save_to=str(tmp_path / "params.yaml"))
    assert "train_params" in params
    model.update_params(dataset_id=dataset.id, concepts=["dog", "truck"])
    version_id = model.train()
    status = None
    for _ in range(1000):
        status = sdk.model(
            model_id="own", user_id="me-local", app_id="app", model_version={"id": version_id}
        ).training_status(version_id=version_id)
        if status.code not in (21101, 21103):
            break
    assert status is not None
    assert status.code == 21100, status
    reply = app.model("own").predict_by_bytes(pictures.content["truck"], "image")
    assert reply.outputs[0].data.concepts[0].id == "truck"


# -- inputs and annotations


def test_inputs_are_uploaded_by_every_way_listed_patched_and_deleted(sdk: Any, pictures: Any) -> None:
    app = sdk.app()
    inputs = app.inputs()
    jobs = [
        inputs.upload_from_url("by-url", image_url=pictures.url["dog"]),
        inputs.upload_from_bytes("by-bytes", image_bytes=pictures.content["truck"], labels=["truck"]),
        inputs.upload_from_file("by-file", image_file=pictures.file["dog"]),
        inputs.upload_text("by-text", raw_text="words"),
    ]
    assert all(inputs._wait_for_inputs(job) for job, _ in jobs)
    listed = {each.id: each for each in inputs.list_inputs()}
    assert set(listed) == {"by-url", "by-bytes", "by-file", "by-text"}
    assert all(each.status.code == 30000 for each in listed.values())
    assert {each.id for each in inputs.list_inputs(input_type="image")} == {"by-url", "by-bytes", "by-file"}
    assert len(list(inputs.list_inputs(page_no=1, per_page=3))) == 3
    assert app.get_input_count() == 4

    data = resources_pb2.Data(concepts=[resources_pb2.Concept(id="lorry", value=1)])
    inputs.patch_inputs([resources_pb2.Input(id="by-bytes", data=data)], action="merge")
    assert {c.id for c in inputs.get_input("by-bytes").data.concepts} == {"truck", "lorry"}

    assert sorted(inputs.download_inputs([listed["by-bytes"]])) == [pictures.content["truck"]]
    inputs.delete_inputs(list(inputs.list_inputs()))
    assert not list(inputs.list_inputs())


def test_a_folder_is_uploaded_into_a_dataset(sdk: Any, pictures: Any) -> None:
    app = sdk.app()
    dataset = app.create_dataset("all")
    dataset.upload_from_folder(str(pictures.folder), input_type="image", labels=True)
    listed = list(app.inputs().list_inputs(dataset_id="all"))
    assert len(listed) == 2
    assert {c.name for each in listed for c in each.data.concepts} == {"pictures"}
    dataset.create_version()
    assert len(list(dataset.list_versions())) == 1
    assert [each.id for each in app.list_datasets()] == ["all"]
    app.patch_dataset("all", action="merge", description="words")
    app.delete_dataset("all")
    assert not list(app.list_datasets())


def test_annotations_are_uploaded_listed_patched_and_deleted(sdk: Any, pictures: Any) -> None:
    app = sdk.app()
    inputs = app.inputs()
    inputs.upload_from_bytes("picture", image_bytes=pictures.content["dog"])
    box = inputs.get_bbox_proto(input_id="picture", label="nose", bbox=[0.1, 0.1, 0.5, 0.5], annot_id="box")
    assert inputs.upload_annotations([box]) == []
    (picture,) = inputs.list_inputs()
    listed = {each.id: each for each in inputs.list_annotations(batch_input=[picture])}
    assert listed["box"].data.regions[0].data.concepts[0].name == "nose"
    box = inputs.get_bbox_proto(input_id="picture", label="snout", bbox=[0.2, 0.2, 0.5, 0.5], annot_id="box")
    inputs.patch_annotations([box], action="merge")
    inputs.delete_annotations(["picture"], ["box"])
    assert "box" not in [each.id for each in inputs.list_annotations(batch_input=[picture])]


def test_inputs_are_found_by_rank_and_filter(sdk: Any, pictures: Any) -> None:
    app = sdk.app(base_workflow="General")
    inputs = app.inputs()
    for name in ("dog", "truck"):
        job, _ = inputs.upload_from_bytes(name, image_bytes=pictures.content[name], labels=[f"own-{name}"])
        assert inputs._wait_for_inputs(job)
    search = app.search(top_k=1, metric="euclidean")
    for pages in (
        search.query(ranks=[{"image_url": pictures.url["truck"]}]),
        search.query(filters=[{"concepts": [{"name": "own-truck", "value": 1}]}]),
        search.query(
            ranks=[{"image_bytes": pictures.content["truck"]}],
            filters=[{"input_types": ["image"]}, {"input_status_code": 30000}],
        ),
    ):
        assert [hit.input.id for page in pages for hit in page.hits] == ["truck"]
    assert not [h for page in search.query(filters=[{"input_types": ["text"]}]) for h in page.hits]


# -- errors


def test_an_unknown_model_is_what_the_sdk_looks_for(sdk: Any) -> None:
    with pytest.raises(Exception, match="Model does not exist"):
        sdk.app().model("nowhere")


def test_a_wrong_key_is_refused(sdk_with: Any) -> None:
    with pytest.raises(Exception, match="Invalid API key or Invalid API key/application pair"):
        sdk_with("wrong-key").app()
