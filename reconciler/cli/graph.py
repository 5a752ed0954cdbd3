"""`reconciler graph`: what is declared, and what refers to what. Offline, like `validate`."""

from __future__ import annotations

from reconciler.cli.command import command
from reconciler.cli.options import ManifestFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import Source, settings_of


@command
def graph(screen: Screen, manifests: ManifestFlags) -> int:
    """Show what is declared, and what refers to what; offline.

    Forms: text, dot (for Graphviz), mermaid, markdown, json.
    """
    settings = settings_of(screen, manifests, value="graph")
    user_id = None if settings.user_id == "me" else settings.user_id
    resolved = Source(manifests).resolve(settings, user_id, offline=True)
    from reconciler.core.picture import picture
    from reconciler.manifests import desired_state

    screen.graph(picture(desired_state(resolved)))
    return 0
