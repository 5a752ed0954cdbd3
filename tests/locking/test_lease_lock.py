"""A lease over time: renewed, too late, taken away, and on machines whose clocks jump or stand still."""

import random
import threading
from typing import Any

import pytest

from reconciler.core.diagnostics import LockHeld
from reconciler.core.lease import CLOCK_MARGIN, TTL, State
from reconciler.locking.clocks import Clocks
from reconciler.locking.lease_lock import ttl_for
from reconciler.locking.lock import LockLost, Waiting
from reconciler.locking.opening import unlock

HOUR = 3600.0


def may_write(lock: Any) -> bool:
    try:
        with lock.write("PostModels"):
            return True
    except LockLost:
        return False


def states(shelf: Any) -> dict[int, State]:
    return {number: entry.lease.state for number, entry in shelf.entries_by_number.items()}


# ---- one holder


def test_who_holds_it_may_write_until_a_call_could_outlast_it(lock: Any, time: Any) -> None:
    with lock() as mine:
        time.passes(60 - 5 - CLOCK_MARGIN)
        assert may_write(mine)
        time.passes(0.1)
        assert not may_write(mine)


def test_before_and_after_nobody_writes(lock: Any) -> None:
    mine = lock()
    assert not may_write(mine)
    with mine:
        assert may_write(mine)
    assert not may_write(mine)


def test_a_renewal_counts_from_when_it_was_begun(lock: Any, time: Any, shelf: Any) -> None:
    with lock() as mine:
        time.passes(20)
        shelf.slow = 10
        mine.renew()
        time.passes(60 - 10 - 5 - CLOCK_MARGIN)
        assert may_write(mine)
        time.passes(0.1)
        assert not may_write(mine)


def test_a_renewal_that_comes_after_the_end_does_not_count(lock: Any, time: Any, shelf: Any) -> None:
    with lock() as mine:
        time.passes(50)
        shelf.slow = 15
        mine.renew()
        assert not may_write(mine)


def test_a_renewal_that_fails_is_told_and_the_present_time_goes_on(lock: Any, time: Any, shelf: Any) -> None:
    with lock() as mine:
        shelf.broken = True
        mine.renew()
        assert mine.said == ["warning: the lock lease-1 was not renewed: the store is away"]
        assert may_write(mine)
        time.passes(60)
        assert not may_write(mine)
        shelf.broken = False


def test_a_lease_that_was_taken_away_ends_the_writing_at_the_next_renewal(lock: Any, time: Any, shelf: Any) -> None:
    with lock() as mine:
        assert unlock(shelf, 1, time.clocks()) is not None
        with lock("other"):
            mine.renew()
            with pytest.raises(LockLost, match="taken away"), mine.write("PostModels"):
                pass


def test_the_time_of_a_lease_leaves_room_for_the_longest_call() -> None:
    assert ttl_for(30) == TTL
    assert ttl_for(600) == 3 * (600 + CLOCK_MARGIN)


def test_a_lock_is_not_let_go_over_a_write_that_is_under_way(lock: Any, shelf: Any) -> None:
    mine = lock()
    mine.__enter__()
    with mine.write("PostModels"):
        mine.__exit__()
    assert states(shelf) == {1: State.HELD}
    assert mine.said == ["warning: the lock lease-1 ends by itself: a write is still under way"]


def test_a_lock_that_cannot_be_released_is_told_and_ends_by_itself(lock: Any, time: Any, shelf: Any) -> None:
    with lock() as mine:
        del shelf.entries_by_number[1]
        shelf.replace = lambda lease: (_ for _ in ()).throw(LockHeld("no answer"))
    assert mine.said == ["warning: the lock lease-1 was not released (no answer); it ends by itself"]


# ---- the next one


def test_a_lock_that_is_held_is_refused_with_the_name_of_its_holder(lock: Any) -> None:
    with lock("ci@one"), pytest.raises(LockHeld) as refused:
        lock("ci@two").take()
    assert "Who:       ci@one" in refused.value.message
    assert refused.value.exit_code == 9


