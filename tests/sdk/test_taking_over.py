"""An app that the official SDK made is exported, adopted, and then planned: nothing is left to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler import manifests, pipeline, takeover
from reconciler.client.api import GrpcApi, ReadOnlyApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.address import Scope
from reconciler.core.secret import Secret
from reconciler.emulator.server import Emulator
from reconciler.report import as_manifests
from reconciler.stages.resolve import Options

# The SDK leaves the files that it uploads to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

JUDGE = """
workflow:
  id: judge
  nodes:
    - id: concepts
      model: {model_id: general-image-recognition, model_version_id: aa7f35c01e0642fda5cf400f543e7c40,
              user_id: clarifai, app_id: main}
    - id: sure
      model:
        model_id: sure
        model_type_id: concept-thresholder
        description: What is quite sure
        output_info: {params: {concept_threshold_type: GREATER_THAN}}
      node_inputs: [{node_id: concepts}]
    - id: written
      model:
        model_id: writer
        model_type_id: annotation-writer
        output_info: {params: {annotation_status: ANNOTATION_PENDING, annotation_user_id: me-local}}
      node_inputs: [{node_id: sure}]
"""


@pytest.fixture
def made_by_the_sdk(sdk: Any, tmp_path: Path) -> Any:
    """All kinds that it can make, each in the ways that it has."""
    app = sdk.app(base_workflow="Empty")
    sdk.user.patch_app("app", description="words", notes="more words", visibility=10)
    app.create_concepts(["dog", "hound", "animal"], ["Dog", "Hound", "Animal"])
    app.create_concept_relations("dog", ["animal", "hound"], ["hyponym", "synonym"])
    (tmp_path / "judge.yml").write_text(JUDGE)
    app.create_workflow(str(tmp_path / "judge.yml"))
    prompter = app.create_model("ask", model_type_id="prompter", description="Asks")
    prompter.create_version(output_info={"params": {"prompt_template": "What is {data.text.raw}?"}})
    crop = app.create_model("crop", model_type_id="image-crop")
    crop.create_version(output_info={"params": {"margin": 1.25}})
    return app


@pytest.fixture
def api(emulator: Emulator) -> Any:
    with open_channel(parse_base(emulator.base)) as channel:
        yield GrpcApi(channel, ("authorization", Secret("Key right-key")), limiter=Limiter(0))


def test_nothing_but_records_is_written_and_nothing_is_left_to_do(
    made_by_the_sdk: Any, api: Any, tmp_path: Path
) -> None:
    found = takeover.export_app(ReadOnlyApi(api), Scope("me-local", "app"))
    kinds = {document.kind for document in found.documents}
    assert kinds == {"App", "Concept", "ConceptRelation", "Model", "Workflow"}
    folder = tmp_path / "exported"
    folder.mkdir()
    (folder / "app.yaml").write_text(as_manifests.stream(found))

    def plan() -> Any:
        desired = manifests.desired_state(manifests.read_manifests([str(folder)], Options(user_id="me-local")))
        return pipeline.make_plan(ReadOnlyApi(api), desired, pipeline.PlanOptions(refresh="full"))

    adoption = takeover.adoption(plan())
    assert not adoption.left
    assert pipeline.apply_plan(api, adoption.planned, lambda event: None).complete
    assert plan().plan.summary.empty
    assert takeover.export_app(ReadOnlyApi(api), Scope("me-local", "app")) == found
    assert {each.id: each.name for each in made_by_the_sdk.list_concepts()}["dog"] == "Dog"


@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapped", "bare"])
@pytest.mark.parametrize("written_by", ["its author", "the SDK"])
def test_a_workflow_file_of_the_sdk_is_what_it_made_of_it(
    made_by_the_sdk: Any, api: Any, tmp_path: Path, written_by: str, wrapped: bool
) -> None:
    """The file that was given to the SDK, and the one that it exports, unchanged: adopted, there is nothing to do."""
    file = tmp_path / "judge.yml"
    if written_by == "the SDK":
        made_by_the_sdk.workflow("judge").export(str(file))
    if not wrapped:
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text())["workflow"]))
    options = Options(user_id="me-local", app_id="app", owner="judges")

    def plan() -> Any:
        desired = manifests.desired_state(manifests.read_manifests([str(file)], options))
        return pipeline.make_plan(ReadOnlyApi(api), desired, pipeline.PlanOptions(refresh="full"))

    adoption = takeover.adoption(plan())
    kinds = {str(change.address) for change in adoption.planned.plan.changes}
    models = {"models/sure", "models/writer"} if written_by == "its author" else set()
    assert (adoption.left, kinds) == ((), {"workflows/judge", *models})
    assert pipeline.apply_plan(api, adoption.planned, lambda event: None).complete
    assert plan().plan.summary.empty
