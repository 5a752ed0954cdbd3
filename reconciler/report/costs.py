"""What applying a plan takes, in words: requests, since the service limits them, and what it bills.

Belongs here: sentences. Does not belong here: the estimate (`core/cost`), or what a run really sent (`account`).
"""

from __future__ import annotations

import math

from reconciler.core.change import Action, Effect, ResourceChange
from reconciler.core.cost import Cost, cost
from reconciler.core.plan import Plan
from reconciler.core.tree import ABSENT, get
from reconciler.report.changes import counted


def takes(plan: Plan) -> list[str]:
    """The parts of the cost line; none where nothing would be done."""
    if not plan.steps or plan.refusals:
        return []
    estimate = cost(plan)
    return [f"about {counted(estimate.rpcs, 'request')}{_time(estimate, plan.rps)}", *_billed(estimate), *_kept(plan)]


def _time(estimate: Cost, rps: float) -> str:
    return f", {math.ceil(estimate.seconds(rps))} s at {rps:g} a second" if rps else ""


def _billed(estimate: Cost) -> list[str]:
    numbers = ((estimate.trainings, "training", ", billed"), (estimate.inputs, "input", " run again, billed"))
    return [f"{counted(number, noun)}{how}" for number, noun, how in numbers if number]


def _kept(plan: Plan) -> list[str]:
    """Versions that get a successor: nobody deletes them, since others may pin them."""
    number = sum(change.action is Action.UPDATE and _has_version(change) for change in plan.changes)
    return [f"{counted(number, 'old version')} {'is' if number == 1 else 'are'} kept"] if number else []


def _has_version(change: ResourceChange) -> bool:
    paths = (field.path for field in change.fields if field.effect is Effect.NEW_VERSION)
    return any(get(change.before or {}, path[:1]) is not ABSENT for path in paths)


def left_alone(plan: Plan) -> str:
    """What a new default workflow will not do; empty where there is nothing to say."""
    if not plan.inputs or plan.reindex or plan.refusals:
        return ""
    are = "input of the app is" if plan.inputs == 1 else "inputs of the app are"
    return f"{plan.inputs} {are} not run by its new default workflow; --reindex runs them, too (billed)."
