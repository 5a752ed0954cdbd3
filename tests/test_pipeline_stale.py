"""Somebody changes an object between plan and apply: it is looked at again right before the write, and left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.core.diagnostics import StalePlan
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


# ---- what keeps no record of its own: whose a relation or a concept is stands in the App


class Meanwhile:
    """A handle with which something happens right before one RPC is called for the first time."""

    def __init__(self, api: Any, rpc: str, happen: Callable[[], Any]) -> None:
        self._api, self._rpc, self._happen = api, rpc, happen

    def _before(self, rpc: str) -> None:
        if rpc == self._rpc:
            self._rpc = ""
            self._happen()

    def call(self, rpc: str, **fields: Any) -> Any:
        self._before(rpc)
        return self._api.call(rpc, **fields)

    def pages(self, rpc: str, **fields: Any) -> Any:
        self._before(rpc)
        return self._api.pages(rpc, **fields)


NAMES = ("p", "q", "r")


@pytest.fixture(params=[1, 2], ids=["alone", "in a batch"])
def edges(request: Any, world: Any, documents: Any) -> Any:
    """An app with relations of one subject, none of which is declared any more."""
    world.rest = [documents.app(), *(documents.concept(name) for name in NAMES)]
    world.edges = [documents.relation("p", "hyponym", name) for name in NAMES[1 : 1 + request.param]]
    world.apply(*world.rest, *world.edges)
    world.doomed = {str(address): "delete" for address in world.desired(*world.rest, *world.edges).resources}
    world.doomed = {name: what for name, what in world.doomed.items() if name.startswith("relations/")}
    return world


def take_over(world: Any, *manifests: Any) -> None:
    world.apply(*manifests, owner="theirs", app_id="app", rails=world.everything)


def ends(result: Any, address: str) -> set[tuple[str, int | None]]:
    return {(str(o.status), o.exit_code) for o in result.outcomes if str(o.step.address) == address}


def test_a_relation_that_another_set_takes_over_while_we_are_at_it_is_not_deleted(edges: Any) -> None:
    planned = edges.plan(*edges.rest, prune=True)
    assert edges.actions(planned) == edges.doomed
    theirs, *ours = edges.edges
    api = Meanwhile(edges.api, "ListConceptRelations", lambda: take_over(edges, theirs))
    result = edges.carry_out(planned, api)
    assert ends(result, "relations/p.hyponym.q") == {("failed", StalePlan.exit_code)}
    assert result.exit_code == (6 if ours else StalePlan.exit_code)
    assert [r.object_concept.id for r in edges.listed("ListConceptRelations")] == ["q"]
    assert edges.actions(edges.plan(*edges.rest, prune=True)) == dict.fromkeys(list(edges.doomed)[1:], "forget")
    assert edges.plan(theirs, owner="theirs", app_id="app").plan.summary.empty


def test_relations_all_of_which_another_set_has_taken_over_are_not_deleted(edges: Any) -> None:
    """Then nothing is left of our inventory, which by itself is no sign: it is so before a first run."""
    take_over(edges, *edges.edges)
    edges.apply(*edges.edges, owner="ours", app_id="app", rails=edges.everything)
    declared = edges.desired(*edges.edges, owner="ours", app_id="app")
    planned = edges.plan(declared, destroying=True, rails=edges.everything)
    assert edges.actions(planned) == edges.doomed
    take_over(edges, *edges.edges)
    result = edges.carry_out(planned)
    assert result.exit_code == StalePlan.exit_code
    assert len(edges.listed("ListConceptRelations")) == len(edges.edges)


def test_a_relation_that_somebody_made_anew_is_not_deleted(edges: Any) -> None:
    planned = edges.plan(*edges.rest, prune=True)
    for relation in edges.listed("ListConceptRelations"):
        edges.ask("DeleteConceptRelations", concept_id="p", ids=[relation.id])
        edges.ask("PostConceptRelations", concept_id="p", concept_relations=[
            {"object_concept": {"id": relation.object_concept.id}, "predicate": relation.predicate}])  # fmt: skip
    result = edges.carry_out(planned)
    assert result.exit_code == StalePlan.exit_code
    assert len(edges.listed("ListConceptRelations")) == len(edges.edges)


@pytest.mark.parametrize("count", [1, 3], ids=["alone", "in a batch"])
def test_a_concept_that_another_set_takes_over_while_we_are_at_it_keeps_its_name(
    world: Any, documents: Any, count: int
) -> None:
    world.apply(documents.app(), *(documents.concept(name) for name in NAMES))
    renamed = [documents.concept(name, name="new" if name in NAMES[:count] else name) for name in NAMES]
    planned = world.plan(documents.app(), *renamed)
    api = Meanwhile(
        world.api, "GetConcept" if count == 1 else "ListConcepts", lambda: take_over(world, documents.concept("p"))
    )
    result = world.carry_out(planned, api)
    assert ends(result, "concepts/p") == {("failed", StalePlan.exit_code)}
    assert {c.id: c.name for c in world.listed("ListConcepts")}["p"] == "p"


def test_an_inventory_in_an_older_form_is_renewed_by_the_way(world: Any, documents: Any) -> None:
    """What the first write of a run makes of it is no movement."""
    world.apply(documents.app(), documents.concept("p"))
    text = world.ask("GetApp").app.metadata["reconciler_app"].replace('"canon":', '"canon":9')
    merge = {"op": "merge", "merge_conflict_resolution": "overwrite"}
    world.ask("PatchApps", action="overwrite", metadata_action=merge,
              apps=[{"id": "app", "metadata": {"reconciler_app": text}}])  # fmt: skip
    renamed = [documents.app(), documents.concept("p", name="new"), documents.concept("q")]
    world.apply(*renamed)
    assert world.plan(*renamed).plan.summary.empty


# ---- reads that are a moment behind


def describe(world: Any, text: str) -> None:
    world.ask("PatchApps", action="overwrite", apps=[{"id": world.scope.app_id, "description": text, "name": "app"}])


@pytest.mark.parametrize(("look", "writes"), [(1, 1), (3, 4)], ids=["opening", "closing"])
def test_a_stale_look_at_the_app_does_not_put_back_what_others_wrote(
    world: Any, documents: Any, look: int, writes: int
) -> None:
    """A patch of an App overwrites: its description travels with the inventory, although the manifests leave it out."""
    world.apply(documents.app())
    describe(world, "theirs")
    world.emulator.faults.add("GetApp", "stale", skip=look, writes=writes)
    describe(world, "theirs, too")
    assert world.carry_out(world.plan(documents.app(), documents.concept("p"))).complete
    assert [struck.rpc for struck in world.emulator.faults.journal] == ["GetApp"]
    assert world.ask("GetApp").app.description == "theirs, too"
