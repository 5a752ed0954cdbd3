"""Time as a lock needs it: how much has passed, at the most, whatever the machine did meanwhile.

Belongs here: which of the machine's clocks is asked. Does not belong here: what time means for a lease (`core.lease`).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_BOOT = getattr(time, "CLOCK_BOOTTIME", None) or getattr(time, "CLOCK_MONOTONIC", None)


def since_boot() -> float:
    """Seconds on a clock that nobody can set, and that runs on while the machine sleeps or the process is stopped.

    Linux: CLOCK_BOOTTIME, since CLOCK_MONOTONIC stands still in a suspended machine. On macOS CLOCK_MONOTONIC counts
    sleep, but `time.monotonic` does not; on Windows `time.monotonic` does.
    """
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


@dataclass
class Stopwatch:
    """Seconds since it was made, as much as any clock says: a machine that is restored from a snapshot knows of the
    time in between only by its calendar. A calendar that is put ahead counts, too; one that is put back does not.
    """

    boot: Callable[[], float] = since_boot
    wall: Callable[[], float] = time.time
    _most: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """Begin."""
        self._boot, self._wall = self.boot(), self.wall()

    def __call__(self) -> float:
        """Never less than before."""
        with self._lock:
            self._most = max(self._most, self.boot() - self._boot, self.wall() - self._wall)
            return self._most


@dataclass(frozen=True)
class Clocks:
    """Everything about time that a lock is given, so that no test waits."""

    wall: Callable[[], float] = time.time
    boot: Callable[[], float] = since_boot
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[float, float], float] = random.uniform
    background: bool = True
    """Whether a thread renews the lock by itself."""

    def stopwatch(self) -> Stopwatch:
        """A new one."""
        return Stopwatch(self.boot, self.wall)
