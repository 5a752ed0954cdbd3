"""Model versions: facts 3.6, 4.1 to 4.5, U21, U22, U32."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2
from google.protobuf.struct_pb2 import Struct

ModelVersion = resources_pb2.ModelVersion


def params(**values):
    info = resources_pb2.OutputInfo()
    info.params.update(values)
    return info


def patch(api, model_id, action="merge", **fields):
    return api("PatchModelVersions", model_id=model_id, model_versions=[ModelVersion(**fields)], action=action)


def test_operators_are_ready_at_once(api):
    version = api.thresholder("m")
    assert version.status.code == 21100
    assert set(version.id) <= set("0123456789abcdef")
    assert len(version.id) == 32
    assert version.created_at == version.modified_at == version.completed_at


def test_a_version_of_an_absent_model_is_21200(api):
    assert api.code("PostModelVersions", model_id="nope", model_versions=[ModelVersion()]) == 21200


def test_the_requests_description_reaches_the_version(api):
    api.model("m")
    reply = api.ok("PostModelVersions", model_id="m", description="why", model_versions=[ModelVersion()])
    assert reply.model.model_version.description == "why"


def test_what_the_server_owns_cannot_be_sent(api):
    api.model("m", "embedding-classifier")
    sent = ModelVersion(user_id="x", total_input_count=7)
    sent.status.code = 21100
    version = api.ok("PostModelVersions", model_id="m", model_versions=[sent]).model.model_version
    assert (version.user_id, version.total_input_count, version.status.code) == ("me-local", 0, 21103)


def test_concepts_that_the_app_lacks_are_made(api):
    api.thresholder("m")
    assert api.ok("GetConcept", concept_id="p").concept.name == "p"


def test_a_concept_twice_is_refused(api):
    api.model("m", "concept-thresholder")
    info = api.thresholds()
    info.data.concepts.add(id="p", value=0.7)
    assert api.code("PostModelVersions", model_id="m", model_versions=[ModelVersion(output_info=info)]) == 40003


@pytest.mark.parametrize("value", ["GREATER_THAN_OR_EQUAL", 2, "2"])
def test_enum_params_are_names_or_aliases_and_echo_as_sent(api, value):
    api.model("m", "concept-thresholder")
    version = api.version("m", output_info=params(concept_threshold_type=value))
    assert version.output_info.params["concept_threshold_type"] == value


@pytest.mark.parametrize(
    ("model_type", "bad"),
    [
        ("concept-thresholder", {"concept_threshold_type": "MORE"}),
        ("concept-thresholder", {"concept_threshold_type": 9}),
        ("annotation-writer", {"annotation_status": "DONE"}),
        ("annotation-writer", {"annotation_user_id": "stranger"}),
        ("image-crop", {"margin": "wide"}),
        ("prompter", {"prompt_template": 3}),
        ("language-id-operator", {"lowercase": "yes"}),
    ],
)
def test_params_a_type_cannot_take_are_refused(api, model_type, bad):
    api.model("m", model_type)
    assert (
        api.code("PostModelVersions", model_id="m", model_versions=[ModelVersion(output_info=params(**bad))]) == 21202
    )


@pytest.mark.parametrize("status", [24150, "ANNOTATION_SUCCESS", 24159])
def test_annotation_writers_take_both_spellings_of_a_status(api, status):
    api.model("m", "annotation-writer")
    version = api.version("m", output_info=params(annotation_status=status, annotation_user_id="me-local"))
    assert version.output_info.params["annotation_status"] == status


def test_params_nobody_knows_pass(api):
    api.model("m", "prompter")
    assert api.version("m", output_info=params(custom=True)).output_info.params["custom"] is True


def test_documented_defaults_are_filled_in_on_read_only(api):
    api.model("m", "rag-prompter")
    version = api.version("m", output_info=params(max_results=3))
    assert version.output_info.params["max_results"] == 3
    assert version.output_info.params["min_score"] == 0.95


def test_an_embedding_classifier_reads_with_its_base_embedder(api):
    api.model("m", "embedding-classifier")
    version = api.version("m")
    base = version.input_info.base_embed_model
    assert (base.id, base.app_id, base.user_id) == ("general-image-embedding", "main", "clarifai")
    assert base.model_version.id == "bb186755eda04f9cbb6fe32e816be104"
    assert version.train_info.params["enrich_dataset"] == "Automatic"
    assert version.output_info.params["max_concepts"] == 20


def test_a_trainable_version_without_data_queues_and_ends_without_data(api):
    api.model("m", "visual-classifier")
    version = api.version("m")
    assert version.status.code == 21103

    def poll():
        return api.ok("GetModelVersion", model_id="m", version_id=version.id).model_version.status.code

    assert [poll() for _ in range(4)] == [21103, 21101, 21110, 21110]


def test_a_pretrained_version_is_trained(api):
    api.model("m", "visual-classifier")
    assert api.version("m", pretrained_model_config=resources_pb2.PretrainedModelConfig()).status.code == 21100


def test_versions_are_listed_newest_first(api):
    first = api.thresholder("m")
    second = api.version("m")
    listed = api.ok("ListModelVersions", model_id="m").model_versions
    assert [v.id for v in listed] == [second.id, first.id]
    ascending = api.ok("ListModelVersions", model_id="m", sort_ascending=True).model_versions
    assert [v.id for v in ascending] == [first.id, second.id]
    assert [v.id for v in api.ok("ListModelVersions", model_id="m", concept_ids=["p"]).model_versions] == [first.id]


def test_versions_sort_by_description(api):
    api.model("m")
    for text in ("b", "c", "a"):
        api.version("m", description=text)
    listed = api.ok("ListModelVersions", model_id="m", sort_by_description=True, sort_ascending=True).model_versions
    assert [v.description for v in listed] == ["a", "b", "c"]


def test_patch_changes_a_version_in_place(api):
    version = api.thresholder("m")
    patched = patch(api, "m", id=version.id, description="d", metadata={"k": 1}, license="mit").model_versions[0]
    assert (patched.id, patched.description, dict(patched.metadata), patched.license) == (
        version.id, "d", {"k": 1}, "mit",
    )  # fmt: skip
    assert patched.created_at == version.created_at
    assert patched.modified_at.ToNanoseconds() > version.modified_at.ToNanoseconds()
    assert len(api.ok("ListModelVersions", model_id="m").model_versions) == 1


def test_patch_of_params_keeps_the_other_params_and_the_concepts(api):
    version = api.thresholder("m", extra=1)
    patch(api, "m", id=version.id, output_info=params(concept_threshold_type="LESS_THAN"))
    info = api.ok("GetModelOutputInfo", model_id="m").model.model_version.output_info
    assert dict(info.params) == {"concept_threshold_type": "LESS_THAN", "extra": 1}
    assert [c.id for c in info.data.concepts] == ["p"]


def test_overwrite_replaces_params_whole(api):
    version = api.thresholder("m", extra=1)
    patched = patch(api, "m", "overwrite", id=version.id, output_info=params(concept_threshold_type="EQUAL"))
    assert dict(patched.model_versions[0].output_info.params) == {"concept_threshold_type": "EQUAL"}


def test_a_bad_patch_changes_nothing(api):
    version = api.thresholder("m")
    assert patch(api, "m", id=version.id, output_info=params(concept_threshold_type="NO")).status.code == 21202
    got = api.ok("GetModelVersion", model_id="m", version_id=version.id).model_version
    assert got.output_info.params["concept_threshold_type"] == "GREATER_THAN"


def test_deleting_the_newest_version_brings_the_older_back(api):
    first = api.thresholder("m")
    second = api.version("m")
    api.ok("DeleteModelVersion", model_id="m", version_id=second.id)
    model = api.ok("GetModel", model_id="m").model
    assert model.model_version.id == first.id
    assert model.modified_at == first.created_at
    assert api.code("DeleteModelVersion", model_id="m", version_id=second.id) == 21200


def test_deleting_a_pinned_version_deprecates_only_its_workflows(api):
    first = api.thresholder("m")
    second = api.version("m", output_info=api.thresholds(p=0.9))
    api.workflow("old", api.node("n", "m", first.id))
    api.workflow("new", api.node("n", "m", second.id))
    api.ok("DeleteModelVersion", model_id="m", version_id=first.id)
    deprecated = {w.id: w.version.is_deprecated for w in api.ok("ListWorkflows").workflows}
    assert deprecated == {"old": True, "new": False}


def test_version_ids_that_are_no_hex_are_refused(api):
    api.model("m")
    assert api.code("PostModelVersions", model_id="m", model_versions=[ModelVersion(id="v1")]) == 21202


def test_thresholds_are_float32_as_sent(api):
    api.model("m", "concept-thresholder")
    api.version("m", output_info=api.thresholds(p=0.95))
    concept = api.ok("GetModelOutputInfo", model_id="m").model.model_version.output_info.data.concepts[0]
    assert concept.value == pytest.approx(0.95, abs=1e-7)


def test_a_version_has_no_export(api):
    version = api.thresholder("m")
    assert api.code("GetModelVersionExport", model_id="m", version_id=version.id) == 11101


def test_metadata_is_stored_at_creation(api):
    api.model("m")
    metadata = Struct()
    metadata.update({"mark": "x"})
    assert dict(api.version("m", metadata=metadata).metadata) == {"mark": "x"}
