"""Plan document -> `Plan`, so that a saved plan can be shown in every format, without manifests and without a network.

Belongs here: the way back of `plan_document`; `document(plan_from(d))` says what `d` says. What it does not hold
stays away: concealed values are marks, and the plan is for looking at, not for applying. Does not belong here: whether
it is still true (`pipeline`) or authentic (`saved_plan`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.core.address import Address, Scope
from reconciler.core.change import FieldChange, ResourceChange
from reconciler.core.desired_document import DesiredDocument
from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.masking import SENSITIVE
from reconciler.core.plan import Pin, Plan, Refusal, Step
from reconciler.core.plan_document import Field, Place, PlanDocument, ResourceChangeDocument
from reconciler.core.saved_plan import allowed, kind_limits, limit
from reconciler.core.tree import ABSENT, Path, Unknown, put

Outputs = Mapping[tuple[str, Path], Unknown]
"""What each unknown value of a declared object will be, by address and path."""


def plan_from(document: PlanDocument) -> Plan:
    """The plan that a document tells of."""
    scope = Scope(document.scope.user_id, document.scope.app_id)
    outputs = dict(_outputs(document.desired)) if document.desired else {}
    options = document.options
    return Plan(
        scope=scope,
        owner=document.owner,
        host=document.host,
        changes=tuple(_change(change, scope, outputs) for change in document.resource_changes),
        steps=tuple(Step(s.id, _local(s.address, scope), s.verb, s.title, s.after) for s in document.steps),
        unchanged=tuple(_local(name, scope) for name in document.unchanged),
        undeclared=tuple(_local(name, scope) for name in document.undeclared),
        refusals=tuple(Refusal(r.rule, _local(r.address, scope), r.message, r.flag) for r in document.refusals),
        pins=tuple(Pin(_local(p.consumer, scope), p.path, _qualified(p.target), p.value) for p in document.pins),
        notes=tuple(
            Diagnostic(n.severity, n.summary, _location(n.location), n.address, n.detail) for n in document.notes
        ),
        left_out=tuple(_local(name, scope) for name in document.left_out),
        destroying=options.destroy,
        prune=options.prune,
        delete_app=options.delete_app,
        select=options.select,
        exclude=options.exclude,
        allowed=tuple(allowed(document)),
        limits=limit(document),
        kind_limits=tuple(kind_limits(document)),
        inputs=document.cost.inputs_run_again + document.cost.inputs_left_alone if document.cost else 0,
        reindex=options.reindex,
        refresh=options.refresh,
    )


def _outputs(desired: DesiredDocument) -> Iterator[tuple[tuple[str, Path], Unknown]]:
    for resource in desired.resources:
        for unknown in resource.unknown:
            yield (f"{resource.plural}/{resource.id}", unknown.path), Unknown(unknown.address, unknown.output)


def _local(text: str, scope: Scope) -> Address:
    """An address of this app; an id may hold slashes."""
    kind, _, name = text.partition("/")
    return Address(scope, kind, name)


def _qualified(text: str) -> Address:
    user_id, app_id, kind, name = text.split("/", maxsplit=3)
    return Address(Scope(user_id, app_id), kind, name)


def _location(place: Place | None) -> Location | None:
    return Location(place.file, place.line, place.column) if place else None


# --- changes ---------------------------------------------------------------------------------------------------------


def _change(document: ResourceChangeDocument, scope: Scope, outputs: Outputs) -> ResourceChange:
    tree = document.change
    secret = {*_marked(tree.before_sensitive), *_marked(tree.after_sensitive)}
    after = _restored(tree.after, tree.after_sensitive, lambda _: SENSITIVE)
    return ResourceChange(
        address=_local(document.address, scope),
        kind=document.type,
        action=document.action,
        fields=tuple(_field(field) for field in document.fields),
        reasons=document.reasons,
        before=_restored(tree.before, tree.before_sensitive, lambda _: SENSITIVE),
        after=_restored(after, tree.after_unknown, lambda path: outputs.get((document.address, path), Unknown("", ""))),
        cause=document.cause,
        location=_location(document.location),
        sensitive=tuple(sorted(secret)),
    )


def _restored(tree: Any, marks: Any, value: Any) -> Any:
    """The tree with a value put wherever a mark says that there was one that JSON does not hold."""
    for path in _marked(marks):
        tree = _put(tree, path, value(path))
    return tree


def _put(tree: Any, path: Path, value: Any) -> Any:
    """`put`, through lists as well: in them a name is a position."""
    if not path:
        return value
    if isinstance(tree, list):
        index = int(path[0])
        return [_put(inner, path[1:], value) if n == index else inner for n, inner in enumerate(tree)]
    inner = tree.get(path[0], {}) if isinstance(tree, dict) else {}
    return put(tree if isinstance(tree, dict) else {}, path[:1], _put(inner, path[1:], value))


def _marked(marks: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all marks."""
    if marks is True:
        yield path
    elif isinstance(marks, dict):
        for name, inner in marks.items():
            yield from _marked(inner, (*path, name))
    elif isinstance(marks, list):
        for index, inner in enumerate(marks):
            yield from _marked(inner, (*path, str(index)))


def _field(field: Field) -> FieldChange:
    before, after = (getattr(field, name) if name in field.model_fields_set else ABSENT for name in ("before", "after"))
    if field.after_unknown is not None:
        after = Unknown(field.after_unknown.address, field.after_unknown.output)
    for unknown in field.unknowns_inside:
        after = _put(after, unknown.path, Unknown(unknown.address, unknown.output))
    if field.sensitive:
        before, after = (SENSITIVE if value is ABSENT else value for value in (before, after))
    return FieldChange(field.path, before, after, field.cause, field.effect, field.follows, field.sensitive)
