"""Versions: post a new one with its mark, wait for it, adopt one that serves already.

A version cannot be asked for by an id of ours, so its mark is what tells a lost reply from a missing version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.address import Address
from reconciler.core.canonical import data_from
from reconciler.core.diagnostics import StalePlan
from reconciler.core.kind import Kind, Processing, Versions, user_app
from reconciler.core.ownership import target_mark
from reconciler.core.plan import Step, Verb
from reconciler.core.remote import Call, OutcomeUnknown
from reconciler.core.state import RECORD_KEY, Desired, Mark, Observed
from reconciler.core.tree import Tree, get
from reconciler.stages.write.context import CameToNothing, Context, Outputs, Progress, Unconfirmed
from reconciler.stages.write.doubts import record_text, version_doubt, versions_of


def create_version(context: Context, step: Step, outputs: Outputs, progress: Progress) -> Mapping[str, str]:
    """Post a version of what is declared; its id is the output that nodes wait for."""
    kind, item = context.item(step)
    versions = versions_of(kind)
    parent = _parent(context, step, item, kind)
    want = context.want(step.address, outputs)
    mark = target_mark(item, want, kind, context.desired.owner, parent)
    shape = kind.fields.shape.at(versions.path)
    tree = get(want, versions.path) or {}
    data = data_from(tree, shape) if shape else {}
    data["metadata"] = {**data.get("metadata", {}), RECORD_KEY: mark.text()}
    fields = {"user_app_id": user_app(step.address.scope), versions.parent_id_field: step.address.id}
    call = Call(versions.crud.post, {**fields, versions.crud.items: [data]})
    # Who made the model at the same time has perhaps made its version, too.
    if was_there(step.address) in outputs and (made := _marked(context, step.address, mark, call.rpc)) is not None:
        return {str(step.address): made}
    try:
        reply: Any = context.api.call(call.rpc, **call.fields)
    except OutcomeUnknown:
        made = _marked(context, step.address, mark, call.rpc)
        if made is not None:
            return {str(step.address): made}
        # Read after the deadline and not there: this is no blind repetition.
        reply = context.api.call(call.rpc, **call.fields)
    version = getattr(reply, kind.crud.item).model_version
    shown = _confirm(context, step, want, version.id, mark, reply, call.rpc)
    if shown != version.id:
        progress(f"the request was delivered twice: versions {version.id} and {shown} are equal, the latter is used")
    return {str(step.address): shown, _status(step): str(version.status.code)}


def _parent(context: Context, step: Step, item: Desired, kind: Kind) -> str:
    """The newest version there is; somebody's newer one since the plan stops the step, and so does a lost record."""
    if context.has_step(step.address, Verb.CREATE):
        return ""
    seen, found = context.live.observed.get(step.address), context.read(step.address)
    newest, before = (o.newest.id if o and o.newest else "" for o in (found, seen))
    if newest != before:
        raise StalePlan(f"{step.address} got a newer version since the plan ({newest or 'none'})", hint="plan again")
    if seen is not None and found is not None and record_text(seen) != record_text(found):
        raise StalePlan(f"{step.address} changed since the plan: our record", hint="plan again")
    return newest


def _marked(context: Context, address: Address, mark: Mark, rpc: str) -> str | None:
    """The version that a lost reply was about, found by its mark."""
    found = context.look(address, rpc)
    versions = (found.managed, found.newest) if found else ()
    same_mark = (v.id for v in versions if v is not None and v.mark is not None and v.mark.digest == mark.digest)
    return next(same_mark, None)


def _confirm(context: Context, step: Step, want: Tree, made: str, mark: Mark, reply: Any, rpc: str) -> str:
    """The mark must show, and every declared value as it was sent: in the reply, else in a read-back.

    The id of the version that shows them: a newer one with the same mark is the same request, delivered twice.
    """
    kind, item = context.item(step)
    if not made:
        raise Unconfirmed(f"{rpc} answered without a version id")
    newest = context.decode(getattr(reply, kind.crud.item), kind).newest
    if newest is not None and version_doubt(newest, kind, item, want, mark) is None:
        return made
    shown = made

    def lacks(found: Observed | None) -> str | None:
        nonlocal shown
        versions = [v for v in (found.newest, found.managed) if v is not None] if found else []
        version = next((v for v in versions if v.id == made or v.mark == mark), None)
        shown = made if version is None else version.id
        return "it cannot be read" if version is None else version_doubt(version, kind, item, want, mark)

    if (why := context.look_until(step.address, rpc, lacks)) is not None:
        raise Unconfirmed(f"{rpc} made version {made}, but {why}")
    return shown


