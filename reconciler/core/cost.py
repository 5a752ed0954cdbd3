"""What applying a plan costs: requests, and what is billed: trainings, and inputs that are run again.

Pure estimate from the steps. Requests are what the service limits, so they decide how long an apply takes. Does not
belong here: what a run really sent (`ApplyResult.rpcs`).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from reconciler.core.model_types import trains
from reconciler.core.plan import Plan, Step, Verb

SINGLE = {
    Verb.OPEN: 3, Verb.CREATE: 1, Verb.VERSION: 2, Verb.WAIT: 0, Verb.UPDATE: 3, Verb.LATE: 3, Verb.ADOPT: 3,
    Verb.FORGET: 0, Verb.DELETE: 2, Verb.CLOSE: 3,
}  # fmt: skip
"""Requests of a step that meets no trouble: the look before, the write, the look after."""

TOGETHER = {
    "inputs": {Verb.CREATE: 2, Verb.DELETE: 2},
    "concepts": {Verb.CREATE: 1, Verb.UPDATE: 6, Verb.ADOPT: 0},
    "relations": {Verb.CREATE: 1, Verb.DELETE: 4, Verb.ADOPT: 0},
}
"""The same of a batch, by what travels in batches."""

BATCH = 128
"""That many travel together (facts 9)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The estimate of one apply."""

    rpcs: int
    trainings: int
    inputs: int = 0
    """Inputs that the new default workflow is run on, though another one has been."""

    def seconds(self, rps: float) -> float:
        """How long the requests take at a rate (0: no limit)."""
        return self.rpcs / rps if rps else 0.0


def cost(plan: Plan) -> Cost:
    """The estimate for a plan."""
    created = {step.address for step in plan.steps if step.verb is Verb.CREATE}
    together = Counter(_batch(step) for step in plan.steps if _travels_together(step))
    single = sum(_rpcs(step, step.address in created) for step in plan.steps if not _travels_together(step))
    batches = sum(TOGETHER[kind][verb] * math.ceil(count / BATCH) for (kind, verb, _), count in together.items())
    return Cost(single + batches, _trainings(plan), plan.inputs if plan.reindex else 0)


def _travels_together(step: Step) -> bool:
    return step.verb in TOGETHER.get(step.address.kind, ())


def _batch(step: Step) -> tuple[str, Verb, str]:
    """What goes with what: relations those of one subject, which is how their addresses begin."""
    subject = step.address.id.partition(".")[0] if step.address.kind == "relations" else ""
    return step.address.kind, step.verb, subject


def _rpcs(step: Step, created: bool) -> int:
    if step.verb is Verb.VERSION and created:
        return 1  # nothing has to be looked at first
    if step.verb is Verb.FORGET and step.address.kind == "apps":
        return 2
    return SINGLE[step.verb]


def _trainings(plan: Plan) -> int:
    versions = {step.address for step in plan.steps if step.verb is Verb.VERSION}
    return sum(trains(change.after or {}) for change in plan.changes if change.address in versions)
