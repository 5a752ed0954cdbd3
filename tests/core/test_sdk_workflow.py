"""The official SDK's workflow files: what they become, which rules of theirs hold, what is said of their gaps."""

from pathlib import Path

import pytest

from reconciler.core.diagnostics import Severity
from reconciler.manifests import read_manifests
from reconciler.stages.load import parse
from reconciler.stages.resolve import Options

VERSION = "fe995da8cb73490f8556416ecf25cea3"
CROP = f"""\
workflow:
  id: crop-faces
  nodes:
    - id: find
      model: {{model_id: face-detection, user_id: clarifai, app_id: main, model_version_id: {VERSION.upper()}}}
    - id: cut
      model:
        model_id: my-cutter
        model_type_id: image-crop
        description: costs ${{5}}
        output_info:
          params:
            margin: 1.2
      node_inputs:
        - node_id: find
"""
EXPORTED = f"""\
id: crop-faces
nodes:
- id: find
  model: {{app_id: main, model_id: face-detection, model_version_id: {VERSION}, user_id: clarifai}}
"""


def resolve(folder: Path, *texts: str, **options):
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text)
    return read_manifests([str(folder)], Options(**{"user_id": "me", "app_id": "app", "owner": "set", **options}))


def complaint(text: str) -> str:
    errors = [str(p) for p in parse(text.encode(), "a.yaml")[1] if p.severity is Severity.ERROR]
    return errors[0] if errors else ""


def trees(resolved):
    assert resolved.ok, resolved.diagnostics
    return {str(address): item.tree for address, item in resolved.state.resources.items()}


def test_a_node_that_describes_its_model_declares_it(tmp_path):
    found = trees(resolve(tmp_path, CROP))
    assert found["models/my-cutter"] == {
        "model_type_id": "image-crop",
        "description": "costs ${5}",
        "model_version": {"output_info": {"params": {"margin": 1.2}}},
    }
    find, cut = found["workflows/crop-faces"]["nodes"].values()
    assert find["model"]["id"] == "face-detection"
    assert find["model"]["model_version"]["id"] == VERSION
    assert str(cut["model"]["model_version"]["id"]) == "(known after apply)"
    assert cut["node_inputs"] == [{"node_id": "find"}]


def test_what_the_exporter_writes_has_no_wrapper(tmp_path):
    assert list(trees(resolve(tmp_path, EXPORTED))) == ["workflows/crop-faces"]


def test_one_model_described_twice_in_the_same_words_is_one(tmp_path):
    found = trees(resolve(tmp_path, CROP, CROP.replace("crop-faces", "crop-again").replace("1.2", "1.20")))
    assert [name for name in found if name.startswith("models/")] == ["models/my-cutter"]


def test_one_model_described_in_two_ways_is_an_error_that_names_both_places(tmp_path):
    resolved = resolve(tmp_path, CROP, CROP.replace("crop-faces", "crop-again").replace("1.2", "1.3"))
    (problem,) = [p for p in resolved.diagnostics if p.severity is Severity.ERROR]
    assert "'my-cutter' is described in another way" in problem.summary
    assert problem.location.file.endswith("1.yaml")
    assert "0.yaml:8:9" in problem.hint


def test_a_version_left_open_is_said(tmp_path):
    resolved = resolve(tmp_path, EXPORTED.replace(f"model_version_id: {VERSION}, ", ""))
    (note,) = [p for p in resolved.diagnostics if p.severity is Severity.NOTE]
    assert "leaves the model version open in: find" in note.summary


def test_a_type_left_open_is_said(tmp_path):
    assert resolve(tmp_path, CROP).diagnostics == ()
    resolved = resolve(tmp_path, CROP.replace("        model_type_id: image-crop\n", ""))
    (note,) = [p for p in resolved.diagnostics if p.severity is Severity.NOTE]
    assert note.summary == "model 'my-cutter' names no model_type_id"
    assert "made as embedding-classifier" in note.hint


def test_a_set_of_such_files_needs_an_app_and_an_owner(tmp_path):
    resolved = resolve(tmp_path, EXPORTED, app_id=None, owner=None)
    said = " ".join(str(p) for p in resolved.diagnostics)
    assert "--app-id" in said
    assert "--owner" in said


def test_later_problems_point_into_the_file(tmp_path):
    (problem,) = (p for p in resolve(tmp_path, CROP.replace("margin", "margins")).diagnostics if p.severity == "error")
    assert problem.location.line == 13
    assert problem.hint == "did you mean 'margin'?"


def test_an_inline_model_that_names_another_app_is_refused(tmp_path):
    resolved = resolve(
        tmp_path,
        CROP.replace("model_id: my-cutter", "model_id: my-cutter\n        app_id: other"),
        explicit_app_id="app",
    )
    assert not resolved.ok


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("workflow:", "workflows:", "a.yaml:1:1: error: not a manifest"),
        ("model_type_id", "model_type", "a.yaml:9:9: error: model has no key 'model_type' (did you mean 'model_type"),
        ("margin: 1.2", "margin: 1.2\n          data: {}", "a.yaml:14:11: error: output_info has no key 'data'"),
        ("id: crop-faces\n", "\n", "a.yaml:3:3: error: id is missing"),
        (VERSION.upper(), "12ab", "a.yaml:5:92: error: model_version_id '12ab' is no version id"),
        ("model_id: my-cutter", "model_id: my_-cutter", "a.yaml:8:19: error: model_id 'my_-cutter' is no id"),
        ("model_id: my-cutter", f"model_id: {'x' * 49}", "a.yaml:8:19: error: model_id"),
        ("node_id: find", "node_id: cut", "a.yaml:15:11: error: node 'cut' reads from 'cut' further down"),
        ("        - node_id: find\n", "        []\n", "a.yaml:15:9: error: node_inputs must be a list of at least one"),
        ("description: costs", f"model_version_id: {VERSION} #", "a.yaml:10:27: error: model_version_id pins"),
    ],
)
def test_the_rules_of_the_format_hold(old, new, message):
    assert complaint(CROP.replace(old, new)).startswith(message)


def test_applied_it_is_reached_and_stays(world, tmp_path):
    world.apply(world.documents.app())
    (tmp_path / "sdk").mkdir()
    (tmp_path / "sdk" / "crop.yml").write_text(CROP)
    desired = world.desired(str(tmp_path / "sdk"), app_id="app", owner="crops")
    world.apply(desired)
    assert world.pins("crop-faces")["cut"] == ("my-cutter", world.versions("my-cutter")[0].id)
    assert world.plan(desired).plan.summary.empty
