"""Where a command's values go: results to standard output, everything else to standard error, in the form asked for.

Belongs here: streams, colours, width, who gets what. Does not belong here: any sentence about a plan or a result, or
which formats there are (`report`). Nothing here raises when nobody listens any more: an apply must not die of a closed
pipe.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

from reconciler.cli.options import OutputFlags
from reconciler.cli.reports import Report, wanted, where_all_is, write
from reconciler.core.diagnostics import Diagnostic, Interrupted, ReconcilerError, Severity

if TYPE_CHECKING:
    from reconciler.core.drift import DriftReport
    from reconciler.core.labels import Addition, Annotations
    from reconciler.core.manifest import Manifests
    from reconciler.core.outcome import ApplyResult, Event
    from reconciler.core.picture import Picture
    from reconciler.core.plan import Plan
    from reconciler.core.secret import Secret
    from reconciler.report.formats import Circumstances
    from reconciler.report.live import LiveProgress

JSON = ("json", "events", "gitlab", "codequality", "sarif")
"""Formats whose text is JSON."""

WIDTH = 100
"""Columns when there is no terminal to ask."""


class Screen:
    """One run's way of talking."""

    def __init__(self, flags: OutputFlags, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._no_color = flags.no_color
        self._lock = threading.Lock()
        self._secrets: list[Secret] = []
        self._wishes = flags.report
        self._reports: tuple[Report, ...] = ()
        self.display: LiveProgress | None = None
        """What is drawn on the terminal at the moment, if anything."""
        self.streamed = False
        """Whether an apply has been told as events while it ran, so that only its last line is missing."""
        self.lost: str | None = None
        """Why some of the output could not be written, if so: a full disk must not stop an apply half-way."""
        self.quiet = flags.quiet
        self.debug = flags.debug
        self.wanted = flags.format
        self.format = flags.format or "text"
        """The settings file may name one as well: see `use_format`."""

    @property
    def machine(self) -> bool:
        """Whether standard output is for a program: then it holds the result and nothing else."""
        return self.format != "text"

    def shows(self, name: str) -> bool:
        """Whether the output or a report is in this form."""
        return name in (self.format, *(report.format for report in self._reports))

    def use_format(self, name: str | None, origin: str, value: str) -> None:
        """Talk in this form from now on, if a `plan`, `result`, `diagnostics` or `drift` can be told in it.

        The reports beside the output are about the same value.
        """
        from reconciler.report.formats import ALIASES, Value, renderer

        self.format = ALIASES.get(name or "text", name or "text")
        if self.machine:
            try:
                renderer(self.format, Value(value))
            except ReconcilerError as problem:
                raise ReconcilerError(f"{origin}: {problem.message}", hint=problem.hint) from None
        self._reports = wanted(self._wishes, Value(value))

    def only_text(self, command: str) -> None:
        """Refuse every other form: what the command says is a text."""
        if self.machine or self._wishes:
            raise ReconcilerError(f"`{command}` has only text", hint="leave out --format and --report")

    # ---- values

    def plan(self, plan: Plan, exit_code: int = 0, *, document: str | None = None, plan_path: str = "") -> None:
        """A plan that is the result of the command; `document` is its JSON as it can be saved."""
        if self.format == "json" and document is not None:
            self._out(document)
        elif self.quiet and not (self.machine or plan.refusals):
            from reconciler.report.as_text import summary_text

            self._out(summary_text(plan) + "\n")
        else:
            self._show("plan", plan, exit_code, plan_path)
        self.report("plan", plan, exit_code, plan_path, ready={"json": document} if document else {})

    def proposal(self, plan: Plan, *, asking: bool) -> None:
        """A plan that is about to be applied: not the result, so it goes out of a program's way."""
        if asking or not self.quiet or plan.refusals:
            stream = sys.stderr if self.machine else sys.stdout
            follows = not (asking or self.quiet or plan.refusals or plan.summary.empty)
            self._write(stream, self._plan_text(plan, stream) + ("\n" if follows else ""))

    def _plan_text(self, plan: Plan, stream: TextIO) -> str:
        from reconciler.report.as_text import plan_text

        return plan_text(plan, color=self._color(stream), width=self.width)

    def event(self, event: Event) -> None:
        """A line of progress, if the event is worth one."""
        from reconciler.report.progress import line

        stream = sys.stderr if self.machine else sys.stdout
        text = None if self.quiet else line(event, color=self._color(stream))
        if text is not None:
            self._write(stream, text + "\n")

    def result(self, result: ApplyResult) -> None:
        """The account of an apply."""
        if not (self.machine or self.quiet):
            self._out("\n")
        if self.streamed:
            from reconciler.report.as_events import summary_line

            self._out(summary_line(result, datetime.now(UTC)))
        else:
            self._show("result", result)
        self.report("result", result, result.exit_code)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Every problem of the manifests, as the result of the command."""
        problems = tuple(diagnostics)
        if self.machine or not self.quiet or any(problem.severity is Severity.ERROR for problem in problems):
            self._show("diagnostics", problems)
        self.report("diagnostics", problems)

    def drift(self, report: DriftReport) -> None:
        """What a look at the live app found."""
        if self.quiet and not self.machine:
            from reconciler.report.drift_words import summary_text

            self._out(summary_text(report) + "\n")
        else:
            self._show("drift", report)
        self.report("drift", report, report.exit_code)

    def graph(self, picture: Picture) -> None:
        """What is declared, as a picture."""
        self._show("graph", picture)
        self.report("graph", picture)

    def manifests(self, manifests: Manifests) -> None:
        """The documents of an app."""
        self._show("manifests", manifests)
        self.report("manifests", manifests)

    def labels(self, value: str, what: Addition | Annotations, exit_code: int = 0) -> None:
        """What became of inputs that were added, or the annotations that were found."""
        if self.machine or not self.quiet or exit_code:
            self._show(value, what, exit_code)
        self.report(value, what, exit_code)

    def _show(self, value: str, what: object, exit_code: int = 0, plan_path: str = "") -> None:
        from reconciler.report.formats import Value, render

        how = replace(self._circumstances(exit_code, plan_path), color=self.color, width=self.width)
        self._out(render(self.format, Value(value), what, how))

    def report(
        self,
        value: str,
        what: object,
        exit_code: int = 0,
        plan_path: str = "",
        *,
        ready: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write the reports that were asked for. The first value counts: an error behind it changes none of them."""
        if self._reports:
            from reconciler.report.formats import Value

            reports, self._reports = self._reports, ()
            how = self._circumstances(exit_code, plan_path)
            self.lost = write(reports, Value(value), what, how, ready) or self.lost

    def _circumstances(self, exit_code: int, plan_path: str) -> Circumstances:
        from reconciler.cli.version import version_number
        from reconciler.report.formats import Circumstances

        return Circumstances(
            now=datetime.now(UTC),
            version=version_number(),
            exit_code=exit_code,
            plan_path=plan_path,
            more=where_all_is(self._environ),
        )

    def remark(self, problem: ReconcilerError) -> None:
        """An error for people, after the result was shown."""
        from reconciler.report.problems import error_text

        self._write(sys.stderr, error_text(problem, color=self._color(sys.stderr), width=self.width))

    def error(self, problem: ReconcilerError) -> None:
        """The error that ends the run: for people, and for a program that awaits something on standard output."""
        self.remark(problem)
        if self.machine:
            from reconciler.report.formats import Value, names

            if self.format in names(Value.ERROR):
                self._show("error", problem, problem.exit_code)
        self.report("error", problem, problem.exit_code)

    def out(self, text: str) -> None:
        """A line that is the result of the command."""
        self._out(text + "\n")

    def say(self, text: str) -> None:
        """A line for people, beside the result."""
        self._write(sys.stderr, text + "\n")

    def say_now(self, text: str, *, last: bool = False) -> None:
        """The same from within a signal handler: past the lock and the buffer that the interrupted code may hold."""
        if self.display is not None and not last:
            self.display.notice(text)
            return
        if self.display is not None:
            text = f"\x1b[?25h\n{text}"  # nobody else gives the cursor back
        with contextlib.suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), f"{text}\n".encode())

    # ---- questions

    @property
    def interactive(self) -> bool:
        """Whether somebody can answer: a terminal, and not one that a CI system lends its jobs."""
        listening = sys.stdin is not None and sys.stdin.isatty()
        return listening and not any(self._environ.get(name) for name in ("CI", "GITHUB_ACTIONS"))

    def confirms(self, question: str) -> bool:
        """Ask; only `yes` is a yes."""
        self._write(sys.stderr, f"\n{question}\n  Only 'yes' is accepted: ")
        try:
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            self.say("")
            raise Interrupted("interrupted; nothing was changed") from None
        if not answer.endswith("\n"):  # Ctrl-D leaves the cursor behind the question
            self.say("")
        return answer.strip() == "yes"

    # ---- streams

    @property
    def width(self) -> int:
        """Columns of the terminal; COLUMNS wins."""
        return shutil.get_terminal_size((WIDTH, 24)).columns

    def _color(self, stream: TextIO) -> bool:
        """Whether to colour: a flag, then NO_COLOR, then FORCE_COLOR, then what the stream is."""
        if self._no_color or self._environ.get("NO_COLOR"):
            return False
        if any(self._environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
            return True
        return stream.isatty() and self._environ.get("TERM") != "dumb"

    @property
    def color(self) -> bool:
        """Whether standard output is coloured."""
        return self._color(sys.stdout)

    @property
    def lively(self) -> bool:
        """Whether somebody watches a terminal that can be drawn on."""
        watched = sys.stdout.isatty() and self._environ.get("TERM") != "dumb"
        lent = any(self._environ.get(name) for name in ("CI", "GITHUB_ACTIONS"))
        return watched and not (lent or self.machine or self.quiet)

    def draw(self, text: str) -> None:
        """A piece of what stands on standard output, as it is."""
        self._out(text)

    def _out(self, text: str) -> None:
        self._write(sys.stdout, text)

    def _inert(self, text: str, stream: TextIO) -> str:
        """The text as it may stand in a log that is read for commands; reports in files stay as they are."""
        if self._environ.get("GITHUB_ACTIONS") != "true":
            return text
        from reconciler.cli.runner_commands import inert, inert_json

        if stream is not sys.stdout or self.format not in (*JSON, "github"):
            return inert(text)
        return text if self.format == "github" else inert_json(text)

    def _write(self, stream: TextIO, text: str) -> None:
        """Write at once and whole; threads take turns, and a reader that went away is no error."""
        text = self._inert(text, stream)
        with self._lock:
            try:
                stream.write(text)
                stream.flush()
            except BrokenPipeError:
                silence(stream)
            except OSError as reason:
                self.lost = self.lost or str(reason.strerror or reason)
                silence(stream)

    # ---- secrets

    def hide(self, *secrets: Secret | None) -> None:
        """Never print these, even where a traceback would."""
        self._secrets += [secret for secret in secrets if secret is not None]

    def without_secrets(self, text: str) -> str:
        """A text from elsewhere with every known secret blotted out."""
        for secret in self._secrets:
            text = text.replace(secret.reveal(), str(secret))
        return text


def silence(stream: TextIO) -> None:
    """Let all further output of a stream vanish, the interpreter's last flush included."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
