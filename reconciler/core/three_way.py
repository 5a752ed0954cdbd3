"""Want x have x was -> field changes of one object: who moved what, path by path.

Pure. Belongs here: the truth table and closed sets. Does not belong here: which trees are compared, or what becomes of
the object (`stages/diff`).

Per owned path, with want (manifest), have (live), was (record):

    written now | in record | want = have |             | result
    yes         | any       | yes         |             | nothing; record missing or different: ADOPT
    yes         | no        | no          |             | EDIT: first time we own it
    yes         | yes       | no          | was = want  | DRIFT: someone changed it; repair
    yes         | yes       | no          | was = have  | EDIT: the manifest changed
    yes         | yes       | no          | neither     | EDIT_OVER_DRIFT
    no          | yes       |             | was = have  | REMOVED: clear it if the API can, else drop ownership
    no          | yes       |             | was != have | RELEASED: drop ownership
    no          | yes       |             | have absent | drop from the record, silently
    no          | no        |             |             | not ours; invisible
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reconciler.core.change import Cause, Effect, FieldChange
from reconciler.core.kind import Kind
from reconciler.core.ownership import prints, value_at
from reconciler.core.state import Desired, recorded_paths, remembered
from reconciler.core.tree import ABSENT, Path, Tree, Unknown, fingerprint, get, path_text, same

Differing = Callable[[Tree, Tree, list[Path], Kind], list[Path]]
"""(have, want, paths, kind) -> the paths whose values differ."""


@dataclass(frozen=True)
class Sides:
    """One object from three sides. `was` is what our record says: path text -> fingerprint."""

    item: Desired
    kind: Kind
    want: Tree
    have: Tree
    was: Mapping[str, str]
    paths: list[Path]
    """The owned paths that are compared."""
    moving: Mapping[str, Unknown | str]
    """The outputs of producers by address: Unknown where this run makes a new one."""

    @cached_property
    def wanted(self) -> dict[Path, str]:
        """Path -> fingerprint of the wanted value."""
        return prints(self.want, self.paths, self.kind)

    @cached_property
    def had(self) -> dict[Path, str]:
        """Path -> fingerprint of the live value."""
        return prints(self.have, self.paths, self.kind)


def field_changes(sides: Sides, differing: Differing) -> Iterator[FieldChange]:
    """Every differing path once: elements of closed lists whole, then leaves, then what is no longer written."""
    closed = [path for path in sides.paths if sides.kind.fields.closed(path)]
    members = {change.path: change for path in closed for change in _members(sides, path)}
    yield from members.values()
    for path in _moved(sides, differing):
        if path not in closed and not any(path[: len(member)] == member for member in members):
            yield _leaf(sides, path)
    yield from _dropped(sides)


def _moved(sides: Sides, differing: Differing) -> list[Path]:
    """The leaves that differ. A write-only one differs from the record, since it is never read back as sent."""
    write_only = [p for p in sides.paths if sides.kind.fields.any(sides.kind.fields.write_only, p)]
    readable = [p for p in sides.paths if p not in write_only]
    forgotten = [p for p in write_only if remembered(sides.was, p, sides.wanted) is not True]
    kind = sides.kind
    if all(same(value_at(sides.want, p, kind), value_at(sides.have, p, kind)) for p in readable):
        return forgotten  # without a fingerprint of anything: nearly all objects end here
    return sorted(forgotten + differing(sides.have, sides.want, readable, sides.kind))


def _leaf(sides: Sides, path: Path) -> FieldChange:
    cause = _cause(sides, path)
    if sides.kind.fields.any(sides.kind.fields.write_only, path):
        cause = Cause.EDIT  # what the service shows of it says nothing about who changed it
    follows = _follows(sides, path, cause)
    # A pin that somebody moved stays drift, though it would have to move anyway.
    told = Cause.FOLLOWS if follows and cause is Cause.EDIT else cause
    return FieldChange(path, get(sides.have, path), get(sides.want, path), told, sides.kind.effect(path), follows)


def _cause(sides: Sides, path: Path) -> Cause:
    """The truth table of the module, for a path that is written and differs."""
    as_wanted = remembered(sides.was, path, sides.wanted)
    if as_wanted is None:
        return Cause.EDIT
    if as_wanted:
        return Cause.DRIFT
    return Cause.EDIT if remembered(sides.was, path, sides.had) else Cause.EDIT_OVER_DRIFT


def _follows(sides: Sides, path: Path, cause: Cause) -> str | None:
    """The producer whose new version this path follows: in this run, or in an earlier one that stopped halfway."""
    for reference in sides.item.references:
        if reference.path == path and reference.output and reference.declared:
            target = str(reference.target)
            if isinstance(sides.moving.get(target), Unknown) or cause is Cause.EDIT:
                return target
    return None


# --- closed lists ----------------------------------------------------------------------------------------------------


def _members(sides: Sides, path: Path) -> Iterator[FieldChange]:
    """Elements that stand on one side only: each goes or comes whole."""
    mine, theirs = _elements(sides.want, path), _elements(sides.have, path)
    for name in [n for n in mine if n not in theirs] + [n for n in theirs if n not in mine]:
        element = (*path, name)
        before, after = theirs.get(name, ABSENT), mine.get(name, ABSENT)
        yield FieldChange(
            element, before, after, _member_cause(sides, element, name in mine), sides.kind.effect(element)
        )


def _elements(tree: Tree, path: Path) -> dict[str, Any]:
    value = get(tree, path)
    return value if isinstance(value, dict) else {}


def _member_cause(sides: Sides, element: Path, wanted_now: bool) -> Cause:
    as_wanted = remembered(sides.was, element[:-1], sides.wanted)
    if as_wanted is None:
        return Cause.EDIT
    if as_wanted:
        return Cause.DRIFT
    if remembered(sides.was, element[:-1], sides.had):
        return Cause.EDIT
    prefix = path_text(element) + "/"
    recorded = any(name.startswith(prefix) for name in sides.was)
    return Cause.DRIFT if recorded == wanted_now else Cause.EDIT


# --- no longer written -----------------------------------------------------------------------------------------------


def _dropped(sides: Sides) -> Iterator[FieldChange]:
    """Recorded but no longer written: REMOVED or RELEASED."""
    written, kind = sides.item.written, sides.kind
    for path in sorted(recorded_paths(sides.was)):
        if path in written or _in_missing_element(path, written, sides.want, kind):
            continue
        value, live = value_at(sides.have, path, kind), get(sides.have, path)
        if value is ABSENT or live is ABSENT:
            continue
        filled_by_others = value == {} and bool(live)
        if filled_by_others or not remembered(sides.was, path, {path: fingerprint(value)}):
            yield FieldChange(path, live, ABSENT, Cause.RELEASED, Effect.RECORD)
        else:
            can = kind.fields.any(kind.fields.clearable, path)
            yield FieldChange(path, live, ABSENT, Cause.REMOVED, kind.effect(path) if can else Effect.RECORD)


def _in_missing_element(path: Path, written: Iterable[Path], want: Tree, kind: Kind) -> bool:
    """Whether a path lies in an element that a written set no longer lists: that goes whole, see `_members`."""
    for depth in range(1, len(path)):
        if kind.fields.closed(path[:depth]) and path[:depth] in written:
            return path[depth] not in _elements(want, path[:depth])
    return False
