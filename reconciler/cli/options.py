"""The flags that several commands share, in groups; one field is one flag, its name and help are its declaration.

Belongs here: what can be written on the command line. Does not belong here: what it means (`settings`, `session`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from typer import Argument, Option


@dataclass(frozen=True, slots=True)
class ManifestFlags:
    """Which manifests, and what completes them."""

    paths: Annotated[
        list[str],
        Argument(help="Manifest files or folders; - is standard input. Default: the current folder.", metavar="PATH"),
    ] = field(default_factory=list)
    file: Annotated[list[str], Option("--file", "-f", metavar="PATH", help="Same as PATH; repeatable.")] = field(
        default_factory=list
    )
    user_id: Annotated[
        str | None, Option(metavar="ID", help="Account the app is in. Default: CLARIFAI_USER_ID, else the token's.")
    ] = None
    app_id: Annotated[
        str | None, Option(metavar="ID", help="App, if no manifest names one. Default: CLARIFAI_APP_ID.")
    ] = None
    owner: Annotated[
        str | None, Option(metavar="NAME", help="Name of this manifest set. Default: RECONCILER_OWNER, else the app.")
    ] = None
    var: Annotated[list[str], Option(metavar="NAME=VALUE", help="Value of ${NAME} in the manifests; repeatable.")] = (
        field(default_factory=list)
    )
    var_file: Annotated[
        list[str], Option(metavar="FILE", help="Values of variables: NAME=VALUE lines or a YAML mapping; repeatable.")
    ] = field(default_factory=list)
    strict: Annotated[bool, Option("--strict", help="What is referred to must be declared here.")] = False

    @property
    def sources(self) -> list[str]:
        """Everything to read, in the order of the command line."""
        return [*self.paths, *self.file] or ["."]


@dataclass(frozen=True, slots=True)
class ServiceFlags:
    """How the service is reached."""

    base: Annotated[str | None, Option(metavar="URL", help="Address of the API. Default: CLARIFAI_API_BASE.")] = None
    context: Annotated[str | None, Option(metavar="NAME", help="Context of Clarifai's own configuration file.")] = None
    local: Annotated[bool, Option("--local", help="Use an emulator that keeps its data in .reconciler/local.db.")] = (
        False
    )
    insecure: Annotated[bool, Option("--insecure", help="Allow plain http:// to other machines.")] = False
    parallelism: Annotated[int | None, Option(metavar="N", help="Calls at a time. Default: 10.")] = None
    rps: Annotated[
        float | None, Option(metavar="N", help="Calls a second; 0 is no limit. Default: 10, on this machine 0.")
    ] = None
    refresh: Annotated[
        str | None, Option(metavar="stamp|full", help="Trust the stamps of live models, or read each of them.")
    ] = None
    timeout: Annotated[str | None, Option(metavar="TIME", help="Deadline of a call: 30, 30s, 2m. Default: 30s.")] = None


Select = Annotated[
    list[str], Option(metavar="ADDRESS", help="Only these: KIND/ID, a glob, a kind; + for its users or uses.")
]
Exclude = Annotated[list[str], Option(metavar="ADDRESS", help="Not these; repeatable.")]


@dataclass(frozen=True, slots=True)
class ChangeFlags:
    """How manifests and live app are compared, and what a run may do."""

    prune: Annotated[bool, Option("--prune/--no-prune", help="Delete what is owned but no longer declared.")] = False
    adopt: Annotated[
        list[str], Option(metavar="ADDRESS", help="Take over an existing object that differs; repeatable.")
    ] = field(default_factory=list)
    allow: Annotated[
        list[str], Option(metavar="RULE=ADDRESS", help="Let a guard pass, as its refusal says; repeatable.")
    ] = field(default_factory=list)
    select: Select = field(default_factory=list)
    exclude: Exclude = field(default_factory=list)
    upgrade_pins: Annotated[
        bool, Option("--upgrade-pins", help="Look up anew the versions that manifests leave open.")
    ] = False
    reindex: Annotated[
        bool, Option("--reindex", help="Run a new default workflow on the inputs that the app holds, too (billed).")
    ] = False


@dataclass(frozen=True, slots=True)
class LockFlags:
    """What keeps two runs from writing to one app at a time."""

    lock: Annotated[
        str | None,
        Option(metavar="none|app|URL", help="Lock the app against other runs, in itself or in a store. Default: none."),
    ] = None
    lock_timeout: Annotated[
        str | None, Option(metavar="TIME", help="How long to wait for a lock that is held: 10m. Default: 0s.")
    ] = None


@dataclass(frozen=True, slots=True)
class OutputFlags:
    """How a command talks."""

    format: Annotated[
        str | None, Option(metavar="NAME", help="Form of the output: text, json, markdown, github, …")
    ] = None
    report: Annotated[
        list[str], Option(metavar="FORMAT=FILE", help="Write the result to a file as well; repeatable.")
    ] = field(default_factory=list)
    no_color: Annotated[bool, Option("--no-color", help="No colours; so does NO_COLOR.")] = False
    quiet: Annotated[bool, Option("--quiet", "-q", help="Only the last line and errors.")] = False
    debug: Annotated[bool, Option("--debug", help="Tracebacks of internal errors, and what the network cost.")] = False


Textfile = Annotated[str | None, Option(metavar="FILE", help="Write metrics for node_exporter's textfile collector.")]


@dataclass(frozen=True, slots=True)
class ApplyFlags:
    """What a run does besides what its plan shows."""

    train_timeout: Annotated[
        str, Option(metavar="TIME", help="How long to wait for a model version that trains: 90s, 45m, 2h.")
    ] = "60m"
    textfile: Textfile = None


@dataclass(frozen=True, slots=True)
class AppFlags:
    """Which app, for a command that reads no manifests."""

    user_id: Annotated[
        str | None, Option(metavar="ID", help="Account the app is in. Default: CLARIFAI_USER_ID, else the token's.")
    ] = None
    app_id: Annotated[str | None, Option(metavar="ID", help="The app. Default: CLARIFAI_APP_ID.")] = None


DETAILED = ("--detailed-exitcode", "--expect-no-changes", "--non-zero-exit-code")
"""As Terraform, Pulumi and decK call it."""

AutoApprove = Annotated[bool, Option("--auto-approve", "--yes", "-y", help="Do not ask.")]
