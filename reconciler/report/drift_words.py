"""What is said about drift, in every format the same: summary line, an object in a few words, a field in a line."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.drift import Ahead, DriftEntry, DriftField, DriftReport, DriftStatus, SinceLast, Unmanaged
from reconciler.core.tree import show_path
from reconciler.report.changes import counted
from reconciler.report.values import pair_text, value_text

ROOM = 120

AHEAD = {
    Ahead.LIVE: "live moved",
    Ahead.MANIFEST: "manifest edited, not applied yet",
    Ahead.BOTH: "live moved, and the manifest was edited",
}

READ = {"full": "Every live model was read in full.", "stamp": "Live models were read by their stamps."}


def summary_text(report: DriftReport) -> str:
    """The summary line, a public interface: drift only if something moved, `No drift` only if all could be read."""
    count = report.counts
    names = ("drifted", "missing", "unknown", "in_sync", "ignored", "excluded")
    some = [f"{getattr(count, name)} {name.replace('_', ' ')}" for name in names if getattr(count, name)]
    if report.moved:
        return f"Drift: {', '.join(some)}."
    if count.unknown:
        return f"Drift unknown: {', '.join(some)}."
    left = f" {counted(count.excluded, 'object')} excluded." if count.excluded else ""
    verb = "is as it was" if count.in_sync == 1 else "are as they were"
    borne = f" {counted(count.ignored, 'object')} drifted and ignored." if count.ignored else ""
    return f"No drift. {counted(count.in_sync, 'object')} {verb} applied.{borne}{left}"


def waiting_text(report: DriftReport) -> str:
    """The note that the manifests are ahead; empty if they are not."""
    number = report.counts.waiting
    return f"{counted(number, 'object')} with edits that are not applied yet; `plan` shows them." if number else ""


def entry_summary(entry: DriftEntry) -> str:
    """An object in a few words."""
    because = f": {' '.join(entry.message.split())}" if entry.message else ""
    waiting = f"{counted(len(entry.waiting), 'edit')} not applied yet" if entry.waiting else ""
    match entry.status:
        case DriftStatus.DRIFTED if entry.message and not entry.moved:
            return entry.message
        case DriftStatus.DRIFTED:
            return f"{counted(len(entry.moved), 'field')} changed in the live app{because}"
        case DriftStatus.MISSING:
            return f"gone from the live app{because}"
        case DriftStatus.UNKNOWN:
            return f"could not be read{because}"
        case DriftStatus.EXCLUDED:
            return f"not looked at{because}"
        case DriftStatus.IGNORED:
            return f"drift ignored{because}" if entry.message else f"{counted(len(entry.ignored), 'field')} ignored"
    return f"in sync; {waiting}" if waiting else "in sync"


def entry_details(entry: DriftEntry) -> Iterator[str]:
    """A line for each field, what moved first."""
    yield from (f"{show_path(field.path)}: {field_text(field)}" for field in (*entry.moved, *entry.waiting))
    yield from (f"{show_path(i.field.path)}: {field_text(i.field)}; {i.because}" for i in entry.ignored)


def since_text(since: SinceLast) -> str:
    """The memory in a line."""
    if since.looked is None:
        return "The first look; the next tells what is new."
    return (
        f"Since the last look at {since.looked}: "
        f"{len(since.new)} new, {len(since.still)} still there, {len(since.gone)} gone."
    )


def since_details(since: SinceLast) -> Iterator[tuple[str, str]]:
    """(what became of it, what): new first; the first look has no news."""
    if since.looked is not None:
        yield from (("new", what) for what in since.new)
        yield from (("still", f"{what}, since {when}") for what, when in since.still)
        yield from (("gone", what) for what in since.gone)


def field_text(field: DriftField, room: int = ROOM) -> str:
    """The values by the names of their sides, and who is ahead."""
    said = ", ".join(f"{side} {value}" for side, value in telling_sides(field, room))
    return f"{said} ({AHEAD[field.ahead]})"


def telling_sides(field: DriftField, room: int = ROOM) -> list[tuple[str, str]]:
    """The sides that differ: what is as it was applied needs no second value."""
    live, applied, manifest = sides(field, room)
    told = {
        Ahead.LIVE: [("live", live), ("applied", applied)],
        Ahead.MANIFEST: [("applied", applied), ("manifest", manifest)],
        Ahead.BOTH: [("live", live), ("applied", applied), ("manifest", manifest)],
    }
    return told[field.ahead]


def sides(field: DriftField, room: int = ROOM) -> tuple[str, str, str]:
    """Live, applied and manifest value, cut so that the difference shows."""
    live, wanted = pair_text(field.live, field.manifest, room)
    applied = {Ahead.LIVE: wanted, Ahead.MANIFEST: live, Ahead.BOTH: value_text(field.applied, room // 2)}
    return live, applied[field.ahead], wanted


def unmanaged_text(unmanaged: Unmanaged) -> str:
    """An object of somebody else."""
    whose = f"owned by {unmanaged.owner}" if unmanaged.owner else "owned by no manifest set"
    return f"{unmanaged.address} ({whose})"
