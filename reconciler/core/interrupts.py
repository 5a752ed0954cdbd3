"""What asks a running apply to end, heard from a signal handler and heeded by the thread that schedules the steps.

No exception is thrown into the scheduling: one that falls into the middle of a lock of the standard library leaves it
locked, and the worker that needs it next hangs.
Belongs here: counting and waking. Does not belong here: signals (`cli.interrupts`), what ending means (`stages.apply`).
"""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

LOOK_UP = 0.5
"""Seconds: a signal that comes just before a wait blocks has its handler run only when that ends."""


class Interrupts(Generic[T]):
    """How often a run was asked to end, and the post of the thread that waits for its workers.

    `SimpleQueue.put` may be called at any moment, even by a handler that interrupts another `put`.
    """

    def __init__(self) -> None:
        self.heard = 0
        self._post: SimpleQueue[Future[T] | None] = SimpleQueue()

    def hear(self) -> None:
        """Count one. Safe from within a signal handler and from any thread."""
        self.heard += 1
        self._post.put(None)

    @property
    def end(self) -> bool:
        """Whether nothing new is to be begun."""
        return self.heard > 0

    @property
    def stop(self) -> bool:
        """Whether nothing is to be waited for either."""
        return self.heard > 1

    def watch(self, future: Future[T]) -> Future[T]:
        """Let `wait` give this future when it has ended."""
        future.add_done_callback(self._post.put)
        return future

    def wait(self) -> Future[T] | None:
        """The next of the watched futures that ended; None as soon as nothing is to be waited for."""
        while not self.stop:
            with suppress(Empty):
                if (ended := self._post.get(timeout=LOOK_UP)) is not None:
                    return ended
        return None
