"""The command line: every command and its name."""

from __future__ import annotations

import gc
import io
import sys
from typing import Annotated

import typer

from reconciler.cli.adopt import adopt
from reconciler.cli.annotations import group as annotation_commands
from reconciler.cli.apply import apply
from reconciler.cli.command import Commands
from reconciler.cli.destroy import destroy
from reconciler.cli.drift import drift
from reconciler.cli.emulator import emulator
from reconciler.cli.explain import explain
from reconciler.cli.export import export
from reconciler.cli.fmt import fmt
from reconciler.cli.graph import graph
from reconciler.cli.init import init
from reconciler.cli.inputs import group as input_commands
from reconciler.cli.lock import force_unlock
from reconciler.cli.lock import group as lock_commands
from reconciler.cli.plan import plan
from reconciler.cli.schema import schema
from reconciler.cli.show import show
from reconciler.cli.validate import validate
from reconciler.cli.version import version, version_line

# Plain help: rich would take longer to load than everything else that `--help` needs.
app = typer.Typer(
    name="reconciler",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(version_line())
        raise typer.Exit


@app.callback()
def reconciler(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Clarifai apps as code: manifests say what should be, `plan` shows what differs, `apply` makes it so.

    Exit codes: 0 done or no changes, 1 error, 2 changes (--detailed-exitcode), 3 invalid manifest,
    4 refused by a guard, 5 stale plan, 6 partly applied, 7 authentication, 8 check failed,
    9 locked, 130 interrupted.
    """


app.command()(init)
app.command()(validate)
app.command()(plan)
app.command("diff", hidden=True)(plan)
app.command()(apply)
app.command()(destroy)
app.command()(drift)
app.command()(show)
app.command()(export)
app.command()(adopt)
app.command()(fmt)
app.command()(graph)
app.command()(schema)
app.command()(explain)
app.add_typer(input_commands, name="inputs")
app.add_typer(annotation_commands, name="annotations")
app.command("force-unlock")(force_unlock)
app.add_typer(lock_commands, name="lock")
app.command()(emulator)
app.command()(version)


def main() -> None:
    """Run the command line of this process."""
    for name in "stdout", "stderr":
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller, as `>&-` does
            setattr(sys, name, io.StringIO())
        else:
            # A terminal that lacks a sign shows an escape; it is no reason to fail half-way through an apply.
            stream.reconfigure(errors="backslashreplace")
    # What a run builds it keeps, so the collector finds nothing and takes a quarter of a plan of 5,000 models; a loop
    # of hours still gets collected.
    gc.set_threshold(100_000, 20, 20)
    app()
