"""Drift as a value: for every object, whether the live app still is as it was applied, and who is ahead of whom.

Belongs here: what a look at the live app found, and the exit code that follows. Does not belong here: looking
(`pipeline`) or printing (`report`). The word "applied" means: what our record in the live object remembers.

    live = applied = manifest   in sync
    live moved                  drift: a person or a program changed the app            exit code 2
    manifest moved              an edit that nobody applied yet: a note, not a drift    exit code 0
    live moved, and borne with  ignored by a rule (`drift_rules`): told, not counted    exit code 0
    could not be read           unknown: never counted as in sync                       exit code 1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from reconciler.core.address import Address, Scope
from reconciler.core.change import Cause, FieldChange
from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.masking import SENSITIVE
from reconciler.core.tree import ABSENT, Path


class DriftStatus(StrEnum):
    """What is the matter with one object."""

    IN_SYNC = "in_sync"
    DRIFTED = "drifted"
    MISSING = "missing"
    """Applied, and gone from the live app."""
    UNKNOWN = "unknown"
    """It could not be read."""
    EXCLUDED = "excluded"
    """Nobody looked, because the run was told not to."""
    IGNORED = "ignored"
    """It drifted or is missing, and a rule bears with all of that."""


class Ahead(StrEnum):
    """Who moved away from what was applied."""

    LIVE = "live"
    MANIFEST = "manifest"
    """An edit of the manifest that is not applied yet; no drift."""
    BOTH = "both"


class _NotKept:
    """The applied value of a field whose record holds a fingerprint only, and neither side has it any more."""

    def __repr__(self) -> str:
        return "(not kept)"

    def __copy__(self) -> _NotKept:
        return self

    def __deepcopy__(self, memo: object) -> _NotKept:
        return self


NOT_KEPT: Final = _NotKept()

_AHEAD = {
    Cause.EDIT: Ahead.MANIFEST,
    Cause.REMOVED: Ahead.MANIFEST,
    Cause.DRIFT: Ahead.LIVE,
    Cause.RELEASED: Ahead.BOTH,
    Cause.EDIT_OVER_DRIFT: Ahead.BOTH,
}


@dataclass(frozen=True, slots=True)
class DriftField:
    """One path on which live app, record and manifest are not all of one mind; ABSENT where there is no value.

    A sensitive field never holds its values: they are replaced by the mark when it is made.
    """

    path: Path
    live: Any
    applied: Any
    manifest: Any
    ahead: Ahead
    sensitive: bool = False

    def __post_init__(self) -> None:
        if self.sensitive:
            for name in ("live", "applied", "manifest"):
                value = getattr(self, name)
                if value is not ABSENT and value is not NOT_KEPT:
                    object.__setattr__(self, name, SENSITIVE)

    @property
    def moved(self) -> bool:
        """Whether the live value is not what was applied."""
        return self.ahead is not Ahead.MANIFEST

    @classmethod
    def of(cls, change: FieldChange) -> DriftField | None:
        """A difference as drift sees it; None for a mere consequence. The change must be concealed (`masking`)."""
        ahead = _AHEAD.get(change.cause)
        if ahead is None:
            return None
        applied = {Ahead.MANIFEST: change.before, Ahead.LIVE: change.after, Ahead.BOTH: NOT_KEPT}[ahead]
        return cls(change.path, change.before, applied, change.after, ahead, change.sensitive)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A field that moved, and the rule that bears with it in a few words."""

    field: DriftField
    because: str


@dataclass(frozen=True, slots=True)
class DriftEntry:
    """One object of ours. An object in sync may have fields all the same: edits that wait to be applied."""

    address: Address
    kind: str
    status: DriftStatus
    fields: tuple[DriftField, ...] = ()
    message: str = ""
    """Why it could not be read, or why it was left out."""
    location: Location | None = None
    ignored: tuple[Ignored, ...] = ()

    @property
    def moved(self) -> tuple[DriftField, ...]:
        """The fields that somebody changed in the live app, without the ignored ones."""
        return tuple(field for field in self.fields if field.moved)

    @property
    def waiting(self) -> tuple[DriftField, ...]:
        """The fields whose manifest changed and was not applied yet."""
        return tuple(field for field in self.fields if not field.moved)


@dataclass(frozen=True, slots=True)
class Unapplied:
    """A whole object on which the manifests are ahead: declared and not created yet, or no longer declared."""

    address: Address
    message: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live object that this manifest set does not own; `owner` is the set that does, if any."""

    address: Address
    kind: str
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class DriftCounts:
    """The numbers of the summary line."""

    in_sync: int
    drifted: int
    missing: int
    unknown: int
    excluded: int
    ignored: int
    waiting: int
    """Objects whose manifest is ahead, whole or in part."""
    unmanaged: int


@dataclass(frozen=True, slots=True)
class SinceLast:
    """What a look found that the one before did not, and the other way round; `address path`, as people read it."""

    looked: str | None
    """When the last look was; None: this is the first."""
    new: tuple[str, ...] = ()
    still: tuple[tuple[str, str], ...] = ()
    """With the time when it was first seen."""
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What one look at an app found. Equal inputs give equal reports."""

    scope: Scope
    owner: str
    host: str
    entries: tuple[DriftEntry, ...]
    unmanaged: tuple[Unmanaged, ...] = ()
    unapplied: tuple[Unapplied, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    refresh: str = "full"
    """How live models were read: `full` reads each one, `stamp` trusts an untouched version's mark."""
    since: SinceLast | None = None
    """Where a memory of the last look is kept."""

    @property
    def counts(self) -> DriftCounts:
        """How many objects are in each state."""
        count = Counter(entry.status for entry in self.entries)
        return DriftCounts(
            **{str(status): count[status] for status in DriftStatus},
            waiting=sum(bool(entry.waiting) for entry in self.entries) + len(self.unapplied),
            unmanaged=len(self.unmanaged),
        )

    @property
    def moved(self) -> bool:
        """Whether the live app is not what was applied, as far as it could be read."""
        return bool(self.counts.drifted or self.counts.missing)

    @property
    def exit_code(self) -> int:
        """1 if anything could not be read (an error beats a difference), 2 drift, 0 none."""
        return 1 if self.counts.unknown else 2 if self.moved else 0

    def with_status(self, *statuses: DriftStatus) -> tuple[DriftEntry, ...]:
        """The entries in any of these states, in the order of the report."""
        return tuple(entry for entry in self.entries if entry.status in statuses)


def by_address(entries: Iterable[DriftEntry]) -> tuple[DriftEntry, ...]:
    """Entries in the order in which a report lists them."""
    return tuple(sorted(entries, key=lambda entry: entry.address))
