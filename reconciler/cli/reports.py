"""Reports beside the output: `--report FORMAT=FILE`, as often as one likes, written whole or not at all.

Belongs here: which report goes where. Not here: what a report says, or which formats there are (`report.formats`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.cli.files import store
from reconciler.core.diagnostics import ReconcilerError

if TYPE_CHECKING:
    from reconciler.report.formats import Circumstances, Value

SHARED = ("github-outputs", "github-summary")
"""GitHub's own files: every step of a job adds to them, so what is there must stay."""


@dataclass(frozen=True, slots=True)
class Report:
    """One wish of the command line."""

    format: str
    file: str


def wanted(words: Sequence[str], value: Value) -> tuple[Report, ...]:
    """What `--report` asks for; raises ReconcilerError if that is no file or no format of such a value."""
    return tuple(_wish(word, value) for word in words)


def _wish(word: str, value: Value) -> Report:
    from reconciler.report.formats import ALIASES, renderer

    name, _, file = word.partition("=")
    if not file:
        raise ReconcilerError(f"--report {word}: which file?", hint="write --report FORMAT=FILE")
    if file == "-":
        raise ReconcilerError(f"--report {word}: it takes a file", hint=f"standard output is for --format {name}")
    try:
        renderer(name, value)
    except ReconcilerError as problem:
        raise ReconcilerError(f"--report {word}: {problem.message}", hint=problem.hint) from None
    if Path(file).is_dir():
        raise ReconcilerError(f"--report {word}: {file} is a folder")
    if not Path(file).absolute().parent.is_dir():
        raise ReconcilerError(f"--report {word}: {file} cannot be written", hint="the folder must exist")
    return Report(ALIASES.get(name, name), file)


def write(
    reports: Sequence[Report],
    value: Value,
    what: object,
    how: Circumstances,
    ready: Mapping[str, str] = MappingProxyType({}),
) -> str | None:
    """Write those that can tell such a value; gives what went wrong, since a full disk must not end an apply.

    `ready` holds texts that are there already, by format.
    """
    from reconciler.report.formats import names, render

    lost = None
    for report in reports:
        if report.format not in names(value):
            continue  # a run that ends in an error has no JUnit of drift, and so on
        try:
            store(
                Path(report.file),
                ready.get(report.format) or render(report.format, value, what, how),
                append=report.format in SHARED,
            )
        except OSError as problem:
            lost = f"{report.file}: {problem.strerror}"
    return lost


def where_all_is(environ: Mapping[str, str]) -> str:
    """Markdown that leads from a comment to the log of this run; empty where nothing is known of one."""
    url = run_url(environ)
    what = "job" if url and url == environ.get("CI_JOB_URL") else "run"
    return f"All of it is in [the log of this {what}]({url})." if url else ""


def run_url(environ: Mapping[str, str]) -> str:
    """Where the CI system shows this run; empty where nothing is known of one."""
    server, repository, run = (environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return environ.get("CI_JOB_URL", "")
