"""Create: send an object with its record, and tell our own "already exists" from somebody else's.

Belongs here: everything up to the object's first existence. Its versions are `versions`' business.
"""

from __future__ import annotations

from typing import Any

from reconciler.core.address import Scope
from reconciler.core.diagnostics import Refused
from reconciler.core.inventory import opening_inventory
from reconciler.core.kind import Keeps, Kind, Subject, post_call
from reconciler.core.plan import Step
from reconciler.core.remote import AlreadyExists, ApiError, Call, OutcomeUnknown
from reconciler.core.state import RECORD_KEY, inventory_key
from reconciler.core.tree import get
from reconciler.stages.write.context import Context, Outputs


def create(context: Context, step: Step, outputs: Outputs) -> bool:
    """Make one object: a model without its version, an App with the first inventory of its owner.

    False if it was there already, just as it was to be: made by a request of ours whose reply was lost, or by a run of
    the same manifests at the same time.
    """
    kind, item = context.item(step)
    want = context.want(step.address, outputs)
    shell = {name: value for name, value in want.items() if not (kind.versions and name == kind.versions.path[0])}
    record = context.record_text(item, want, kind, step)
    metadata: dict[str, Any] | None = {**(get(shell, kind.metadata) or {})} or None
    if kind.keeps is not Keeps.INVENTORY:
        metadata = {**(metadata or {}), RECORD_KEY: record}
    if kind.keeps is Keeps.APP:
        opened = opening_inventory(context.plan, context.desired, context.live, context.records(outputs))
        metadata = {**(metadata or {}), inventory_key(context.desired.owner): opened.text()}
    call = post_call(kind, Subject(step.address, shell, metadata))
    try:
        reply: Any = context.api.call(call.rpc, **call.fields)
    except AlreadyExists as problem:
        _recognise(context, step, kind, record, problem)
        return False
    except OutcomeUnknown as problem:
        _settle(context, step, kind, record, call, problem)
        return False
    if kind.keeps is Keeps.APP:
        _check_account(context, reply, step.address.scope)
    context.confirm(step, kind, item, want, record, call.rpc, reply)
    return True


def _recognise(context: Context, step: Step, kind: Kind, record: str, problem: ApiError) -> None:
    """ "Exists" on a create means: read and compare; equal and ours is done, all else is a failure."""
    found = context.look(step.address, problem.rpc)
    if found is None:
        if isinstance(problem, AlreadyExists) and kind.crud.get is None:
            return  # it is all there is to it, and only a list that lags behind could show it
        raise problem
    if kind.keeps is Keeps.INVENTORY or (found.record is not None and found.record.text() == record):
        return
    raise Refused(
        f"{step.address} exists and is not the one this run creates",
        hint="plan again to see it; --adopt takes it over",
    ) from problem


def _settle(context: Context, step: Step, kind: Kind, record: str, call: Call, problem: OutcomeUnknown) -> None:
    """A lost reply: the object is there with our record, or it is not and the call may be sent once more."""
    if context.look(step.address, call.rpc) is not None:
        _recognise(context, step, kind, record, problem)
        return
    try:
        context.api.call(call.rpc, **call.fields)
    except AlreadyExists as again:
        _recognise(context, step, kind, record, again)


def _check_account(context: Context, reply: Any, scope: Scope) -> None:
    """The service creates apps for the token's owner whatever is asked (facts 3.1)."""
    owner = reply.apps[0].user_id if reply.apps else ""
    if owner and owner != scope.user_id:
        raise Refused(
            f"the app was created for user {owner!r}, not {scope.user_id!r}: the token belongs to the former",
            hint=f"delete {owner}/{scope.app_id}, or use the token of {scope.user_id}",
        )
