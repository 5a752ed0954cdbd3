"""Drift as people read it in a terminal: what moved, what could not be read, and, apart, what is no drift."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.drift import Ahead, DriftEntry, DriftField, DriftReport, DriftStatus
from reconciler.core.tree import show_path
from reconciler.report.drift_words import (
    READ,
    entry_summary,
    since_details,
    since_text,
    summary_text,
    telling_sides,
    unmanaged_text,
    waiting_text,
)
from reconciler.report.lines import BLANK, Line, Span, render, say
from reconciler.report.problems import by_place, diagnostic_lines

MOST_UNMANAGED = 20
"""More of them are counted only: they are no concern of this manifest set."""

SIGNS = {
    DriftStatus.DRIFTED: ("~", "drift"),
    DriftStatus.MISSING: ("-", "delete"),
    DriftStatus.UNKNOWN: ("?", "error"),
    DriftStatus.IN_SYNC: (" ", ""),
    DriftStatus.EXCLUDED: (" ", "dim"),
    DriftStatus.IGNORED: ("i", "dim"),
}


def drift_text(report: DriftReport, *, color: bool, width: int = 100) -> str:
    """The whole report, the summary line last."""
    lines = [
        *_header(report),
        *_moved(report),
        *_unknown(report),
        *_ignored(report),
        *_waiting(report),
        *_excluded(report),
        *_unmanaged(report),
        *_notes(report),
        *_since(report),
        *_summary(report),
    ]
    return render(lines, color=color, width=max(40, width))


def _header(report: DriftReport) -> list[Line]:
    about = Span(f" at {report.host}, owner {report.owner}", "dim")
    title = Line((Span("Drift of "), Span(str(report.scope), "bold"), about))
    return [title, *say(READ.get(report.refresh, f"Refresh: {report.refresh}."), "dim"), BLANK]


def _moved(report: DriftReport) -> Iterator[Line]:
    entries = report.with_status(DriftStatus.DRIFTED, DriftStatus.MISSING)
    if entries:
        yield Line((Span("Changed in the live app since it was applied:", "drift"),))
        yield BLANK
        for entry in entries:
            yield from _block(entry, entry.moved)
            yield BLANK


def _unknown(report: DriftReport) -> Iterator[Line]:
    if entries := report.with_status(DriftStatus.UNKNOWN):
        yield Line((Span("Could not be read", "error"), Span("; nobody knows whether these drifted:")))
        yield from _list(entries)


def _ignored(report: DriftReport) -> Iterator[Line]:
    """Borne with, and told all the same."""
    entries = [e for e in report.entries if e.ignored or e.status is DriftStatus.IGNORED]
    if entries:
        yield from say("Changed in the live app, and ignored by a rule of reconciler.yaml:", "bold")
        yield BLANK
    for entry in entries:
        yield _headline(entry, sign=entry.status is DriftStatus.IGNORED, words=bool(entry.message))
        for ignored in entry.ignored:
            yield Line((Span(show_path(ignored.field.path)), Span(f"  {ignored.because}", "dim")), (Span("      "),), 2)
            yield _values(ignored.field)
        yield BLANK


def _since(report: DriftReport) -> Iterator[Line]:
    if report.since is None:
        return
    yield from say(since_text(report.since))
    for word, what in since_details(report.since):
        yield Line((Span(f"{word:<5} ", "drift" if word == "new" else "dim"), Span(what)), (Span("    "),), 6)
    yield BLANK


def _waiting(report: DriftReport) -> Iterator[Line]:
    """Edits of the manifests are told, and are no drift."""
    entries = [entry for entry in report.entries if entry.waiting]
    if not entries and not report.unapplied:
        return
    yield from say("Edited in the manifests and not applied yet; no drift:", "bold")
    yield BLANK
    for entry in entries:
        yield from _block(entry, entry.waiting, sign=False)
    for each in report.unapplied:
        body = (Span(str(each.address), "bold"), Span(f"  {each.message}", "dim"))
        place = Span(f"{each.location.file}:{each.location.line}", "dim") if each.location else None
        yield Line(body, (Span("    "),), 4, place)
    yield BLANK


def _excluded(report: DriftReport) -> Iterator[Line]:
    if entries := report.with_status(DriftStatus.EXCLUDED):
        yield from say("Not looked at:", "dim")
        yield from _list(entries)


def _unmanaged(report: DriftReport) -> Iterator[Line]:
    if not report.unmanaged:
        return
    yield from say("In the app and not managed by this manifest set:", "bold")
    for each in report.unmanaged[:MOST_UNMANAGED]:
        yield Line((Span(unmanaged_text(each)),), (Span("    "),), 4)
    if (more := len(report.unmanaged) - MOST_UNMANAGED) > 0:
        yield from say(f"and {more} more; --format json lists all", "dim", indent=4)
    yield BLANK


def _notes(report: DriftReport) -> Iterator[Line]:
    for note in by_place(report.notes):
        yield from diagnostic_lines(note)
    if report.notes:
        yield BLANK


def _summary(report: DriftReport) -> Iterator[Line]:
    if said := waiting_text(report):
        yield from say(said, "dim")
    style = "error" if report.counts.unknown else "drift" if report.moved else "success"
    head, dot, rest = summary_text(report).partition(": " if report.exit_code else ". ")
    yield Line((Span(head + dot.rstrip(), style, whole=True), Span(f" {rest}")))


# ---- one object


def _list(entries: Iterable[DriftEntry]) -> Iterator[Line]:
    yield BLANK
    for entry in entries:
        yield _headline(entry)
    yield BLANK


def _headline(entry: DriftEntry, *, sign: bool = True, words: bool = True) -> Line:
    mark, style = SIGNS[entry.status] if sign else (" ", "")
    said = (Span(f"  {entry_summary(entry)}", "dim"),) if words else ()
    place = Span(f"{entry.location.file}:{entry.location.line}", "dim") if entry.location else None
    return Line((Span(str(entry.address), "bold"), *said), (Span(f"  {mark} ", style),), 4, place)


def _block(entry: DriftEntry, fields: Iterable[DriftField], *, sign: bool = True) -> Iterator[Line]:
    yield _headline(entry, sign=sign, words=entry.status is DriftStatus.MISSING or bool(entry.message))
    for field in fields:
        yield Line((Span(show_path(field.path)),), (Span("      "),), 2)
        yield _values(field)


def _values(field: DriftField) -> Line:
    spans = [Span("")]
    for side, value in telling_sides(field):
        style = "drift" if side == "live" else "dim"
        spans += [Span(", ") if len(spans) > 1 else Span(""), Span(f"{side} ", style, whole=True), Span(value)]
    if field.ahead is Ahead.BOTH:
        spans += [Span("  "), Span("# the manifest was edited, too", "dim")]
    return Line(tuple(spans), (Span("        "),), 2)
