"""Plan -> outcomes: runs the steps as a ready-set, as many at once as may be, and gives a true account of each.

A failed step skips what depends on it; independent branches go on, but no delete starts once anything failed. Belongs
here: scheduling and accounting. Does not belong here: what a step sends (`write`, handed in as `perform`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from reconciler.core.diagnostics import ReconcilerError
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
from reconciler.core.remote import ApiError, OutcomeUnknown

Perform = Callable[[Step, Mapping[str, str], Mapping[str, StepOutcome], Callable[[str], None]], Mapping[str, str]]
"""(step, known outputs by address, outcomes so far, progress) -> outputs of the step; raises a ReconcilerError."""

ENDING = (Verb.DELETE, Verb.FORGET)


@dataclass
class _Run:
    """The mutable middle of one apply; only the scheduling thread touches it."""

    plan: Plan
    emit: Callable[[Event], None]
    clock: Callable[[], float]
    outcomes: dict[str, StepOutcome] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    def finish(self, outcome: StepOutcome) -> None:
        self.outcomes[outcome.step.id] = outcome
        self.outputs.update(outcome.outputs)
        self.emit(StepFinished(outcome))

    @property
    def failed(self) -> bool:
        return any(outcome.status is not Status.DONE for outcome in self.outcomes.values())


def apply(
    plan: Plan,
    perform: Perform,
    emit: Callable[[Event], None],
    *,
    known: Mapping[str, str],
    workers: int,
    clock: Callable[[], float],
) -> ApplyResult:
    """Run a plan's steps. `known` are outputs of objects that stay as they are (version ids by address).

    A KeyboardInterrupt lets what is in flight finish and leaves the rest `not started`; a second one passes through.
    """
    run = _Run(plan, emit, clock, outputs=dict(known))
    emit(PlanAnnounced(plan))
    started = clock()
    waiting = [step for step in plan.steps if step.verb is not Verb.CLOSE]
    with ThreadPoolExecutor(max(1, workers)) as pool:
        _drain(run, waiting, pool, perform)
    for step in (step for step in plan.steps if step.verb is Verb.CLOSE):
        run.finish(_closing(run, step, perform))
    ordered = tuple(run.outcomes[step.id] for step in plan.steps)
    return ApplyResult(plan, ordered, seconds=clock() - started, interrupted=run.interrupted)


def _drain(run: _Run, waiting: list[Step], pool: ThreadPoolExecutor, perform: Perform) -> None:
    running: dict[Future[StepOutcome], Step] = {}
    while waiting or running:
        try:
            waiting = _start_ready(run, waiting, running, pool, perform)
            if not running:
                continue
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                del running[future]
                run.finish(future.result())
        except KeyboardInterrupt:
            if run.interrupted:
                raise
            run.interrupted = True


def _start_ready(
    run: _Run, waiting: list[Step], running: dict[Future[StepOutcome], Step], pool: ThreadPoolExecutor, perform: Perform
) -> list[Step]:
    """Submit what is ready, settle what can no longer run, return what still has to wait."""
    left = []
    for step in waiting:
        verdict = _verdict(run, step)
        if verdict is not None:
            run.finish(verdict)
        elif all(name in run.outcomes for name in step.after):
            run.emit(StepStarted(step))
            future = pool.submit(_attempt, run, step, perform, dict(run.outputs), dict(run.outcomes))
            running[future] = step
        else:
            left.append(step)
    return left


def _verdict(run: _Run, step: Step) -> StepOutcome | None:
    """Why a step will not run, if that is decided."""
    if run.interrupted:
        return StepOutcome(step, Status.NOT_STARTED, message="interrupted")
    if step.verb in ENDING and run.failed:
        return StepOutcome(step, Status.NOT_STARTED, message="nothing is deleted in a run in which something failed")
    for name in step.after:
        outcome = run.outcomes.get(name)
        if outcome is not None and outcome.status is not Status.DONE:
            return StepOutcome(step, Status.SKIPPED, message=f"needs {outcome.step.address}: {outcome.step.title}")
    return None


def _attempt(
    run: _Run, step: Step, perform: Perform, outputs: Mapping[str, str], outcomes: Mapping[str, StepOutcome]
) -> StepOutcome:
    started = run.clock()
    try:
        made = perform(step, outputs, outcomes, lambda text: run.emit(StepProgress(step, text)))
    except ReconcilerError as problem:
        return _failure(step, problem, run.clock() - started)
    return StepOutcome(step, Status.DONE, run.clock() - started, outputs=made)


def _failure(step: Step, problem: ReconcilerError, seconds: float) -> StepOutcome:
    status = Status.UNKNOWN if isinstance(problem, OutcomeUnknown) else Status.FAILED
    hint = f" ({problem.hint})" if problem.hint else ""
    code = problem.exit_code if problem.exit_code != 1 or not isinstance(problem, ApiError) else None
    return StepOutcome(step, status, seconds, message=f"{problem}{hint}", exit_code=code)


def _closing(run: _Run, step: Step, perform: Perform) -> StepOutcome:
    """The inventory is brought up to date whatever happened, so that it tells the truth about a broken run too."""
    opening = next((o for o in run.outcomes.values() if o.step.verb is Verb.OPEN), None)
    app = next(
        (o for o in run.outcomes.values() if o.step.address == step.address and o.step.verb is Verb.CREATE), None
    )
    for needed in (opening, app):
        if needed is not None and needed.status is not Status.DONE:
            return StepOutcome(step, Status.SKIPPED, message=f"needs {needed.step.address}: {needed.step.title}")
    run.emit(StepStarted(step))
    return _attempt(run, step, perform, dict(run.outputs), dict(run.outcomes))
