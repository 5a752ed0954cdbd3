"""Older states of the database, for reads that do not see the last writes yet.

Belongs here: keeping copies and finding one. Not here: which read is stale (`fault_plane.py`). A copy is made before
each writing call, and only while somebody may want it: it is the whole database, so this is for tests.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.emulator.store import Store


class History:
    """The states before the last writing calls, as many as were asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._states: deque[Store] = deque()

    def __bool__(self) -> bool:
        """Whether there is an older state at all."""
        return bool(self._states)

    def keep(self, depth: int) -> None:
        """Remember the present state; `depth` states are kept, with 0 none."""
        with self._lock:
            if depth:
                self._states.append(self._store.copy())
            while len(self._states) > depth:
                self._states.popleft().close()

    @contextmanager
    def before(self, writes: int) -> Iterator[Store]:
        """The state before the last `writes` writing calls, or the oldest there is; it stays while the block lasts."""
        with self._lock:
            yield self._states[max(0, len(self._states) - writes)]

    def close(self) -> None:
        """Let all states go."""
        self.keep(0)
