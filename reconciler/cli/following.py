"""Where the events of a running apply go: JSON lines, a display on the terminal, or a line each.

Belongs here: the choice, and what threads may do at once. What is said is in `report`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.cli.screen import Screen

if TYPE_CHECKING:
    from reconciler.core.outcome import Event
    from reconciler.core.plan import Plan
    from reconciler.report.event_stream import EventStream

    Emit = Callable[[Event], None]


@contextmanager
def following(screen: Screen) -> Iterator[Emit]:
    """What to call with every event while the block runs; any thread may."""
    if screen.format == "events":
        yield _Streaming(screen).event
    elif screen.lively:
        with _drawn(screen) as emit:
            yield emit
    else:
        yield screen.event


@contextmanager
def _drawn(screen: Screen) -> Iterator[Emit]:
    from reconciler.report.live import LiveProgress

    with LiveProgress(Canvas(screen), color=screen.color) as live:
        screen.display = live
        try:
            yield live.event
        finally:
            screen.display = None


class Canvas:
    """Standard output for a drawing library: a terminal that went away must not end an apply."""

    encoding = "utf-8"

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def write(self, text: str) -> int:
        self._screen.draw(text)
        return len(text)

    def flush(self) -> None:
        """Every piece is written at once."""

    def isatty(self) -> bool:
        return True


class _Streaming:
    """One line for each event, whichever thread has it."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._lock = threading.Lock()
        self._stream: EventStream | None = None

    def event(self, event: Event) -> None:
        from reconciler.core.outcome import PlanAnnounced

        with self._lock:
            if isinstance(event, PlanAnnounced):
                self._begin(event.plan)
            if self._stream is not None:
                self._screen.draw("".join(self._stream.lines(event, datetime.now(UTC))))

    def _begin(self, plan: Plan) -> None:
        from reconciler.cli.version import version_number
        from reconciler.report.as_events import version_line
        from reconciler.report.event_stream import EventStream

        self._stream = EventStream(plan)
        self._screen.streamed = True
        self._screen.draw(version_line(datetime.now(UTC), version_number()))
