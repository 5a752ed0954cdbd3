"""What happened: the events of a running apply, each step's outcome, and the account at the end.

Belongs here: values that `stages/apply` emits and `report` prints. Does not belong here: doing or printing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.address import Address
from reconciler.core.diagnostics import Diagnostic, Refused
from reconciler.core.plan import Plan, Step, Verb


class Status(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Something it depends on did not get done."""
    UNKNOWN = "unknown"
    """It may have happened; nobody could be asked."""
    NOT_STARTED = "not started"
    """The run was interrupted, or deletes were held back because something failed."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The end of one step: status, seconds it took, and the error or the remark that goes with it."""

    step: Step
    status: Status
    seconds: float = 0.0
    message: str = ""
    exit_code: int | None = None
    """Of the error, if one decides the exit code of the run (7 for a token that ran out)."""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanAnnounced:
    """First event: everything that will be done."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step was taken up."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepProgress:
    """A step that takes long says where it is."""

    step: Step
    message: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ended, in whatever way."""

    outcome: StepOutcome


Event = PlanAnnounced | StepStarted | StepProgress | StepFinished


_BOOKKEEPING = (Verb.OPEN, Verb.CLOSE)


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The account of a run: one outcome for every step of the plan, in plan order."""

    plan: Plan
    outcomes: tuple[StepOutcome, ...]
    seconds: float = 0.0
    rpcs: Mapping[str, int] = field(default_factory=dict)
    """Calls sent, by RPC name."""
    interrupted: bool = False
    stopped: bool = False
    """Interrupted twice: what was in flight was not waited for, and may hang still."""
    left: tuple[Diagnostic, ...] = ()
    """What was asked for and is no step of the plan: objects that could not be adopted as they are."""

    @property
    def complete(self) -> bool:
        """Whether every step got done."""
        return all(outcome.status is Status.DONE for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """0 all done, 130 interrupted, 7 token failed, 6 partly applied; if nothing was done, the error's own code.

        4 if all steps got done and something was left alone.
        """
        if self.complete:
            return Refused.exit_code if self.left else 0
        if self.interrupted:
            return 130
        codes = [o.exit_code for o in self.outcomes if o.exit_code is not None]
        if 7 in codes:
            return 7
        wrote = any(
            o.status in (Status.DONE, Status.UNKNOWN) and o.step.verb not in _BOOKKEEPING for o in self.outcomes
        )
        return 6 if wrote else next(iter(codes), 1)

    def by_status(self) -> Counter[Status]:
        """How many steps ended in each way."""
        return Counter(outcome.status for outcome in self.outcomes)

    def finished(self, address: Address) -> bool:
        """Whether all steps of an object got done."""
        return all(o.status is Status.DONE for o in self.outcomes if o.step.address == address)
