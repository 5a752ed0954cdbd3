from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.client.limiter import Limiter


@pytest.mark.parametrize(("rps", "calls", "seconds"), [(10, 300, 30), (2, 20, 10), (50, 1000, 20)])
def test_the_full_rate_is_used_and_not_passed(time, rps, calls, seconds):
    limiter = Limiter(rps, clock=time.clock, sleep=time.sleep)
    started = time.now
    for _ in range(calls):
        limiter.acquire()
    assert seconds - 6 / rps <= time.now - started <= seconds


def test_oversleeping_loses_no_turns(time):
    time.oversleep = 0.05
    limiter = Limiter(10, clock=time.clock, sleep=time.sleep)
    started = time.now
    for _ in range(300):
        limiter.acquire()
    assert time.now - started <= 30


def test_a_rest_allows_a_small_burst_only(time):
    limiter = Limiter(10, burst=5, clock=time.clock, sleep=time.sleep)
    time.now += 3600
    assert [round(limiter.acquire(), 3) for _ in range(7)] == [0, 0, 0, 0, 0, 0.1, 0.1]


def test_threads_share_one_bucket(time):
    """The clock stands still, so each thread is given a turn of its own."""
    limiter = Limiter(10, burst=5, clock=time.clock, sleep=lambda _: None)
    with ThreadPoolExecutor(32) as pool:
        pauses = sorted(pool.map(lambda _: limiter.acquire(), range(320)))
    assert pauses == pytest.approx([max(0, turn - 4) / 10 for turn in range(320)])


def test_no_limit_never_sleeps(time):
    limiter = Limiter(0, clock=time.clock, sleep=time.sleep)
    assert sum(limiter.acquire() for _ in range(1000)) == 0
    assert not time.slept


def test_a_throttled_reply_halves_the_rate_and_ends_the_burst(time):
    limiter = Limiter(10, clock=time.clock, sleep=time.sleep)
    limiter.slow_down()
    assert [round(limiter.acquire(), 2) for _ in range(2)] == [0.2, 0.2]


def test_replies_that_are_refused_together_count_once(time):
    limiter = Limiter(10, clock=time.clock, sleep=time.sleep)
    for _ in range(8):
        limiter.slow_down()
    assert limiter.rate == 5


def test_the_rate_never_falls_to_nothing(time):
    limiter = Limiter(10, clock=time.clock, sleep=time.sleep)
    for _ in range(50):
        limiter.slow_down()
        time.now += 1
    assert 0.5 <= limiter.rate < 1.5


def test_quiet_brings_the_rate_back_and_the_burst_with_it(time):
    limiter = Limiter(10, burst=5, clock=time.clock, sleep=time.sleep)
    limiter.slow_down()
    time.now += 15
    assert limiter.rate == 10
    assert [limiter.acquire() for _ in range(4)] == [0, 0, 0, 0]


def test_no_limit_becomes_one_when_the_service_throttles_and_ends_again(time):
    limiter = Limiter(0, clock=time.clock, sleep=time.sleep)
    limiter.slow_down()
    assert limiter.rate == 8
    time.now += 60
    assert limiter.rate == float("inf")


def test_a_rate_below_the_slowest_is_kept(time):
    limiter = Limiter(0.1, clock=time.clock, sleep=time.sleep)
    limiter.slow_down()
    assert limiter.rate == 0.1


@pytest.mark.parametrize("wrong", [{"rps": -1}, {"rps": 1, "burst": 0}])
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError, match="limiter needs"):
        Limiter(**wrong)
