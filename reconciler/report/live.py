"""A running apply on a terminal: a line for each step under way, a bar for all of them, finished steps above.

`Board` knows what is under way and is plain Python; `LiveProgress` draws it with rich, which is loaded only then. Where
there is no terminal, `progress.line` says the same in lines.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from reconciler.core.outcome import Event, PlanAnnounced, StepFinished, StepProgress, StepStarted
from reconciler.core.plan import Step
from reconciler.report.lines import printable
from reconciler.report.progress import DOING, line

if TYPE_CHECKING:
    from rich.console import RenderableType

SHOW_CURSOR = "\x1b[?25h"
"""What a process must write that leaves a live display without ending it."""

MOST_ROWS = 10
"""Steps shown at once; of the others there is a number."""


@dataclass(slots=True)
class _Running:
    step: Step
    since: float
    message: str = ""


class Board:
    """What is under way, what is done; times come in as arguments."""

    def __init__(self) -> None:
        self.total = 0
        self.done = 0
        self.notice = ""
        """Said beneath the rows until the end: that an interrupt was heard."""
        self._running: dict[str, _Running] = {}

    def see(self, event: Event, now: float) -> None:
        """Take note of an event."""
        match event:
            case PlanAnnounced(plan):
                self.total = len(plan.steps)
            case StepStarted(step):
                self._running[step.id] = _Running(step, now)
            case StepProgress(step, message):
                self._running.setdefault(step.id, _Running(step, now)).message = message
            case StepFinished(outcome):
                self.done += 1
                self._running.pop(outcome.step.id, None)

    def rows(self, now: float) -> list[str]:
        """A row for each step under way, the oldest first."""
        running = list(self._running.values())
        rows = [_row(each, now) for each in running[:MOST_ROWS]]
        return rows + ([f"and {len(running) - MOST_ROWS} more"] if len(running) > MOST_ROWS else [])


def _row(each: _Running, now: float) -> str:
    doing = each.message or DOING[each.step.verb]
    return printable(f"{each.step.address}: {doing} [{elapsed(now - each.since)}]")


def elapsed(seconds: float) -> str:
    """`8s`, `2m05s`, `1h02m`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    return f"{whole // 60}m{whole % 60:02}s" if whole < 3600 else f"{whole // 3600}h{whole % 3600 // 60:02}m"


class Canvas(Protocol):
    """What is drawn on; a text stream will do."""

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...


class LiveProgress:
    """The board on a terminal while the block runs; afterwards only the lines of the finished steps remain."""

    def __init__(self, stream: Canvas, *, color: bool, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner

        self._board, self._color, self._clock = Board(), color, clock
        self._started = clock()
        self._spinner = Spinner("dots")
        self._console = Console(
            file=cast(IO[str], stream), force_terminal=True, no_color=not color, highlight=False, markup=False
        )
        # Without redirection: the stream may itself lead to standard output, which would then lead back here.
        self._live = Live(
            console=self._console,
            get_renderable=self._drawn,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def event(self, event: Event) -> None:
        """Take note of an event; may be called by any thread."""
        self._board.see(event, self._clock())
        if isinstance(event, PlanAnnounced):
            self._live.refresh()  # so that no bar without an end is ever seen
        # How far a step is stands in its row: only ends are worth a line that stays.
        said = None if isinstance(event, StepProgress) else line(event, color=self._color)
        if said is not None:
            self._print(said)

    def notice(self, text: str) -> None:
        """Show a sentence from now on. Takes no lock and writes nothing, so that a signal handler may call it."""
        self._board.notice = text

    def _print(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text.from_ansi(text), soft_wrap=True)

    def _drawn(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table

        now = self._clock()
        rows = Table.grid(padding=(0, 1))
        under_way = self._board.rows(now)
        for row in under_way:
            rows.add_row(self._spinner, _one_line(row))
        parts: list[RenderableType] = [rows] if under_way else []
        parts.append(self._bar(now))
        if self._board.notice:
            parts.append(_one_line(self._board.notice))
        return Group(*parts)

    def _bar(self, now: float) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        board, bar = self._board, Table.grid(padding=(0, 1))
        spent = elapsed(now - self._started)
        bar.add_row(
            ProgressBar(total=max(1, board.total), completed=board.done, width=30),
            f"{board.done} of {board.total} steps, {spent}",
        )
        return bar


def _one_line(row: str) -> Any:
    """A row never wraps: the display would jump."""
    from rich.text import Text

    return Text(row, no_wrap=True, overflow="ellipsis")
