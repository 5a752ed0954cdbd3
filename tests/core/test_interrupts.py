"""What a run hears of its interrupts, and what it waits for."""

import threading
from concurrent.futures import Future

from reconciler.core.interrupts import Interrupts


def ended() -> Future[str]:
    future: Future[str] = Future()
    future.set_result("done")
    return future


def test_the_first_ends_and_the_second_stops():
    interrupts = Interrupts()
    told = []
    for _ in range(3):
        told.append((interrupts.end, interrupts.stop))
        interrupts.hear()
    assert told == [(False, False), (True, False), (True, True)]


def test_what_ended_is_given_in_the_order_it_ended():
    interrupts: Interrupts[str] = Interrupts()
    late, early = Future(), Future()
    interrupts.watch(late), interrupts.watch(early)
    early.set_result("early")
    late.set_result("late")
    assert [interrupts.wait(), interrupts.wait()] == [early, late]


def test_a_future_that_ended_before_it_is_watched_is_given_too():
    interrupts: Interrupts[str] = Interrupts()
    assert interrupts.watch(future := ended()) is future
    assert interrupts.wait() is future


def test_the_first_does_not_end_the_waiting():
    interrupts: Interrupts[str] = Interrupts()
    interrupts.hear()
    interrupts.watch(future := ended())
    assert interrupts.wait() is future


def test_the_second_ends_the_waiting_whatever_hangs():
    interrupts: Interrupts[str] = Interrupts()
    interrupts.watch(Future())
    for delay in (0.02, 0.04):
        threading.Timer(delay, interrupts.hear).start()
    assert interrupts.wait() is None
    interrupts.watch(ended())
    assert interrupts.wait() is None
