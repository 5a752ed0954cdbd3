"""`reconciler init`: a first set of manifests, and a pipeline that applies them. Offline; writes files, nothing else.

The files themselves lie in `scaffold/`, as they are written.
"""

from __future__ import annotations

import importlib.resources
import os
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from reconciler.cli.command import command
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import ReconcilerError

PLACEHOLDER = "my-app"
_MANIFESTS = ("app.yaml", "concepts.yaml", "workflow.yaml", "reconciler.yaml")
_APP_ID = re.compile(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*")
_IGNORE = ".gitignore"


class Pipeline(StrEnum):
    """Where the manifests are applied from."""

    GITHUB = "github"
    GITLAB = "gitlab"


_PIPELINES = {
    Pipeline.GITHUB: ("github-actions.yml", ".github/workflows/clarifai.yml"),
    Pipeline.GITLAB: ("gitlab-ci.yml", ".gitlab/clarifai.yml"),
}

Folder = Annotated[str, Argument(metavar="DIR", help="The folder to begin in; it is made if it is not there.")]
AppId = Annotated[
    str | None, Option("--app-id", metavar="ID", help="Id of the app. Default: CLARIFAI_APP_ID, else my-app.")
]
Ci = Annotated[Pipeline | None, Option("--ci", help="Write a pipeline as well: plan, apply, look for drift.")]


@command
def init(screen: Screen, folder: Folder = ".", app_id: AppId = None, ci: Ci = None) -> int:
    """Begin a project: manifests, settings, with --ci a pipeline.

    A file that is there is left as it is, and named.
    """
    screen.only_text("init")
    name = app_id or os.environ.get("CLARIFAI_APP_ID") or PLACEHOLDER
    if not _APP_ID.fullmatch(name) or len(name) > 48:
        raise ReconcilerError(
            f"{name!r} cannot be the id of an app", hint="letters and digits, joined by single - or _; up to 48"
        )
    for place, text in _files(name, ci):
        screen.out(f"{_begin(Path(folder), place, text):<9}{Path(folder, place).as_posix()}")
    if not screen.quiet:
        screen.out(_next_steps(Path(folder, "manifests").as_posix(), ci))
    return 0


def _files(app_id: str, ci: Pipeline | None) -> Iterator[tuple[str, str]]:
    """(where it goes, what it says)"""
    for name in _MANIFESTS:
        yield f"manifests/{name}", _scaffold(f"manifests/{name}").replace(PLACEHOLDER, app_id)
    if ci is not None:
        source, place = _PIPELINES[ci]
        yield place, _scaffold(source)
    yield _IGNORE, _scaffold("gitignore")


def _scaffold(name: str) -> str:
    return (importlib.resources.files("reconciler.cli") / "scaffold" / name).read_text(encoding="utf-8")


def _begin(folder: Path, place: str, text: str) -> str:
    """Write one file unless it is there, or the lines that a .gitignore lacks; what became of it in a word."""
    from reconciler.cli.files import store

    file = folder / place
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            store(file, text)
            return "created"
        if place != _IGNORE:
            return "exists"
        old = file.read_text(encoding="utf-8")
        lacking = [line for line in text.splitlines() if line not in old.splitlines()]
        if lacking:
            store(file, old + ("" if old.endswith("\n") or not old else "\n") + "\n".join(lacking) + "\n")
        return "extended" if lacking else "exists"
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise ReconcilerError(f"{file}: cannot be written: {reason}") from None


def _next_steps(manifests: str, ci: Pipeline | None) -> str:
    steps = [
        "",
        "Next:",
        f"  reconciler validate {manifests}",
        f"  reconciler plan {manifests} --local     against an emulator on this machine, without an account",
        f"  reconciler plan {manifests}             with CLARIFAI_PAT and CLARIFAI_USER_ID set",
    ]
    if ci is not None:
        steps.append(f"The first lines of {_PIPELINES[ci][1]} say what the pipeline needs.")
    return "\n".join(steps)
