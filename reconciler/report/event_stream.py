"""A running apply as JSON lines: the steps of an object become its start, its progress and its one end.

Belongs here: what must be remembered between two events. The form of a line is in `as_events`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from reconciler.core.address import Address
from reconciler.core.change import Action
from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.outcome import (
    ApplyResult,
    Event,
    PlanAnnounced,
    Status,
    StepFinished,
    StepOutcome,
    StepProgress,
    StepStarted,
)
from reconciler.core.plan import Plan, Step, Verb
from reconciler.report.as_events import diagnostic_line, line, plan_lines, summary_line, version_line
from reconciler.report.event_values import ACTIONS, resource

DOING = {
    "create": "Creating",
    "update": "Modifying",
    "replace": "Replacing",
    "delete": "Destroying",
    "import": "Adopting",
    "remove": "Forgetting",
    "noop": "Working",
}
DONE = {
    "create": "Creation",
    "update": "Modifications",
    "replace": "Replacement",
    "delete": "Destruction",
    "import": "Adoption",
    "remove": "Forgetting",
    "noop": "Work",
}
QUIET = (Verb.OPEN, Verb.CLOSE)
"""Our own bookkeeping is no change of an object."""


class EventStream:
    """The lines for one apply. Not for several threads at once."""

    def __init__(self, plan: Plan) -> None:
        self._changes = {change.address: change for change in plan.changes}
        self._left: dict[Address, int] = {}
        for step in plan.steps:
            self._left[step.address] = self._left.get(step.address, 0) + (step.verb not in QUIET)
        self._seconds: dict[Address, float] = {}
        self._begun: set[Address] = set()
        self._broken: set[Address] = set()

    def lines(self, event: Event, now: datetime) -> Iterator[str]:
        """What is to be written for an event; nothing for most bookkeeping."""
        match event:
            case PlanAnnounced(plan):
                yield from plan_lines(plan, now)
            case StepStarted(step) if step.verb not in QUIET:
                yield from self._started(step, now)
            case StepProgress(step, message):
                yield self._progress(step, message, now)
            case StepFinished(outcome):
                yield from self._finished(outcome, now)

    def _started(self, step: Step, now: datetime) -> Iterator[str]:
        if step.address in self._begun:
            yield self._progress(step, step.title or step.verb, now)
            return
        self._begun.add(step.address)
        action = self._action(step)
        yield self._hook("apply_start", step, f"{DOING[action]}...", now)

    def _progress(self, step: Step, message: str, now: datetime) -> str:
        seconds = self._seconds.get(step.address, 0.0)
        return self._hook("apply_progress", step, message, now, elapsed_seconds=round(seconds, 3), progress=message)

    def _finished(self, outcome: StepOutcome, now: datetime) -> Iterator[str]:
        step, done = outcome.step, outcome.status is Status.DONE
        self._seconds[step.address] = self._seconds.get(step.address, 0.0) + outcome.seconds
        if step.verb in QUIET and done:
            return
        self._left[step.address] = self._left.get(step.address, 0) - (step.verb not in QUIET)
        if outcome.status in (Status.FAILED, Status.UNKNOWN):
            yield from self._errored(outcome, now)
        elif not done and step.verb not in QUIET:
            self._broken.add(step.address)
            yield self._hook("apply_skipped", step, f"{outcome.status}: {outcome.message}", now, **_end(outcome))
        elif done and self._left[step.address] <= 0 and step.address not in self._broken:
            yield self._complete(step, now)

    def _errored(self, outcome: StepOutcome, now: datetime) -> Iterator[str]:
        """An object errs once for each of its steps that do: what may have happened is told from what did not."""
        step = outcome.step
        self._broken.add(step.address)
        told = f"{DONE[self._action(step)]} errored after {outcome.seconds:.0f}s"
        yield self._hook("apply_errored", step, told, now, **_end(outcome))
        change = self._changes.get(step.address)
        severity = Severity.ERROR if outcome.status is Status.FAILED else Severity.WARNING
        summary = f"{step.title or step.verb}: {outcome.message or outcome.status}"
        place = change.location if change else None
        yield diagnostic_line(Diagnostic(severity, summary, place, str(step.address)), now)

    def _complete(self, step: Step, now: datetime) -> str:
        seconds = self._seconds[step.address]
        told = f"{DONE[self._action(step)]} complete after {seconds:.0f}s"
        named = {"id_key": "id", "id_value": step.address.id}
        return self._hook("apply_complete", step, told, now, elapsed_seconds=round(seconds, 3), **named)

    def _action(self, step: Step) -> str:
        change = self._changes.get(step.address)
        return ACTIONS[change.action if change else Action.NO_OP]

    def _hook(self, kind: str, step: Step, told: str, now: datetime, **more: Any) -> str:
        change = self._changes.get(step.address)
        about = resource(step.address, change.kind if change else "")
        hook = {"resource": about, "action": self._action(step), "step": step.id, "verb": str(step.verb), **more}
        return line(kind, f"{step.address}: {told}", now, hook=hook)


def _end(outcome: StepOutcome) -> dict[str, Any]:
    return {"elapsed_seconds": round(outcome.seconds, 3), "status": str(outcome.status), "message": outcome.message}


def result_events(result: ApplyResult, now: datetime, *, version: str = "") -> str:
    """A finished apply told again, as if it had been written while it ran."""
    stream = EventStream(result.plan)
    told = [version_line(now, version), *stream.lines(PlanAnnounced(result.plan), now)]
    for outcome in result.outcomes:
        if outcome.status not in (Status.SKIPPED, Status.NOT_STARTED):
            told += stream.lines(StepStarted(outcome.step), now)
        told += stream.lines(StepFinished(outcome), now)
    return "".join([*told, summary_line(result, now)])
