"""`reconciler show`: a saved plan in any format. Needs no manifests, no account and no network."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from reconciler.cli import saved
from reconciler.cli.command import command
from reconciler.cli.options import ManifestFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import settings_of

PlanFile = Annotated[str, Argument(metavar="FILE", help="A file that `plan --out` has written.")]


@command
def show(screen: Screen, file: PlanFile) -> int:
    """Show a saved plan."""
    settings_of(screen, ManifestFlags(paths=[file]), value="plan")
    text, document = saved.read(screen, file)
    from reconciler.core.plan_reading import plan_from

    screen.plan(plan_from(document), document=text, plan_path=file)
    return 0
