"""`reconciler plan` (and `diff`): what would change, and why. Cannot write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

from reconciler.cli.command import command
from reconciler.cli.options import ChangeFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import session
from reconciler.core.diagnostics import Refused

if TYPE_CHECKING:
    from reconciler.core.plan import Plan

CHANGES_PRESENT = 2

Detailed = Annotated[
    bool, Option("--detailed-exitcode", "--expect-no-changes", help="Exit with 2 if there are changes.")
]
Destroy = Annotated[bool, Option("--destroy", help="Show what `destroy` would do.")]


@command
def plan(
    screen: Screen,
    manifests: ManifestFlags,
    service: ServiceFlags,
    changes: ChangeFlags,
    detailed_exitcode: Detailed = False,
    destroy: Destroy = False,
) -> int:
    """Show what would change, and why; nothing is written."""
    with session(screen, manifests, service, changes, destroying=destroy) as opened:
        found = opened.plan().plan
    code = exit_code(found, detailed=detailed_exitcode)
    screen.plan(found, code)
    return code


def exit_code(plan: Plan, *, detailed: bool) -> int:
    """A refusal beats a change."""
    if plan.refusals:
        return Refused.exit_code
    return CHANGES_PRESENT if detailed and not plan.summary.empty else 0
