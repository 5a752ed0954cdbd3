"""Random programmes of two owners, strangers and a bad network, with every promise checked after every step.

A failed case is deterministic: the same test fails again, and prints its programme. `PROGRAMMES` and `STEPS` ask for
more of them (`make soak`), `--hypothesis-profile=other-each-time` for others, which are then made small.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture.providers import Constants
from hypothesis.stateful import run_state_machine_as_test

from reconciler.emulator.execution.training import Outcome
from tests.reliability.bursts import HAZE, KINDS
from tests.reliability.in_process import OverSockets, without_threads
from tests.reliability.machine import Machine
from tests.reliability.programme import Tally

PROGRAMMES = int(os.environ.get("PROGRAMMES", "500"))
STEPS = int(os.environ.get("STEPS", "30"))
CHUNK = 100
"""Programmes of one case, so that workers can share them."""
OVER_SOCKETS = 20

LEARNED = Outcome(21100, learned=b"learned", inputs=1)


def training_at_once() -> Any:
    """A training is queued, polled and ends as ever, but nobody computes anything."""
    return mock.patch("reconciler.emulator.execution.training.train", return_value=LEARNED)


@pytest.fixture(autouse=True)
def learns_at_once() -> Iterator[None]:
    with training_at_once():
        yield


def programmes(count: int, number: int, **more: Any) -> Tally:
    """Run so many random programmes, the same ones for the same number; what they came to."""
    told = Tally()
    machine = type("Programmes", (Machine,), {"tally": told, **more})
    same = settings.default.derandomize
    phases = [Phase.generate] if same else list(Phase)  # to make one small takes minutes
    chosen = settings(
        max_examples=count, stateful_step_count=STEPS, database=None, phases=phases,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    if not same:
        run_state_machine_as_test(machine, settings=chosen)
        return told
    # Hypothesis draws numbers that stand in our sources more often; then any edit anywhere would change the programmes.
    # And it mutates programmes, which leaves them shorter.
    with mock.patch("hypothesis.internal.conjecture.providers._get_local_constants", return_value=Constants()):
        run_state_machine_as_test(seed(number)(machine), settings=chosen, _min_steps=STEPS - 1)
    return told


@pytest.fixture
def in_one_thread() -> Iterator[None]:
    with without_threads():
        yield


def enough(told: Tally, count: int) -> None:
    """The programmes tried what they are for."""
    share = count / 500
    assert told.programmes >= count
    assert told.steps >= count * STEPS * 0.99
    assert told.struck >= 0.2 * told.applies, told
    assert told.objects >= 5 * told.applies, told
    few = {kind: told.strikes[kind] for kind in KINDS if told.strikes[kind] < 25 * share}
    assert not few, f"struck too seldom: {few}"
    assert sum(told.strikes[kind] for kind in HAZE) >= 50 * share


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("in_one_thread")
@pytest.mark.parametrize("chunk", range(PROGRAMMES // CHUNK))
def test_every_promise_holds_in_random_programmes(chunk: int, figures: Callable[[str, float], None]) -> None:
    told = programmes(CHUNK, chunk)
    enough(told, CHUNK)
    figures("random programmes", told.programmes)
    figures("steps of random programmes", told.steps)
    figures("applies in random programmes", told.applies)
    figures("applies in random programmes that met a fault", told.struck)
    figures("faults in random programmes", told.strikes.total())


@pytest.mark.parametrize("chunk", range(4))
def test_every_promise_holds_over_real_connections(chunk: int, figures: Callable[[str, float], None]) -> None:
    told = programmes(OVER_SOCKETS // 4, 1000 + chunk, service=OverSockets)
    assert told.struck >= 0.1 * told.applies
    figures("random programmes over real connections", told.programmes)


def test_the_programmes_are_as_many_as_promised() -> None:
    assert PROGRAMMES // CHUNK * CHUNK >= 500
    assert STEPS >= 30
