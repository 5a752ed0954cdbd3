"""The estimate of what an apply takes, against what one really sends."""

from typing import Any

import pytest

from reconciler.core.cost import Cost, cost


def writes(world: Any, planned: Any) -> int:
    """The requests of an apply, counted at the server."""
    world.emulator.calls.reset()
    assert world.carry_out(planned).complete
    return len(world.emulator.calls)


def test_it_is_near_what_an_apply_sends(world: Any, walkthrough: Any) -> None:
    planned = world.plan(walkthrough)
    assert cost(planned.plan).rpcs == pytest.approx(writes(world, planned), rel=0.2)


def test_nothing_to_do_costs_nothing(world: Any, walkthrough: Any) -> None:
    world.apply(walkthrough)
    assert cost(world.plan(walkthrough).plan) == Cost(0, 0)


def test_inputs_cost_by_the_batch(world: Any, documents: Any) -> None:
    texts = [documents.document("Input", f"t{n}", {"data": {"text": {"raw": f"{n}"}}}) for n in range(130)]
    few, many = (cost(world.plan(documents.app(), *texts[:count]).plan).rpcs for count in (1, 130))
    assert many - few == 2


def test_a_rate_makes_seconds_of_requests() -> None:
    assert Cost(30, 0).seconds(10) == 3
    assert Cost(30, 0).seconds(0) == 0
