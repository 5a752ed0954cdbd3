"""What every lock is to a run: taken when a block begins, asked before each write, let go at its end.

    LockHeld       9   somebody else has it
    └── LockLost   9   it was ours, and may not be any more: nothing is written

Belongs here: the protocol, waiting for a lock, and the words of a refusal. Does not belong here: how one is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, fields
from typing import Protocol, Self, TypeVar

from reconciler.core.diagnostics import LockHeld
from reconciler.core.lease import Holder
from reconciler.locking.clocks import Clocks

A = TypeVar("A")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0


class LockLost(LockHeld):
    """The lock cannot be relied on for as long as a write may take; it is not sent."""


class Lock(Protocol):
    """A lock as a context; `write` is safe to use from many threads."""

    @property
    def lease_id(self) -> str:
        """The id of the object in the app that stands for it, if there is one."""
        ...

    def write(self, rpc: str) -> AbstractContextManager[None]:
        """Surrounds each write that is sent; raises LockLost instead of letting it begin."""
        ...

    def __enter__(self) -> Self:
        """Raises LockHeld if it is somebody else's and stays so."""
        ...

    def __exit__(self, *problem: object) -> None:
        """Let it go."""
        ...


@dataclass
class Writes:
    """The writes that are under way. A lock is not let go over them: who stops waiting for one has not stopped it."""

    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self._count > 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """One more, as long as the block lasts."""
        self._add(1)
        try:
            yield
        finally:
            self._add(-1)

    def _add(self, number: int) -> None:
        with self._lock:
            self._count += number


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a lock that is held is waited for."""

    timeout: float = 0.0
    told: Callable[[str], None] = print
    """Hears once that there is something to wait for."""


def wait_for(attempt: Callable[[], A], clocks: Clocks, waiting: Waiting) -> A:
    """What `attempt` returns once it does not raise LockHeld any more; the last LockHeld when the time is up.

    The pauses grow and are drawn at random, so that many who wait do not come all at once.
    """
    passed, pause = clocks.stopwatch(), FIRST_PAUSE
    while True:
        try:
            return attempt()
        except LockHeld as held:
            left = waiting.timeout - passed()
            if left <= 0:
                raise
            if pause == FIRST_PAUSE:
                waiting.told(f"Waiting up to {waiting.timeout:.0f} s for the lock: {held.message}")
        clocks.sleep(min(left, clocks.jitter(pause / 2, pause)))
        pause = min(pause * 1.5, LONGEST_PAUSE)


LABELS = {"operation": "Operation", "who": "Who", "version": "Version", "created": "Created", "run": "Run"}


def lock_info(lock_id: str, path: str, holder: Holder | None, expires: str = "") -> str:
    """Who has a lock, in the form in which Terraform says it."""
    rows = {"ID": lock_id, "Path": path}
    if holder is not None:
        rows |= {LABELS[f.name]: getattr(holder, f.name) for f in fields(Holder)}
    rows["Expires"] = expires
    lines = [f"  {name + ':':<11}{value}" for name, value in rows.items() if value]
    return "\n".join(["Lock Info:", *lines])
