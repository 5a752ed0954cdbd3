"""The JSON Schema for editors: takes what we take, and marks what is misspelt."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.core.json_schema import manifest_schema
from reconciler.manifests import kinds

ROOT = Path(__file__).parents[2]
SCHEMA = manifest_schema(kinds().values())
VALIDATOR = Draft202012Validator(SCHEMA)
SETS = sorted((ROOT / "manifests").rglob("*.yaml"))


def wrong(document):
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in VALIDATOR.iter_errors(document)]


def model(**spec):
    return {"apiVersion": "clarifai.reconciler/v1", "kind": "Model", "metadata": {"name": "m"}, "spec": spec}


def params(kind, **values):
    return model(model_type_id=kind, model_version={"output_info": {"params": values}})


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", SETS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_our_own_manifests_fit(file):
    for document in yaml.safe_load_all(file.read_text()):
        assert not wrong(document)


@pytest.mark.parametrize(
    "document",
    [
        model(description=5),
        model(visibility={"gettable": 50}),
        model(visibility={"gettable": "${WHO}"}),
        params("some-new-type", anything={"goes": [1]}),
        params("concept-threshold", concept_threshold_type=1),
        params("annotation-writer", annotation_status="24151", annotation_user_id="${CLARIFAI_USER_ID}"),
        params("image-crop", margin="${MARGIN}"),
        model(model_version={}),
        model(model_type_id="annotation-writer", model_version=None),
    ],
)
def test_what_is_read_here_fits(document):
    assert not wrong(document)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (model(descriptoin="x"), "spec: "),
        (model() | {"kind": "Modell"}, "kind: 'Modell'"),
        (model() | {"lifecycle": {"protected": True}}, "lifecycle: "),
        (model() | {"metadata": {}}, "metadata: 'name' is a required"),
        (model() | {"metadata": {"name": "a b"}}, "metadata.name: "),
        (model(visibility={"gettable": "PUBLICK"}), "spec.visibility.gettable: "),
        (
            params("concept-thresholder", concept_threshold_type="GREATER"),
            "spec.model_version.output_info.params.concept",
        ),
        (params("annotation-writer", annotation_status=24151), "spec.model_version.output_info.params: "),
        (
            model(model_type_id="embedding-classifier", model_version={"train_info": {"params": {"dataset_id": {}}}}),
            "spec.model_version.train_info.params.dataset_id: ",
        ),
        (params("embedding-classifier", max_concepts=300), "spec.model_version.output_info.params.max_concepts: "),
        (
            model(model_version={"output_info": {"data": {"concepts": [{"value": 1}]}}}),
            "spec.model_version.output_info",
        ),
    ],
)
def test_what_is_misspelt_does_not(document, place):
    assert any(problem.startswith(place) for problem in wrong(document)), wrong(document)


def test_fields_say_how_they_behave():
    spec = SCHEMA["$defs"]["Model"]["properties"]["spec"]["properties"]
    assert spec["model_type_id"]["description"] == "fixed at creation"
    assert "concept-thresholder" in spec["model_type_id"]["examples"]
    assert spec["output_info"]["properties"]["params"]["deprecated"]
