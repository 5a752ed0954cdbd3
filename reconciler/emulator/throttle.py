"""Refuse calls above a rate, as the service does at 15 requests a second (facts 9).

Belongs here: counting calls of a user in time. Not here: waiting; the answer is an in-band 11005.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator.errors import Refusal


class Throttle:
    """A token bucket for each user, one second deep; a rate of 0 lets everything pass."""

    def __init__(self, rps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rps = rps
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, user: str) -> None:
        """Count one call of a user; raises 11005 when the bucket is empty."""
        if not self._rps:
            return
        with self._lock:
            now = self._clock()
            left, at = self._buckets.get(user, (float(self._rps), now))
            left = min(float(self._rps), left + (now - at) * self._rps)
            allowed = left >= 1
            self._buckets[user] = (left - 1 if allowed else left, now)
        if not allowed:
            raise Refusal(codes.CONN_THROTTLED, f"exceeded limit of {self._rps} requests per second")
