"""Updates in place: fields of an object, the App's default workflow, our record alone.

Belongs here: everything that is a patch. What of a field has to be sent is decided in `core/sending`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.core.change import Effect
from reconciler.core.diagnostics import StalePlan
from reconciler.core.inventory import closing_inventory
from reconciler.core.kind import Keeps, Kind, Subject, patch_call
from reconciler.core.plan import Step, Verb
from reconciler.core.remote import Call, OutcomeUnknown
from reconciler.core.sending import emptied, has_lists, kept_texts, metadata_for, tree_for_update
from reconciler.core.state import RECORD_KEY, Desired, Observed, inventory_key
from reconciler.core.tree import ABSENT, Path, Tree, get, same, show_path
from reconciler.stages.write.context import MERGE_METADATA, Context, Outputs, Unconfirmed
from reconciler.stages.write.doubts import record_text
from reconciler.stages.write.versions import adopt_version


@dataclass(frozen=True, slots=True)
class Patch:
    """The requests of one update, decided and not sent."""

    call: Call
    first: Call | None
    """What removes whole lists before, since a patch cannot say "empty"."""
    want: Tree
    record: str


def update(context: Context, step: Step, outputs: Outputs) -> None:
    """Patch the fields that change, and our record with them."""
    kind, item = context.item(step)
    check_producers(context, step)
    patch = patch_of(context, step, context.fresh(step, kind, in_place(kind, item)), outputs)
    if patch is None:
        return
    if patch.first is not None:
        context.idempotent(patch.first)
    _send(context, step, patch)


def check_producers(context: Context, step: Step) -> None:
    """Raises StalePlan if this follows a version that was the newest when the plan was made, and is so no more.

    The lists of models and of workflows are read one after the other: a plan may have seen an old model beside a
    workflow that already had its new version, and would put the workflow back.
    """
    changed = {field.path for field in context.change(step).fields}
    references = context.desired.resources[step.address].references
    for address in {r.target for r in references if r.output is not None and r.path in changed}:
        if context.has_step(address, Verb.VERSION) or (seen := context.live.observed.get(address)) is None:
            continue
        found = context.read(address)
        if found is None or newest_id(found) != newest_id(seen):
            raise StalePlan(f"{address} got another version since the plan", hint="plan again")


def newest_id(observed: Observed) -> str:
    """The id of an object's newest version, if it has any."""
    return observed.newest.id if observed.newest else ""


def in_place(kind: Kind, item: Desired) -> list[Path]:
    """The written paths that an update of the object itself is about."""
    return [path for path in item.written if kind.effect(path) is Effect.IN_PLACE]


def patch_of(context: Context, step: Step, fresh: Observed, outputs: Outputs) -> Patch | None:
    """What has to be sent, given the object as it is now; None when it is nothing."""
    kind, item = context.item(step)
    change, want = context.change(step), context.want(step.address, outputs)
    tree = tree_for_update(kind, want, fresh.tree, item.written, change.fields)
    record = context.record_text(item, want, kind, step)
    whole = kind.keeps is Keeps.OVERWRITE or has_lists(kind, tree)
    metadata = metadata_for(kind, want, fresh, change.fields, record, whole=whole)
    if not tree and metadata is None:
        return None
    gone = emptied(kind, tree, fresh.tree)
    first = patch_call(kind, Subject(step.address, gone), action="remove") if gone else None
    more: dict[str, Any] = {"metadata_action": MERGE_METADATA} if kind.keeps is Keeps.APP else {}
    if whole:
        more["action"] = "overwrite"
    tree = {**kept_texts(kind, fresh.tree, more.get("action", kind.patch_action)), **tree}
    return Patch(patch_call(kind, Subject(step.address, tree, metadata), **more), first, want, record)


