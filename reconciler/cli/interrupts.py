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
from typing import TYPE_CHECKING, NoReturn

from reconciler.cli.screen import Screen

if TYPE_CHECKING:
    from reconciler.core.interrupts import Interrupts
    from reconciler.core.outcome import StepOutcome

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
    """Ctrl-C is a KeyboardInterrupt, and the end of the process if that is lost or held up."""
    with raising(screen, (signal.SIGINT,), "Error: interrupted", 130):
        yield


@contextmanager
def raising(screen: Screen, signals: tuple[signal.Signals, ...], last_words: str, code: int) -> Iterator[None]:
    """A signal is a KeyboardInterrupt; the process ends with these words if that is lost or held up, or at a second.

    An interrupt that falls into a callback of a C library is swallowed there, one that falls into a lock of the
    standard library leaves it locked, and a call that hangs holds its thread. So only what writes nothing ends so.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):  # Windows
        yield
        return
    heard: list[int] = []

    def give_up(_number: int, _frame: FrameType | None) -> NoReturn:
        screen.say_now(last_words, last=True)
        os._exit(code)

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1:
            give_up(number, frame)
        signal.alarm(PATIENCE)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, hear) for number in signals}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, give_up)
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def orderly(screen: Screen) -> Iterator[Interrupts[list[StepOutcome]]]:
    """What hears the first two signals: the run ends in order, then with no more than an account.

    That takes no time unless something hangs; then the process ends without it, as it does at the third signal.
    """
    from reconciler.core.interrupts import Interrupts
    from reconciler.report.progress import INTERRUPTED, STOPPED

    interrupts: Interrupts[list[StepOutcome]] = Interrupts()

    def hear(_number: int, _frame: FrameType | None) -> None:
        interrupts.hear()
        if interrupts.heard > 2:
            os._exit(130)
        if interrupts.stop and hasattr(signal, "SIGALRM"):  # not on Windows
            signal.alarm(PATIENCE)
        screen.say_now(STOPPED if interrupts.stop else INTERRUPTED)

    before = {number: signal.signal(number, hear) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
