"""`reconciler fmt`: manifests in one layout. Offline."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from reconciler.cli.command import command
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import CheckFailed, Diagnostic, InvalidManifest, Location, ReconcilerError, error

Paths = Annotated[list[str], Argument(metavar="PATH", help="Files, folders, or - for standard input.")]
Check = Annotated[bool, Option("--check", help="Write nothing; exit 8 if a file is in another layout.")]
Diff = Annotated[bool, Option("--diff", help="Show what changes.")]


@command
def fmt(screen: Screen, paths: Paths = ["."], check: Check = False, diff: Diff = False) -> int:  # noqa: B006
    """Write manifests in one layout; name what changed.

    Blanks only: two a level, lists at the level of their key. Comments, quotes, the order of keys and line breaks stay.
    """
    screen.only_text("fmt")
    from reconciler.stages.load import manifest_files

    files, problems = manifest_files(paths)
    changed = [file for file in files if _format(screen, file, problems, write=not check, diff=diff)]
    if problems:
        raise InvalidManifest(problems)
    if check and changed:
        raise CheckFailed(
            f"{len(changed)} of {len(files)} {'file is' if len(files) == 1 else 'files are'} in another layout",
            hint="`reconciler fmt` writes them",
        )
    return 0


def _format(screen: Screen, file: str, problems: list[Diagnostic], *, write: bool, diff: bool) -> bool:
    """Format one file; whether its layout is another one now, or would be."""
    if file.endswith(".json"):
        return False
    old = _read(file, problems)
    new = None if old is None else _formatted(file, old, problems)
    if old is None or new is None:
        return False
    if file == "-" and write and not diff:
        screen.draw(new)
    elif new != old:
        _show(screen, file, old, new, diff=diff)
        if write and file != "-":
            _store(file, new, problems)
    return new != old


def _read(file: str, problems: list[Diagnostic]) -> str | None:
    """The text of a file in which nothing is wrong."""
    from reconciler.stages.load import content_of, parse

    content = content_of(file, sys.stdin, problems)
    if content is None:
        return None
    found = parse(content, "<stdin>" if file == "-" else file)[1]
    problems += found
    return None if found else content.decode("utf-8-sig")


def _formatted(file: str, text: str, problems: list[Diagnostic]) -> str | None:
    from reconciler.formatting import formatted

    try:
        return formatted(text)
    except ReconcilerError as problem:
        problems.append(error(problem.message, Location(file, 1, 1), hint="it was left as it is"))
        return None


def _show(screen: Screen, file: str, old: str, new: str, *, diff: bool) -> None:
    if not diff:
        screen.out(file)
        return
    lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), file, file)
    screen.draw("".join(line if line.endswith("\n") else f"{line}\n" for line in lines))


def _store(file: str, text: str, problems: list[Diagnostic]) -> None:
    from reconciler.cli.files import store

    try:
        store(Path(file), text)
    except OSError as problem:
        problems.append(error(f"cannot be written: {problem.strerror}", Location(file, 1, 1)))
