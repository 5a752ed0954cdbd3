"""Let lists miss objects that were made a moment ago, as an eventually consistent service would.

Belongs here: which new objects a list may not show yet (U28). Not here: reading lists (`paging.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from reconciler.emulator.store import Key
from reconciler.emulator.switches import Switches


class Lag:
    """New objects that lists still miss. Used under the store's lock only."""

    def __init__(self, switches: Switches, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = switches.list_delay
        self._reads = switches.list_delay_reads
        self._clock = clock
        self._visible_at: dict[Key, float] = {}
        self._reads_left: dict[Key, int] = {}

    @property
    def active(self) -> bool:
        """Some object may have to be left out of a list."""
        return bool(self._visible_at or self._reads_left)

    def note(self, key: Key) -> None:
        """An object was just made."""
        if self._seconds:
            self._visible_at[key] = self._clock() + self._seconds
        if self._reads:
            self._reads_left[key] = self._reads

    def forget(self) -> None:
        """No object is new any more."""
        self._visible_at.clear()
        self._reads_left.clear()

    def hidden(self, key: Key) -> bool:
        """Whether a list must leave this object out now."""
        if key in self._reads_left:
            return True
        until = self._visible_at.get(key)
        if until is None:
            return False
        if self._clock() < until:
            return True
        del self._visible_at[key]
        return False

    def seen(self, user: str, app: str, kind: str) -> None:
        """One list call of a kind in an app has been answered; its hidden objects come closer to the light."""
        for key in [k for k in self._reads_left if (k.user, k.app, k.kind) == (user, app, kind)]:
            self._reads_left[key] -= 1
            if self._reads_left[key] <= 0:
                del self._reads_left[key]
