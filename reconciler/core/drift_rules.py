"""Drift that is borne with: rules that name what, who answers for it and until when.

    drift:
      ignore:
        - {address: models/x, path: description, owner: mia, until: 2026-12-31, reason: edited in the web interface}

Belongs here: what a rule may say and what it does to a report. A rule hides nothing: what it covers is listed with its
owner, and after its last day it covers nothing. Does not belong here: reading the file (`settings_file`), or the date
of today, which comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from reconciler.core.diagnostics import Diagnostic, Location, error, warning
from reconciler.core.drift import DriftEntry, DriftField, DriftReport, DriftStatus, Ignored
from reconciler.core.tree import show_path

KEYS = ("address", "path", "owner", "until", "reason")
REQUIRED = ("address", "owner", "until")

Written = Mapping[str, tuple[str | None, Location]]
"""Key -> text and place; None: not a plain value."""


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Bear with drift of an object (a glob as well), or of one path of it and all below."""

    address: str
    path: str
    owner: str
    until: date
    """The last day on which it counts."""
    reason: str = ""
    location: Location | None = None

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return today > self.until

    @property
    def told(self) -> str:
        """Who answers for it, and why."""
        why = f": {self.reason}" if self.reason else ""
        return f"ignored until {self.until.isoformat()} by {self.owner}{why}"

    def names(self, entry: DriftEntry) -> bool:
        """Whether it is about an object."""
        address = entry.address
        return any(fnmatchcase(text, self.address) for text in (str(address), address.qualified))

    def covers(self, field: DriftField) -> bool:
        """Whether it is about a path: the whole object, the path itself, or one above it."""
        steps = (show_path(field.path[: length + 1]) for length in range(len(field.path)))
        return not self.path or any(fnmatchcase(step, self.path) for step in steps)


def rule(written: Written, place: Location) -> tuple[IgnoreRule | None, list[Diagnostic]]:
    """The rule that an entry of the settings file means, or all that is wrong with it."""
    values, problems = dict[str, str](), list[Diagnostic]()
    for name, (text, at) in written.items():
        if not text or not text.strip():
            problems.append(error(f"drift.ignore: {name}: a single value is needed", at))
        else:
            values[name] = text.strip()
    problems += [error(f"drift.ignore: {n} is missing", place) for n in REQUIRED if n not in written]
    until = _day(values.get("until", ""))
    if until is None and "until" in values:
        problems.append(error("drift.ignore: until: a date such as 2026-12-31 is needed", written["until"][1]))
    if problems or until is None:
        return None, problems
    what = {name: values.get(name, "") for name in ("address", "path", "owner", "reason")}
    return IgnoreRule(**what, until=until, location=place), []


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-12-31") else None
    except ValueError:
        return None


# --- what it does to a report ----------------------------------------------------------------------------------------


def ignore(report: DriftReport, rules: Iterable[IgnoreRule], today: date) -> DriftReport:
    """The report with covered drift set apart, and a warning for each rule that is over."""
    known = tuple(rules)
    current = [rule for rule in known if not rule.expired(today)]
    notes = (*report.notes, *(_over(rule) for rule in known if rule.expired(today)))
    return replace(report, entries=tuple(_judged(entry, current) for entry in report.entries), notes=notes)


def _over(rule: IgnoreRule) -> Diagnostic:
    what = f"{rule.address} {rule.path}".strip()
    hint = f"{rule.owner} decides: repair it, put it into the manifest, or set another date"
    return warning(f"the rule that ignores {what} ended on {rule.until.isoformat()}", rule.location, hint=hint)


def _judged(entry: DriftEntry, rules: list[IgnoreRule]) -> DriftEntry:
    """What could not be read stays unknown: no rule makes it known."""
    mine = [rule for rule in rules if rule.names(entry)]
    if not mine or entry.status not in (DriftStatus.DRIFTED, DriftStatus.MISSING):
        return entry
    if not entry.moved:
        whole = next((rule for rule in mine if not rule.path), None)
        what = entry.message or "gone from the live app"
        return replace(entry, status=DriftStatus.IGNORED, message=f"{what}; {whole.told}") if whole else entry
    ignored = tuple(_ignored(entry.moved, mine))
    left = {i.field.path for i in ignored}
    fields = tuple(field for field in entry.fields if not (field.moved and field.path in left))
    status = DriftStatus.DRIFTED if any(field.moved for field in fields) else DriftStatus.IGNORED
    return replace(entry, status=status, fields=fields, ignored=ignored)


def _ignored(fields: Iterable[DriftField], rules: list[IgnoreRule]) -> Iterator[Ignored]:
    for field in fields:
        found = next((rule for rule in rules if rule.covers(field)), None)
        if found is not None:
            yield Ignored(field, found.told)
