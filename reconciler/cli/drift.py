"""`reconciler drift`: has the live app moved away from what was applied? Cannot write to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from reconciler.cli.command import command
from reconciler.cli.files import keep, writable
from reconciler.cli.options import DETAILED, ChangeFlags, Exclude, ManifestFlags, Select, ServiceFlags, Textfile
from reconciler.cli.screen import Screen
from reconciler.cli.session import session
from reconciler.core.diagnostics import ReconcilerError

if TYPE_CHECKING:
    from reconciler.client.api import Traffic
    from reconciler.core.drift import DriftReport

Since = Annotated[str | None, Option(metavar="FILE", help="Tell what is new since the last look; FILE remembers it.")]
Interval = Annotated[str | None, Option(metavar="TIME", help="Look again and again until stopped: 10m, 1h.")]
Listen = Annotated[
    str | None, Option(metavar="HOST:PORT", help="With --interval: serve /metrics for Prometheus, and /healthz.")
]
Detailed = Annotated[bool, Option(*DETAILED, hidden=True, help="Always so; taken for those who write it everywhere.")]


@command
def drift(
    screen: Screen,
    manifests: ManifestFlags,
    service: ServiceFlags,
    select: Select = [],  # noqa: B006
    exclude: Exclude = [],  # noqa: B006
    since: Since = None,
    interval: Interval = None,
    listen: Listen = None,
    textfile: Textfile = None,
    detailed_exitcode: Detailed = True,
) -> int:
    """Show what others changed in the live app.

    Exits with 2 if anything moved, with 1 if anything could not be read. Edits of the manifests that are not applied
    yet are no drift. Reads every model in full unless --refresh stamp says otherwise.
    """
    memory = None if since is None else writable("--since", since)
    look = Look(screen, manifests, service, memory, changes=ChangeFlags(select=select, exclude=exclude))
    if interval is None and listen is None and textfile is None:
        return look.once(datetime.now(UTC))
    from reconciler.cli.drift_loop import watch

    return watch(screen, look, interval=interval, listen=listen, textfile=textfile)


@dataclass(slots=True)
class Look:
    """One look after another at the same app; each reads the manifests anew, since they may have been updated."""

    screen: Screen
    manifests: ManifestFlags
    service: ServiceFlags
    memory: Path | None
    heard: Callable[[Traffic], None] = lambda traffic: None
    """Told what a look has cost, even if it failed."""
    report: DriftReport | None = None
    """What the last one found that came to an end."""
    changes: ChangeFlags = field(default_factory=ChangeFlags)
    """What it looks at; nothing else in them matters to a look."""

    def once(self, now: datetime) -> int:
        """Look, remember, show."""
        with session(self.screen, self.manifests, self.service, self.changes, value="drift", refresh="full") as opened:
            try:
                report = opened.drift(now.date())
            finally:
                self.heard(opened.api.traffic)
        self.report = report = self._remembered(report, now)
        self.screen.drift(report)
        return report.exit_code

    def _remembered(self, report: DriftReport, now: datetime) -> DriftReport:
        if self.memory is None:
            return report
        from reconciler.core.drift_memory import Memory, compared

        try:
            text = self.memory.read_text(encoding="utf-8")
        except FileNotFoundError:
            text = None
        except (OSError, UnicodeDecodeError):
            raise ReconcilerError(f"--since {self.memory}: it cannot be read") from None
        before = Memory.parse(text, str(self.memory)) if text is not None else None
        news, memory = compared(report, before, now)
        keep("--since", self.memory, memory.text())
        return replace(report, since=news)
