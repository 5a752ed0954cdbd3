"""One token bucket for all threads of a run: at most `rps` calls a second, whatever the parallelism.

The service allows a user 15 requests a second by default and answers 11005 above that (facts 9), so requests are what
a run pays with. Others may spend from the same budget: a throttled reply halves the rate, and quiet brings it back.
Belongs here: when a call may start. Does not belong here: what to do when one is refused (`retry`).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

BURST = 5
"""Calls that may start at once after a rest: 5 + 10 in the first second stays within the service's 15."""

SLOWEST = 0.5
"""Calls a second below which no throttling brings the rate."""

ASSUMED = 16.0
"""Where an unlimited rate begins to be halved: just above the service's default limit (facts 9)."""

REGAIN = 30.0
"""Seconds without a throttled reply in which a rate grows from nothing to the full one."""

ONE_THROTTLING = 1.0
"""Seconds within which several throttled replies count once: threads are refused together."""


class Limiter:
    """Lets calls start at a rate; a thread that comes too early sleeps until its reserved turn.

    The bucket is kept as one number, the time at which it will be full again. A turn is reserved under the lock and
    slept for outside it, so the full rate is used however long a thread oversleeps.
    """

    def __init__(
        self,
        rps: float = 10.0,
        *,
        burst: int = BURST,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`rps` 0 means no limit until the service sets one by throttling."""
        if rps < 0 or burst < 1:
            raise ValueError(f"a limiter needs rps >= 0 and burst >= 1, not {rps} and {burst}")
        self._full_rate = rps or math.inf
        self._rate = self._full_rate
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._full_at = self._adjusted = clock()
        self._slowed = -math.inf

    @property
    def rate(self) -> float:
        """Calls a second that may start now; infinite without a limit."""
        with self._lock:
            self._regain(self._clock())
            return self._rate

    def acquire(self) -> float:
        """Return when the next call may start; the seconds that were slept."""
        pause = self._reserve()
        if pause > 0:
            self._sleep(pause)
        return pause

    def _reserve(self) -> float:
        with self._lock:
            now = self._clock()
            self._regain(now)
            interval = 1.0 / self._rate
            # Nobody bursts while the service is short of breath.
            slack = (self._burst - 1) * interval if self._rate == self._full_rate else 0.0
            start = max(self._full_at, now)
            self._full_at = start + interval
            return max(0.0, start - slack - now)

    def _regain(self, now: float) -> None:
        """Let a slowed rate grow with the time that passed; an unlimited one is free again above what was assumed."""
        if self._rate < self._full_rate:
            ceiling = min(self._full_rate, ASSUMED)
            grown = self._rate + (now - self._adjusted) * ceiling / REGAIN
            self._rate = self._full_rate if grown >= ceiling else grown
        self._adjusted = now

    def slow_down(self) -> None:
        """Halve the rate and empty the bucket, after a throttled reply."""
        with self._lock:
            now = self._clock()
            self._regain(now)
            if now - self._slowed >= ONE_THROTTLING:
                self._rate = max(min(SLOWEST, self._full_rate), min(self._rate, ASSUMED) / 2)
                self._slowed = now
            self._full_at = max(self._full_at, now + 1.0 / self._rate)
