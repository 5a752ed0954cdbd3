"""Two or more runs of the real client against one service, one call at a time, in an order that a seed decides.

A call waits until everybody has arrived at one, sleeps, or has ended; then the seed picks who goes on. So there is one
order of all calls for each seed, whatever the threads do. Belongs here: taking turns. Does not belong here: what the
runs do, or what must come of it (`test_two_appliers`).
"""

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.diagnostics import ReconcilerError

PATIENCE = 60.0
"""Seconds after which a turn that does not come is a mistake of the test."""

SLEEP = 6
"""Calls of others that a sleep lasts."""


@dataclass
class Turns:
    """Who is where, and who may go on."""

    seed: int
    order: list[tuple[str, str]] = field(default_factory=list)
    """(who, what was called), in the order in which it was done."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._changed = threading.Condition()
        self._waiting: dict[str, str] = {}
        self._asleep: dict[str, int] = {}
        self._running: set[str] = set()
        self._next = ""

    def take(self, who: str, rpc: str) -> None:
        """Return when it is this one's turn to make a call."""
        with self._changed:
            self._waiting[who] = rpc
            self._leave(who)
            self._until_picked(who)
            self.order.append((who, rpc))

    def sleep(self, who: str) -> None:
        """Let others make some calls, if they make any."""
        with self._changed:
            self._asleep[who] = len(self.order) + SLEEP
            self._leave(who)
            self._until_picked(who)

    def _until_picked(self, who: str) -> None:
        if not self._changed.wait_for(lambda: self._next == who, PATIENCE):
            raise TimeoutError(f"{who} waits for its turn: {self._waiting} {self._asleep} {self._running}")
        self._next = ""
        self._waiting.pop(who, None)
        self._asleep.pop(who, None)
        self._running.add(who)

    def _leave(self, who: str) -> None:
        """This one does not run any more; when nobody does, the seed picks the next."""
        self._running.discard(who)
        if self._running or self._next:
            return
        awake = [each for each, until in self._asleep.items() if until <= len(self.order)]
        ready = sorted([*self._waiting, *awake]) or sorted(self._asleep)
        if ready:
            self._next = self._random.choice(ready)
            self._changed.notify_all()

    def run(self, runs: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        """What each of them returns, or raised."""
        ends: dict[str, Any] = {}
        self._running = set(runs)

        def one(who: str, does: Callable[[], Any]) -> None:
            try:
                ends[who] = does()
            except ReconcilerError as problem:  # any other is a mistake
                ends[who] = problem
            finally:
                with self._changed:
                    self._leave(who)

        threads = [threading.Thread(target=one, args=pair, daemon=True) for pair in runs.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        if len(ends) < len(runs):
            raise TimeoutError(f"of {sorted(runs)} only {sorted(ends)} ended")
        return ends

    def of(self, rpcs: Iterable[str]) -> list[tuple[str, str]]:
        """The calls of some RPCs, in order."""
        wanted = set(rpcs)
        return [(who, rpc) for who, rpc in self.order if rpc in wanted]


class Channel:
    """A channel whose calls take turns, around one that answers."""

    def __init__(self, inner: Any, turns: Turns, who: str) -> None:
        self._inner, self._turns, self._who = inner, turns, who

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any) -> Any:
        call, rpc = self._inner.unary_unary(path, request_serializer, response_deserializer), path.rpartition("/")[2]

        def in_turn(request: Any, timeout: float, metadata: Any) -> Any:
            self._turns.take(self._who, rpc)
            return call(request, timeout=timeout, metadata=metadata)

        return in_turn
