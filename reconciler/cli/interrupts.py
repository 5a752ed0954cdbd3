"""What Ctrl-C and SIGTERM do while an apply runs: the first ends it in order, the second at once.

Belongs here: signals. Does not belong here: what ending in order means (`stages.apply`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.cli.screen import Screen
from reconciler.report.progress import INTERRUPTED, STOPPED

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def orderly(screen: Screen) -> Iterator[None]:
    """The first signal is a KeyboardInterrupt here; the next one leaves the process without waiting for anything."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1:
            # Not an exception: worker threads in the middle of a call would hold the process back.
            screen.say_now(STOPPED, last=True)
            os._exit(130)
        screen.say_now(INTERRUPTED)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, hear) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
