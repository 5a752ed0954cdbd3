"""`reconciler annotations list`: what people and workflows say of an app's inputs. Cannot write."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Option

from reconciler.cli.command import command
from reconciler.cli.inputs import app_settings, scope_of
from reconciler.cli.options import AppFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import connected
from reconciler.core.diagnostics import ReconcilerError, did_you_mean
from reconciler.core.labels import STATUSES

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Labels of an app's inputs.")

Statuses = Annotated[
    list[str] | None, Option("--status", metavar="NAME", help=f"Only these: {', '.join(STATUSES)}; repeatable.")
]
Concepts = Annotated[list[str] | None, Option("--concept", metavar="NAME", help="Only with this concept; repeatable.")]
Inputs = Annotated[list[str] | None, Option("--input", metavar="ID", help="Only of this input; repeatable.")]
Mine = Annotated[
    bool, Option("--mine/--all", help="Only what the app's owner or a workflow in this name said, or everything.")
]


@command
def list_annotations(
    screen: Screen,
    app: AppFlags,
    service: ServiceFlags,
    status: Statuses = None,
    concept: Concepts = None,
    input_id: Inputs = None,
    mine: Mine = True,
) -> int:
    """Show the annotations of an app that carry concepts.

    Oldest first, as a table or as JSON.
    """
    settings = app_settings(screen, app, service, value="annotations")
    for word in status or ():
        if word not in STATUSES:
            hint = did_you_mean(word, STATUSES) or f"it is one of: {', '.join(STATUSES)}"
            raise ReconcilerError(f"--status {word}: there is no such status", hint=hint)
    with connected(screen, settings) as (api, _):
        from reconciler.client.api import ReadOnlyApi
        from reconciler.labelling import Wanted, find_annotations

        wanted = Wanted(tuple(status or ()), tuple(concept or ()), tuple(input_id or ()), mine)
        found = find_annotations(ReadOnlyApi(api), scope_of(settings, api), wanted)
    screen.labels("annotations", found)
    return 0


group.command("list")(list_annotations)
