"""`reconciler plan` (and `diff`): what would change, and why. Cannot write."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from reconciler.cli import saved
from reconciler.cli.command import command
from reconciler.cli.files import keep, writable
from reconciler.cli.options import DETAILED, ChangeFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import session
from reconciler.core.diagnostics import ReconcilerError, Refused

if TYPE_CHECKING:
    from reconciler.core.plan import Plan
    from reconciler.pipeline import Planned

CHANGES_PRESENT = 2

Detailed = Annotated[bool, Option(*DETAILED, help="Exit with 2 if there are changes.")]
Out = Annotated[str | None, Option("--out", "-o", metavar="FILE", help="Save the plan, for `show` and `apply FILE`.")]
Destroy = Annotated[bool, Option("--destroy", help="Show what `destroy` would do.")]


@command
def plan(
    screen: Screen,
    manifests: ManifestFlags,
    service: ServiceFlags,
    changes: ChangeFlags,
    detailed_exitcode: Detailed = False,
    destroy: Destroy = False,
    out: Out = None,
) -> int:
    """Show what would change, and why; nothing is written."""
    file = None if out is None else writable("--out", out)
    with session(screen, manifests, service, changes, destroying=destroy) as opened:
        planned = opened.plan()
    code = exit_code(planned.plan, detailed=detailed_exitcode)
    # The document is as long as the manifests and costs as much as reading them: only where somebody gets it.
    text = saved.text_of(screen, planned) if file is not None or screen.shows("json") else None
    screen.plan(planned.plan, code, document=text, plan_path=out or "")
    return code if file is None or text is None else _keep(screen, file, planned, text, code)


def _keep(screen: Screen, file: Path, planned: Planned, text: str, code: int) -> int:
    """Save the plan, if it may be saved, and say how it is applied. It has been shown already, whatever comes now."""
    from reconciler.saving import saved as saved_document

    try:
        saved_document(planned)
        keep("--out", file, text)
    except ReconcilerError as problem:
        screen.remark(problem)
        return problem.exit_code
    if not (screen.quiet or planned.plan.refusals):
        say = screen.say if screen.machine else screen.out
        say(f"\nSaved to {file}. To perform exactly these actions: reconciler apply {shlex.quote(str(file))}")
    return code


def exit_code(plan: Plan, *, detailed: bool) -> int:
    """A refusal beats a change."""
    if plan.refusals:
        return Refused.exit_code
    return CHANGES_PRESENT if detailed and not plan.summary.empty else 0
