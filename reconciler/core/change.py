"""A change is a value: what differs on one object, why, and what repairing it means.

Belongs here: the vocabulary users see (`Action`, `Cause`, `Effect`) and the values that carry it. Does not belong here:
how a difference is found (`stages/diff`) or what is done about it (`Step` in `plan`). Reasons explain; steps decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reconciler.core.address import Address
from reconciler.core.diagnostics import Location
from reconciler.core.tree import Path, Tree


class Action(StrEnum):
    """What becomes of an object."""

    NO_OP = "no-op"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    """Only our record of it is written: first taken over, or refreshed."""
    FORGET = "forget"
    """Our record of it is dropped; the object stays (the service cannot delete it, or must not)."""


class Cause(StrEnum):
    """Why a value differs, from manifest (want), live app (have) and record (was)."""

    EDIT = "edit"
    """The manifest changed, or declares the value for the first time."""
    DRIFT = "drift"
    """Someone changed the live value behind our back."""
    EDIT_OVER_DRIFT = "edit-over-drift"
    """Both: the manifest changed and so did the live value."""
    REMOVED = "removed"
    """The author deleted the line; the value is cleared if the API can."""
    RELEASED = "released"
    """The author deleted the line and others had changed the value since; ownership is dropped."""
    FOLLOWS = "follows"
    """It points at something of another object that changes in this run."""


class Effect(StrEnum):
    """What applying the difference does."""

    IN_PLACE = "in-place"
    LATE = "late"
    """Set in a step of its own, after what it refers to exists."""
    NEW_VERSION = "new-version"
    """A new model version; the old one stays."""
    REPLACE = "replace"
    """Only possible by deleting and creating the object."""
    RECORD = "record"
    """Nothing but our record changes."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One differing path. `before` is the live value, `after` the wanted one; ABSENT where there is none."""

    path: Path
    before: Any
    after: Any
    cause: Cause
    effect: Effect
    follows: str | None = None
    """With FOLLOWS: the address whose change this one is a consequence of."""
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """What happens to one object. `before` and `after` are the owned parts of the live and wanted trees."""

    address: Address
    kind: str
    action: Action
    fields: tuple[FieldChange, ...] = ()
    reasons: tuple[str, ...] = ()
    before: Tree | None = None
    after: Tree | None = None
    cause: Cause | None = None
    """Of a whole object: CREATE is DRIFT when it was deleted behind our back."""
    location: Location | None = None
    sensitive: tuple[Path, ...] = ()
    """Paths whose values are never shown, in `before` and `after` as in the fields: a new object has no fields."""
    record: bool = False
    """Our record in the live object is missing or differs from what it will be."""
    mark: bool = False
    """The mark in the model version that serves is missing or differs."""
    waiting: bool = False
    """It is as declared, but the service is still at work on it: a version that trains, an input being processed."""

    def has(self, effect: Effect) -> bool:
        """Whether any field changes with this effect."""
        return any(field.effect is effect for field in self.fields)

    @property
    def new_version(self) -> bool:
        """Whether it ends with a model version that does not exist yet."""
        return self.has(Effect.NEW_VERSION)
