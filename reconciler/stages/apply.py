"""Plan -> outcomes: runs the steps as a ready-set, as many at once as may be, and gives a true account of each.

A failed step skips what depends on it; independent branches go on, but no delete starts once anything failed. Among
the steps that are ready, the one with the longest chain behind it is started first, then the plan's order decides.
Belongs here: scheduling and accounting. Does not belong here: what a step sends (`write`, handed in as `perform`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Protocol

from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.interrupts import Interrupts
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
from reconciler.core.remote import ApiError, OutcomeUnknown, Unseen

Perform = Callable[[Step, Mapping[str, str], Mapping[str, StepOutcome], Callable[[str], None]], Mapping[str, str]]
"""(step, known outputs by address, outcomes so far, progress) -> outputs of the step; raises a ReconcilerError.

Both mappings are views that grow while the step runs: look things up in them, and never walk them.
"""

ENDING = (Verb.DELETE, Verb.FORGET)


class Together(Protocol):
    """Performs several steps of one sort with few requests: the service takes some kinds of objects in batches."""

    @property
    def limit(self) -> int:
        """How many steps at most."""
        ...

    def sort(self, step: Step) -> str | None:
        """Steps of one sort may be done together; None for a step that is done by itself."""
        ...

    def __call__(self, steps: Sequence[Step], progress: Callable[[Step, str], None]) -> Mapping[str, ReconcilerError]:
        """Do them; the failures by step id."""
        ...


@dataclass
class _Run:
    """The mutable middle of one apply; only the scheduling thread touches it, but for `ended`."""

    plan: Plan
    perform: Perform
    emit: Callable[[Event], None]
    clock: Callable[[], float]
    interrupts: Interrupts[list[StepOutcome]]
    outcomes: dict[str, StepOutcome] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    ended: dict[str, StepOutcome] = field(default_factory=dict)
    """Written by the workers themselves: what a step did is known even when nobody waits for it any more."""
    taken_up: set[str] = field(default_factory=set)
    failed: bool = False

    def begin(self, step: Step) -> None:
        self.taken_up.add(step.id)
        self.emit(StepStarted(step))

    def finish(self, outcome: StepOutcome) -> None:
        self.outcomes[outcome.step.id] = outcome
        self.outputs.update(outcome.outputs)
        self.failed |= outcome.status is not Status.DONE
        self.emit(StepFinished(outcome))


_Ranked = tuple[tuple[int, int], Step]
"""A step under its rank: ranks are unique, so steps are never compared."""


class _Ready:
    """The steps whose turn has come, the most urgent first: all that they come after has ended, in whatever way.

    Urgent is what has the longest chain of steps behind it, so that a deep graph does not wait for wide ones. Steps
    that may be done together also lie in a heap of their sort; what was taken out of one heap is passed over in the
    other, so that a step costs the same in a large plan as in a small one.
    """

    def __init__(self, steps: Sequence[Step], together: Sequence[Together] = ()) -> None:
        known = {step.id for step in steps}
        self._together = together
        self._left = {step.id: sum(name in known for name in step.after) for step in steps}
        self._followers: dict[str, list[Step]] = {}
        for step in steps:
            for name in step.after:
                self._followers.setdefault(name, []).append(step)
        heights = self._heights(steps)
        self._rank = {step.id: (-heights[step.id], place) for place, step in enumerate(steps)}
        self._waiting: set[str] = set()
        self._heap: list[_Ranked] = []
        self._sorts: dict[tuple[int, str], list[_Ranked]] = {}
        for step in steps:
            if not self._left[step.id]:
                self._push(step)

    def _heights(self, steps: Sequence[Step]) -> dict[str, int]:
        """How many steps the longest chain has that begins with a step; a circle, which no plan has, counts nothing."""
        left = dict(self._left)
        order = [step for step in steps if not left[step.id]]
        for step in order:  # grows while it is walked
            for follower in self._followers.get(step.id, ()):
                left[follower.id] -= 1
                if not left[follower.id]:
                    order.append(follower)
        heights = dict.fromkeys(left, 1)
        for step in reversed(order):
            heights[step.id] = 1 + max((heights[f.id] for f in self._followers.get(step.id, ())), default=0)
        return heights

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def pop(self) -> tuple[Together | None, list[Step]]:
        """The most urgent step, with those that are done together with it and by whom."""
        first = self._next(self._heap)
        sort = self._sort(first)
        if sort is None:
            return None, [first]
        self._waiting.add(first.id)  # it is the first of its sort as well
        alike, together = self._sorts[sort], self._together[sort[0]]
        return together, [self._next(alike) for _ in range(min(together.limit, len(alike)))]

    def _next(self, heap: list[_Ranked]) -> Step:
        while True:
            step = heappop(heap)[1]
            if step.id in self._waiting:
                self._waiting.remove(step.id)
                return step

    def _sort(self, step: Step) -> tuple[int, str] | None:
        """Who does it together with others, as a place in `together`, and the name of its sort there."""
        sorts = ((place, way.sort(step)) for place, way in enumerate(self._together))
        return next(((place, sort) for place, sort in sorts if sort is not None), None)

    def ended(self, step: Step) -> None:
        """Whatever waited only for this step is ready now."""
        for follower in self._followers.get(step.id, ()):
            self._left[follower.id] -= 1
            if not self._left[follower.id]:
                self._push(follower)

    def _push(self, step: Step) -> None:
        self._waiting.add(step.id)
        heappush(self._heap, (self._rank[step.id], step))
        if (sort := self._sort(step)) is not None:
            heappush(self._sorts.setdefault(sort, []), (self._rank[step.id], step))


def apply(
    plan: Plan,
    perform: Perform,
    emit: Callable[[Event], None],
    *,
    known: Mapping[str, str],
    workers: int,
    clock: Callable[[], float],
    together: Sequence[Together] = (),
    interrupts: Interrupts[list[StepOutcome]] | None = None,
) -> ApplyResult:
    """Run a plan's steps. `known` are outputs of objects that stay as they are (version ids by address).

    An interrupt lets what is in flight finish and leaves the rest `not started`; after a second one nothing is waited
    for, and what is in flight is `unknown`.
    """
    run = _Run(plan, perform, emit, clock, interrupts or Interrupts(), outputs=dict(known))
    emit(PlanAnnounced(plan))
    started = clock()
    pool = ThreadPoolExecutor(max(1, workers))
    try:
        _carry_out(run, pool, max(1, workers), together)
    finally:
        pool.shutdown(wait=not run.interrupts.stop, cancel_futures=True)
    _account_for(run, plan.steps)
    ordered = tuple(run.outcomes[step.id] for step in plan.steps)
    heard = run.interrupts
    return ApplyResult(plan, ordered, clock() - started, interrupted=heard.end, stopped=heard.stop)


def _carry_out(run: _Run, pool: ThreadPoolExecutor, workers: int, together: Sequence[Together]) -> None:
    """All steps, and at last the inventory; what an interrupt left over is accounted for before that."""
    steps = [step for step in run.plan.steps if step.verb is not Verb.CLOSE]
    _drain(run, _Ready(steps, together), pool, workers)
    if run.interrupts.stop:
        return
    _account_for(run, steps)
    for step in (step for step in run.plan.steps if step.verb is Verb.CLOSE):
        _close(run, pool, step)


def _account_for(run: _Run, steps: Sequence[Step]) -> None:
    """An outcome for each step that has none yet."""
    for step in steps:
        if step.id not in run.outcomes:
            run.finish(run.ended.get(step.id) or _left(run, step))


def _left(run: _Run, step: Step) -> StepOutcome:
    if run.interrupts.stop and step.id in run.taken_up:
        return StepOutcome(step, Status.UNKNOWN, message="it was under way when the run was stopped")
    return StepOutcome(step, Status.NOT_STARTED, message="interrupted")


def _drain(run: _Run, ready: _Ready, pool: ThreadPoolExecutor, workers: int) -> None:
    """Until nothing is ready and nothing runs. No more steps are taken up than run at once, so each may still stop."""
    running: _Running = {}
    while True:
        while ready and len(running) < workers and not run.interrupts.end:
            _take_up(run, ready, pool, running)
        if not running or (future := run.interrupts.wait()) is None:
            return
        steps = running.pop(future)
        for step, outcome in zip(steps, future.result(), strict=True):
            run.finish(outcome)
            ready.ended(step)


_Running = dict[Future[list[StepOutcome]], list[Step]]
"""What is in flight: steps that are done together share a future."""


def _take_up(run: _Run, ready: _Ready, pool: ThreadPoolExecutor, running: _Running) -> None:
    """Submit the next step and those that are done with it, or settle it where it can no longer run."""
    together, taken = ready.pop()
    steps = [each for each in taken if not _settled(run, ready, each)]
    for each in steps:
        run.begin(each)
    if steps and together is not None:
        running[run.interrupts.watch(pool.submit(_attempt_together, run, together, steps))] = steps
    elif steps:
        running[run.interrupts.watch(pool.submit(_attempt_one, run, steps[0]))] = steps


def _settled(run: _Run, ready: _Ready, step: Step) -> bool:
    """Whether a step will not run, which is then its end."""
    verdict = _verdict(run, step)
    if verdict is not None:
        run.finish(verdict)
        ready.ended(step)
    return verdict is not None


def _verdict(run: _Run, step: Step) -> StepOutcome | None:
    """Why a step will not run, if that is decided."""
    if step.verb in ENDING and run.failed:
        return StepOutcome(step, Status.NOT_STARTED, message="nothing is deleted in a run in which something failed")
    for name in step.after:
        outcome = run.outcomes.get(name)
        if outcome is not None and outcome.status is not Status.DONE:
            return StepOutcome(step, Status.SKIPPED, message=f"needs {outcome.step.address}: {outcome.step.title}")
    return None


def _attempt_one(run: _Run, step: Step) -> list[StepOutcome]:
    return [_attempt(run, step)]


def _attempt_together(run: _Run, together: Together, steps: list[Step]) -> list[StepOutcome]:
    """Several steps with one account for each."""
    started = run.clock()
    try:
        failures = together(steps, lambda step, text: run.emit(StepProgress(step, text)))
    except ReconcilerError as problem:
        ended = [_failure(step, problem, run.clock() - started) for step in steps]
    except Exception as bug:
        message = f"internal error: {type(bug).__name__}: {bug}"
        ended = [StepOutcome(step, Status.UNKNOWN, run.clock() - started, message=message) for step in steps]
    else:
        seconds = run.clock() - started
        ended = [
            _failure(step, failures[step.id], seconds)
            if step.id in failures
            else StepOutcome(step, Status.DONE, seconds)
            for step in steps
        ]
    run.ended.update({outcome.step.id: outcome for outcome in ended})
    return ended


def _attempt(run: _Run, step: Step) -> StepOutcome:
    outputs, outcomes = MappingProxyType(run.outputs), MappingProxyType(run.outcomes)
    started = run.clock()
    try:
        made = run.perform(step, outputs, outcomes, lambda text: run.emit(StepProgress(step, text)))
    except ReconcilerError as problem:
        outcome = _failure(step, problem, run.clock() - started)
    except Exception as bug:
        # A mistake of ours in one step must not cost the account of all others; what it did is not known.
        message = f"internal error: {type(bug).__name__}: {bug}"
        outcome = StepOutcome(step, Status.UNKNOWN, run.clock() - started, message=message)
    else:
        outcome = StepOutcome(step, Status.DONE, run.clock() - started, outputs=made)
    run.ended[step.id] = outcome
    return outcome


def _failure(step: Step, problem: ReconcilerError, seconds: float) -> StepOutcome:
    status = Status.UNKNOWN if isinstance(problem, OutcomeUnknown) else Status.FAILED
    hint = f" ({problem.hint})" if problem.hint else ""
    deciding = problem.cause if isinstance(problem, Unseen) else problem
    code = deciding.exit_code if deciding.exit_code != 1 or not isinstance(deciding, ApiError) else None
    return StepOutcome(step, status, seconds, message=f"{problem}{hint}", exit_code=code)


def _close(run: _Run, pool: ThreadPoolExecutor, step: Step) -> None:
    """The inventory is brought up to date whatever happened, so that it tells the truth about a broken run too."""
    if (hindered := _hindered(run, step)) is not None:
        run.finish(hindered)
        return
    run.begin(step)
    if (future := run.interrupts.watch(pool.submit(_attempt_one, run, step))) is run.interrupts.wait():
        run.finish(*future.result())


def _hindered(run: _Run, step: Step) -> StepOutcome | None:
    """The inventory is not closed if it was not opened, or if there is no app that could hold it."""
    opening = next((o for o in run.outcomes.values() if o.step.verb is Verb.OPEN), None)
    app = next(
        (o for o in run.outcomes.values() if o.step.address == step.address and o.step.verb is Verb.CREATE), None
    )
    for needed in (opening, app):
        if needed is not None and needed.status is not Status.DONE:
            return StepOutcome(step, Status.SKIPPED, message=f"needs {needed.step.address}: {needed.step.title}")
    return None
