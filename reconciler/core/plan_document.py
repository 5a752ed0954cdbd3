"""The plan as a versioned JSON document, in the words of `terraform show -json` with ours beside them.

Belongs here: the shape that policies, scripts and a saved plan rely on, and how a `Plan` gets into it. Does not belong
here: deciding anything. Additions raise the minor version and must be ignorable; anything else raises the major one.

What JSON cannot hold (`json_values`) is left out and marked: an Unknown in `after_unknown`, a sensitive value in
`before_sensitive` or `after_sensitive`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.cost import cost
from reconciler.core.desired_document import DesiredDocument
from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.json_values import jsonable, sensitive_marks, unknown_marks
from reconciler.core.masking import conceal
from reconciler.core.plan import Limit, Pin, Plan, Refusal, Step, Verb
from reconciler.core.tree import ABSENT, Unknown, canonical_json, unknowns

FORMAT_VERSION = "1.1"
"""1.1 added limits by kind, and what becomes of the inputs when the default workflow changes."""

ACTIONS = {
    Action.NO_OP: ("no-op",),
    Action.CREATE: ("create",),
    Action.UPDATE: ("update",),
    Action.REPLACE: ("delete", "create"),
    Action.DELETE: ("delete",),
    Action.ADOPT: ("no-op",),
    Action.FORGET: ("forget",),
}
"""Terraform's words for ours; what it imports is a `no-op` with `importing`, and so is what we adopt."""

TERRAFORM_REASONS = {
    Action.REPLACE: "replace_because_cannot_update",
    Action.DELETE: "delete_because_no_resource_config",
}


class _Part(BaseModel):
    """Frozen; fields of a later minor version are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Place(_Part):
    """Where the manifest says so; line and column count from 1."""

    file: str
    line: int
    column: int


class UnknownValue(_Part):
    """What will be known after apply: the named output of the object at an address."""

    address: str
    output: str
    path: tuple[str, ...] = ()
    """Where inside the value; empty when it is the whole value."""


class Field(_Part):
    """One differing path; `before` and `after` are left out where there is nothing, or nothing that may be shown."""

    path: tuple[str, ...]
    before: Any = None
    after: Any = None
    after_unknown: UnknownValue | None = None
    unknowns_inside: tuple[UnknownValue, ...] = ()
    cause: Cause
    effect: Effect
    follows: str | None
    sensitive: bool


class Importing(_Part):
    """An existing object that becomes ours."""

    id: str


class Change(_Part):
    """Terraform's `change`: the owned parts of the object before and after."""

    actions: tuple[str, ...]
    before: Any
    after: Any
    after_unknown: Any
    before_sensitive: Any
    after_sensitive: Any
    replace_paths: tuple[tuple[str, ...], ...] = ()
    importing: Importing | None = None


class ResourceChangeDocument(_Part):
    """What becomes of one object."""

    address: str
    mode: str
    type: str
    name: str
    change: Change
    action: Action
    action_reason: str | None
    reasons: tuple[str, ...]
    cause: Cause | None
    fields: tuple[Field, ...]
    location: Place | None


class StepDocument(_Part):
    """One unit of work, and the steps it waits for."""

    id: str
    address: str
    verb: Verb
    title: str
    after: tuple[str, ...]


class PinDocument(_Part):
    """A version that was looked up for a reference that names none."""

    consumer: str
    path: str
    target: str
    value: str


class RefusalDocument(_Part):
    """A guard's no, and the flag that allows it."""

    rule: str
    address: str
    message: str
    flag: str | None


class NoteDocument(_Part):
    """A diagnostic that goes with the plan."""

    severity: Severity
    summary: str
    detail: str | None
    address: str | None
    location: Place | None


class SummaryDocument(_Part):
    """The numbers of the summary line."""

    add: int
    change: int
    destroy: int
    adopt: int
    forget: int
    unchanged: int


class ScopeDocument(_Part):
    """The app that everything in the plan lives in."""

    user_id: str
    app_id: str


