"""A lock that is a numbered lease: taken, renewed by a thread, checked before each write, released.

The protocol is `core.lease`; here it gets a clock and a store. Belongs here: nothing that knows what the store is.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from reconciler.core import lease as leases
from reconciler.core.diagnostics import LockHeld, ReconcilerError
from reconciler.core.lease import Busy, Create, Delete, Entry, Holder, Lease, Look, Made, Replace, Seen, Validity, Won
from reconciler.locking.clocks import Clocks
from reconciler.locking.lock import LockLost, Waiting, Writes, lock_info, wait_for


class LeaseStore(Protocol):
    """Where leases are kept. Each call is done whole or not at all; `create` must refuse a number that is taken."""

    @property
    def path(self) -> str:
        """How people call the place."""
        ...

    @property
    def retention(self) -> float:
        """Seconds that a lease must stay after the next one was made: how far its lists may lag behind."""
        ...

    def name(self, number: int) -> str:
        """The id of a lease, as `force-unlock` takes it."""
        ...

    def entries(self) -> tuple[Entry, ...]:
        """Every lease."""
        ...

    def create(self, lease: Lease) -> Made | None:
        """Make it; None if the number is taken, or nobody knows."""
        ...

    def replace(self, lease: Lease) -> None:
        """Store another state of it."""
        ...

    def delete(self, numbers: tuple[int, ...]) -> None:
        """Delete some; those that are gone are no failure."""
        ...


def carry(
    talk: leases.Talk,
    store: LeaseStore,
    wall: Callable[[], float],
    sending: Callable[[leases.Request], None] = lambda request: None,
) -> Any:
    """Do what a protocol asks for, until it has decided; `sending` hears of each call before it is sent."""
    try:
        asked = next(talk)
        while True:
            sending(asked)
            asked = talk.send(_answer(asked, store, wall))
    except StopIteration as end:
        return end.value


def _answer(asked: leases.Request, store: LeaseStore, wall: Callable[[], float]) -> leases.Reply:
    match asked:
        case Look():
            return Seen(store.entries(), wall())
        case Create(lease):
            return store.create(lease)
        case Replace(lease):
            store.replace(lease)
        case Delete(numbers):
            store.delete(numbers)
    return None


def ttl_for(call_seconds: float) -> float:
    """How long a lease lasts: long enough that a renewal in good time always leaves room for a call."""
    return max(leases.TTL, leases.RENEWALS * (call_seconds + leases.CLOCK_MARGIN))


@dataclass
class LeaseLock:
    """One taking of a lease. `call_seconds` is the deadline of a call: no write is sent that could end too late."""

    store: LeaseStore
    holder: Holder
    call_seconds: float = 30.0
    ttl: float = 0.0
    """Seconds; 0 chooses."""
    margin: float = leases.CLOCK_MARGIN
    waiting: Waiting = field(default_factory=Waiting)
    clocks: Clocks = field(default_factory=Clocks)
    warn: Callable[[str], None] = print
    unlock: str = "reconciler force-unlock"
    """The command that a refusal proposes; the id is added."""
    entry: Entry | None = None
    """The lease while it is ours."""

    def __post_init__(self) -> None:
        """Begin to measure time."""
        self.ttl = self.ttl or ttl_for(self.call_seconds)
        self._passed = self.clocks.stopwatch()
        self._validity = Validity(float("-inf"))
        self._old: tuple[int, ...] = ()
        self._sent = 0.0
        """When the lease that we have was about to be made."""
        self._lost = ""
        self._writes = Writes()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lease_id(self) -> str:
        """The id of the lease, once it is taken."""
        return self.store.name(self.entry.number) if self.entry else ""

    # ---- taking and letting go

    def __enter__(self) -> Self:
        """Take it, waiting as long as was asked for; raises LockHeld."""
        self.take()
        return self

    def take(self) -> None:
        """Take it; from now on it is renewed in the background."""
        wait_for(self._attempt, self.clocks, self.waiting)
        if self.clocks.background:
            self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)
            self._thread.start()

    def _attempt(self) -> None:
        talk = leases.acquire(uuid.uuid4().hex, self.holder, self.ttl, self.store.retention)
        verdict = carry(talk, self.store, self.clocks.wall, self._note_time)
        if isinstance(verdict, Busy):
            raise self._held(verdict.holder)
        assert isinstance(verdict, Won)
        self._validity = Validity(self._sent + self.ttl)
        self.entry, self._old = verdict.entry, verdict.old

    def _note_time(self, request: leases.Request) -> None:
        if isinstance(request, Create):
            self._sent = self._passed()

    def _held(self, other: Entry | None) -> LockHeld:
        if other is None:
            return LockHeld(f"{self.store.path} is locked: others come in all the time", hint="--lock-timeout waits")
        left = other.expires - self.clocks.wall()
        expires = f"in {left / 60:.0f} min unless it is renewed" if left < float("inf") else "never: it is unreadable"
        name = self.store.name(other.number)
        return LockHeld(
            f"{self.store.path} is locked by another run\n"
            f"{lock_info(name, self.store.path, other.lease.holder, expires)}",
            hint=f"wait for it with --lock-timeout 10m; if that run is gone for good: {self.unlock} {name}",
        )

    def __exit__(self, *problem: object) -> None:
        """Release it; what cannot be released ends by itself."""
        self._stop.set()
        self._validity = Validity(float("-inf"))
        if self.entry is None:
            return
        if self._writes:
            self.warn(f"warning: the lock {self.lease_id} ends by itself: a write is still under way")
            return
        if self._thread is not None:
            self._thread.join()
        try:
            carry(leases.release(self.entry.lease, self._old), self.store, self.clocks.wall)
        except ReconcilerError as why:
            self.warn(f"warning: the lock {self.lease_id} was not released ({why}); it ends by itself")

    # ---- meanwhile

    @contextmanager
    def write(self, rpc: str) -> Iterator[None]:
        """Surrounds a write: raises LockLost unless the lease outlasts it for certain."""
        self._check(rpc)
        with self._writes.one():
            yield

    def _check(self, rpc: str) -> None:
        if self._lost:
            raise LockLost(f"{rpc} was not sent: {self._lost}", hint="run it again: it continues where this stopped")
        if not self._validity.permits(self._passed(), self.call_seconds, self.margin):
            raise LockLost(
                f"{rpc} was not sent: the lock {self.lease_id} is over, or ends before the call may",
                hint="this machine slept, or the lock could not be renewed; run it again",
            )

    def stop(self, why: str) -> None:
        """Let no more writes pass."""
        self._lost = why

    def _keep(self) -> None:
        while not self._stop.wait(self.ttl / leases.RENEWALS):
            self.renew()

    def renew(self) -> None:
        """Prolong it by its whole time; a failure shows in `write` once the present time is over."""
        assert self.entry is not None
        before = self._passed()
        # What the store's clock says now, at the least: it made the lease after we sent it.
        now = self.entry.made + (before - self._sent)
        try:
            longer = carry(leases.renew(self.entry.lease, now + self.ttl), self.store, self.clocks.wall)
        except ReconcilerError as why:
            self.warn(f"warning: the lock {self.lease_id} was not renewed: {why}")
            return
        if longer is None:
            self._lost = f"the lock {self.lease_id} was taken away (force-unlock, or deleted)"
        elif self._passed() < self._validity.until:  # else somebody may have come in between
            self.entry = Entry(longer, self.entry.made)
            self._validity = Validity(before + self.ttl)
