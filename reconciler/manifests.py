"""The use case `validate`, with which every other begins: manifests -> the desired state, offline.

    load -> resolve -> attach

Several processes load a large set. Belongs here: these stages, and which kinds there are. Does not belong here: the
live app (`pipeline`, which takes as long to load as all that is needed here).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import BinaryIO, TextIO

from reconciler import kinds as kinds_package
from reconciler.core.declaration import Declaration, let_go
from reconciler.core.diagnostics import Diagnostic, InvalidManifest, Location, Severity
from reconciler.core.kind import Kind
from reconciler.core.sdk_workflow import merge_inline
from reconciler.core.spec import read_early
from reconciler.core.state import DesiredState
from reconciler.stages.attach import attach
from reconciler.stages.load import load, manifest_files
from reconciler.stages.parallel import in_parallel
from reconciler.stages.resolve import UNNAMED, Options, Resolved, resolve


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its name, found by listing the folder; producers' folders know nothing of this."""
    modules = sorted(m.name for m in pkgutil.iter_modules(kinds_package.__path__))
    found = [importlib.import_module(f"{kinds_package.__name__}.{name}").KIND for name in modules]
    return {kind.name: kind for kind in found}


def by_plural() -> dict[str, Kind]:
    """Every kind by the segment it has in an address."""
    return {kind.plural: kind for kind in kinds().values()}


def read_manifests(
    paths: Sequence[str], options: Options, *, stdin: TextIO | BinaryIO | None = None, settings: str | None = None
) -> Resolved:
    """load -> resolve -> attach. Every problem of every file is in the result; nothing is raised for bad input.

    `settings`, if given, is the settings file in force, as `manifest_files` takes it.
    """
    files, problems = manifest_files(paths, settings)
    declared = merge_inline(_declared(files, problems, stdin), problems)
    resolved = resolve(declared, kinds(), options)
    unread = any(problem.severity is Severity.ERROR for problem in problems)
    problems += (problem for problem in resolved.diagnostics if not (unread and problem.summary in UNNAMED))
    if resolved.state is not None:
        attached = attach(resolved.state, kinds())
        resolved = replace(resolved, state=attached.state)
        problems += attached.diagnostics
    return replace(resolved, diagnostics=tuple(sorted(dict.fromkeys(problems), key=_place)))


def _declared(
    files: Sequence[str], problems: list[Diagnostic], stdin: TextIO | BinaryIO | None
) -> Iterator[Declaration]:
    """Every document of the files, read as far as it can be by itself; large sets on all cores."""

    def read(share: Sequence[str]) -> tuple[list[Declaration], list[Diagnostic]]:
        wrong: list[Diagnostic] = []
        return list(read_early(load(share, wrong, stdin=stdin), kinds())), wrong

    for declared, wrong in in_parallel(read, files, processes=1 if "-" in files else None):
        problems += wrong
        yield from let_go(declared)


def _place(problem: Diagnostic) -> tuple[Location, str]:
    return problem.location or Location("", 0, 0), problem.summary


def desired_state(resolved: Resolved) -> DesiredState:
    """The state of manifests without errors; raises InvalidManifest with all of them otherwise."""
    if resolved.state is None or not resolved.ok:
        raise InvalidManifest(resolved.diagnostics)
    return resolved.state
