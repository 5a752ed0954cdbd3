"""Use cases of saved plans: the document of a plan, and the plan of a document, made again.

    saved: plan -> document          replan: document -> observe -> ... -> guard (as for any plan) -> the same, or stale

Receives an `Api` or a plan, returns values; like `pipeline`, which is loaded without the document's models: they take
a `plan` that nobody saves a third of its start. Does not belong here: files and signatures (`cli/saved`).
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core import saved_plan
from reconciler.core.address import Address
from reconciler.core.desired_document import desired_document
from reconciler.core.desired_document import desired_state as desired_state_of
from reconciler.core.desired_document import notes as notes_of
from reconciler.core.desired_document import pins as pins_of
from reconciler.core.diagnostics import InvalidManifest, Location, StalePlan, error
from reconciler.core.plan_document import PlanDocument, document
from reconciler.core.remote import Api
from reconciler.core.selection import Selection
from reconciler.core.state import DesiredState
from reconciler.core.tree import walk
from reconciler.manifests import by_plural
from reconciler.pipeline import Planned, PlanOptions, make_plan
from reconciler.stages import guard


def saved(planned: Planned) -> PlanDocument:
    """The document of a plan with all that is needed to make it again.

    Raises InvalidManifest for one about a sensitive value: it would stand readable in a file.
    """
    if secret := _secret(planned):
        hint = "apply it without saving it"
        raise InvalidManifest([error(f"{a} holds a sensitive value", at, hint=hint) for a, at in secret.items()])
    plan = planned.plan
    desired = desired_document(planned.desired, plan.pins, plan.notes)
    return document(plan, desired, desired_document(planned.manifests).meaning())


def _secret(planned: Planned) -> dict[Address, Location | None]:
    """The objects with a sensitive value: those that change, and those that are declared and stay as they are."""
    changing = {change.address: change.location for change in planned.plan.changes if change.sensitive}
    for address, item in planned.desired.resources.items():
        rules = by_plural()[address.kind].fields
        if any(rules.any(rules.sensitive, path) for path, _ in walk(item.tree)):
            changing[address] = item.location
    return changing


def plan_text(planned: Planned) -> str:
    """The JSON of a plan for a screen: as it would be saved, or with its sensitive values masked and not applyable."""
    return (document(planned.plan) if _secret(planned) else saved(planned)).text()


def replan(
    api: Api,
    text: str,
    host: str,
    *,
    workers: int = 10,
    manifests: DesiredState | None = None,
    lease_id: str = "",
) -> Planned:
    """The plan of a file, made again from what it embeds and the live app.

    Raises StalePlan naming addresses and fields if it is not the same plan: the world moved, or the file was edited.
    """
    old = saved_plan.parse(text)
    desired = saved_plan.embedded(old)
    if manifests is not None and desired_document(manifests).meaning() != old.manifests_sha256:
        raise StalePlan("the manifests are not the ones this plan was made from", hint="plan again")
    options = PlanOptions(
        host=host,
        prune=old.options.prune,
        destroying=old.options.destroy,
        delete_app=old.options.delete_app,
        refresh=old.options.refresh,
        reindex=old.options.reindex,
        selection=Selection(old.options.select, old.options.exclude),
        rails=_rails(old),
        workers=workers,
        lease_id=lease_id,
    )
    planned = make_plan(api, desired_state_of(desired), options, notes_of(desired))
    planned = replace(planned, plan=replace(planned.plan, pins=pins_of(desired), notes=notes_of(desired)))
    new = document(planned.plan, desired, old.manifests_sha256)
    saved_plan.check_same(text, new.text())
    return planned


def _rails(old: PlanDocument) -> guard.Rails:
    allowed, kinds = frozenset(saved_plan.allowed(old)), dict(saved_plan.kind_limits(old))
    rails = guard.Rails(allowed=allowed, kinds=kinds)
    limit = saved_plan.limit(old)
    return rails if limit is None else replace(rails, limit=limit)
