"""The rate limit, with a clock that the test moves: how much passes, and for whom."""

import pytest

from reconciler.emulator.errors import Refusal
from reconciler.emulator.throttle import Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def passed(throttle: Throttle, user: str = "me") -> bool:
    try:
        throttle.check(user)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize("rps", [1, 15, 200])
def test_a_greedy_client_gets_the_rate_and_not_a_tenth_more(rps: int) -> None:
    clock = Clock()
    throttle = Throttle(rps, clock)
    while passed(throttle):
        pass
    let, seconds = 0, 60
    for _ in range(seconds * rps * 64):
        clock.now += 1 / (rps * 64)
        let += passed(throttle)
    assert let == pytest.approx(seconds * rps, rel=0.1)


def test_after_a_rest_one_second_of_calls_passes_at_once() -> None:
    clock = Clock()
    throttle = Throttle(15, clock)
    assert [passed(throttle) for _ in range(16)] == [True] * 15 + [False]
    clock.now += 3600
    assert [passed(throttle) for _ in range(16)] == [True] * 15 + [False]


def test_users_do_not_take_from_each_other() -> None:
    throttle = Throttle(1, Clock())
    assert [passed(throttle, "one"), passed(throttle, "one"), passed(throttle, "two")] == [True, False, True]


def test_no_rate_is_no_limit() -> None:
    assert all(passed(Throttle(0, Clock())) for _ in range(1000))
