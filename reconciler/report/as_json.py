"""The same values for machines: one JSON object, one newline, the same bytes for the same value."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from reconciler.core.diagnostics import Diagnostic, Location, ReconcilerError, Severity
from reconciler.core.outcome import ApplyResult, StepOutcome
from reconciler.core.plan import Plan
from reconciler.core.plan_document import FORMAT_VERSION, document
from reconciler.report.account import done_summary
from reconciler.report.problems import by_place


def plan_json(plan: Plan) -> str:
    """The plan document."""
    return document(plan).text()


def result_json(result: ApplyResult) -> str:
    """The account of an apply: what got done, each step's end, the calls by name."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "complete": result.complete,
            "interrupted": result.interrupted,
            "exit_code": result.exit_code,
            "scope": asdict(result.plan.scope),
            "owner": result.plan.owner,
            "host": result.plan.host,
            "destroy": result.plan.destroying,
            "planned": asdict(result.plan.summary),
            "done": asdict(done_summary(result)),
            "statuses": {str(status): count for status, count in sorted(result.by_status().items())},
            "steps": [_step(outcome) for outcome in result.outcomes],
            **({"diagnostics": [diagnostic_values(each) for each in result.left]} if result.left else {}),
            "seconds": round(result.seconds, 3),
            "rpcs": dict(sorted(result.rpcs.items())),
            "rpc_count": sum(result.rpcs.values()),
        }
    )


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Every problem in the shape of `terraform validate -json`."""
    ordered = by_place(diagnostics)
    count = Counter(diagnostic.severity for diagnostic in ordered)
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "valid": not count[Severity.ERROR],
            "error_count": count[Severity.ERROR],
            "warning_count": count[Severity.WARNING],
            "diagnostics": [diagnostic_values(diagnostic) for diagnostic in ordered],
        }
    )


def error_json(error: ReconcilerError) -> str:
    """An error that ended a run, with its exit code."""
    inside = getattr(error, "diagnostics", ())
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "error": {
                "type": type(error).__name__,
                "exit_code": error.exit_code,
                "message": str(error),
                "hint": error.hint,
                "diagnostics": [diagnostic_values(diagnostic) for diagnostic in by_place(inside)],
            },
        }
    )


def _step(outcome: StepOutcome) -> dict[str, Any]:
    return {
        "id": outcome.step.id,
        "address": str(outcome.step.address),
        "verb": str(outcome.step.verb),
        "title": outcome.step.title,
        "status": str(outcome.status),
        "seconds": round(outcome.seconds, 3),
        "message": outcome.message,
        "outputs": dict(sorted(outcome.outputs.items())),
    }


def diagnostic_values(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic in Terraform's words."""
    return {
        "severity": str(diagnostic.severity),
        "summary": diagnostic.summary,
        "detail": diagnostic.hint or "",
        "address": diagnostic.address,
        "range": range_values(diagnostic.location),
    }


def range_values(location: Location | None) -> dict[str, Any] | None:
    """A place in Terraform's words."""
    if location is None:
        return None
    return {"filename": location.file, "start": {"line": location.line, "column": location.column}}


def json_text(value: dict[str, Any]) -> str:
    """The JSON text of a document; what JSON cannot hold must be gone from it."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
