"""Drift for machines: every object, in sync or not, with the sides of each field that are known."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reconciler.core.drift import NOT_KEPT, DriftEntry, DriftField, DriftReport
from reconciler.core.json_values import jsonable
from reconciler.core.plan_document import FORMAT_VERSION
from reconciler.core.tree import ABSENT
from reconciler.report.as_json import diagnostic_values, json_text, range_values
from reconciler.report.problems import by_place


def drift_json(report: DriftReport) -> str:
    """The whole report. `drift` is null where something that could not be read may have drifted."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "drift": True if report.moved else None if report.counts.unknown else False,
            "exit_code": report.exit_code,
            "scope": asdict(report.scope),
            "owner": report.owner,
            "host": report.host,
            "refresh": report.refresh,
            "summary": asdict(report.counts),
            "objects": [_entry(entry) for entry in report.entries],
            "unapplied": [
                {"address": str(u.address), "message": u.message, "range": range_values(u.location)}
                for u in report.unapplied
            ],
            "unmanaged": [{"address": str(u.address), "type": u.kind, "owner": u.owner} for u in report.unmanaged],
            "since": None if report.since is None else asdict(report.since),
            "diagnostics": [diagnostic_values(note) for note in by_place(report.notes)],
        }
    )


def _entry(entry: DriftEntry) -> dict[str, Any]:
    return {
        "address": str(entry.address),
        "type": entry.kind,
        "name": entry.address.id,
        "status": str(entry.status),
        "message": entry.message,
        "fields": [_field(field) for field in entry.fields],
        "ignored": [{**_field(i.field), "because": i.because} for i in entry.ignored],
        "range": range_values(entry.location),
    }


def _field(field: DriftField) -> dict[str, Any]:
    """A side without a value, or whose value may not be shown, is left out."""
    sides = {"live": field.live, "applied": field.applied, "manifest": field.manifest}
    shown = {name: jsonable(value) for name, value in sides.items() if value is not NOT_KEPT}
    return {
        "path": list(field.path),
        "ahead": str(field.ahead),
        "sensitive": field.sensitive,
        "applied_kept": field.applied is not NOT_KEPT,
        **{name: value for name, value in shown.items() if value is not ABSENT},
    }