class Options(_Part):
    """How the plan was asked for; a saved plan is made again with the same."""

    destroy: bool
    prune: bool
    refresh: str
    delete_app: bool = False
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    """`RULE=ADDRESS`, as on the command line."""
    reindex: bool = False
    """Inputs that are there are run by a new default workflow, too; left out where that was not asked for."""
    limits: tuple[int, float] | None = None
    """The rails of the settings file: a number of objects, a share of the owned ones; left out for the default."""
    kind_limits: dict[str, tuple[int, float]] | None = None
    """The same by the name of a kind; left out where no kind has limits of its own."""


class CostDocument(_Part):
    """What applying takes, as an estimate."""

    rpcs: int
    trainings: int
    inputs_run_again: int = 0
    """By a new default workflow, with --reindex; left out where there are none."""
    inputs_left_alone: int = 0
    """They keep what the former default workflow made of them; left out where there are none."""


class PlanDocument(_Part):
    """A whole plan; `applyable` says whether there is anything to do that no guard refuses."""

    format_version: str
    applyable: bool
    scope: ScopeDocument
    owner: str
    host: str
    options: Options
    summary: SummaryDocument
    resource_changes: tuple[ResourceChangeDocument, ...]
    steps: tuple[StepDocument, ...]
    pins: tuple[PinDocument, ...]
    refusals: tuple[RefusalDocument, ...]
    undeclared: tuple[str, ...]
    unchanged: tuple[str, ...]
    notes: tuple[NoteDocument, ...]
    left_out: tuple[str, ...] = ()
    cost: CostDocument | None = None
    desired: DesiredDocument | None = None
    """What the manifests said, so that the plan can be made again without them."""
    desired_sha256: str | None = None
    manifests_sha256: str | None = None
    """The digest of the manifests alone, before versions were looked up."""
    plan_sha256: str | None = None
    """The digest of all the rest, so that no edit goes unnoticed, not even one that changes nothing."""

    def text(self) -> str:
        """The JSON text: equal plans give equal bytes."""
        return self.model_dump_json(indent=2, exclude_unset=True) + "\n"


def document(plan: Plan, desired: DesiredDocument | None = None, manifests_sha256: str | None = None) -> PlanDocument:
    """The document of a plan; one that is to be applied later embeds the desired state."""
    if desired is None:
        return _document(plan)
    embedded = {"desired": desired, "desired_sha256": desired.digest(), "manifests_sha256": manifests_sha256}
    whole = _document(plan, **embedded)
    return whole.model_copy(update={"plan_sha256": plan_digest(json.loads(whole.text()))})


def plan_digest(raw: dict[str, Any]) -> str:
    """The sha256 of a plan's content, by which a saved one shows that it was not edited."""
    content = {name: value for name, value in raw.items() if name not in OUTSIDE}
    return hashlib.sha256(canonical_json(content).encode("utf-8", "surrogatepass")).hexdigest()


OUTSIDE = ("plan_sha256", "signature")
"""The members of a saved plan that are about the others."""


def _document(plan: Plan, **embedded: Any) -> PlanDocument:
    return PlanDocument(
        **embedded,
        format_version=FORMAT_VERSION,
        applyable=not plan.summary.empty and not plan.refusals,
        scope=ScopeDocument(user_id=plan.scope.user_id, app_id=plan.scope.app_id),
        owner=plan.owner,
        host=plan.host,
        options=_options(plan),
        left_out=tuple(map(str, plan.left_out)),
        cost=_cost(plan),
        summary=_summary(plan),
        resource_changes=tuple(_resource_change(change, plan) for change in plan.changes),
        steps=tuple(_step(step) for step in plan.steps),
        pins=tuple(_pin(pin) for pin in plan.pins),
        refusals=tuple(_refusal(refusal) for refusal in plan.refusals),
        undeclared=tuple(map(str, plan.undeclared)),
        unchanged=tuple(map(str, plan.unchanged)),
        notes=tuple(_note(note) for note in plan.notes),
    )


