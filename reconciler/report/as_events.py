"""What happens as JSON lines, in the words of `terraform plan -json` and `terraform apply -json`.

    {"@level":"info","@message":"models/x: Plan to create","@module":"reconciler.ui","@timestamp":"…",
     "change":{"action":"create","resource":{"addr":"models/x",…},…},"type":"planned_change"}       on one line

An object is started and completed once, however many steps it takes; its steps between are `apply_progress`. Keys that
Terraform does not have stand beside its own (`cause`, `fields`, `step`), and are ignorable. Times come in as arguments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from reconciler.core.change import Action, ResourceChange
from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.drift import DriftReport, DriftStatus
from reconciler.core.outcome import ApplyResult
from reconciler.core.plan import Plan, Summary
from reconciler.core.tree import show_path
from reconciler.report.account import done_summary, headline
from reconciler.report.as_text import summary_text
from reconciler.report.changes import moved_fields
from reconciler.report.drift_words import entry_summary
from reconciler.report.drift_words import summary_text as drift_summary
from reconciler.report.event_values import ACTIONS, diagnostic_values, field_values, resource

UI = "1.2"
"""Version of Terraform's stream whose words these are."""

MODULE = "reconciler.ui"
WORDS = {Severity.ERROR: "Error", Severity.WARNING: "Warning"}
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warn", Severity.NOTE: "info"}


def line(kind: str, message: str, now: datetime, *, level: str = "info", **more: Any) -> str:
    """One event on one line, keys sorted, newline included."""
    values = {"@level": level, "@message": message, "@module": MODULE, "@timestamp": now.isoformat(), "type": kind}
    return json.dumps(values | more, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False) + "\n"


def version_line(now: datetime, version: str) -> str:
    """The first line of every stream."""
    return line("version", f"reconciler {version}".strip(), now, reconciler=version, ui=UI)


def diagnostic_line(problem: Diagnostic, now: datetime) -> str:
    """A problem; Terraform's diagnostics are errors and warnings only, so a remark is a `log`."""
    values, level = diagnostic_values(problem), LEVELS[problem.severity]
    if problem.severity is Severity.NOTE:
        return line("log", problem.summary, now, level=level, note=values)
    return line("diagnostic", f"{WORDS[problem.severity]}: {problem.summary}", now, level=level, diagnostic=values)


# ---- whole streams of what is known already


def plan_events(plan: Plan, now: datetime, *, version: str = "") -> str:
    """A plan from `version` to `change_summary`."""
    return "".join([version_line(now, version), *plan_lines(plan, now)])


def plan_lines(plan: Plan, now: datetime) -> Iterator[str]:
    """What a plan found and intends, without the first line."""
    yield from (diagnostic_line(note, now) for note in plan.notes)
    yield from (_drift(change, now) for change in plan.changes if moved_fields(change))
    yield from (_planned(change, now) for change in plan.changes if change.action is not Action.NO_OP)
    for refusal in plan.refusals:
        hint = f"allow it with {refusal.flag}" if refusal.flag else "no flag allows this"
        summary = f"refused ({refusal.rule}): {refusal.message}"
        yield diagnostic_line(Diagnostic(Severity.ERROR, summary, None, str(refusal.address), hint), now)
    yield _summary(plan.summary, "plan", summary_text(plan), now, destroying=plan.destroying)


def summary_line(result: ApplyResult, now: datetime) -> str:
    """The last line of an apply."""
    operation = "destroy" if result.plan.destroying else "apply"
    return _summary(done_summary(result), operation, " ".join(headline(result)), now, exit_code=result.exit_code)


def diagnostics_events(problems: Iterable[Diagnostic], now: datetime, *, version: str = "") -> str:
    """Every problem of the manifests."""
    return "".join([version_line(now, version), *(diagnostic_line(problem, now) for problem in problems)])


def drift_events(report: DriftReport, now: datetime, *, version: str = "") -> str:
    """A `resource_drift` for everything that moved, a diagnostic for what could not be read, the numbers."""
    lines = [version_line(now, version), *(diagnostic_line(note, now) for note in report.notes)]
    for entry in report.entries:
        message = f"{entry.address}: {entry_summary(entry)}"
        if entry.status is DriftStatus.UNKNOWN:
            unread = Diagnostic(Severity.ERROR, entry_summary(entry), entry.location, str(entry.address))
            lines.append(diagnostic_line(unread, now))
        elif entry.status in (DriftStatus.DRIFTED, DriftStatus.MISSING):
            action = "delete" if entry.status is DriftStatus.MISSING else "update"
            paths = [show_path(field.path) for field in entry.moved]
            change = {"resource": resource(entry.address, entry.kind), "action": action, "paths": paths}
            lines.append(line("resource_drift", message, now, change=change))
    names = ("in_sync", "drifted", "missing", "unknown", "excluded", "ignored", "waiting", "unmanaged")
    counts = {name: getattr(report.counts, name) for name in names}
    lines.append(line("drift_summary", drift_summary(report), now, drift=counts, exit_code=report.exit_code))
    return "".join(lines)


# ---- single lines


def _planned(change: ResourceChange, now: datetime) -> str:
    action = ACTIONS[change.action]
    values: dict[str, Any] = {"resource": resource(change.address, change.kind), "action": action}
    if change.action is Action.REPLACE:
        values["reason"] = "cannot_update"
    elif change.action is Action.DELETE:
        values["reason"] = "delete_because_no_resource_config"
    elif change.action is Action.ADOPT:
        values["importing"] = {"id": change.address.id}
    values |= {"fields": [field_values(field) for field in change.fields], "reasons": list(change.reasons)}
    return line("planned_change", f"{change.address}: Plan to {action}", now, change=values)


def _drift(change: ResourceChange, now: datetime) -> str:
    """What others did, as Terraform puts it: the action is theirs, not ours."""
    action = "delete" if change.action is Action.CREATE else "update"
    values = {"resource": resource(change.address, change.kind), "action": action}
    return line("resource_drift", f"{change.address}: Drift detected ({action})", now, change=values)


def _summary(count: Summary, operation: str, message: str, now: datetime, **more: Any) -> str:
    changes = {"add": count.add, "change": count.change, "import": count.adopt, "remove": count.destroy}
    changes |= {"forget": count.forget, "operation": operation}  # type: ignore[dict-item]
    return line("change_summary", message, now, changes=changes, **more)
