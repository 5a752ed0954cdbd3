"""`reconciler validate`: are the manifests right? Offline: no account, no token, no network."""

from __future__ import annotations

from reconciler.cli.command import command
from reconciler.cli.options import ManifestFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import Source, settings_of
from reconciler.core.diagnostics import InvalidManifest


@command
def validate(screen: Screen, manifests: ManifestFlags) -> int:
    """Check the manifests, offline.

    Syntax, fields, references, order: every problem at once. Needs no account and no network.
    """
    settings = settings_of(screen, manifests, value="diagnostics")
    user_id = None if settings.user_id == "me" else settings.user_id
    resolved = Source(manifests).resolve(settings, user_id, offline=True)
    screen.diagnostics(resolved.diagnostics)
    return 0 if resolved.ok else InvalidManifest.exit_code
