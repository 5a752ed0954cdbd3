"""The owner's inventory in the App: written when a run begins and when it ends.

What it says is decided in `core/inventory`; here it is stored, and read back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.address import Address
from reconciler.core.change import Action
from reconciler.core.diagnostics import StalePlan
from reconciler.core.inventory import closing_inventory, opening_inventory, without
from reconciler.core.kind import Keeps
from reconciler.core.outcome import Status, StepOutcome
from reconciler.core.plan import Plan, Verb
from reconciler.core.state import Inventory, Observed, inventory_key
from reconciler.stages.write.context import MERGE_METADATA, Context, Outputs, Unconfirmed


def open_inventory(context: Context, outputs: Outputs) -> None:
    """Before the first create or delete: what is about to come or go is noted as pending."""
    opening = opening_inventory(context.plan, context.desired, context.live, context.records(outputs))
    _write(context, opening)


def close_inventory(context: Context, outputs: Outputs, outcomes: Mapping[str, StepOutcome]) -> None:
    """After the last step: the inventory as it now is, whatever happened."""
    done = _finished(context.plan, outcomes)
    closing = closing_inventory(context.plan, context.desired, context.live, context.records(outputs), done)
    _write(context, closing, _taken_over(context, done))


def _taken_over(context: Context, done: Collection[Address]) -> list[Address]:
    """What another owner's inventory still records as theirs, although it is ours now."""
    records = {a: o.record for a in done if (o := context.live.observed.get(a)) is not None}
    return [
        address
        for address, record in records.items()
        if record is not None
        and record.owner != context.desired.owner
        and context.kinds[address.kind].keeps is Keeps.INVENTORY
    ]


def _write(context: Context, inventory: Inventory, taken: Collection[Address] = ()) -> None:
    """Store the inventory in the App unless it says so already."""
    text, before = _stored(inventory), _stored(context.live.inventory)
    app = Address(context.live.scope, "apps", context.live.scope.app_id)
    key = inventory_key(inventory.owner)
    found = context.read(app)
    now = found.metadata if found else {}
    current = now.get(key, "")
    if current == text:
        return
    if found is not None and context.live.exists and current != before and not _is_ours(context, current):
        raise StalePlan(
            "the inventory changed since the plan: another run of the same owner is at work", hint="plan again"
        )
    metadata = {key: text}
    for owner in context.live.others if taken else ():
        theirs = Inventory.parse(now.get(inventory_key(owner)), owner)
        if theirs is not None and (rest := without(theirs, taken)) != theirs:
            metadata[inventory_key(owner)] = _stored(rest)
    context.patch_app({"metadata": metadata}, found, metadata_action=MERGE_METADATA)

    def lacks(shown: Observed | None) -> str | None:
        kept = shown is not None and all(shown.metadata.get(name, "") == sent for name, sent in metadata.items())
        return None if kept else "the app does not show the inventory that was sent with it"

    if (why := context.look_until(app, "PatchApps", lacks)) is not None:
        raise Unconfirmed(f"PatchApps was accepted, but {why}")


def _stored(inventory: Inventory) -> str:
    """An empty one is released."""
    return inventory.text() if inventory.entries else ""


def _is_ours(context: Context, text: str) -> bool:
    """Whether it is what this very run wrote when it began."""
    opened = opening_inventory(context.plan, context.desired, context.live, context.records({}))
    return text == _stored(opened)


def _finished(plan: Plan, outcomes: Mapping[str, StepOutcome]) -> frozenset[Address]:
    """The objects all of whose steps got done."""
    steps = [s for s in plan.steps if s.verb not in (Verb.OPEN, Verb.CLOSE)]
    undone = {s.address for s in steps if (o := outcomes.get(s.id)) is None or o.status is not Status.DONE}
    return frozenset({c.address for c in plan.changes if c.action is not Action.NO_OP} - undone)
