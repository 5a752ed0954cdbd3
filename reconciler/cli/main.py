"""The command line: every command and its name."""

from __future__ import annotations

import gc
import io
import sys
from typing import Annotated, Any

import typer

from reconciler.cli.command import Commands
from reconciler.cli.on_demand import OnDemand

COMMANDS = {
    "init": "reconciler.cli.init:init",
    "validate": "reconciler.cli.validate:validate",
    "plan": "reconciler.cli.plan:plan",
    "diff": "reconciler.cli.plan:plan",
    "apply": "reconciler.cli.apply:apply",
    "destroy": "reconciler.cli.destroy:destroy",
    "drift": "reconciler.cli.drift:drift",
    "show": "reconciler.cli.show:show",
    "export": "reconciler.cli.export:export",
    "adopt": "reconciler.cli.adopt:adopt",
    "fmt": "reconciler.cli.fmt:fmt",
    "graph": "reconciler.cli.graph:graph",
    "schema": "reconciler.cli.schema:schema",
    "explain": "reconciler.cli.explain:explain",
    "force-unlock": "reconciler.cli.lock:force_unlock",
    "emulator": "reconciler.cli.emulator:emulator",
    "version": "reconciler.cli.version:version",
    "inputs": "reconciler.cli.inputs:group",
    "annotations": "reconciler.cli.annotations:group",
    "lock": "reconciler.cli.lock:group",
}
"""Where each command is; in this order in the help."""

HIDDEN = frozenset({"diff"})
"""Another name of a command, for who is used to it."""


class Root(Commands):
    """The command tree, whose branches grow when they are looked at."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = OnDemand(COMMANDS, HIDDEN)


# Plain help: rich would take longer to load than everything else that `--help` needs.
app = typer.Typer(
    name="reconciler",
    cls=Root,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from reconciler.cli.version import version_line

        print(version_line())
        raise typer.Exit


@app.callback()
def reconciler(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Clarifai apps as code: manifests say what should be, `plan` shows what differs, `apply` makes it so.

    CLARIFAI_PAT and CLARIFAI_USER_ID say who you are; --local needs no account. `reconciler init` begins a project.

    Exit codes: 0 done or no changes, 1 error, 2 changes (--detailed-exitcode), 3 invalid manifest,
    4 refused by a guard, 5 stale plan, 6 partly applied, 7 authentication, 8 check failed,
    9 locked, 130 interrupted.
    """


def main() -> None:
    """Run the command line of this process."""
    for name in "stdout", "stderr":
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller, as `>&-` does
            setattr(sys, name, io.StringIO())
        else:
            # A terminal that lacks a sign shows an escape; it is no reason to fail half-way through an apply.
            stream.reconfigure(errors="backslashreplace")
    # What a run builds it keeps, so the collector finds nothing: with Python's own threshold it takes a quarter of a
    # plan of 10,000 models, with 100,000 still a tenth. What runs for days collects by itself.
    gc.set_threshold(1_000_000, 20, 20)
    try:
        app()
    finally:
        # Python's last act is to search all it holds for garbage, a sixth of a short run; the process ends anyway.
        gc.freeze()
