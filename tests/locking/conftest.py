"""A store of leases in memory and clocks that stand still until they are told to go on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.lease import Entry, Holder, Lease, Made
from reconciler.locking.clocks import Clocks
from reconciler.locking.lease_lock import LeaseLock


@dataclass
class Time:
    """What time it really is, and by how much a machine's calendar is wrong."""

    now: float = 1_000_000.0
    skew: float = 0.0
    slept: list[float] = field(default_factory=list)

    def passes(self, seconds: float) -> None:
        self.now += seconds

    def clocks(self, **more: Any) -> Clocks:
        """The clocks of one machine in this time."""

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.passes(seconds)

        return Clocks(
            wall=lambda: self.now + self.skew,
            boot=lambda: self.now - 999_000.0,
            sleep=sleep,
            jitter=lambda low, high: high,
            background=False,
            **more,
        )


@dataclass
class Shelf:
    """A `LeaseStore` in memory that stamps what it makes with the real time."""

    time: Time
    entries_by_number: dict[int, Entry] = field(default_factory=dict)
    path: str = "app me/shop"
    retention: float = 900.0
    broken: bool = False
    slow: float = 0.0
    """Seconds that a replacement takes."""

    def name(self, number: int) -> str:
        return f"lease-{number}"

    def entries(self) -> tuple[Entry, ...]:
        if self.broken:
            raise ReconcilerError("the store is away")
        return tuple(self.entries_by_number.values())

    def create(self, lease: Lease) -> Made | None:
        if lease.number in self.entries_by_number:
            return None
        self.entries_by_number[lease.number] = Entry(lease, self.time.now)
        return Made(self.time.now)

    def replace(self, lease: Lease) -> None:
        self.entries_by_number[lease.number] = Entry(lease, self.entries_by_number[lease.number].made)
        self.time.passes(self.slow)

    def delete(self, numbers: tuple[int, ...]) -> None:
        for number in numbers:
            self.entries_by_number.pop(number, None)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def shelf(time: Time) -> Shelf:
    return Shelf(time)


@pytest.fixture
def lock(shelf: Shelf) -> Callable[..., Any]:
    """Make locks over the shelf: `lock("who", ttl=60)`; another machine has a `time` of its own skew."""

    def make(who: str = "me", **options: Any) -> Any:
        options.setdefault("clocks", shelf.time.clocks())
        said: list[str] = []
        made = LeaseLock(shelf, Holder("apply", who), **{"ttl": 60, "call_seconds": 5.0, "warn": said.append} | options)
        made.said = said  # type: ignore[attr-defined]
        return made

    return make
