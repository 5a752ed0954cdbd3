"""How applying the rich plan may end: every status of a step, and every event on the way."""

from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.outcome import ApplyResult, Status, StepFinished, StepOutcome, StepProgress, StepStarted
from reconciler.core.plan import Plan, Step, Verb
from tests.report.rich_plan import NEWER, SCOPE, at, line, rich_plan

ENDS = {
    "models/strict/wait": (Status.FAILED, 61.2, "21106 MODEL_TRAINING_FAILED: concept 'adult' has no name"),
    "workflows/auto-annotation/update": (Status.UNKNOWN, 30.0, "deadline exceeded; the read-back failed too"),
    "apps/people-app/late": (Status.SKIPPED, 0.0, "waits for workflows/auto-annotation"),
    "workflows/old/delete": (Status.NOT_STARTED, 0.0, "deletes were held back because a step failed"),
    "inventory/close": (Status.NOT_STARTED, 0.0, ""),
}
RPCS = {"PostConcepts": 1, "ListModels": 3, "PostModelVersions": 2}


def outcome_of(step: Step) -> StepOutcome:
    status, seconds, message = ENDS.get(step.id, (Status.DONE, 0.125, ""))
    if step.id == "models/greater-than/version":
        return StepOutcome(step, status, seconds, "2 old versions are kept", outputs={"version_id": NEWER})
    return StepOutcome(step, status, seconds, message)


def partly_applied() -> ApplyResult:
    plan = rich_plan()
    return ApplyResult(plan, tuple(outcome_of(step) for step in plan.steps), 93.46, RPCS)


def applied() -> ApplyResult:
    plan = rich_plan()
    return ApplyResult(plan, tuple(StepOutcome(step, Status.DONE, 0.1) for step in plan.steps), 3.21, RPCS)


def interrupted() -> ApplyResult:
    plan = rich_plan()
    outcomes = tuple(StepOutcome(step, Status.NOT_STARTED, message="interrupted") for step in plan.steps)
    return ApplyResult(plan, outcomes, 0.4, {"ListModels": 1}, interrupted=True)


def destroyed() -> ApplyResult:
    changes = tuple(change for change in rich_plan().changes if change.address.id in {"old", "teenager"})
    delete = Step("workflows/old/delete", at("workflows/old"), Verb.DELETE, "delete")
    forget = Step("concepts/teenager/forget", at("concepts/teenager"), Verb.FORGET, "forget")
    plan = Plan(SCOPE, "people-app", "api.clarifai.com", changes, (delete, forget), destroying=True)
    return ApplyResult(
        plan, (StepOutcome(delete, Status.DONE), StepOutcome(forget, Status.DONE)), 1.0, {"DeleteWorkflows": 1}
    )


def events() -> list[StepStarted | StepProgress | StepFinished]:
    result = partly_applied()
    waiting = next(step for step in result.plan.steps if step.verb is Verb.WAIT)
    told: list[StepStarted | StepProgress | StepFinished] = []
    for outcome in result.outcomes:
        told.append(StepStarted(outcome.step))
        if outcome.step is waiting:
            told.append(StepProgress(waiting, "21101 MODEL_TRAINING_IN_PROGRESS [30s elapsed]"))
        told.append(StepFinished(outcome))
    return told


def problems() -> list[Diagnostic]:
    return [
        Diagnostic(
            Severity.ERROR,
            "unknown field 'modle' in node 'mapper'",
            line("workflows", 12),
            hint="did you mean 'model'?",
        ),
        Diagnostic(
            Severity.WARNING, "models/synonyms is not declared here; it must exist in the app", line("workflows", 9)
        ),
        Diagnostic(
            Severity.ERROR, "models/greater-than is declared twice; first in manifests/a.yaml:3:1", line("models", 40)
        ),
        Diagnostic(Severity.ERROR, "no owner: a set without an App document must name one", hint="--owner NAME"),
    ]
