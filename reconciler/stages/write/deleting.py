"""Delete: look once more, refuse what moved, try the calls that the service may want in turn."""

from __future__ import annotations

from reconciler.core.diagnostics import Refused, StalePlan
from reconciler.core.kind import Keeps, Kind, Subject, delete_calls
from reconciler.core.plan import Step
from reconciler.core.remote import ApiRefused, Moved, NotFound
from reconciler.core.state import Observed
from reconciler.core.tree import same
from reconciler.stages.write.context import Context
from reconciler.stages.write.doubts import same_record


def delete(context: Context, step: Step) -> None:
    """Delete one object; an App only if right now nothing in it is anybody else's. One that is gone is done."""
    kind = context.kinds[step.address.kind]
    found = context.read_again(step.address)
    if found is None and kind.crud.get is None:
        found = context.read_again(step.address)  # one list that lacks it does not prove it gone
    if found is None:
        return
    check_unmoved(context, step, found)
    if kind.keeps is Keeps.APP and (foreign := context.may_delete_app()) is not None:
        raise Refused(f"the app is not deleted: it holds {foreign}", hint="nothing overrides this")
    _delete_now(context, kind, Subject(step.address, found.tree, service_id=found.service_id))


def check_unmoved(context: Context, step: Step, found: Observed) -> None:
    """Raises StalePlan if an object that is about to be deleted is not what the plan saw."""
    kind, seen = context.kinds[step.address.kind], context.live.observed.get(step.address)
    if seen is None or kind.keeps is Keeps.APP:
        return
    # A relation reads differently from either end, hence nothing of an identity; a version has its own id.
    apart = (*kind.fields.identity, *(kind.versions.path if kind.versions else ()))
    shells = [{k: v for k, v in o.tree.items() if not kind.fields.any(apart, (k,))} for o in (seen, found)]
    # The service gives each relation an id of its own, so one that others made anew has another.
    made = [(o.newest.id if o.newest else "", o.service_id) for o in (seen, found)]
    if not same(*shells) or made[0] != made[1] or not same_record(seen, found):
        raise StalePlan(f"{step.address} changed since the plan", hint="plan again")


def _delete_now(context: Context, kind: Kind, subject: Subject) -> None:
    calls = delete_calls(kind, subject)
    for number, call in enumerate(calls, start=1):
        try:
            context.idempotent(call)
            return
        except (NotFound, Moved):
            if context.look(subject.address, call.rpc) is None:
                return
            if number == len(calls):
                raise
        except ApiRefused:
            if number == len(calls):
                raise