def wait(context: Context, step: Step, outputs: Outputs, progress: Progress) -> None:
    """Poll until the version (the object itself, where there are none) can be used; operators are so at once."""
    kind = context.kinds[step.address.kind]
    by: Versions | Processing | None = kind.versions or kind.processing
    assert by is not None
    if int(outputs.get(_status(step), 0)) in by.ready:
        return
    name = f"version {outputs[str(step.address)]}" if kind.versions else str(step.address)
    started, pause, told = context.clock(), 0.5, ""
    while True:
        status = _look(context, step, kind, outputs)
        words = f"{status.code} {status.description}" + (f": {status.details}" if status.details else "")
        if status.code in by.ready:
            return
        if by.failed(status.code):
            raise CameToNothing(f"{name} ended as {words}")
        if context.clock() - started > context.version_timeout:
            hint = "it may still become ready: run again, which goes on waiting; --train-timeout waits longer"
            raise CameToNothing(f"{name} is not ready after {context.version_timeout:.0f} s: {words}", hint=hint)
        percent = f" ({status.percent_completed} %)" if status.percent_completed else ""
        if (now := f"{status.description}{percent}") != told:
            told = now
            progress(now)
        context.sleep(pause)
        pause = min(pause * 1.5, 5.0)


def _look(context: Context, step: Step, kind: Kind, outputs: Outputs) -> Any:
    """The status of what a step waits for."""
    fields: dict[str, Any] = {"user_app_id": user_app(step.address.scope)}
    if kind.versions is None:
        reply: Any = context.api.call(str(kind.crud.get), **fields, **{kind.crud.id_field: step.address.id})
        return getattr(reply, kind.crud.item).status
    fields |= {kind.versions.parent_id_field: step.address.id, "version_id": outputs[str(step.address)]}
    reply = context.api.call(str(kind.versions.crud.get), **fields)
    return getattr(reply, kind.versions.crud.item).status


def adopt_version(context: Context, step: Step, kind: Kind, item: Desired, want: Tree, fresh: Observed) -> None:
    """Mark the version that serves as ours, as it is: no new version, so no repointing and no training."""
    versions = versions_of(kind)
    version = fresh.managed or fresh.newest
    if version is None:
        raise StalePlan(f"{step.address} has no version any more", hint="plan again")
    seen = context.live.observed.get(step.address)
    if seen is not None and version.id not in {v.id for v in (seen.managed, seen.newest) if v is not None}:
        raise StalePlan(f"{step.address} got a newer version since the plan ({version.id})", hint="plan again")
    parent = version.mark.parent if version.mark else ""
    mark = target_mark(item, want, kind, context.desired.owner, parent)
    patched = {"id": version.id, "metadata": {RECORD_KEY: mark.text()}}
    fields = {"user_app_id": user_app(step.address.scope), versions.parent_id_field: step.address.id}
    context.idempotent(Call(str(versions.crud.patch), {**fields, versions.crud.items: [patched], "action": "merge"}))

    def lacks(found: Observed | None) -> str | None:
        shown = found.managed.mark if found and found.managed else None
        return None if shown == mark else f"version {version.id} does not show our mark"

    if (why := context.look_until(step.address, str(versions.crud.patch), lacks)) is not None:
        raise Unconfirmed(f"{versions.crud.patch} was accepted, but {why}")


def was_there(address: Address) -> str:
    """The output that says of an object which was to be created that somebody had created it."""
    return f"{address}#there"


def _status(step: Step) -> str:
    """The output under which a new version's first status travels to the step that waits for it."""
    return f"{step.address}#status"
