"""`reconciler adopt`: make existing objects ours without changing them; only our records are written."""

from __future__ import annotations

from reconciler.cli.apply import check_answerable, make_real
from reconciler.cli.command import command
from reconciler.cli.options import AutoApprove, ChangeFlags, LockFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import session
from reconciler.core.diagnostics import Refused


@command
def adopt(
    screen: Screen,
    manifests: ManifestFlags,
    service: ServiceFlags,
    changes: ChangeFlags,
    locks: LockFlags,
    auto_approve: AutoApprove = False,
) -> int:
    """Take over what is as declared; asks first.

    Writes only records of ownership. What differs is named and left alone; the exit code is then 4.
    """
    check_answerable(screen, "adopt", auto_approve=auto_approve)
    with session(screen, manifests, service, changes, value="result", lock=locks, operation="adopt") as opened:
        from reconciler.takeover import adoption

        found = adoption(opened.plan())
        left = f"{len(found.left)} not adopted"
        hint = "`plan` shows how they differ; `apply --adopt ADDRESS` takes an object over and changes it"
        if found.left and found.planned.plan.summary.empty:
            each = "\n".join(problem.summary for problem in found.left)
            raise Refused(f"nothing to adopt, {left}\n{each}", hint=hint, diagnostics=found.left)
        code = make_real(screen, opened.api, found.planned, auto_approve=auto_approve, left=found.left)
    if code == Refused.exit_code and found.left:
        screen.remark(Refused(left, hint=hint))
    return code
