"""Remember which RPCs arrived, in order, so that tests can count writes at the server.

Belongs here: the record of calls. Not here: changing them (`fault_effects.py`).
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.message import Message

from reconciler.emulator.rpcs import RPCS


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call as it arrived, refused or not."""

    rpc: str
    request: Message

    @property
    def reads(self) -> bool:
        """The RPC cannot change anything: all its HTTP bindings are GET."""
        return RPCS[self.rpc].reads


class Calls:
    """A thread-safe, ordered record of calls with counts by RPC name.

    `keep` bounds how many requests are remembered (None = all); the counts are always complete.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Recorded] = deque(maxlen=keep)
        self._counts: Counter[str] = Counter()
        self._executed: Counter[str] = Counter()

    def record(self, rpc: str, request: Message) -> None:
        """Add one call."""
        with self._lock:
            if self._entries.maxlen != 0:
                self._entries.append(Recorded(rpc, request))
            self._counts[rpc] += 1

    def record_execution(self, rpc: str) -> None:
        """Count one call that was carried out, whatever its client heard of it."""
        with self._lock:
            self._executed[rpc] += 1

    def reset(self) -> None:
        """Forget everything so far."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()
            self._executed.clear()

    @property
    def entries(self) -> list[Recorded]:
        """All remembered calls, oldest first."""
        with self._lock:
            return list(self._entries)

    @property
    def counts(self) -> Counter[str]:
        """How often each RPC was called."""
        with self._lock:
            return Counter(self._counts)

    @property
    def executed(self) -> Counter[str]:
        """How often each RPC was carried out: not refused, not lost, twice if it was delivered twice."""
        with self._lock:
            return Counter(self._executed)

    @property
    def names(self) -> list[str]:
        """RPC names in order of arrival."""
        return [entry.rpc for entry in self.entries]

    @property
    def writes(self) -> list[Recorded]:
        """The calls that could have changed something."""
        return [entry for entry in self.entries if not entry.reads]

    def __iter__(self) -> Iterator[Recorded]:
        """Walk the remembered calls, oldest first."""
        return iter(self.entries)

    def __len__(self) -> int:
        """How many calls arrived."""
        return sum(self.counts.values())
