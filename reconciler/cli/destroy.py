"""`reconciler destroy`: delete what is declared here and ours; the app itself only if it is named."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from reconciler.cli.apply import carry_out, check_answerable
from reconciler.cli.command import command
from reconciler.cli.options import AutoApprove, ChangeFlags, LockFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import session

DeleteApp = Annotated[
    str | None, Option(metavar="USER/APP", help="Delete the app as well, if nothing but ours is in it.")
]


@command
def destroy(
    screen: Screen,
    manifests: ManifestFlags,
    service: ServiceFlags,
    changes: ChangeFlags,
    locks: LockFlags,
    auto_approve: AutoApprove = False,
    delete_app: DeleteApp = None,
) -> int:
    """Delete what is declared here and ours; asks first.

    With --prune also what is ours and no longer declared. The app itself stays unless --delete-app names it.
    """
    check_answerable(screen, "destroy", auto_approve=auto_approve)
    with session(
        screen,
        manifests,
        service,
        changes,
        value="result",
        destroying=True,
        delete_app=delete_app,
        lock=locks,
        operation="destroy",
    ) as opened:
        return carry_out(screen, opened, auto_approve=auto_approve)
