"""Diagnostics for systems that show them beside the code: each with a file, a line, and a fingerprint that stays.

GitHub and GitLab refuse a finding without a place, so one about the manifests as a whole stands on the first line of
the first file that any finding names.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import normpath

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.report.problems import by_place

FALLBACK = Location("reconciler.yaml", 1, 1)


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding as code review shows it; path with forward slashes and without a leading `./`."""

    diagnostic: Diagnostic
    file: str
    line: int
    column: int
    fingerprint: str

    @property
    def message(self) -> str:
        """Summary and hint in one text."""
        return f"{self.diagnostic.summary}\n{self.diagnostic.hint or ''}".strip()


def placed(diagnostics: Iterable[Diagnostic]) -> list[Placed]:
    """Every diagnostic, sorted by place. Lines are not in the fingerprint: an old finding that moves is no new one."""
    ordered = by_place(diagnostics)
    somewhere = next((d.location for d in ordered if d.location), FALLBACK)
    seen: Counter[str] = Counter()
    found = []
    for diagnostic in ordered:
        at = diagnostic.location or Location(somewhere.file, 1, 1)
        file = normpath(at.file.replace("\\", "/"))
        key = "\n".join([file, diagnostic.severity, diagnostic.address or "", diagnostic.summary])
        seen[key] += 1
        mark = hashlib.sha256(f"{key}\n{seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        found.append(Placed(diagnostic, file, max(1, at.line), max(1, at.column), mark))
    return found


def rule(diagnostic: Diagnostic) -> str:
    """The id under which code review files a finding."""
    return f"manifest-{diagnostic.severity}"
