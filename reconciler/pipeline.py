"""The use cases plan, drift and apply. With `manifests`, the only file that knows the order of the stages.

    load -> resolve -> attach -> observe -> settle -> pin -> diff -> order -> guard -> apply

Receives an `Api`, returns values. Does not know channels, tokens, formats or exit codes (`client`, `report`, `cli`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.core.address import Address, Scope
from reconciler.core.change import Action, ResourceChange
from reconciler.core.diagnostics import Diagnostic, InvalidManifest, Refused, Severity, error
from reconciler.core.leftovers import leftovers
from reconciler.core.observed import decode
from reconciler.core.ownership import known_versions
from reconciler.core.plan import Limit, Pin, Plan
from reconciler.core.remote import Api
from reconciler.core.selection import Selection
from reconciler.core.state import DesiredState, LiveState
from reconciler.manifests import by_plural, kinds
from reconciler.stages import attach, diff, guard, observe, order, pin, refresh, twins, vet

if TYPE_CHECKING:  # a plan needs none of the stages that apply it, a tenth of its start
    from reconciler.core.drift import DriftReport
    from reconciler.core.interrupts import Interrupts
    from reconciler.core.outcome import ApplyResult, Event, StepOutcome
    from reconciler.stages.batch import Batch
    from reconciler.stages.write.writer import Writer


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a plan is to be about, besides the manifests."""

    host: str = ""
    prune: bool = False
    destroying: bool = False
    delete_app: bool = False
    refresh: str = "stamp"
    upgrade_pins: bool = False
    lease_id: str = ""
    """The lease that this run itself holds in the app."""
    reindex: bool = False
    """Run a new default workflow on the inputs that are there, too."""
    selection: Selection = field(default_factory=Selection)
    rails: guard.Rails = field(default_factory=guard.Rails)
    workers: int = 10
    rps: float = 0.0
    """What the run may send a second, for the estimate in the plan; 0 without a limit."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with the two states it was made from, which applying it needs."""

    plan: Plan
    desired: DesiredState
    live: LiveState
    wants: Mapping[Address, dict[str, object]]
    options: PlanOptions
    manifests: DesiredState
    """The desired state before versions were looked up."""


def whoami(api: Api) -> str:
    """The id of the user the token belongs to."""
    reply = api.call("GetUser", user_app_id={"user_id": "me"})
    return str(reply.user.id)  # type: ignore[attr-defined]


# --- plan ------------------------------------------------------------------------------------------------------------


def make_plan(api: Api, desired: DesiredState, options: PlanOptions, notes: Iterable[Diagnostic] = ()) -> Planned:
    """observe -> settle -> pin -> diff -> order -> guard. Only reads.

    Raises InvalidManifest for what only the live app shows to be wrong, Refused when the account is another one.
    """
    live = _observe(api, desired, options)
    _check_app(api, desired, live, options)
    live, twice = _one_of_twins(api, desired, _settle(api, desired, live, options))
    seen = _compare(api, desired, live, options)
    doubtful = refresh.seen_in_lists_only(seen.compared.changes, live, by_plural())
    if doubtful:
        saw, live = live, observe.settle(api, live, by_plural(), doubtful, workers=options.workers)
        seen = _compare(api, desired, live, options, (seen, saw))
    manifests, desired, pins, notes = desired, seen.desired, seen.pins, (*notes, *twice, *seen.notes)
    compared, left_out, waiting = _select(seen.compared, desired, live, options.selection)
    moving = {change.address for change in compared.changes if change.new_version}
    notes = (*notes, *pin.outlived(moving, desired, live), *_vetted(api, compared.changes, desired))
    plan = replace(_plan(compared, desired, live, options, pins, notes), left_out=tuple(sorted(left_out)))
    rails = replace(
        options.rails, destroying=options.destroying, delete_app=options.delete_app, reindex=options.reindex
    )
    asked = live.exists and guard.needs_counts(compared.changes, rails)
    counts = observe.count_resources(api, desired.scope, options.lease_id) if asked else {}
    plan = replace(plan, inputs=counts.get("inputs", 0) if guard.switches(compared.changes) else 0)
    case = guard.Case(compared.changes, desired, live, by_plural(), rails, left_out, waiting, counts)
    return Planned(replace(plan, refusals=guard.guard(case)), desired, live, compared.wants, options, manifests)


