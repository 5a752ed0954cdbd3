"""The clock that a lock relies on counts sleep, and what only the calendar knows of."""

import time

from reconciler.locking.clocks import Stopwatch, since_boot


def test_the_clock_is_one_that_counts_a_suspended_machine_where_there_is_one() -> None:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    before, passed, after = time.clock_gettime(clock), since_boot(), time.clock_gettime(clock)
    assert before <= passed <= after


def test_a_stopwatch_follows_the_clock_that_went_farthest_and_never_goes_back() -> None:
    boot, wall = [100.0], [5000.0]
    passed = Stopwatch(lambda: boot[0], lambda: wall[0])
    boot[0] += 3
    assert passed() == 3
    wall[0] += 60  # restored from a snapshot: only the calendar was put right
    assert passed() == 60
    wall[0] -= 3600
    assert passed() == 60
    boot[0] += 100
    assert passed() == 103
