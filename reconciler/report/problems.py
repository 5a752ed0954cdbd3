"""Diagnostics and errors as a terminal shows them: the place first, so that editors and people can jump to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from reconciler.core.diagnostics import Diagnostic, InvalidManifest, Location, ReconcilerError, Severity
from reconciler.report.lines import BLANK, Line, Span, render, say

STYLES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "bold"}
_NOWHERE = Location("", 0, 0)


def diagnostics_text(diagnostics: Iterable[Diagnostic], *, color: bool, width: int = 100) -> str:
    """Every problem, sorted by place, and a line that counts them."""
    ordered = by_place(diagnostics)
    lines = [line for diagnostic in ordered for line in diagnostic_lines(diagnostic)]
    if lines:
        lines.append(BLANK)
    return render([*lines, _verdict(ordered)], color=color, width=max(40, width))


def error_text(error: ReconcilerError, *, color: bool, width: int = 100) -> str:
    """One error, its hint beneath; a manifest error brings all its problems."""
    if isinstance(error, InvalidManifest):
        return diagnostics_text(error.diagnostics, color=color, width=width)
    first, *rest = str(error).splitlines() or [""]
    lines = [Line((Span("Error: ", "error"), Span(first)), hang=7)]
    lines += [line for part in rest for line in say(part, indent=7)]
    if error.hint:
        lines += say(error.hint, "dim", indent=7)
    return render(lines, color=color, width=max(40, width))


def inside(error: ReconcilerError) -> tuple[Diagnostic, ...]:
    """An error as problems: those that it brings, else itself."""
    brought: tuple[Diagnostic, ...] = getattr(error, "diagnostics", ())
    return brought or (Diagnostic(Severity.ERROR, str(error), hint=error.hint),)


def by_place(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by file, line and column; what has no place stands first."""
    return sorted(diagnostics, key=lambda d: (d.location or _NOWHERE, d.severity, d.summary))


def diagnostic_lines(diagnostic: Diagnostic) -> Iterator[Line]:
    """`file:line:col: error: summary`, the hint beneath."""
    first, *rest = diagnostic.summary.splitlines() or [""]
    where = diagnostic.location or diagnostic.address
    place = (Span(f"{where}: ", "bold"),) if where else ()
    severity = Span(f"{diagnostic.severity}: ", STYLES[diagnostic.severity])
    yield Line((*place, severity, Span(first)), hang=4)
    for part in rest:
        yield from say(part, indent=4)
    if diagnostic.hint:
        yield from say(diagnostic.hint, "dim", indent=4)


def verdict_text(diagnostics: Iterable[Diagnostic]) -> str:
    """The line that counts all problems."""
    return "".join(span.text for span in _verdict(list(diagnostics)).body)


def _verdict(diagnostics: list[Diagnostic]) -> Line:
    count = Counter(diagnostic.severity for diagnostic in diagnostics)
    names = [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "note")]
    said = [f"{count[each]} {name}{'' if count[each] == 1 else 's'}" for each, name in names if count[each]]
    if count[Severity.ERROR]:
        return Line((Span(", ".join(said), "error"),))
    tail = f" ({', '.join(said)})" if said else ""
    return Line((Span("Success!", "success"), Span(f" The manifests are valid{tail}.")))
