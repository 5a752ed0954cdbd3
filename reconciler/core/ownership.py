"""What we will remember of a declared object: its record, its version's mark, its place in the inventory.

Both the comparison and the executor need these. Belongs here: desired values -> records. Does not belong here: the
text forms (`state`) or writing them (`stages/apply`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.canonical import CANON
from reconciler.core.kind import Kind
from reconciler.core.state import Desired, LiveState, Mark, Observed, Record, fields_of
from reconciler.core.tree import ABSENT, Path, Tree, Unknown, fingerprint, get, put, unknowns


def wants_version(item: Desired, kind: Kind) -> bool:
    """Whether the manifest asks for a version of its own."""
    return kind.versions is not None and get(item.tree, kind.versions.path) is not ABSENT


def value_at(tree: Tree, path: Path, kind: Kind) -> Any:
    """The value that stands for an owned path: of a closed set, its sorted names; of an open map, that it is one."""
    value = get(tree, path)
    if kind.fields.closed(path):
        return sorted(value) if isinstance(value, dict) else []
    return {} if isinstance(value, dict) else value


def prints(tree: Tree, paths: Iterable[Path], kind: Kind) -> dict[Path, str]:
    """Path -> fingerprint."""
    return {path: fingerprint(value_at(tree, path, kind)) for path in paths}


def record_paths(item: Desired, kind: Kind) -> tuple[Path, ...]:
    """The owned paths that our record remembers; those of a version stand in the version's own mark."""
    return kind.apart(item.owned)[0]


def target_record(item: Desired, want: Tree, kind: Kind, owner: str) -> Record:
    """The record that an object has once it is as wanted. Raises nothing; unknown values print as unknown."""
    values = prints(want, record_paths(item, kind), kind)
    protect, version = item.lifecycle.protect, wants_version(item, kind)
    return Record(owner, item.address.qualified, fields_of(values), protect, CANON, version)


def version_fields(item: Desired, want: Tree, kind: Kind) -> dict[str, str]:
    """Path -> fingerprint of everything declared in a version."""
    return fields_of(prints(want, kind.apart(item.owned)[1], kind))


def target_mark(item: Desired, want: Tree, kind: Kind, owner: str, parent: str) -> Mark:
    """The mark of a new version: its digest covers declared values and parent, so a revert is a new version too."""
    fields = version_fields(item, want, kind)
    return Mark(owner, item.address.qualified, parent, fingerprint([parent, fields]), fields, CANON)


def filled(item: Desired, known: Mapping[str, Unknown | str]) -> Tree:
    """The tree of a declared object with every reference that is known by now; most objects have none to look for."""
    return fill(item.tree, known) if any(reference.output for reference in item.references) else item.tree


def fill(tree: Tree, known: Mapping[str, Unknown | str]) -> Tree:
    """A declared tree with every reference that is known by now (keyed by the producer's address text)."""
    for path, unknown in list(unknowns(tree)):
        value = known.get(unknown.address, unknown)
        if not isinstance(value, Unknown):
            tree = put(tree, path, value)
    return tree


def known_versions(live: LiveState) -> dict[str, str]:
    """Address as references name it -> the version that a reference to it means: ours, else the newest."""
    serving = {address: observed.managed or observed.newest for address, observed in live.observed.items()}
    return {str(address): version.id for address, version in serving.items() if version is not None and version.id}


def training_failed(observed: Observed, kind: Kind) -> str:
    """What the service says of the newest version, if it came to nothing: no workflow can use it."""
    newest = observed.newest
    failed = kind.versions is not None and newest is not None and kind.versions.failed(newest.status)
    return newest.said if failed and newest is not None else ""
