"""Names of files in the desired state -> fingerprints of their contents; and the contents, when they are sent.

Belongs here: reading files that manifests name, from the folder of the manifest, and every problem with them. Does not
belong here: which fields name a file (`Fields.files`), or what becomes of the bytes (`kinds`).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.diagnostics import Diagnostic, ReconcilerError, StalePlan, error
from reconciler.core.kind import Attachment, Kind
from reconciler.core.state import Desired, DesiredState

Kinds = Mapping[str, Kind]
"""Keyed by name."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Attached:
    """The desired state with fingerprints in the place of names, and what was wrong with the files."""

    state: DesiredState
    diagnostics: tuple[Diagnostic, ...]


def attach(state: DesiredState, kinds: Kinds) -> Attached:
    """Look at every file that is named; one that cannot be read is a problem at the place of its name."""
    problems: list[Diagnostic] = []
    resources = {
        address: _attach(item, kinds[item.kind], problems) if kinds[item.kind].fields.files else item
        for address, item in state.resources.items()
    }
    return Attached(replace(state, resources=resources), tuple(problems))


def _attach(item: Desired, kind: Kind, problems: list[Diagnostic]) -> Desired:
    tree, files = dict(item.tree), {}
    for field, most in kind.fields.files.items():
        if field not in tree:
            continue
        files[field] = _path(item, str(tree[field]))
        try:
            tree[field] = fingerprint(files[field], most)
        except Unusable as problem:
            problems.append(error(str(problem), item.positions.get((field,), item.location)))
    return replace(item, tree=tree, files=files)


def _path(item: Desired, name: str) -> str:
    """Where a file lies: a relative name starts at the folder of the manifest; standard input has none."""
    manifest = item.location.file if item.location else ""
    folder = "" if manifest == "<stdin>" else os.path.dirname(manifest)
    return os.path.normpath(os.path.join(folder, name))


class Unusable(ReconcilerError):
    """A file that cannot be sent, in words that name it."""


def fingerprint(path: str, most: int) -> str:
    """`sha256:` and the digest of a file's content. Raises Unusable."""
    digest = hashlib.sha256()
    try:
        _check(path, most)
        with open(path, "rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as problem:
        raise Unusable(f"{path} cannot be read: {problem.strerror or problem}") from None
    except ValueError as problem:  # a NUL in its name
        raise Unusable(f"{path!r} is no name of a file: {problem}") from None
    return f"sha256:{digest.hexdigest()}"


def _check(path: str, most: int) -> None:
    """Only plain files of a decent size: a pipe or a device may never end."""
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{path} is no file")
    if found.st_size == 0:
        raise Unusable(f"{path} is empty")
    if found.st_size > most:
        raise Unusable(f"{path} is too large: {found.st_size:,} bytes; the service takes at most {most:,}")


def size(item: Desired) -> int:
    """How many bytes the files of an object have, as far as they can be looked at."""
    return sum(os.path.getsize(path) for path in item.files.values() if os.path.exists(path))


def contents(item: Desired) -> dict[str, Attachment]:
    """The files of an object, by field; raises StalePlan if one is not what it was when the plan was made."""
    found = {}
    for field, path in item.files.items():
        try:
            with open(path, "rb") as stream:
                content = stream.read()
        except OSError as problem:
            raise Unusable(f"{path} cannot be read: {problem.strerror or problem}") from None
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != item.tree[field]:
            raise StalePlan(f"{path} changed since the plan", hint="plan again")
        found[field] = Attachment(path, content)
    return found
