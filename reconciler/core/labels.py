"""Inputs that were added and annotations that were read, as values: what `inputs add` and `annotations list` show.

Belongs here: the values and the words for their statuses. Does not belong here: adding or reading (`labelling`), or
printing (`report`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reconciler.core.address import Scope


class AddStatus(StrEnum):
    """How far an input came."""

    PROCESSED = "processed"
    PENDING = "pending"
    """The service took it and was not waited for, or not long enough."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Added:
    """One source of `inputs add`, and what became of it."""

    source: str
    id: str
    status: AddStatus
    message: str = ""


@dataclass(frozen=True, slots=True)
class Addition:
    """The account of one `inputs add`."""

    scope: Scope
    inputs: tuple[Added, ...]

    @property
    def failed(self) -> int:
        """How many are not in the app."""
        return sum(added.status is AddStatus.FAILED for added in self.inputs)

    @property
    def exit_code(self) -> int:
        """0 all added, 6 some, 1 none."""
        if not self.failed:
            return 0
        return 6 if self.failed < len(self.inputs) else 1


STATUSES: Final[Mapping[str, int]] = {
    "success": 24150,
    "pending": 24151,
    "failed": 24152,
    "awaiting-review": 24157,
    "review-denied": 24158,
    "awaiting-consensus-review": 24159,
}
"""What an annotation may be, and the service's number for it (facts 2.2)."""

_WORDS = {code: word for word, code in STATUSES.items()}


def status_word(code: int) -> str:
    """The word for a status code; the number where there is none."""
    return _WORDS.get(code, str(code))


@dataclass(frozen=True, slots=True)
class Label:
    """One concept of an annotation."""

    concept: str
    value: float
    region: bool = False
    """Whether it is about a part of the picture."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation of an input."""

    id: str
    input_id: str
    labels: tuple[Label, ...]
    status: str
    user: str
    """Who made it: a user's id, or the version of a model."""
    created: str
    """ISO 8601, UTC, whole seconds."""


@dataclass(frozen=True, slots=True)
class Annotations:
    """What was found in an app, oldest first."""

    scope: Scope
    items: tuple[Annotation, ...]