def test_the_next_waits_with_growing_pauses_and_gets_in_when_the_lease_is_over(lock: Any, time: Any) -> None:
    lock("crashed").take()
    told: list[str] = []
    begun = time.now
    lock("next", waiting=Waiting(600, told.append)).take()
    assert 60 <= time.now - begun <= 60 * 1.1 + 15  # a pause at most beyond its end
    assert time.slept == sorted(time.slept)
    assert len(told) == 1


def test_waiting_has_an_end(lock: Any, time: Any) -> None:
    lock("other").take()
    begun = time.now
    with pytest.raises(LockHeld):
        lock("me", waiting=Waiting(30, lambda text: None)).take()
    assert time.now - begun == pytest.approx(30)


def test_leases_are_deleted_when_their_successors_are_old_and_the_last_one_stays(
    lock: Any, time: Any, shelf: Any
) -> None:
    for _ in range(5):
        with lock():
            pass
        time.passes(HOUR)
    assert states(shelf) == {4: State.RELEASED, 5: State.RELEASED}


# ---- clocks


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_holder_whose_calendar_jumps_and_the_next_are_never_inside_together(
    lock: Any, time: Any, shelf: Any, jump: float
) -> None:
    with lock() as mine:
        time.passes(10)
        time.skew = jump
        mine.renew()
        # Put back an hour it goes on, since its own clock counts; put ahead it cannot tell that from sleep, and stops.
        assert may_write(mine) == (jump < 0)
        time.skew = 0.0
        time.passes(40)
        if may_write(mine):
            with pytest.raises(LockHeld):
                lock("other").take()


@pytest.mark.parametrize("skew", [-HOUR, HOUR])
def test_a_taker_whose_calendar_is_wrong_does_not_get_in_beside_the_holder(
    lock: Any, time: Any, shelf: Any, skew: float
) -> None:
    with lock() as mine:
        time.passes(5)
        time.skew = skew
        with pytest.raises(LockHeld):
            lock("other").take()
        time.skew = 0.0
        assert may_write(mine)
        mine.renew()
        assert may_write(mine)
        with pytest.raises(LockHeld):  # nor does a third one, behind what the second one withdrew
            lock("third").take()
    assert lock("third")._attempt() is None


def test_a_taker_with_a_fast_calendar_gets_in_when_the_lease_is_over_by_the_stores_time(lock: Any, time: Any) -> None:
    lock("crashed").take()
    time.skew = HOUR
    time.passes(61)
    lock("next").take()


@pytest.mark.parametrize("seed", range(100))
def test_a_process_that_was_stopped_past_the_end_writes_nothing_when_it_wakes(
    lock: Any, time: Any, shelf: Any, seed: int
) -> None:
    """It is stopped somewhere between two writes, somebody else works meanwhile, and it wakes with all its plans."""
    draw = random.Random(seed)
    mine, stop_at, written = lock("stopped"), draw.randrange(20), list[tuple[str, float]]()
    mine.take()
    for number in range(40):
        if number == stop_at:
            time.passes(draw.uniform(60, 2 * HOUR))
            if draw.random() < 0.7:
                with lock("other") as other:
                    written += [("other", time.now)] if may_write(other) else []
        if number % 10 == 9:
            mine.renew()
        if may_write(mine):
            written.append(("stopped", time.now))
        time.passes(draw.uniform(0, 3))
    stopped = [at for who, at in written if who == "stopped"]
    assert len(stopped) == stop_at or stop_at > 15  # before, it wrote as often as it could
    last = max(stopped, default=0.0)
    assert all(at > last for who, at in written if who == "other")
    assert last <= 1_000_000 + 19 * 3


def test_a_thread_renews_it_in_the_background(lock: Any, shelf: Any) -> None:
    renewed, replace = threading.Event(), shelf.replace

    def replaced(lease: Any) -> None:
        replace(lease)
        if lease.expires is not None and lease.state is State.HELD:
            renewed.set()

    shelf.replace = replaced
    with lock(clocks=Clocks(), ttl=0.15, call_seconds=0.0, margin=0.0):
        assert renewed.wait(10)