def _observe(api: Api, desired: DesiredState, options: PlanOptions) -> LiveState:
    every, declared = kinds().values(), desired.resources
    return observe.observe(api, desired.scope, desired.owner, every, workers=options.workers, declared=declared)


@dataclass(frozen=True, slots=True)
class _Compared:
    """What one look at the live state gives."""

    compared: diff.Compared
    desired: DesiredState
    pins: tuple[Pin, ...] = ()
    notes: tuple[Diagnostic, ...] = ()


def _compare(
    api: Api,
    desired: DesiredState,
    live: LiveState,
    options: PlanOptions,
    earlier: tuple[_Compared, LiveState] | None = None,
) -> _Compared:
    """pin -> diff, or what a destroy removes. `earlier` is what was found before some objects were read again."""
    if options.destroying:
        gone = diff.destroy(desired, live, by_plural(), prune=options.prune, delete_app=options.delete_app)
        return _Compared(_with_leftovers(gone, desired, live, options), desired)
    pinned = _pin(api, desired, live, options)
    known = _still_so(*earlier, pinned.desired, live) if earlier else {}
    compared = diff.diff(pinned.desired, live, by_plural(), prune=options.prune, known=known)
    compared = _with_leftovers(compared, pinned.desired, live, options)
    return _Compared(compared, pinned.desired, pinned.pins, pinned.diagnostics)


def _with_leftovers(
    compared: diff.Compared, desired: DesiredState, live: LiveState, options: PlanOptions
) -> diff.Compared:
    struck = leftovers(compared.changes, desired, live, by_plural(), destroying=options.destroying)
    return replace(compared, changes=(*compared.changes, *struck))


def _still_so(
    earlier: _Compared, saw: LiveState, desired: DesiredState, live: LiveState
) -> dict[Address, ResourceChange]:
    """What was found to need nothing, is the very same on both sides now, and follows no other object."""
    return {
        change.address: change
        for change in earlier.compared.changes
        if change.action is Action.NO_OP
        and (item := desired.resources[change.address]) is earlier.desired.resources[change.address]
        and live.observed.get(change.address) is saw.observed.get(change.address)
        and not any(reference.output for reference in item.references)
    }


def _select(
    compared: diff.Compared, desired: DesiredState, live: LiveState, selection: Selection
) -> tuple[diff.Compared, frozenset[Address], dict[Address, str]]:
    """(the selected changes, the addresses left out, those of them that something selected waits for)."""
    if selection.everything:
        return compared, frozenset(), {}
    chosen = selection.of({*desired.resources, *(c.address for c in compared.changes)}, _uses(desired))
    acting = [c for c in compared.changes if c.action is not Action.NO_OP]
    left_out = frozenset(c.address for c in acting if c.address not in chosen)
    kept = tuple(c for c in compared.changes if c.address not in left_out)
    made = {c.address for c in acting if c.action in (Action.CREATE, Action.REPLACE) or c.new_version}
    waiting = {
        reference.target: str(change.address)
        for change in kept
        if change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE)
        for reference in (desired.resources[change.address].references if change.address in desired.resources else ())
        if reference.target in left_out & made
    }
    if not live.exists and (app := Address(live.scope, "apps", live.scope.app_id)) in left_out and kept:
        waiting[app] = str(kept[0].address)
    return replace(compared, changes=kept), left_out, waiting


def _uses(desired: DesiredState) -> dict[Address, list[Address]]:
    return {address: [r.target for r in item.references] for address, item in desired.resources.items()}


