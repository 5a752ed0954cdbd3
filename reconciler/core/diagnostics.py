"""Problems as values, and the exception tree whose classes carry the exit codes.

    ReconcilerError            1   something failed
    ├── InvalidManifest        3   the manifests are wrong (carries every diagnostic at once)
    ├── Refused                4   a guard said no
    ├── StalePlan              5   the world moved since the plan
    ├── PartlyApplied          6   some steps failed
    ├── AuthenticationFailed   7   token missing, wrong or too weak
    ├── CheckFailed            8
    ├── LockHeld               9
    └── Interrupted          130

Belongs here: what a problem is. Does not belong here: how it is printed (`report`) or what the network said (`remote`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple


class Severity(StrEnum):
    """How bad a diagnostic is; only ERROR stops a run."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Location(NamedTuple):
    """A place in a file; line and column count from 1.

    A tuple, since reading makes one for every value there is: a frozen dataclass takes twice the time.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: what is wrong, where, and what to do about it."""

    severity: Severity
    summary: str
    location: Location | None = None
    address: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity}: {self.summary}{hint}"


def error(summary: str, location: Location | None = None, *, hint: str | None = None) -> Diagnostic:
    """An ERROR diagnostic."""
    return Diagnostic(Severity.ERROR, summary, location, hint=hint)


def warning(summary: str, location: Location | None = None, *, hint: str | None = None) -> Diagnostic:
    """A WARNING diagnostic."""
    return Diagnostic(Severity.WARNING, summary, location, hint=hint)


def note(summary: str, location: Location | None = None, *, hint: str | None = None) -> Diagnostic:
    """A NOTE diagnostic."""
    return Diagnostic(Severity.NOTE, summary, location, hint=hint)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the closest known word, or None when nothing is close."""
    close = difflib.get_close_matches(word, sorted(set(known)), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else None


class ReconcilerError(Exception):
    """The root of every error a user may see; `exit_code` is a stable public interface."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidManifest(ReconcilerError):
    """The manifests (or the flags that complete them) are wrong; holds all problems of the run."""

    exit_code = 3

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        errors = sum(1 for d in diagnostics if d.severity is Severity.ERROR)
        super().__init__(f"{errors} problem{'s' if errors != 1 else ''} in the manifests")
        self.diagnostics = tuple(diagnostics)


class Refused(ReconcilerError):
    """A guard refused; the message names the objects and the flag that allows it, where one exists."""

    exit_code = 4

    def __init__(self, message: str, *, hint: str | None = None, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = tuple(diagnostics)


class StalePlan(ReconcilerError):
    """The live app moved since the plan was made."""

    exit_code = 5


class PartlyApplied(ReconcilerError):
    """At least one step failed; the result tells which were done."""

    exit_code = 6


class AuthenticationFailed(ReconcilerError):
    """No token, a wrong token, or one without the scopes that are needed."""

    exit_code = 7


class CheckFailed(ReconcilerError):
    """A declared check did not hold."""

    exit_code = 8


class LockHeld(ReconcilerError):
    """Somebody else holds the lock."""

    exit_code = 9


class Interrupted(ReconcilerError):
    """The user pressed Ctrl-C."""

    exit_code = 130
