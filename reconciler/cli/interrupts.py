"""What Ctrl-C and SIGTERM do while an apply runs: the first ends it in order, the second at once.

Belongs here: signals. Does not belong here: what ending in order means (`stages.apply`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from reconciler.cli.screen import Screen

SIGNALS = (signal.SIGINT, signal.SIGTERM)


PATIENCE = 3
"""Seconds an interrupted command may take to end by itself."""


class AtOnce(int):
    """An exit code that waits for nobody: threads may still be in the middle of a call, for as long as that takes."""

    def leave(self) -> NoReturn:
        """End the process; what it said is out."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(self)


@contextmanager
def prompt(screen: Screen) -> Iterator[None]:
    """Ctrl-C is a KeyboardInterrupt, and the end of the process if that is lost or held up.

    An interrupt that falls into a callback of a C library is swallowed there, and a call that hangs holds its thread.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):  # Windows
        yield
        return

    def hear(_number: int, _frame: FrameType | None) -> None:
        signal.alarm(PATIENCE)
        raise KeyboardInterrupt

    def give_up(_number: int, _frame: FrameType | None) -> None:
        screen.say_now("Error: interrupted", last=True)
        os._exit(130)

    before = {
        number: signal.signal(number, does) for number, does in ((signal.SIGINT, hear), (signal.SIGALRM, give_up))
    }
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def orderly(screen: Screen) -> Iterator[None]:
    """The first two signals are a KeyboardInterrupt here: the run ends in order, then with no more than an account.

    That takes no time unless something hangs; then the process ends without it, as it does at the third signal.
    """
    from reconciler.core.outcome import StopNow
    from reconciler.report.progress import INTERRUPTED, STOPPED

    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 2:
            os._exit(130)
        if len(heard) == 1:
            screen.say_now(INTERRUPTED)
            raise KeyboardInterrupt
        if hasattr(signal, "SIGALRM"):  # not on Windows
            signal.alarm(PATIENCE)
        screen.say_now(STOPPED)
        raise StopNow

    before = {number: signal.signal(number, hear) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
