"""Drift for a pull request, a step summary or a chat: what moved in a table, all else folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.drift import Ahead, DriftEntry, DriftReport, DriftStatus
from reconciler.core.tree import show_path
from reconciler.report.as_markdown import alert, folded_table, notes_block, top, where
from reconciler.report.changes import counted
from reconciler.report.drift_words import AHEAD, READ, entry_summary, sides, since_text, summary_text, waiting_text
from reconciler.report.fitting import COMMENT, Block, Limit, fitted
from reconciler.report.markup import code, text

FIELD_HEADS = ("Object", "Field", "Live", "Applied", "Manifest", "Who is ahead")


def drift_markdown(report: DriftReport, *, limit: Limit = COMMENT, more: str = "") -> str:
    """The whole report; `more` says, in Markdown, where all of it can be seen if it must be cut."""
    blocks = [
        *_unknown(report),
        *_moved(report),
        *notes_block(report.notes),
        *_ignored(report),
        *_waiting(report),
        *_excluded(report),
        *_unmanaged(report),
    ]
    how = READ.get(report.refresh, f"Refresh: {report.refresh}.").rstrip(".")
    said = [*where(report.scope, report.host, report.owner), text(how[:1].lower() + how[1:])]
    if waiting := waiting_text(report):
        said.append(waiting.rstrip(".").replace("`plan`", "`reconciler plan`"))
    if report.since is not None:
        said.append(text(since_text(report.since).rstrip(".")))
    return fitted(top("drift", report.scope, report.owner, summary_text(report), said), blocks, limit, more)


def _unknown(report: DriftReport) -> Iterator[Block]:
    if entries := report.with_status(DriftStatus.UNKNOWN):
        said = "**Could not be read; nobody knows whether these drifted.**"
        yield alert("CAUTION", said, ("Object", "Why"), [_pair(entry, entry.message) for entry in entries], "object")


def _moved(report: DriftReport) -> Iterator[Block]:
    entries = report.with_status(DriftStatus.DRIFTED, DriftStatus.MISSING)
    if entries:
        rows = [row for entry in entries for row in _moved_rows(entry)]
        said = "**Changed in the live app since it was applied.**"
        yield alert("WARNING", said, FIELD_HEADS, rows, "drifted field")


def _moved_rows(entry: DriftEntry) -> Iterator[Sequence[str]]:
    if entry.status is DriftStatus.MISSING or entry.message or not entry.moved:
        yield code(str(entry.address)), "", f"*{text(entry_summary(entry))}*", "", "", ""
    yield from _rows(entry, moved=True)


def _rows(entry: DriftEntry, *, moved: bool) -> Iterator[Sequence[str]]:
    for field in entry.moved if moved else entry.waiting:
        live, applied, manifest = map(code, sides(field))
        same = "as applied" if field.ahead is Ahead.LIVE else manifest
        yield code(str(entry.address)), code(show_path(field.path)), live, applied, same, AHEAD[field.ahead]


def _waiting(report: DriftReport) -> Iterator[Block]:
    rows = [row for entry in report.entries for row in _rows(entry, moved=False)]
    rows += [(code(str(each.address)), "", "", "", "", text(each.message)) for each in report.unapplied]
    if rows:
        title = "Edited in the manifests and not applied yet; no drift"
        yield folded_table(title, FIELD_HEADS, rows, "edit")


def _ignored(report: DriftReport) -> Iterator[Block]:
    rows = [
        (code(str(entry.address)), code(show_path(i.field.path)), *map(code, sides(i.field)[:2]), text(i.because))
        for entry in report.entries
        for i in entry.ignored
    ]
    gone = [entry for entry in report.with_status(DriftStatus.IGNORED) if not entry.ignored]
    rows += [(code(str(entry.address)), "", "", "", text(entry.message)) for entry in gone]
    if rows:
        title = "Changed in the live app, and ignored by a rule"
        yield folded_table(title, ("Object", "Field", "Live", "Applied", "Why"), rows, "field")


def _excluded(report: DriftReport) -> Iterator[Block]:
    if entries := report.with_status(DriftStatus.EXCLUDED):
        title = f"{counted(len(entries), 'object')} not looked at"
        yield folded_table(title, ("Object", "Why"), [_pair(entry, entry.message) for entry in entries], "object")


def _unmanaged(report: DriftReport) -> Iterator[Block]:
    if report.unmanaged:
        title = f"{counted(len(report.unmanaged), 'object')} in the app not managed by this manifest set"
        rows: Iterable[Sequence[str]] = [
            (code(str(each.address)), code(each.owner) if each.owner else "nobody") for each in report.unmanaged
        ]
        yield folded_table(title, ("Object", "Owner"), rows, "object")


def _pair(entry: DriftEntry, why: str) -> tuple[str, str]:
    return code(str(entry.address)), text(why)