def _check_app(api: Api, desired: DesiredState, live: LiveState, options: PlanOptions) -> None:
    """An absent app must be declared, and belongs to whoever's token creates it (facts 3.1)."""
    app = Address(desired.scope, "apps", desired.scope.app_id)
    if live.exists or options.destroying:
        return
    if app not in desired.resources:
        first = next((d.location for d in desired.resources.values()), None)
        hint = "declare it with a document of kind App, or check --user-id and --app-id"
        raise InvalidManifest([error(f"app {desired.scope} does not exist", first, hint=hint)])
    user = whoami(api)
    if user != desired.scope.user_id:
        raise Refused(
            f"app {desired.scope} does not exist, and this token belongs to user {user!r}: "
            f"the service would create the app there",
            hint=f"use a token of {desired.scope.user_id}, or --user-id {user}",
        )


def _settle(
    api: Api, desired: DesiredState, live: LiveState, options: PlanOptions, unread: dict[Address, str] | None = None
) -> LiveState:
    unsettled = refresh.unsettled(desired, live, by_plural(), full=options.refresh == "full")
    return observe.settle(api, live, by_plural(), unsettled, workers=options.workers, unread=unread)


def _one_of_twins(api: Api, desired: DesiredState, live: LiveState) -> tuple[LiveState, list[Diagnostic]]:
    """Of versions that one request made twice, the one that is in use counts."""
    settled = observe.settle_twins(api, live, by_plural(), twins.suspects(desired, live, by_plural()))
    return settled, list(twins.warnings(live, settled))


def _pin(api: Api, desired: DesiredState, live: LiveState, options: PlanOptions) -> pin.Pinned:
    models, concepts = pin.lookups(desired, live, upgrade=options.upgrade_pins)
    with ThreadPoolExecutor(options.workers) as pool:
        answers = dict(zip(models, pool.map(lambda m: observe.latest_version(api, m), models), strict=True))
        exist = dict(zip(concepts, pool.map(lambda c: observe.concept_exists(api, c), concepts), strict=True))
    pinned = pin.pin(desired, live, answers, exist, upgrade=options.upgrade_pins)
    if named := pin.graphs(desired, live):
        known = observe.graph_ids(api, desired.scope) if live.exists else set()
        pinned = replace(pinned, diagnostics=(*pinned.diagnostics, *pin.missing_graphs(named, known)))
    if any(problem.severity is Severity.ERROR for problem in pinned.diagnostics):
        raise InvalidManifest(pinned.diagnostics)
    return pinned


def _vetted(api: Api, changes: Iterable[ResourceChange], desired: DesiredState) -> list[Diagnostic]:
    """Remarks on params of types that only the service knows; asked for once a type, and only for what is made."""
    found = vet.in_question(changes, desired, by_plural())
    said = {type_id: vet.described(api, desired.scope, type_id) for type_id in found}
    return [each for name, items in found.items() for each in vet.remarks(items, name, said[name], by_plural())]


def _plan(
    compared: diff.Compared,
    desired: DesiredState,
    live: LiveState,
    options: PlanOptions,
    pins: tuple[Pin, ...],
    notes: tuple[Diagnostic, ...],
) -> Plan:
    steps = order.order(compared.changes, desired, live, by_plural(), destroying=options.destroying)
    acting = {c.address: c for c in compared.changes if c.action is not Action.NO_OP}
    left = [a for a in diff.undeclared(desired, live) if a not in acting]
    return Plan(
        scope=desired.scope,
        owner=desired.owner,
        host=options.host,
        changes=_in_step_order(acting, [step.address for step in steps]),
        steps=steps,
        unchanged=tuple(c.address for c in compared.changes if c.action is Action.NO_OP),
        undeclared=tuple(left),
        pins=pins,
        notes=notes,
        destroying=options.destroying,
        prune=options.prune,
        delete_app=options.delete_app,
        select=options.selection.select,
        exclude=options.selection.exclude,
        allowed=tuple(sorted(options.rails.allowed)),
        rps=options.rps,
        refresh=options.refresh,
        reindex=options.reindex,
        limits=_limits(options.rails),
        kind_limits=tuple((kind, options.rails.kinds[kind]) for kind in sorted(options.rails.kinds)),
    )


def _limits(rails: guard.Rails) -> Limit | None:
    return None if rails.limit == guard.UNASKED else rails.limit


