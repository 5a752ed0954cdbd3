"""`reconciler drift`: has the live app moved away from what was applied? Cannot write."""

from __future__ import annotations

from reconciler.cli.command import command
from reconciler.cli.options import ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import session


@command
def drift(screen: Screen, manifests: ManifestFlags, service: ServiceFlags) -> int:
    """Show what others changed in the live app.

    Exits with 2 if anything moved, with 1 if anything could not be read. Edits of the manifests that are not applied
    yet are no drift. Reads every model in full unless --refresh stamp says otherwise.
    """
    with session(screen, manifests, service, value="drift", refresh="full") as opened:
        report = opened.drift()
    screen.drift(report)
    return report.exit_code
