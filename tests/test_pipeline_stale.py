"""Somebody changes an object between plan and apply: it is looked at again right before the write, and left alone."""

from typing import Any

import pytest

from reconciler.core.outcome import Status


@pytest.fixture
def shop(world: Any, documents: Any) -> Any:
    """An app with one thing of each sort, and its manifests."""
    world.manifests = [
        documents.app(default_workflow={"id": "flow"}),
        *(documents.concept(name) for name in ("p", "q")),
        documents.relation("p", "hyponym", "q"),
        documents.thresholder("m", p=0.5),
        documents.workflow("flow", n="m"),
    ]
    world.apply(*world.manifests)
    return world


def refused(world: Any, planned: Any, step: str) -> str:
    """What the step says that found out; it is the only one that failed."""
    result = world.carry_out(planned)
    failed = {o.step.id: o.message for o in result.outcomes if o.status in (Status.FAILED, Status.UNKNOWN)}
    assert set(failed) == {step}, failed
    return failed[step]


def put_nodes(world: Any, *nodes: Any) -> None:
    """Give the workflow these nodes, as somebody else does it in the console."""
    metadata = world.ask("GetWorkflow", workflow_id="flow").workflow.metadata
    workflow = {"id": "flow", "nodes": list(nodes), "metadata": metadata}
    world.ask("PatchWorkflows", action="overwrite", workflows=[workflow])


def model(documents: Any, value: float) -> Any:
    return documents.thresholder("m", p=value)["spec"]["model_version"]


def test_a_field_of_a_workflow(shop: Any, documents: Any) -> None:
    planned = shop.plan(*shop.manifests[:-1], documents.workflow("flow", n="m", more="m"))
    put_nodes(shop, {"id": "n", "model": {"id": "m"}}, {"id": "theirs", "model": {"id": "m"}})
    shop.forget_calls()
    assert "changed since the plan: nodes" in refused(shop, planned, "workflows/flow:update")
    assert "PatchWorkflows" not in shop.writes


def test_a_version_that_a_workflow_is_about_to_be_put_back_to(shop: Any) -> None:
    """A plan that saw the old list of models and the new list of workflows."""
    old = shop.versions("m")[0].id
    shop.ask("PostModelVersions", model_id="m", model_versions=[shop.manifests[4]["spec"]["model_version"]])
    other = shop.versions("m")[0].id
    put_nodes(shop, {"id": "n", "model": {"id": "m", "model_version": {"id": other}}})
    shop.ask("DeleteModelVersion", model_id="m", version_id=other)
    planned = shop.plan(*shop.manifests)
    assert shop.actions(planned) == {"workflows/flow": "update"}
    shop.ask("PostModelVersions", model_id="m", model_versions=[shop.manifests[4]["spec"]["model_version"]])
    assert shop.versions("m")[0].id != old
    shop.forget_calls()
    assert "models/m got another version since the plan" in refused(shop, planned, "workflows/flow:update")
    assert shop.writes == []


def test_a_version_beside_the_one_that_is_about_to_be_adopted(shop: Any, documents: Any) -> None:
    shop.ask("PostModels", models=[{"id": "wild", "model_type_id": "concept-thresholder"}])
    shop.ask("PostModelVersions", model_id="wild", model_versions=[model(documents, 0.5)])
    planned = shop.plan(*shop.manifests, documents.thresholder("wild", p=0.5))
    assert shop.actions(planned) == {"models/wild": "adopt"}
    shop.ask("PostModelVersions", model_id="wild", model_versions=[model(documents, 0.9)])
    shop.forget_calls()
    assert "got a newer version since the plan" in refused(shop, planned, "models/wild:adopt")
    assert "PatchModelVersions" not in shop.writes


def test_another_default_workflow_before_a_destroy_takes_ours_away(shop: Any) -> None:
    planned = shop.plan(*shop.manifests, destroying=True, prune=True, rails=shop.everything)
    general = {"id": "General", "user_id": "clarifai", "app_id": "main"}
    shop.ask("PatchApps", action="overwrite", apps=[{"id": "app", "default_workflow": general}])
    refused(shop, planned, "apps/app:update-late")
    assert shop.ask("GetApp").app.default_workflow.id == "General"


def test_an_app_that_another_set_has_taken_over_keeps_its_record(shop: Any, documents: Any) -> None:
    planned = shop.plan(*shop.manifests, destroying=True, prune=True, rails=shop.everything)
    theirs = documents.app(default_workflow={"id": "flow"}, lifecycle={"owner": "theirs"})
    shop.apply(theirs, rails=shop.everything)
    shop.carry_out(planned)
    record = shop.ask("GetApp").app.metadata["reconciler"]
    assert '"owner":"theirs"' in record


def test_a_relation_that_is_about_to_be_deleted_and_is_not_the_one_any_more(shop: Any) -> None:
    planned = shop.plan(*(m for m in shop.manifests if m["kind"] != "ConceptRelation"), prune=True)
    [relation] = shop.listed("ListConceptRelations", concept_id="p")
    shop.ask("DeleteConceptRelations", concept_id="p", ids=[relation.id])
    shop.forget_calls()
    assert shop.carry_out(planned).complete
    assert "DeleteConceptRelations" not in shop.writes
