"""The use cases over the emulator: from nothing to the whole walkthrough, and then nothing more."""

import pytest

from reconciler import pipeline
from reconciler.client.api import ReadOnlyApi
from reconciler.core.diagnostics import InvalidManifest, Refused
from reconciler.core.plan import Summary
from reconciler.core.remote import WriteAttempted
from reconciler.stages import observe
from tests.canary import CANARY

NOTHING = Summary(0, 0, 0, 0, 0)


def test_the_walkthrough_is_made_and_then_there_is_nothing_to_do(world, walkthrough):
    world.apply(walkthrough)
    assert world.plan(walkthrough).plan.summary == NOTHING


def test_a_second_apply_writes_nothing(world, walkthrough):
    world.apply(walkthrough)
    world.forget_calls()
    world.apply(walkthrough)
    assert world.writes == []


def test_a_plan_sends_only_reads(world, walkthrough):
    world.plan(walkthrough)
    world.apply(walkthrough)
    world.forget_calls()
    world.plan(walkthrough, refresh="full")
    world.plan(walkthrough, destroying=True, prune=True, delete_app=True)
    assert world.writes == []


def test_a_plan_cannot_write_even_with_a_bug_in_a_stage(world, walkthrough, monkeypatch):
    def careless(api, *rest, **more):
        return api.call("PostModels", user_app_id={"user_id": "me", "app_id": "app"}, models=[{"id": "x"}])

    monkeypatch.setattr(observe, "observe", careless)
    world.forget_calls()
    with pytest.raises(WriteAttempted):
        world.plan(walkthrough)
    assert len(world.emulator.calls) == 0


def test_an_absent_app_without_an_app_document_is_an_invalid_manifest(world, documents):
    with pytest.raises(InvalidManifest) as caught:
        world.plan(documents.concept("c"), owner="us", app_id="app")
    assert "does not exist" in caught.value.diagnostics[0].summary


def test_an_app_of_another_account_is_refused_before_anything_is_written(world, documents):
    desired = world.desired(documents.app(), user_id="somebody-else")
    with pytest.raises(Refused, match="this token belongs to user 'me-local'"):
        pipeline.make_plan(ReadOnlyApi(world.api), desired, pipeline.PlanOptions())
    assert world.writes == []


def test_children_are_not_written_into_an_app_that_landed_elsewhere(worlds, documents, monkeypatch):
    world = worlds(tokens={CANARY: "somebody-else"})
    monkeypatch.setattr(pipeline, "whoami", lambda api: "me-local")
    result = world.carry_out(world.plan(documents.app(), documents.concept("c")))
    assert not result.complete
    assert "PostConcepts" not in world.writes


def test_an_edited_threshold_is_a_new_version_and_a_repoint(world, documents):
    rest = [documents.app(), documents.concept("p"), documents.workflow("w", n="m")]
    world.apply(*rest, documents.thresholder("m", p=0.5))
    old = world.pins("w")["n"]
    world.forget_calls()
    world.apply(*rest, documents.thresholder("m", p=0.6))
    assert world.writes == ["PostModelVersions", "PatchWorkflows"]
    assert world.pins("w")["n"] == ("m", world.versions("m")[0].id) != old


def test_a_revert_is_a_new_version_too(world, documents):
    rest = [documents.app(), documents.concept("p"), documents.workflow("w", n="m")]
    for value in (0.5, 0.6, 0.5):
        world.apply(*rest, documents.thresholder("m", p=value))
    assert len(world.versions("m")) == 3
    assert world.pins("w")["n"] == ("m", world.versions("m")[0].id)
