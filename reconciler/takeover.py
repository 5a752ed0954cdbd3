"""Use cases for what others made: `export` writes it down, `adopt` makes it ours without changing it.

    export: observe -> settle -> export          adopt: the plan's adoptions -> order (-> apply, as for any plan)

Receives an `Api` or a plan, returns values; like `pipeline`, whose plans it cuts down.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from reconciler.core.address import Address, Scope
from reconciler.core.change import Action, ResourceChange
from reconciler.core.diagnostics import Diagnostic, ReconcilerError, Severity
from reconciler.core.kind import Keeps, Kind
from reconciler.core.manifest import Manifests
from reconciler.core.model_types import TypeFacts
from reconciler.core.ownership import training_failed
from reconciler.core.remote import Api
from reconciler.core.state import LiveState
from reconciler.core.tree import show_path
from reconciler.manifests import by_plural, kinds
from reconciler.pipeline import Planned
from reconciler.stages import export, observe, order

ORDER = ("App", "Concept", "ConceptRelation", "Model", "Workflow")
"""As people read an app: what others refer to first."""


# --- export ----------------------------------------------------------------------------------------------------------


def export_app(api: Api, scope: Scope, *, workers: int = 10) -> Manifests:
    """The manifests of a live app; raises a ReconcilerError if it is not there. Only reads.

    Inputs are left out: there may be millions, and the service does not give back what was sent.
    """
    listed = [kind for kind in kinds().values() if not kind.by_id]
    live = observe.observe(api, scope, scope.app_id, listed, workers=workers)
    if not live.exists:
        raise ReconcilerError(f"there is no app {scope}", hint="is it spelled USER/APP, and may this token see it?")
    # A list may leave out metadata and what versions hold (facts U4, U8).
    partly = [address for address in live.observed if by_plural()[address.kind].keeps in (Keeps.MERGE, Keeps.OVERWRITE)]
    live = observe.settle(api, live, by_plural(), partly, workers=workers)
    return Manifests(str(scope), export.export(live, _in_reading_order(), _facts(api, live, workers)))


def _in_reading_order() -> dict[str, Kind]:
    known = [name for name in ORDER if name in kinds()]
    return {kinds()[name].plural: kinds()[name] for name in (*known, *(n for n in kinds() if n not in known))}


def _facts(api: Api, live: LiveState, workers: int) -> dict[str, TypeFacts]:
    model = next(kind for kind in kinds().values() if kind.versions is not None)
    types = export.types_in(live, by_plural())
    with ThreadPoolExecutor(workers) as pool:
        facts = pool.map(lambda each: observe.type_facts(api, model, live.scope, each), types)
        return dict(zip(types, facts, strict=True))


# --- adopt -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Adoption:
    """A plan that writes nothing but records, and what it leaves alone because it is not as declared."""

    planned: Planned
    left: tuple[Diagnostic, ...]


def adoption(planned: Planned) -> Adoption:
    """Cut a plan down to its adoptions; steps of all other changes are not taken."""
    plan = planned.plan
    refused = {refusal.address: refusal.message for refusal in plan.refusals}
    taken = tuple(c for c in plan.changes if c.action is Action.ADOPT and c.address not in refused)
    left = tuple(_left(planned, taken, refused))
    steps = order.order(taken, planned.desired, planned.live, by_plural())
    ours = replace(plan, changes=taken, steps=steps, refusals=(), pins=(), undeclared=(), notes=(*plan.notes, *left))
    return Adoption(replace(planned, plan=ours), left)


def _left(planned: Planned, taken: tuple[ResourceChange, ...], refused: dict[Address, str]) -> Iterator[Diagnostic]:
    for change in planned.plan.changes:
        if change not in taken:
            why = _useless(change, planned.live) or _difference(change) or refused.get(change.address, "it differs")
            summary = f"{change.address} is not adopted: {why}"
            yield Diagnostic(Severity.WARNING, summary, change.location, address=str(change.address))


def _useless(change: ResourceChange, live: LiveState) -> str:
    """Of a model that does not differ and is no good: what became of its training."""
    observed = live.observed.get(change.address)
    failed = training_failed(observed, by_plural()[change.address.kind]) if observed is not None else ""
    only = [field.path for field in change.fields] == [("model_version",)]
    return f"its last training failed: {failed}; `apply` starts another one, which is billed" if failed and only else ""


def _difference(change: ResourceChange) -> str | None:
    """How an object is not as declared; None where only a guard stands in the way."""
    if change.action is Action.ADOPT:
        return None
    if change.action is Action.CREATE:
        return "it is not in the app"
    if change.action in (Action.DELETE, Action.FORGET):
        return "it is no longer declared"
    fields = [show_path(field.path) for field in change.fields]
    return f"it differs in {', '.join(fields)}" if fields else "it has no version yet"
