"""One line for each finished step while an apply runs; a plain line, so that a CI log reads like a terminal."""

from __future__ import annotations

from reconciler.core.outcome import Event, Status, StepFinished, StepOutcome, StepProgress
from reconciler.core.plan import Step, Verb
from reconciler.report.lines import Line, Span, render
from reconciler.report.values import short_id

UNLIMITED = 10_000
"""Progress is never wrapped: one line an event is what logs are searched by."""

SLOW_SECONDS = 1.0
"""A version that was ready at once was not waited for."""

QUIET = (Verb.OPEN, Verb.CLOSE)
"""Bookkeeping is worth a line only when it fails."""

INTERRUPTED = "Interrupt received. Finishing what is in flight; press Ctrl-C again to stop now."
STOPPED = "Stopped at once. What was in flight may have happened; the next run finds out and goes on."
"""What is said after the first and after the second Ctrl-C."""

LOUD = (Status.FAILED, Status.UNKNOWN)

DOING = {
    Verb.OPEN: "noting the inventory",
    Verb.CREATE: "create",
    Verb.VERSION: "new version",
    Verb.WAIT: "waiting for its version",
    Verb.UPDATE: "update",
    Verb.LATE: "update",
    Verb.ADOPT: "adopt",
    Verb.FORGET: "forget",
    Verb.DELETE: "delete",
    Verb.CLOSE: "writing the inventory",
}

PAST = {
    Verb.OPEN: ("inventory noted", "dim"),
    Verb.CREATE: ("created", "add"),
    Verb.VERSION: ("new version", "add"),
    Verb.WAIT: ("version ready", "add"),
    Verb.UPDATE: ("updated", "change"),
    Verb.LATE: ("updated", "change"),
    Verb.ADOPT: ("adopted", "adopt"),
    Verb.FORGET: ("forgotten", "warning"),
    Verb.DELETE: ("deleted", "delete"),
    Verb.CLOSE: ("inventory written", "dim"),
}


def line(event: Event, *, color: bool = False) -> str | None:
    """The line for an event, without a newline; None when it is not worth one."""
    match event:
        case StepProgress(step, message):
            return _line(step, Span(message, "dim"), color=color)
        case StepFinished(outcome) if outcome.status not in LOUD and _goes_without_saying(outcome):
            return None
        case StepFinished(outcome):
            return _line(outcome.step, *_finished(outcome), color=color)
    return None


def _goes_without_saying(outcome: StepOutcome) -> bool:
    step, done = outcome.step, outcome.status is Status.DONE
    return step.verb in QUIET or (step.verb is Verb.WAIT and done and outcome.seconds < SLOW_SECONDS)


def _line(step: Step, *spans: Span, color: bool) -> str:
    body = (Span(f"{step.address}: ", "bold"), *spans)
    return render([Line(body)], color=color, width=UNLIMITED).rstrip("\n")


def _finished(outcome: StepOutcome) -> tuple[Span, ...]:
    took = Span(f" [{outcome.seconds:.1f}s]", "dim")
    why = Span(f": {' '.join(outcome.message.split())}") if outcome.message else Span("")
    match outcome.status:
        case Status.DONE:
            text, style = PAST[outcome.step.verb]
            remark = Span(f" ({' '.join(outcome.message.split())})", "dim") if outcome.message else Span("")
            return Span(text, style), Span(_version(outcome)), remark, took
        case Status.FAILED:
            return Span(f"{DOING[outcome.step.verb]} failed", "error"), why, took
        case Status.UNKNOWN:
            return Span(f"{DOING[outcome.step.verb]} may have happened", "warning"), why, took
        case _:
            return Span(f"{DOING[outcome.step.verb]} {outcome.status}", "warning"), why


def _version(outcome: StepOutcome) -> str:
    """The id of a version that was just made, in short."""
    if outcome.step.verb is not Verb.VERSION or not (version := outcome.outputs.get("version_id")):
        return ""
    return f" {short_id(version)}"
