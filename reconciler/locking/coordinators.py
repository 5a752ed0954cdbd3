"""A lock in a system that has locks of its own: etcd, Redis, PostgreSQL, ZooKeeper, a file.

By tooz, which is an extra: `tooz+` before one of its URLs. Belongs here: taking such a lock, keeping it alive, and how
long it can be relied on. Does not belong here: leases of our own (`lease_lock`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from reconciler.core.diagnostics import LockHeld, ReconcilerError
from reconciler.core.lease import Holder, Validity
from reconciler.locking.clocks import Clocks
from reconciler.locking.lock import LockLost, Waiting, Writes, lock_info, wait_for

SCHEME = "tooz+"

SESSIONS = ("file", "postgresql", "mysql", "ipc")
"""Systems whose lock lives as long as the process or its connection, and needs no renewal."""

BEATS = 3
"""How often a lock that ends by itself is renewed in its time."""

MARGIN = 60.0
"""Seconds beyond a call that such a lock lasts at least, where the URL does not say how long."""


@dataclass
class CoordinatedLock:
    """One taking of a lock; `url` is tooz's own, without our prefix."""

    url: str
    name: str
    holder: Holder
    call_seconds: float = 30.0
    waiting: Waiting = field(default_factory=Waiting)
    clocks: Clocks = field(default_factory=Clocks)
    lease_id: str = ""

    def __post_init__(self) -> None:
        """Begin to measure time."""
        self._passed = self.clocks.stopwatch()
        self._validity = Validity(float("-inf"))
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._writes = Writes()
        self._coordinator: Any = None
        self._lock: Any = None
        self._lasts = self.call_seconds + MARGIN

    @property
    def _by_session(self) -> bool:
        return self.url.partition(":")[0].partition("+")[0] in SESSIONS

    def __enter__(self) -> Self:
        """Take it; raises LockHeld, which cannot say who has it: these systems do not tell."""
        self._coordinator, self._lasts = coordinator(self.url, self._lasts)
        try:
            self._lock = self._coordinator.get_lock(self.name.encode())
            wait_for(self._attempt, self.clocks, self.waiting)
        except BaseException:
            self._coordinator.stop()
            raise
        if self.clocks.background and not self._by_session:
            self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)
            self._thread.start()
        return self

    def _attempt(self) -> None:
        before = self._passed()
        if not _asked(lambda: self._lock.acquire(blocking=False)):
            raise LockHeld(
                f"{self.name} is locked by another run\n{lock_info(self.name, self.url.partition('?')[0], None)}",
                hint="wait for it with --lock-timeout 10m",
            )
        self._validity = Validity(float("inf") if self._by_session else before + self._lasts)

    def __exit__(self, *problem: object) -> None:
        """Let it go, with the connection."""
        self._stop.set()
        self._validity = Validity(float("-inf"))
        if self._writes:
            return  # it ends with this process
        if self._thread is not None:
            self._thread.join()
        try:
            self._lock.release()
        finally:
            self._coordinator.stop()

    @contextmanager
    def write(self, rpc: str) -> Iterator[None]:
        """Surrounds a write: raises LockLost unless the lock outlasts it for certain."""
        self._check(rpc)
        with self._writes.one():
            yield

    def _check(self, rpc: str) -> None:
        if not self._lock.acquired or not self._validity.permits(self._passed(), self.call_seconds):
            raise LockLost(
                f"{rpc} was not sent: the lock {self.name} is over, or ends before the call may",
                hint="this machine slept, or the lock could not be renewed; run it again",
            )

    def _keep(self) -> None:
        while not self._stop.wait(self._lasts / BEATS):
            self.renew()

    def renew(self) -> None:
        """Prolong it. Some drivers only log what went wrong, so its owner is asked for where that can be."""
        before = self._passed()
        try:
            # The coordinator's own heartbeat hides a lock that was lost.
            kept = self._lock.heartbeat() and _still_owner(self._lock)
        except Exception:
            return  # the present time goes on; `write` sees its end
        if kept:
            self._validity = Validity(before + self._lasts)


def _still_owner(lock: Any) -> bool:
    from tooz import NotImplemented as Unable

    try:
        return bool(lock.is_still_owner())
    except Unable:
        return True


def _asked(call: Callable[[], Any]) -> Any:
    from tooz import ToozError

    try:
        return call()
    except ToozError as why:
        raise ReconcilerError(f"the lock's system does not answer: {why}") from None


def coordinator(url: str, lasts: float) -> tuple[Any, float]:
    """(a started coordinator, seconds after which its locks end); ReconcilerError if it cannot be reached."""
    try:
        from tooz import coordination
    except ImportError:
        hint = "pip install 'reconciler[lock-tooz]'"
        raise ReconcilerError(f"--lock {SCHEME}{url} needs the library tooz", hint=hint) from None
    separator = "&" if "?" in url else "?"
    timed = url if "lock_timeout=" in url else f"{url}{separator}lock_timeout={lasts:.0f}"
    try:
        found = coordination.get_coordinator(timed, f"reconciler-{os.getpid()}".encode())
        found.start()
    except Exception as why:  # each driver has errors of its own; without a lock nothing is written
        raise ReconcilerError(f"--lock {SCHEME}{url.partition('?')[0]}: {why}") from None
    return found, float(getattr(found, "lock_timeout", lasts))
