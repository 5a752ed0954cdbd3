"""What the last look at an app found, so that the next can say what is new, what is still there, and what is gone.

Belongs here: the memory as a value and as text, and the comparison. It holds names and times, no values. What could not
be read this time, was left out or is borne with by a rule is neither still there nor gone: it stays in the memory. Does
not belong here: the file (`cli`), or the clock: the time comes in as an argument.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.drift import DriftReport, DriftStatus, SinceLast
from reconciler.core.tree import show_path

FORMAT_VERSION = "1.0"
MOVED = (DriftStatus.DRIFTED, DriftStatus.MISSING)


@dataclass(frozen=True, slots=True)
class Memory:
    """The drift of one app at one time: each `address path` with the time when it was first seen."""

    app: str
    owner: str
    host: str
    looked: str
    seen: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The JSON text."""
        values = {
            "format_version": FORMAT_VERSION,
            "app": self.app,
            "owner": self.owner,
            "host": self.host,
            "looked": self.looked,
            "seen": dict(sorted(self.seen.items())),
        }
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str, name: str) -> Memory:
        """Read `text` back; raises ReconcilerError with the name of the file for anything else."""
        try:
            raw: Any = json.loads(text)
            if str(raw["format_version"]).split(".", maxsplit=1)[0] != "1":
                raise ReconcilerError(f"{name} was written by a later version", hint="remove it to begin anew")
            app, owner, host, looked = (str(raw[key]) for key in ("app", "owner", "host", "looked"))
            seen = {str(what): str(datetime.fromisoformat(when).isoformat()) for what, when in raw["seen"].items()}
            return cls(app, owner, host, datetime.fromisoformat(looked).isoformat(), seen)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ReconcilerError(f"{name} is no memory of drift", hint="remove it to begin anew") from None


def compared(report: DriftReport, before: Memory | None, now: datetime) -> tuple[SinceLast, Memory]:
    """(what changed since the last look, what to remember); raises ReconcilerError for another app's memory."""
    about = (str(report.scope), report.owner, report.host)
    if before is not None and (before.app, before.owner, before.host) != about:
        raise ReconcilerError(
            f"the last look was at {before.app} of owner {before.owner} at {before.host}, not at {' '.join(about)}",
            hint="give each app a file of its own",
        )
    seen, found = (before.seen if before else {}), list(_items(report))
    unseen = {str(e.address) for e in report.with_status(DriftStatus.UNKNOWN, DriftStatus.EXCLUDED)}
    borne = set(_borne(report))
    kept = {item: when for item, when in seen.items() if item in borne or item.partition(" ")[0] in unseen}
    when = now.isoformat(timespec="seconds")
    since = SinceLast(
        looked=before.looked if before else None,
        new=tuple(item for item in found if item not in seen),
        still=tuple((item, seen[item]) for item in found if item in seen),
        gone=tuple(item for item in seen if item not in found and item not in kept),
    )
    return since, Memory(*about, when, {**kept, **{item: seen.get(item, when) for item in found}})


def _items(report: DriftReport) -> Iterable[str]:
    """What moved, one name for each field; an address holds no blank."""
    for entry in report.with_status(*MOVED):
        if not entry.moved:
            yield str(entry.address)
        for moved in entry.moved:
            yield f"{entry.address} {show_path(moved.path)}"


def _borne(report: DriftReport) -> Iterable[str]:
    """The same of what a rule ignores: it has moved all the same."""
    for entry in report.entries:
        if entry.status is DriftStatus.IGNORED and not entry.ignored:
            yield str(entry.address)
        for each in entry.ignored:
            yield f"{entry.address} {show_path(each.field.path)}"
