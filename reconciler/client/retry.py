"""The table of a call's end: what each kind of RPC does after each ending, and the loop that does it.

The rule behind the table: a read may be repeated, a write only when the service certainly did not do it. A lost reply
to `PostModelVersions`, repeated by the channel, once left five model versions (measured). So a write ends done,
not done or *unknown*, and only its caller, who can read, settles the unknown.

Belongs here: the decision and the waiting. Does not belong here: which code is which ending (`endings`), or words for
the user (`failures`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from reconciler.client.endings import End, Ending, ending
from reconciler.core.remote import (
    AlreadyExists,
    ApiBusy,
    ApiError,
    ApiRefused,
    Moved,
    NotAuthorised,
    NotFound,
    OutcomeUnknown,
    Unreachable,
)


class RpcClass(StrEnum):
    """The columns of the table."""

    READ = "read"
    """All HTTP bindings are GET."""
    WRITE_WITH_ID = "write with id"
    """Names its object: done twice it is refused, or leaves the same thing."""
    WRITE_WITHOUT_ID = "write without id"
    """Makes a new object each time, such as `PostModelVersions`."""


class Step(StrEnum):
    """What happens next."""

    USE = "use the reply"
    REPEAT = "repeat, a few times"
    BACK_OFF = "repeat, as long as the run allows"
    WAIT_OUT = "wait until it cannot happen any more, then raise"
    RAISE = "raise"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A cell of the table: the step, and the error when the step is to raise or its patience is over."""

    step: Step
    error: type[ApiError] = ApiError


class Row(NamedTuple):
    """One ending, in the order of `RpcClass`."""

    read: Verdict
    write_with_id: Verdict
    write_without_id: Verdict


def _all(verdict: Verdict) -> Row:
    return Row(verdict, verdict, verdict)


_USE = Verdict(Step.USE)
_LATER = Verdict(Step.BACK_OFF, ApiBusy)
_REFUSED = Verdict(Step.RAISE, ApiRefused)
_UNKNOWN = Verdict(Step.WAIT_OUT, OutcomeUnknown)
_PARTLY = Verdict(Step.RAISE, OutcomeUnknown)  # the service has answered: there is nothing to wait for
_EXISTS = Verdict(Step.RAISE, AlreadyExists)
_NOBODY = Verdict(Step.REPEAT, Unreachable)
_OVERLOADED = Verdict(Step.REPEAT, ApiBusy)

TABLE: Mapping[Ending, Row] = {
    Ending.SUCCESS: _all(_USE),
    Ending.THROTTLED: _all(_LATER),
    Ending.QUOTA_SPENT: _all(Verdict(Step.RAISE, ApiBusy)),
    Ending.MIXED: Row(Verdict(Step.RAISE, ApiError), _PARTLY, _PARTLY),
    Ending.EXISTS: Row(_REFUSED, _EXISTS, _REFUSED),
    Ending.ABSENT: _all(Verdict(Step.RAISE, NotFound)),
    Ending.MOVED: _all(Verdict(Step.RAISE, Moved)),
    Ending.UNAUTHORISED: _all(Verdict(Step.RAISE, NotAuthorised)),
    Ending.REFUSED: _all(_REFUSED),
    Ending.MAYBE: Row(_OVERLOADED, _UNKNOWN, _UNKNOWN),
    Ending.CERTIFICATE: _all(Verdict(Step.RAISE, Unreachable)),
    Ending.NOT_SENT: _all(_NOBODY),
    Ending.UNAVAILABLE: Row(_NOBODY, _UNKNOWN, _UNKNOWN),
    Ending.LOST: Row(_NOBODY, _UNKNOWN, _UNKNOWN),
}


_COLUMN = {rpc_class: place for place, rpc_class in enumerate(RpcClass)}


def classify(rpc_class: RpcClass, end: End) -> Verdict:
    """What the end of one attempt means for an RPC of this class."""
    return TABLE[ending(end)][_COLUMN[rpc_class]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a run tries: attempts for each kind of repetition, growing pauses, and one deadline for all calls."""

    attempts: int = 4
    throttled_attempts: int = 12
    first_pause: float = 0.5
    longest_pause: float = 15.0
    """The documentation advises about 15 s when throttled (facts 2.4)."""
    deadline: float = float("inf")
    """In the clock's own seconds; a pause that would pass it is not begun."""

    def allows(self, step: Step, attempt: int) -> bool:
        """Whether another attempt may follow the one with this number (from 1)."""
        return attempt < {Step.REPEAT: self.attempts, Step.BACK_OFF: self.throttled_attempts}.get(step, 0)

    def ceiling(self, attempt: int) -> float:
        """The longest pause after the attempt with this number; full jitter draws between 0 and it."""
        return min(self.longest_pause, self.first_pause * 2.0 ** (attempt - 1))


class Outcome(NamedTuple):
    """How a call ended after all its attempts."""

    end: End
    verdict: Verdict
    attempts: int


@dataclass(slots=True)
class Retrier:
    """Sends until the table says stop or patience ends. Stateless but for its clock: shared by all threads."""

    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[float, float], float] = random.uniform

    def run(self, rpc_class: RpcClass, send: Callable[[], End], pausing: Callable[[End, Step, float], None]) -> Outcome:
        """The last end and its verdict; `pausing` hears of every pause, and why, before it is slept."""
        attempt = 1
        while True:
            end = send()
            verdict = classify(rpc_class, end)
            if not self.patience.allows(verdict.step, attempt):
                return Outcome(end, verdict, attempt)
            pause = self.jitter(0.0, self.patience.ceiling(attempt))
            if self.clock() + pause > self.patience.deadline:
                return Outcome(end, verdict, attempt)
            pausing(end, verdict.step, pause)
            self.sleep(pause)
            attempt += 1
