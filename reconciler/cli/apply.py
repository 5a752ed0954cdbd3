"""`reconciler apply`: plan, ask, make it real. `destroy` ends in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.cli.command import command
from reconciler.cli.following import following
from reconciler.cli.interrupts import AtOnce, orderly
from reconciler.cli.measured import Measured
from reconciler.cli.options import ApplyFlags, AutoApprove, ChangeFlags, LockFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import Session, session
from reconciler.core.diagnostics import ReconcilerError, Refused, error

if TYPE_CHECKING:
    from reconciler.client.api import GrpcApi
    from reconciler.core.diagnostics import Diagnostic
    from reconciler.core.plan import Plan
    from reconciler.pipeline import Planned


@command
def apply(
    screen: Screen,
    manifests: ManifestFlags,
    service: ServiceFlags,
    changes: ChangeFlags,
    locks: LockFlags,
    how: ApplyFlags,
    auto_approve: AutoApprove = False,
) -> int:
    """Make the live app what the manifests say; asks first.

    With a file that `plan --out` wrote instead of manifests: exactly what it shows, without asking, or nothing if the
    live app moved since. Manifests beside it must still say the same.
    """
    from reconciler.cli import saved

    train_seconds(how)
    with Measured(screen, "apply", how.textfile) as run:
        if (file := saved.plan_file(manifests)) is not None:
            saved.check_plain(changes, service)
            run.code = saved.SavedPlan(screen, file, manifests, service, locks).apply(screen, how, run)
            return run.code
        check_answerable(screen, "apply", auto_approve=auto_approve, paths=manifests.paths)
        with session(
            screen, manifests, service, changes, lock=locks, operation="apply", value="result", measured=run
        ) as opened:
            run.code = carry_out(screen, opened, auto_approve=auto_approve, how=how)
    return run.code


def train_seconds(how: ApplyFlags) -> float:
    """How long a version that trains is waited for."""
    from reconciler.settings_file import seconds

    try:
        return seconds(how.train_timeout)
    except ValueError as reason:
        raise ReconcilerError(f"--train-timeout {how.train_timeout}: {reason}") from None


def check_answerable(screen: Screen, command: str, *, auto_approve: bool, paths: Sequence[str] = ()) -> None:
    """Stop before anything is read if nobody could say yes; `paths` may have been meant for a saved plan."""
    if auto_approve or screen.interactive:
        return
    meant = next((path for path in paths if path.endswith(".json")), None)
    hint = f"look at `plan` first, then give --auto-approve to {command} without being asked"
    raise ReconcilerError(
        f"{command} asks before it writes, but there is no terminal to ask on",
        hint=hint if meant is None else f"a saved plan is applied without asking, but {meant} is none, or is not there",
    )


def carry_out(screen: Screen, opened: Session, *, auto_approve: bool, how: ApplyFlags | None = None) -> int:
    """Plan, then make it real."""
    return make_real(screen, opened.api, opened.plan(), auto_approve=auto_approve, how=how)


def make_real(
    screen: Screen,
    api: GrpcApi,
    planned: Planned,
    *,
    auto_approve: bool,
    how: ApplyFlags | None = None,
    left: tuple[Diagnostic, ...] = (),
) -> int:
    """Show the plan, ask unless that is waived, apply, give an account; of what was left alone, too."""
    plan = planned.plan
    anything = not plan.summary.empty
    screen.proposal(plan, asking=anything and not auto_approve)
    if plan.refusals:
        screen.report("plan", plan, Refused.exit_code)
        raise _refused(plan)
    if anything and not auto_approve and not screen.confirms(_question(plan)):
        raise ReconcilerError("not confirmed; nothing was changed")
    return _apply(screen, api, planned, how or ApplyFlags(), left)


def _apply(screen: Screen, api: GrpcApi, planned: Planned, how: ApplyFlags, left: tuple[Diagnostic, ...]) -> int:
    from reconciler.pipeline import apply_plan

    patience = train_seconds(how)
    with orderly(screen) as interrupts, following(screen) as emit:
        result = apply_plan(api, planned, emit, version_timeout=patience, interrupts=interrupts)
    result = replace(result, rpcs=dict(api.traffic.calls), left=left)
    if screen.machine or not result.plan.summary.empty:
        screen.result(result)
    else:  # the plan has said already that there is nothing to do
        screen.report("result", result, result.exit_code)
        if screen.quiet:
            screen.plan(result.plan)
    return AtOnce(result.exit_code) if result.stopped else result.exit_code


def _refused(plan: Plan) -> Refused:
    count = len(plan.refusals)
    problems = [replace(error(r.message, hint=r.flag), address=str(r.address)) for r in plan.refusals]
    return Refused(f"{count} change{'s' if count != 1 else ''} refused; nothing was changed", diagnostics=problems)


def _question(plan: Plan) -> str:
    where = f"{plan.scope} at {plan.host}"
    if plan.destroying:
        return f"Do you really want to destroy this in {where}? There is no undo."
    return f"Do you want to apply this to {where}?"
