"""`reconciler schema`: the JSON Schema of manifests, for editors. Offline."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from reconciler.cli.command import command
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import ReconcilerError, did_you_mean

KindName = Annotated[str | None, Argument(metavar="KIND", help="One kind only, for example Model. Default: all.")]


@command
def schema(screen: Screen, kind: KindName = None) -> int:
    """Print the JSON Schema of manifests, for editors.

    In VS Code, or whatever has yaml-language-server, the first line of a manifest may then say:
    # yaml-language-server: $schema=FILE
    """
    import json

    from reconciler.core.json_schema import manifest_schema
    from reconciler.manifests import kinds

    known = {name.lower(): found for name, found in kinds().items()}
    if kind is not None and kind.lower() not in known:
        hint = did_you_mean(kind, kinds()) or f"kinds: {', '.join(kinds())}"
        raise ReconcilerError(f"there is no kind {kind!r}", hint=hint)
    chosen = known.values() if kind is None else [known[kind.lower()]]
    screen.out(json.dumps(manifest_schema(chosen), indent=2))
    return 0
