"""One token bucket for all threads of a run: at most `rps` calls a second, whatever the parallelism.

The service allows a user 15 requests a second by default and answers 11005 above that (facts 9), so requests are what
a run pays with. Belongs here: when a call may start. Does not belong here: what to do when one is refused (`retry`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

BURST = 5
"""Calls that may start at once after a rest: 5 + 10 in the first second stays within the service's 15."""


class Limiter:
    """Lets calls start at a fixed rate; a thread that comes too early sleeps until its reserved turn.

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
        """`rps` 0 means no limit."""
        if rps < 0 or burst < 1:
            raise ValueError(f"a limiter needs rps >= 0 and burst >= 1, not {rps} and {burst}")
        self._interval = 1.0 / rps if rps else 0.0
        self._slack = (burst - 1) * self._interval
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._full_at = clock()

    def acquire(self) -> float:
        """Return when the next call may start; the seconds that were slept."""
        pause = self._reserve()
        if pause > 0:
            self._sleep(pause)
        return pause

    def _reserve(self) -> float:
        with self._lock:
            now = self._clock()
            start = max(self._full_at, now)
            self._full_at = start + self._interval
            return max(0.0, start - self._slack - now)

    def slow_down(self) -> None:
        """Empty the bucket: after a throttled reply nobody may burst. The rate itself stays as it is."""
        with self._lock:
            self._full_at = max(self._full_at, self._clock() + self._slack + self._interval)