def _send(context: Context, step: Step, patch: Patch) -> None:
    (kind, item), call = context.item(step), patch.call
    try:
        context.api.call(call.rpc, **call.fields)
    except OutcomeUnknown:
        # A patch says what is to be, so reading tells whether it took effect, and sending it again is harmless.
        try:
            context.confirm(step, kind, item, patch.want, patch.record, call.rpc)
        except Unconfirmed:
            context.api.call(call.rpc, **call.fields)
    context.confirm(step, kind, item, patch.want, patch.record, call.rpc)


def update_late(context: Context, step: Step, outputs: Outputs) -> None:
    """The app's default workflow; with `Empty` when what it was is about to be deleted (facts 3.1, U7)."""
    kind = context.kinds[step.address.kind]
    item = context.desired.resources.get(step.address)
    off = context.plan.destroying or item is None or get(item.tree, ("default_workflow",)) is ABSENT
    late = (
        dict(kind.unset_late) if off else {"default_workflow": context.want(step.address, outputs)["default_workflow"]}
    )
    found = context.read(step.address)
    app, more = dict(late), {}
    _unmoved_late(context, step, found)
    if not off and item is not None:
        record = context.record_text(item, context.want(step.address, outputs), kind, step)
        app["metadata"] = {RECORD_KEY: record}
        more = {"metadata_action": MERGE_METADATA, "reindex": context.plan.reindex}
    context.patch_app(app, found, **more)
    wanted = late["default_workflow"]["id"]

    def lacks(shown: Observed | None) -> str | None:
        right = shown is not None and get(shown.tree, ("default_workflow", "id")) == wanted
        return None if right else f"{wanted!r} is not the app's default workflow"

    if (why := context.look_until(step.address, "PatchApps", lacks)) is not None:
        raise Unconfirmed(f"PatchApps was accepted, but {why}")


def _unmoved_late(context: Context, step: Step, found: Observed | None) -> None:
    seen = context.live.observed.get(step.address)
    path = ("default_workflow", "id")
    if seen is not None and found is not None and not same(get(found.tree, path), get(seen.tree, path)):
        raise StalePlan(f"{step.address}: {show_path(path)} changed since the plan", hint="plan again")


def adopt(context: Context, step: Step, outputs: Outputs) -> None:
    """Write our record (and the mark of the version that serves) and nothing else."""
    kind, item = context.item(step)
    change, want = context.change(step), context.want(step.address, outputs)
    if kind.keeps is Keeps.INVENTORY:
        return
    fresh = context.fresh(step, kind, [p for p in item.written if kind.effect(p) is Effect.IN_PLACE])
    if change.mark:  # first, so that the record, which makes it ours, says that all is done
        adopt_version(context, step, kind, item, want, fresh)
    if change.record and not context.has_step(step.address, Verb.UPDATE):
        record = context.record_text(item, want, kind, step)
        metadata = metadata_for(kind, want, fresh, (), record, whole=kind.keeps is Keeps.OVERWRITE)
        more = {"metadata_action": MERGE_METADATA} if kind.keeps is Keeps.APP else {}
        tree = kept_texts(kind, fresh.tree, kind.patch_action)
        call = patch_call(kind, Subject(step.address, tree, metadata), **more)
        _send(context, step, Patch(call, None, want, record))


def forget(context: Context, step: Step, outputs: Outputs) -> None:
    """An App is released by an empty record; other records stand in the inventory, which the last step writes.

    With the App's record goes the inventory, in one call: without it no later run would know that it is ours to clear.
    Everything else has ended by then.
    """
    kind = context.kinds[step.address.kind]
    if kind.keeps is not Keeps.APP:
        return
    seen, found = context.live.observed.get(step.address), context.read(step.address)
    if seen is not None and found is not None and record_text(seen) != record_text(found):
        raise StalePlan(f"{step.address} changed since the plan: our record", hint="plan again")
    done = {change.address for change in context.plan.changes}
    left = closing_inventory(context.plan, context.desired, context.live, context.records(outputs), done)
    metadata = {RECORD_KEY: "", inventory_key(left.owner): left.text() if left.entries else ""}
    context.patch_app({"metadata": metadata}, found, metadata_action=MERGE_METADATA)
