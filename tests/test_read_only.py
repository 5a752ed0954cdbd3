"""Plan and drift cannot write, whatever mistake is made in a stage; the server counts what reaches it."""

import functools
import importlib
from collections.abc import Callable
from typing import Any

import pytest

from reconciler import pipeline
from reconciler.client.api import ReadOnlyApi
from reconciler.client.rpcs import RpcClass, rpc_class
from reconciler.core.remote import WriteAttempted

APP = {"user_app_id": {"user_id": "me-local", "app_id": "app"}}
WRITES: dict[str, dict[str, Any]] = {
    "PatchModels": {"models": [{"id": "m", "description": "a mistake"}], "action": "merge"},
    "PostConcepts": {"concepts": [{"id": "x"}]},
    "DeleteWorkflows": {"ids": ["w"]},
    "PostWorkflowResults": {"workflow_id": "w", "inputs": [{"data": {"text": {"raw": "x"}}}]},  # it predicts: billed
}
STAGES = {
    "plan": ["observe.observe", "observe.settle", "pin.pin", "diff.diff", "order.order", "guard.guard"],
    "drift": ["observe.observe", "observe.settle", "diff.diff", "drift.drift_report"],
}
PLANTED = [(use, stage) for use, stages in STAGES.items() for stage in stages]


@pytest.fixture
def applied(world: Any, documents: Any) -> Any:
    """An app that has moved since it was applied, so that every stage has something to do."""
    world.manifests = [
        documents.app(default_workflow={"id": "w"}),
        documents.concept("p"),
        documents.thresholder("m", p=0.5),
        documents.workflow("w", n="m"),
    ]
    world.apply(*world.manifests)
    world.ask("PatchModels", models=[{"id": "m", "description": "theirs"}], action="merge")
    world.manifests[2]["spec"]["description"] = "ours"
    world.desired_state = world.desired(*world.manifests)
    world.handle = ReadOnlyApi(world.api)
    world.forget_calls()
    return world


def use(world: Any, name: str) -> Any:
    make = {"plan": pipeline.make_plan, "drift": pipeline.find_drift}[name]
    return make(world.handle, world.desired_state, pipeline.PlanOptions(refresh="full"))


def plant(monkeypatch: pytest.MonkeyPatch, stage: str, mistake: Callable[[], None]) -> list[str]:
    """Let a stage make a mistake before it does its work; the times that it did."""
    file, name = stage.split(".")
    module = importlib.import_module(f"reconciler.stages.{file}")
    right, made = getattr(module, name), list[str]()

    @functools.wraps(right)
    def wrong(*args: Any, **options: Any) -> Any:
        made.append(stage)
        mistake()
        return right(*args, **options)

    monkeypatch.setattr(module, name, wrong)
    return made


def other_than_reads(world: Any) -> list[str]:
    return [rpc for rpc in world.emulator.calls.counts if rpc_class(rpc) is not RpcClass.READ]


@pytest.mark.parametrize("rpc", WRITES)
@pytest.mark.parametrize(("name", "stage"), PLANTED)
def test_a_mistake_in_a_stage_ends_the_run_and_sends_nothing(
    applied: Any, monkeypatch: pytest.MonkeyPatch, name: str, stage: str, rpc: str
) -> None:
    made = plant(monkeypatch, stage, lambda: applied.handle.call(rpc, **APP, **WRITES[rpc]))
    with pytest.raises(WriteAttempted, match=rpc):
        use(applied, name)
    assert made
    assert other_than_reads(applied) == []


@pytest.mark.parametrize(("name", "stage"), PLANTED)
def test_nor_one_that_hides_it(applied: Any, monkeypatch: pytest.MonkeyPatch, name: str, stage: str) -> None:
    """It catches the error and goes on: then the run is as good as any, and has written nothing all the same."""

    def mistake() -> None:
        for rpc, fields in WRITES.items():
            for send in (applied.handle.call, applied.handle.pages):
                with pytest.raises(WriteAttempted):
                    send(rpc, **APP, **fields)

    before = applied.snapshot()
    applied.forget_calls()
    made = plant(monkeypatch, stage, mistake)
    assert use(applied, name)
    assert made
    assert applied.emulator.calls.counts
    assert other_than_reads(applied) == []
    assert applied.snapshot() == before


def test_the_same_mistakes_would_be_made_with_the_other_handle(applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the tests above can fail."""
    plant(monkeypatch, "diff.diff", lambda: applied.api.call("PostConcepts", **APP, **WRITES["PostConcepts"]))
    use(applied, "plan")
    assert other_than_reads(applied) == ["PostConcepts"]
