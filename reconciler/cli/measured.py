"""An `apply` that is measured: what monitoring knows is brought up to date however the run ends.

Belongs here: what is taken down of one run. Does not belong here: metrics as such (`metrics`), rounds (`drift_loop`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self

from reconciler.cli.files import writable
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.metrics import Runs
    from reconciler.core.address import Scope


class Measured:
    """One run as a context; without a file it is not measured. `code` is to be set to how it ended."""

    def __init__(self, screen: Screen, command: str, textfile: str | None) -> None:
        self._screen, self._file = screen, None if textfile is None else writable("--textfile", textfile)
        self._runs = None if self._file is None else _runs(command, self._file)
        self._app, self._now, self._started = "", datetime.now(UTC).timestamp(), monotonic()
        self.code = ReconcilerError.exit_code

    def about(self, scope: Scope) -> None:
        """Hear which app the run is about."""
        self._app = str(scope)

    def waited(self, seconds: float) -> None:
        """Hear how long it waited for a lock, whether it got that or not."""
        if self._runs is not None:
            self._runs.waited(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self._runs is None or self._file is None:
            return
        self._runs.took(monotonic() - self._started)
        if self._app:
            self._runs.ran(self._app, self._now, succeeded=self.code == 0)
        store(self._screen, self._runs, self._file)


def store(screen: Screen, runs: Runs, file: Path) -> None:
    """Write the metrics; that a file cannot be written is told, and ends nothing."""
    try:
        runs.write(file)
    except OSError as problem:
        screen.say(f"warning: --textfile {file}: it could not be written: {problem.strerror}")


def _runs(command: str, file: Path) -> Runs:
    from reconciler.cli.metrics import Runs

    runs = Runs(command)
    runs.remember(file)
    return runs
