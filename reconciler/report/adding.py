"""A bar on the terminal while inputs are added; where there is no terminal, a line each says the same."""

from __future__ import annotations

from types import TracebackType
from typing import IO, cast

from reconciler.core.labels import Added, AddStatus
from reconciler.report.as_labels import added_line
from reconciler.report.live import Canvas


class AddingBar:
    """How many of all inputs are settled; a failed one leaves its line above."""

    def __init__(self, stream: Canvas, total: int, *, color: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._color = color
        console = Console(
            file=cast(IO[str], stream), force_terminal=True, no_color=not color, highlight=False, markup=False
        )
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("adding inputs"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> AddingBar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def told(self, added: Added) -> None:
        """One more is settled."""
        from rich.text import Text

        self._bar.advance(self._task)
        if added.status is AddStatus.FAILED:
            self._bar.console.print(Text.from_ansi(added_line(added, color=self._color)), soft_wrap=True)
