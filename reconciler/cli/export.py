"""`reconciler export`: the manifests of a live app, to standard output or into files. Cannot write to the app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from reconciler.cli.command import command
from reconciler.cli.files import keep
from reconciler.cli.options import ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import connected, settings_of
from reconciler.core.address import Scope
from reconciler.core.diagnostics import ReconcilerError

if TYPE_CHECKING:
    from reconciler.client.api import GrpcApi
    from reconciler.core.manifest import Manifests
    from reconciler.settings import Settings

AppName = Annotated[str, Argument(metavar="USER/APP", help="The app; without USER/, one of your own.")]
Out = Annotated[str | None, Option(metavar="DIR", help="Write one file a kind there. Default: standard output.")]
SingleFile = Annotated[bool, Option("--single-file", help="With --out: one file, named after the app.")]
Force = Annotated[bool, Option("--force", help="Overwrite files that are there.")]


@command
def export(
    screen: Screen,
    app: AppName,
    service: ServiceFlags,
    out: Out = None,
    single_file: SingleFile = False,
    force: Force = False,
) -> int:
    """Print the manifests of a live app.

    Without what the service fills in by itself; `adopt` then takes the app over as it is. Secrets and hosted images
    are left out, and a comment says so.
    """
    settings = settings_of(screen, ManifestFlags(), service, value="manifests")
    with connected(screen, settings) as (api, _):
        from reconciler.client.api import ReadOnlyApi
        from reconciler.takeover import export_app

        manifests = export_app(ReadOnlyApi(api), _scope(app, settings, api), workers=settings.parallelism)
    if out is None:
        screen.manifests(manifests)
    else:
        names = _write(Path(out), manifests, single_file=single_file, force=force)
        if not screen.quiet:
            screen.out(f"Wrote {', '.join(names)}.\nTake the app over as it is with: reconciler adopt {out}")
    return 0


def _scope(app: str, settings: Settings, api: GrpcApi) -> Scope:
    user_id, slash, app_id = app.rpartition("/")
    user_id = user_id if slash else settings.user_id or "me"
    if user_id == "me":
        from reconciler.pipeline import whoami

        user_id = whoami(api)
    try:
        return Scope.parse(f"{user_id}/{app_id}")
    except ValueError as problem:
        raise ReconcilerError(str(problem), hint="write USER/APP, as in the address of the app's page") from None


def _write(folder: Path, manifests: Manifests, *, single_file: bool, force: bool) -> list[str]:
    """Write the files, or none of them if one is there already."""
    from reconciler.report.as_manifests import files, stream

    name = f"{manifests.source.rpartition('/')[2]}.yaml"
    texts = {
        folder / file: text for file, text in ({name: stream(manifests)} if single_file else files(manifests)).items()
    }
    taken = [str(file) for file in texts if file.exists()]
    if taken and not force:
        raise ReconcilerError(
            f"there is already: {', '.join(taken)}", hint="give --force to overwrite, or another --out"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ReconcilerError(f"--out {folder}: it cannot be a folder: {problem.strerror}") from None
    for file, text in texts.items():
        keep("--out", file, text)
    return [str(file) for file in texts]
