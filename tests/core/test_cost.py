"""The estimate of what an apply takes, against what one really sends."""

import json
import math
from typing import Any

import pytest

from reconciler import saving
from reconciler.client.api import ReadOnlyApi
from reconciler.core.cost import Cost, cost
from reconciler.core.diagnostics import StalePlan
from reconciler.core.plan_document import document
from reconciler.report.as_markdown import plan_markdown
from reconciler.report.as_text import plan_text


def writes(world: Any, planned: Any) -> int:
    """The requests of an apply, counted at the server."""
    world.emulator.calls.reset()
    assert world.carry_out(planned).complete
    return len(world.emulator.calls)


def test_it_is_near_what_an_apply_sends(world: Any, walkthrough: Any) -> None:
    planned = world.plan(walkthrough)
    assert cost(planned.plan).rpcs == pytest.approx(writes(world, planned), rel=0.2)


def test_the_plan_says_how_long_its_requests_take_at_the_rate(world: Any, walkthrough: Any) -> None:
    plan = world.plan(walkthrough, rps=2.5).plan
    told = f"about {cost(plan).rpcs} requests, {math.ceil(cost(plan).rpcs / 2.5)} s at 2.5 a second"
    assert f"Applying takes {told}." in plan_text(plan, color=False)
    assert f"applying takes {told}." in plan_markdown(plan)


def test_nothing_to_do_costs_nothing(world: Any, walkthrough: Any) -> None:
    world.apply(walkthrough)
    assert cost(world.plan(walkthrough).plan) == Cost(0, 0)


def test_inputs_cost_by_the_batch(world: Any, documents: Any) -> None:
    texts = [documents.document("Input", f"t{n}", {"data": {"text": {"raw": f"{n}"}}}) for n in range(130)]
    few, many = (cost(world.plan(documents.app(), *texts[:count]).plan).rpcs for count in (1, 130))
    assert many - few == 2


def test_concepts_cost_by_the_batch(world: Any, documents: Any) -> None:
    concepts = [documents.concept(f"c{n}") for n in range(130)]
    edges = [documents.relation("c0", "hyponym", f"c{n}") for n in range(1, 50)]
    world.apply(documents.app())
    planned = world.plan(documents.app(), *concepts, *edges)
    assert cost(planned.plan).rpcs == writes(world, planned) == 3 + 2 + 1 + 3
    renamed = [documents.concept(f"c{n}", name="another") for n in range(130)]
    planned = world.plan(documents.app(), *renamed, *edges)
    assert cost(planned.plan).rpcs == pytest.approx(writes(world, planned), abs=2)


@pytest.fixture
def switching(world: Any, documents: Any) -> Any:
    """An app that holds three inputs and is to get another default workflow."""
    texts = [documents.document("Input", f"t{n}", {"data": {"text": {"raw": f"{n}"}}}) for n in range(3)]
    parts = [documents.concept("p"), documents.thresholder("m")]
    parts += [documents.workflow(name, n="m") for name in "vw"]
    app = documents.app(default_workflow={"id": "v"})
    world.rest = [*parts, *texts]
    world.apply(app, *world.rest)
    world.switch = lambda **options: world.plan(
        documents.app(default_workflow={"id": "w"}), *world.rest, rails=world.everything, **options
    )
    return world


def test_inputs_that_are_run_again_are_counted(switching: Any) -> None:
    planned = switching.switch(reindex=True)
    assert cost(planned.plan).inputs == 3
    assert "; 3 inputs run again, billed." in plan_text(planned.plan, color=False)
    assert "3 inputs run again, billed" in plan_markdown(planned.plan)
    told = json.loads(document(planned.plan).text())
    assert (told["cost"]["inputs_run_again"], told["options"]["reindex"]) == (3, True)
    switching.forget_calls()
    assert switching.carry_out(planned).complete
    writes = switching.emulator.calls.writes
    (patch,) = (entry.request for entry in writes if entry.rpc == "PatchApps" and entry.request.reindex)
    assert patch.apps[0].default_workflow.id == "w"


def test_inputs_that_are_not_run_again_are_said(switching: Any) -> None:
    planned = switching.switch()
    assert cost(planned.plan).inputs == 0
    said = "3 inputs of the app are not run by its new default workflow; --reindex runs them, too (billed)."
    assert said in plan_text(planned.plan, color=False)
    assert "3 inputs of the app are not run by its new default workflow" in plan_markdown(planned.plan)
    told = json.loads(document(planned.plan).text())
    assert told["cost"]["inputs_left_alone"] == 3
    assert "reindex" not in told["options"]


def test_where_the_default_workflow_stays_nothing_is_counted(switching: Any, documents: Any) -> None:
    switching.forget_calls()
    app = documents.app(default_workflow={"id": "v"}, description="new")
    planned = switching.plan(app, *switching.rest, reindex=True)
    assert planned.plan.inputs == 0
    assert not switching.emulator.calls.counts["GetResourceCounts"]


def test_inputs_that_come_meanwhile_matter_only_if_they_are_billed(switching: Any) -> None:
    free, billed = (saving.saved(switching.switch(reindex=wanted)).text() for wanted in (False, True))
    switching.ask("PostInputs", inputs=[{"id": "more", "data": {"text": {"raw": "x"}}}])
    with pytest.raises(StalePlan, match="the app holds 4 inputs, not 3"):
        saving.replan(ReadOnlyApi(switching.api), billed, "")
    assert saving.replan(ReadOnlyApi(switching.api), free, "").plan.inputs == 4


def test_versions_that_get_a_successor_are_said_to_be_kept(world: Any, documents: Any) -> None:
    def told(*manifests: Any) -> str:
        return plan_text(world.plan(documents.app(), documents.concept("p"), *manifests).plan, color=False)

    first, second = documents.thresholder("a", p=0.5), documents.thresholder("b", p=0.5)
    assert "old version" not in told(first, second)
    world.apply(documents.app(), documents.concept("p"), first, second)
    assert "; 1 old version is kept." in told(documents.thresholder("a", p=0.6), second)
    assert "; 2 old versions are kept." in told(documents.thresholder("a", p=0.6), documents.thresholder("b", p=0.6))


def test_a_rate_makes_seconds_of_requests() -> None:
    assert Cost(30, 0).seconds(10) == 3
    assert Cost(30, 0).seconds(0) == 0