def _options(plan: Plan) -> Options:
    optional: dict[str, Any] = {"reindex": True} if plan.reindex else {}
    if plan.limits is not None:
        optional["limits"] = _pair(plan.limits)
    if plan.kind_limits:
        optional["kind_limits"] = {kind: _pair(limit) for kind, limit in plan.kind_limits}
    return Options(
        **optional,
        destroy=plan.destroying,
        prune=plan.prune,
        refresh=plan.refresh,
        delete_app=plan.delete_app,
        select=plan.select,
        exclude=plan.exclude,
        allow=tuple(f"{rule}={address}" for rule, address in plan.allowed),
    )


def _pair(limit: Limit) -> tuple[int, float]:
    return limit.count, limit.share


def _cost(plan: Plan) -> CostDocument:
    estimate = cost(plan)
    optional = {"inputs_run_again" if plan.reindex else "inputs_left_alone": plan.inputs} if plan.inputs else {}
    return CostDocument(rpcs=estimate.rpcs, trainings=estimate.trainings, **optional)


def _summary(plan: Plan) -> SummaryDocument:
    count = plan.summary
    return SummaryDocument(
        add=count.add,
        change=count.change,
        destroy=count.destroy,
        adopt=count.adopt,
        forget=count.forget,
        unchanged=len(plan.unchanged),
    )


def _resource_change(change: ResourceChange, plan: Plan) -> ResourceChangeDocument:
    change = conceal(change)
    return ResourceChangeDocument(
        address=str(change.address),
        mode="managed",
        type=change.kind,
        name=change.address.id,
        change=_change(change),
        action=change.action,
        action_reason=None if plan.destroying else TERRAFORM_REASONS.get(change.action),
        reasons=change.reasons,
        cause=change.cause,
        fields=tuple(_field(field) for field in change.fields),
        location=_place(change.location),
    )


def _change(change: ResourceChange) -> Change:
    optional: dict[str, Any] = {}
    if replacing := tuple(field.path for field in change.fields if field.effect is Effect.REPLACE):
        optional["replace_paths"] = replacing
    if change.action is Action.ADOPT:
        optional["importing"] = Importing(id=change.address.id)
    return Change(
        actions=ACTIONS[change.action],
        before=_shown(change.before),
        after=_shown(change.after),
        after_unknown=unknown_marks(change.after),
        before_sensitive=sensitive_marks(change.before),
        after_sensitive=sensitive_marks(change.after),
        **optional,
    )


def _field(field: FieldChange) -> Field:
    optional: dict[str, Any] = {}
    for name, value in ("before", field.before), ("after", field.after):
        if (shown := jsonable(value)) is not ABSENT:
            optional[name] = shown
    if isinstance(field.after, Unknown):
        optional["after_unknown"] = UnknownValue(address=field.after.address, output=field.after.name)
    elif isinstance(field.after, dict) and (inside := tuple(unknowns(field.after))):
        optional["unknowns_inside"] = tuple(
            UnknownValue(address=unknown.address, output=unknown.name, path=path) for path, unknown in inside
        )
    return Field(
        path=field.path,
        cause=field.cause,
        effect=field.effect,
        follows=field.follows,
        sensitive=field.sensitive,
        **optional,
    )


def _step(step: Step) -> StepDocument:
    return StepDocument(id=step.id, address=str(step.address), verb=step.verb, title=step.title, after=step.after)


def _pin(pin: Pin) -> PinDocument:
    return PinDocument(consumer=str(pin.consumer), path=pin.path, target=pin.target.qualified, value=pin.value)


def _refusal(refusal: Refusal) -> RefusalDocument:
    return RefusalDocument(rule=refusal.rule, address=str(refusal.address), message=refusal.message, flag=refusal.flag)


def _note(note: Diagnostic) -> NoteDocument:
    return NoteDocument(
        severity=note.severity,
        summary=note.summary,
        detail=note.hint,
        address=note.address,
        location=_place(note.location),
    )


def _place(location: Location | None) -> Place | None:
    return Place(file=location.file, line=location.line, column=location.column) if location else None


def _shown(tree: Any) -> Any:
    """A whole tree; null where there is no object."""
    return None if (shown := jsonable(tree)) is ABSENT else shown
