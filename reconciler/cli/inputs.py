"""`reconciler inputs add`: pictures into an app, which its default workflow then runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from reconciler.cli.command import command
from reconciler.cli.following import Canvas
from reconciler.cli.options import AppFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import connected, settings_of
from reconciler.core.address import Scope
from reconciler.core.diagnostics import ReconcilerError

if TYPE_CHECKING:
    from reconciler.core.labels import Added
    from reconciler.core.remote import Api
    from reconciler.settings import Settings

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Pictures, texts, films and sounds of an app.")

Words = Annotated[list[str], Argument(metavar="FILE|URL|DIR", help="What to add; a folder with all beneath it.")]
Concepts = Annotated[
    list[str] | None, Option(metavar="NAME[=VALUE]", help="A label for all of them, 1 unless a value says otherwise.")
]
IdFromName = Annotated[bool, Option("--id-from-name", help="The file's name is the id; else a random one.")]
NoWait = Annotated[bool, Option("--no-wait", help="Do not wait until they are processed.")]


@command
def add(
    screen: Screen,
    words: Words,
    app: AppFlags,
    service: ServiceFlags,
    concept: Concepts = None,
    id_from_name: IdFromName = False,
    no_wait: NoWait = False,
) -> int:
    """Add inputs to an app, and wait until they are processed.

    Its default workflow runs on them. Exits with 6 if some failed, with 1 if all did. They belong to nobody's
    manifests: `apply` leaves them alone.
    """
    settings = app_settings(screen, app, service, value="addition")
    from reconciler.core.labels import Addition
    from reconciler.labelling import Adding, gather

    concepts = dict(map(_concept, concept or ()))
    sources = gather(words, id_from_name=id_from_name)
    with connected(screen, settings) as (api, _), _telling(screen, len(sources)) as told:
        scope = scope_of(settings, api)
        adding = Adding(api, scope, told, concepts, wait=not no_wait)
        addition = Addition(scope, adding(sources))
    screen.labels("addition", addition, addition.exit_code)
    return addition.exit_code


group.command()(add)


def app_settings(screen: Screen, app: AppFlags, service: ServiceFlags, *, value: str) -> Settings:
    """The settings of a command that is about one app and no manifests."""
    flags = ManifestFlags(user_id=app.user_id, app_id=app.app_id)
    settings = settings_of(screen, flags, service, value=value)
    if not settings.app_id:
        raise ReconcilerError("which app?", hint="give --app-id, or set CLARIFAI_APP_ID")
    return settings


def scope_of(settings: Settings, api: Api) -> Scope:
    """The app's full name; the token knows whose it is unless that was said."""
    from reconciler.pipeline import whoami

    named = settings.user_id not in (None, "me")
    return Scope(str(settings.user_id) if named else whoami(api), str(settings.app_id))


def _concept(word: str) -> tuple[str, float]:
    name, given, value = word.partition("=")
    try:
        number = float(value) if given else 1.0
    except ValueError:
        number = -1.0
    if not name or not 0 < number <= 1:
        hint = "write NAME, or NAME=VALUE with a value above 0 and up to 1; below 0.5 says that it is not there"
        raise ReconcilerError(f"--concept {word}: it is no label", hint=hint)
    return name, number


@contextmanager
def _telling(screen: Screen, total: int) -> Iterator[Callable[[Added], None]]:
    """A bar on a terminal, else a line for each."""
    from reconciler.report.as_labels import added_line

    if screen.lively:
        from reconciler.report.adding import AddingBar

        with AddingBar(Canvas(screen), total, color=screen.color) as bar:
            yield bar.told
    elif screen.machine or screen.quiet:
        yield lambda added: None
    else:
        yield lambda added: screen.out(added_line(added, color=screen.color))
