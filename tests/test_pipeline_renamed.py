"""Ids that somebody changed: the old one is gone, the new one is nobody's until the manifests name it."""

from typing import Any

import pytest

from reconciler import pipeline
from reconciler.client.api import ReadOnlyApi
from reconciler.core.drift import DriftStatus
from reconciler.core.remote import Moved


@pytest.fixture
def shop(world: Any, documents: Any) -> Any:
    """A model and the workflow that uses it, applied."""
    world.manifests = lambda model="old", workflow="flow": [
        documents.app(),
        documents.concept("p"),
        documents.thresholder(model),
        documents.workflow(workflow, n=model),
    ]
    world.apply(*world.manifests())
    return world


def rename(world: Any, rpc: str, old: str, new: str) -> None:
    """What another client does."""
    world.ask(rpc, ids=[{"id": old, "new_id": new}], action="overwrite")
    world.forget_calls()


def test_what_has_another_id_now_is_missing_and_says_where_it_went(shop: Any) -> None:
    rename(shop, "PatchModelIds", "old", "new")
    planned = shop.plan(*shop.manifests())
    assert shop.actions(planned) == {"models/old": "create", "workflows/flow": "update"}
    assert planned.plan.changes[0].reasons == ("its id was changed to new",)
    report = pipeline.find_drift(ReadOnlyApi(shop.api), planned.desired, planned.options)
    (missing,) = (entry for entry in report.entries if entry.status is DriftStatus.MISSING)
    assert (str(missing.address), missing.message) == ("models/old", "its id was changed to new")
    assert "models/new" in {str(unmanaged.address) for unmanaged in report.unmanaged}
    shop.apply(*shop.manifests())
    assert shop.pins("flow")["n"][0] == "old"
    assert shop.plan(*shop.manifests()).plan.summary.empty


def test_manifests_that_name_the_new_ids_take_it_over_as_it_is(shop: Any) -> None:
    rename(shop, "PatchModelIds", "old", "new")
    rename(shop, "PatchWorkflowIds", "flow", "stream")
    manifests = shop.manifests("new", "stream")
    planned = shop.plan(*manifests)
    gone = {"models/old": "forget", "workflows/flow": "forget"}
    assert shop.actions(planned) == {"models/new": "adopt", "workflows/stream": "adopt", **gone}
    assert shop.carry_out(planned).complete
    assert len(shop.versions("new")) == 1
    assert shop.plan(*manifests).plan.summary.empty


def test_it_does_not_stand_in_the_way_of_a_destroy(shop: Any) -> None:
    rename(shop, "PatchModelIds", "old", "new")
    planned = shop.plan(*shop.manifests(), destroying=True, rails=shop.everything)
    assert shop.carry_out(planned).complete
    assert [model.id for model in shop.listed("ListModels")] == ["new"]


def test_an_app_that_has_another_id_is_not_made_again(shop: Any) -> None:
    rename(shop, "PatchAppsIds", "app", "store")
    with pytest.raises(Moved, match="app app is now store") as refused:
        shop.plan(*shop.manifests())
    assert "write the new id into the manifests" in str(refused.value.hint)


def test_a_model_renamed_between_plan_and_apply_stops_its_step(shop: Any) -> None:
    manifests = shop.manifests()
    manifests[2]["spec"]["description"] = "edited"
    planned = shop.plan(*manifests)
    rename(shop, "PatchModelIds", "old", "new")
    assert shop.carry_out(planned).exit_code == 5
    assert not {"PatchModels", "PostModels"} & set(shop.writes)
