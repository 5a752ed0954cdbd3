"""Looking again and again, and being watched while doing so: rounds, signals, what monitoring is told.

Belongs here: when to look. Does not belong here: looking (`drift`), metrics as such (`metrics`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from reconciler.cli.drift import Look
from reconciler.cli.files import writable
from reconciler.cli.interrupts import SIGNALS, raising
from reconciler.cli.measured import store
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.metrics import Metrics


def watch(screen: Screen, look: Look, *, interval: str | None, listen: str | None, textfile: str | None) -> int:
    """One look that is measured, or one after another until a signal comes."""
    every = None if interval is None else _seconds(interval)
    file = None if textfile is None else writable("--textfile", textfile)
    if every is None and listen is not None:
        raise ReconcilerError("--listen needs --interval", hint="a single run can write --textfile FILE")
    if every is not None and "-" in look.manifests.sources:
        raise ReconcilerError("--interval reads the manifests again and again, and standard input only once")
    rounds = Rounds(screen, look, file, measured=file is not None or listen is not None)
    if every is None:
        return rounds.one()
    with _served(screen, rounds, listen, every), _until_told(screen):
        rounds.many(every)
    return 0


def _seconds(text: str) -> float:
    from reconciler.settings import seconds

    try:
        return seconds(text)
    except ValueError as reason:
        raise ReconcilerError(f"--interval {text}: {reason}") from None


class Rounds:
    """Looks that are measured. `alive` is the time of the last sign of life, as the monotonic clock has it."""

    def __init__(self, screen: Screen, look: Look, file: Path | None, *, measured: bool) -> None:
        self._screen, self._look, self._file = screen, look, file
        self.metrics = _metrics() if measured else None
        self.alive = monotonic()
        if self.metrics is not None:
            look.heard = self.metrics.traffic
            self.metrics.remember(file)

    def one(self) -> int:
        """A look; what monitoring knows is brought up to date however it ends."""
        now, started, code = datetime.now(UTC), monotonic(), ReconcilerError.exit_code
        self._look.report = None
        try:
            code = self._look.once(now)
            return code
        finally:
            self.alive = monotonic()
            if self.metrics is not None:
                self.metrics.looked(self._look.report, code, now.timestamp(), self.alive - started)
                if self._file is not None:
                    store(self._screen, self.metrics, self._file)

    def many(self, every: float) -> None:
        """One look after another. A failed one is told and the next one comes; but a wrong flag ends it at once."""
        from reconciler.core.remote import ApiError

        first = True
        while True:
            started = monotonic()
            try:
                self.one()
            except ReconcilerError as problem:
                if first and not isinstance(problem, ApiError):
                    raise
                self._screen.error(problem)
            first = False
            gc.collect()  # while nobody waits, see `main`
            sleep(max(0.0, every - (monotonic() - started)))


def _metrics() -> Metrics:
    from reconciler.cli.metrics import Metrics
    from reconciler.cli.version import version_number

    return Metrics("drift", version_number())


@contextmanager
def _served(screen: Screen, rounds: Rounds, listen: str | None, every: float) -> Iterator[None]:
    """Answer Prometheus for as long as the block lasts."""
    if listen is None or rounds.metrics is None:
        yield
        return
    patience = 2 * every + 300
    with rounds.metrics.served(listen, lambda: monotonic() - rounds.alive < patience) as address:
        screen.say(f"Metrics on {address}/metrics, health on {address}/healthz")
        yield


@contextmanager
def _until_told(screen: Screen) -> Iterator[None]:
    """SIGTERM or Ctrl-C ends the block in order: nothing is ever half written. A second one ends the process."""
    with raising(screen, SIGNALS, "Stopped.", 0):
        try:
            yield
        except KeyboardInterrupt:
            screen.say("Stopped.")
