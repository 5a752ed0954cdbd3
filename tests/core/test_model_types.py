"""The table of model types: one spelling, and what it finds wrong."""

import re
from pathlib import Path

import pytest

from reconciler.core.diagnostics import Severity
from reconciler.core.model_types import (
    MODEL_TYPES,
    canonical_params,
    canonical_type,
    check_params,
    check_training,
    misspelt,
)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("concept-threshold", "concept-thresholder"),
        ("concept-thresholder", "concept-thresholder"),
        ("image-cropper", "image-crop"),
        ("prompter", "prompter"),
    ],
)
def test_aliases_have_one_name(alias, name):
    assert canonical_type(alias) == name


@pytest.mark.parametrize("value", [1, 1.0, "1", "GREATER_THAN"])
@pytest.mark.parametrize("model_type", ["concept-threshold", "concept-thresholder"])
def test_an_enum_param_has_one_spelling(model_type, value):
    assert canonical_params(model_type, {"concept_threshold_type": value}) == {"concept_threshold_type": "GREATER_THAN"}


@pytest.mark.parametrize("value", [24150, "24150", "ANNOTATION_SUCCESS"])
def test_a_status_is_spelled_by_its_number(value):
    assert canonical_params("annotation-writer", {"annotation_status": value})["annotation_status"] == 24150


@pytest.mark.parametrize("value", [True, False, 99, "NONSENSE", None, [1], {"a": 1}, float("nan"), "²"])
def test_a_value_that_is_none_of_the_enum_passes_through(value):
    shown = canonical_params("concept-thresholder", {"concept_threshold_type": value})["concept_threshold_type"]
    assert shown is value


def test_an_unknown_type_passes_through():
    assert canonical_params("mystery", {"concept_threshold_type": 1}) == {"concept_threshold_type": 1}
    assert list(check_params("mystery", {"x": object()})) == []


GOOD = {
    "concept-thresholder": {"concept_threshold_type": "LESS_THAN"},
    "annotation-writer": {"annotation_status": 24151, "annotation_user_id": "me", "annotation_info": {"a": 1}},
    "concept-synonym-mapper": {"knowledge_graph_id": ""},
    "embedding-classifier": {"max_concepts": 20, "min_value": 0, "select_concepts": []},
    "image-crop": {"margin": 1.1},
    "random-sample": {"keep_fraction": 0.5},
    "prompter": {"prompt_template": "Say {data.text.raw}"},
    "image-prompter": {"prompt_template": "Draw {data.text.raw}"},
    "barcode-operator": {},
    "rag-prompter": {"prompt_template": "{data.hits}", "min_score": 0.95, "max_results": 5},
    "regex-based-classifier": {"regex": "[a-z]+"},
    "language-id-operator": {"library": "fasttext", "topk": 1, "threshold": 0.1, "lowercase": True},
    "text-aggregation-operator": {"avg_word_width_window_factor": 2, "avg_word_height_window_factor": 1.5},
}


def test_the_docs_name_every_type_whose_params_are_checked():
    text = (Path(__file__).parents[2] / "docs" / "manifests.md").read_text()
    listed = text[text.index("Their params are checked") : text.index("Params of other types pass through")]
    assert set(re.findall(r"`([\w-]+)`", listed)) == set(MODEL_TYPES)


def test_a_type_without_params_says_so():
    (strange,) = check_params("barcode-operator", {"speed": 1})
    assert (strange.severity, strange.hint) == (Severity.WARNING, "known params of barcode-operator: none")


@pytest.mark.parametrize("model_type", GOOD)
def test_good_params_have_no_problems(model_type):
    assert list(check_params(model_type, GOOD[model_type])) == []


@pytest.mark.parametrize(
    ("model_type", "params", "summary"),
    [
        ("concept-thresholder", {}, "needs the param 'concept_threshold_type'"),
        ("concept-thresholder", {"concept_threshold_type": "GREATER"}, "'GREATER' is not one of its values"),
        ("concept-thresholder", {"concept_threshold_type": True}, "True is not one of its values"),
        ("annotation-writer", {"annotation_status": 24150}, "needs the param 'annotation_user_id'"),
        ("embedding-classifier", {"max_concepts": 201}, "max_concepts: 201 is above 200"),
        ("embedding-classifier", {"max_concepts": 1.5}, "must be a whole number, not 1.5"),
        ("embedding-classifier", {"max_concepts": True}, "must be a whole number, not True"),
        ("embedding-classifier", {"max_concepts": float("inf")}, "must be a whole number"),
        ("embedding-classifier", {"max_concepts": float("nan")}, "must be a whole number"),
        ("embedding-classifier", {"min_value": -0.1}, "min_value: -0.1 is below 0"),
        ("embedding-classifier", {"min_value": float("nan")}, "min_value: nan"),
        ("embedding-classifier", {"select_concepts": "a"}, "must be a list"),
        ("image-crop", {"margin": "1"}, "must be a number"),
        ("annotation-writer", {"annotation_info": []}, "must be a mapping"),
        ("random-sample", {"keep_fraction": 2}, "keep_fraction: 2 is above 1"),
        ("regex-based-classifier", {"regex": "("}, "must be a regular expression"),
        ("language-id-operator", {"lowercase": "yes"}, "must be true or false"),
    ],
)
def test_wrong_params_are_named(model_type, params, summary):
    assert any(summary in problem.summary for problem in check_params(model_type, params))


def test_a_value_that_no_source_names_is_a_warning():
    (problem,) = check_params("language-id-operator", {"library": "fastext"})
    assert (problem.severity, problem.hint) == (Severity.WARNING, "did you mean 'fasttext'?")


@pytest.mark.parametrize(
    ("params", "summary", "severity"),
    [
        ({"dataset_id": "d", "dataset_version_id": "v", "enrich_dataset": "Disabled"}, None, None),
        ({"enrich_datset": "Disabled"}, "unknown param 'enrich_datset' of embedding-classifier", Severity.ERROR),
        ({"enrich_dataset": "Off"}, "enrich_dataset: 'Off' is none of the values", Severity.WARNING),
        ({"dataset_id": 5}, "dataset_id: must be text, not 5", Severity.ERROR),
    ],
)
def test_params_of_a_training(params, summary, severity):
    found = list(check_training("embedding-classifier", params))
    assert [problem.severity for problem in found] == ([severity] if severity else [])
    assert all(problem.summary.startswith(summary) for problem in found)


def test_a_training_by_template_is_open():
    assert list(check_training("visual-classifier", {"template": "t", "num_epochs": 1})) == []
    assert list(check_training("concept-thresholder", {"x": 1})) == []


def test_a_misspelt_param_is_an_error_and_a_strange_one_a_warning():
    misspelt, strange = check_params("image-crop", {"margins": 1, "zebra": 1})
    assert (misspelt.severity, misspelt.hint) == (Severity.ERROR, "did you mean 'margin'?")
    assert (strange.severity, strange.hint) == (Severity.WARNING, "known params of image-crop: margin")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("concept-treshholder", "concept-thresholder"),
        ("anotation-writer", "annotation-writer"),
        ("visual-clasifier", "visual-classifier"),
        ("text-embeder", "text-embedder"),
        ("concept-threshold", None),
        ("text-embedder", None),
        ("audio-embedder", None),
        ("image-to-text", None),
        ("", None),
    ],
)
def test_a_type_is_misspelt_if_it_is_nearly_one_that_is_known(name, meant):
    assert misspelt(name) == meant
