"""`explain`: kinds and fields of manifests, in the words of Clarifai's API definition. Offline."""

import pytest

from reconciler.cli.proto_docs import proto_docs
from reconciler.manifests import kinds


def test_without_a_name_the_kinds(shell):
    ended = shell("explain")
    assert ended.code == 0
    assert [line.split()[0] for line in ended.out.splitlines()] == list(kinds())


@pytest.mark.parametrize("name", ["Workflow.spec.nodes", "workflow.nodes", "workflows.nodes"])
def test_a_kind_goes_by_its_name_in_any_case_and_by_its_plural(shell, name):
    ended = shell("explain", name)
    assert ended.code == 0
    assert ended.out.startswith(
        "KIND     Workflow\nVERSION  clarifai.reconciler/v1\nFIELD    spec.nodes <list of map>\n"
    )
    assert "in order to define the graph" in ended.out


def test_what_is_treated_specially_is_said(shell):
    assert "fixed at creation" in shell("explain", "Model.model_type_id").out
    assert "never read back" in shell("explain", "Model.spec.image.url").out
    assert "also when this document is gone" in shell("explain", "Model.lifecycle.protect").out.replace("\n", " ")


def test_params_of_the_known_model_types(shell):
    out = shell("explain", "Model.spec.model_version.output_info.params", COLUMNS="200").out
    assert "PARAMS of concept-thresholder\n  concept_threshold_type  <word>  required; one of GREATER_THAN," in out


@pytest.mark.parametrize(
    ("name", "said"),
    [("Modle", "did you mean 'Model'?"), ("Model.nodes", "has no field 'nodes'"), (".", "there is no kind ''")],
)
def test_what_is_not_there(shell, name, said):
    ended = shell("explain", name)
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err


def test_no_line_is_wider_than_the_terminal_but_for_addresses(shell):
    for name in kinds():
        lines = shell("explain", f"{name}.spec", COLUMNS="80").out.splitlines()
        assert max(len(line) for line in lines if "://" not in line) <= 80


def test_the_installed_api_definition_has_words_for_messages_scalars_and_messages_inside_messages():
    docs = proto_docs()
    assert "created model in the platform" in docs["clarifai.api.Model", ""]
    assert docs["clarifai.api.Model", "model_type_id"].startswith("The ModelType.Id")
    assert docs["clarifai.api.Model", "output_info"]
    assert docs["clarifai.api.WorkflowNode", "node_inputs"]


def test_without_stubs_there_are_rules_but_no_words(shell, monkeypatch):
    monkeypatch.setattr("reconciler.cli.proto_docs._STUBS", "nowhere.pyi")
    assert proto_docs() == {}
    assert "fixed at creation" in shell("explain", "Model.model_type_id").out