def _in_step_order(acting: Mapping[Address, ResourceChange], addresses: list[Address]) -> tuple[ResourceChange, ...]:
    ordered = dict.fromkeys(address for address in addresses if address in acting)
    return tuple(acting[address] for address in (*ordered, *(a for a in acting if a not in ordered)))


# --- drift -----------------------------------------------------------------------------------------------------------


def find_drift(api: Api, desired: DesiredState, options: PlanOptions, notes: Iterable[Diagnostic] = ()) -> DriftReport:
    """observe -> settle -> diff -> drift. Only reads; an object that cannot be read is `unknown`, never in sync.

    Raises an ApiError when the lists themselves cannot be read.
    """
    from reconciler.stages import drift

    live = _observe(api, desired, options)
    if not live.exists:
        return drift.without_app(desired, options.host, by_plural())
    live, unread = replace(live, refresh=options.refresh), dict[Address, str]()
    live = _settle(api, desired, live, options, unread)
    changes = diff.diff(desired, live, by_plural()).changes
    doubtful = refresh.doubtful(changes, diff.undeclared(desired, live), live, by_plural())
    addresses = [address for address in doubtful if address not in unread]
    live = observe.settle(api, live, by_plural(), addresses, workers=options.workers, unread=unread)
    compared = diff.diff(desired, live, by_plural())
    report = drift.drift_report(
        compared.changes, desired, live, by_plural(), unread, host=options.host, notes=tuple(notes)
    )
    return drift.only(report, options.selection.of(drift.named(report), _uses(desired)))


# --- apply -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as an argument, so that no test sleeps."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def apply_plan(
    api: Api,
    planned: Planned,
    emit: Callable[[Event], None],
    *,
    clock: Clock | None = None,
    version_timeout: float = 3600.0,
    interrupts: Interrupts[list[StepOutcome]] | None = None,
) -> ApplyResult:
    """Make a plan real. Raises Refused if guards refused it; every other end is in the result."""
    from reconciler.stages.apply import apply
    from reconciler.stages.write.several import Several
    from reconciler.stages.write.writer import Writer

    plan, live = planned.plan, planned.live
    if plan.refusals:
        raise Refused(f"{len(plan.refusals)} refused; nothing was changed")
    clock = clock or Clock()
    writer = Writer(
        api=api,
        plan=plan,
        desired=planned.desired,
        live=live,
        kinds=by_plural(),
        wants=planned.wants,
        read=lambda address: observe.read_one(api, address, live, by_plural()),
        recorded=lambda found: observe.with_present_records(api, found, live, by_plural()),
        decode=lambda message, kind: decode(message, kind, live.scope),
        may_delete_app=lambda: _may_delete_app(api, planned.desired.scope, plan.owner, planned.options.lease_id),
        sleep=clock.sleep,
        clock=clock.now,
        version_timeout=version_timeout,
    )
    known = known_versions(live)
    again = Several(writer, lambda addresses: observe.read_again(api, addresses, live, by_plural()))
    together = (_together(api, planned, writer, clock), again)
    workers, now = planned.options.workers, clock.now
    return apply(plan, writer, emit, known=known, workers=workers, clock=now, together=together, interrupts=interrupts)


def _together(api: Api, planned: Planned, writer: Writer, clock: Clock) -> Batch:
    """What the service works on many at a time."""
    from reconciler.stages.batch import Batch
    from reconciler.stages.write.doubts import doubt

    return Batch(
        api=api,
        desired=planned.desired,
        kinds=by_plural(),
        read=writer.read,
        listed=lambda kind, ids: observe.list_by_id(api, kind, planned.live.scope, ids),
        decode=writer.decode,
        contents=attach.contents,
        size=attach.size,
        doubt=lambda found, item, record: doubt(found, kinds()[item.kind], item, item.tree, record),
        unmoved=writer.unmoved_for_delete,
        sleep=clock.sleep,
        clock=clock.now,
    )


def _may_delete_app(api: Api, scope: Scope, owner: str, lease_id: str) -> str | None:
    """Look again, right before the call: what in the app is not ours."""
    live = observe.observe(api, scope, owner, kinds().values())
    return guard.not_ours(live, owner, observe.count_resources(api, scope, lease_id))
