"""What GitLab's merge requests read: the three numbers of a plan, and manifest problems as Code Quality findings.

A plan artefact can be seen by guests of a project, so the first form is numbers and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.plan import Plan
from reconciler.report.placing import placed, rule

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def plan_report(plan: Plan) -> str:
    """`artifacts:reports:terraform`: exactly create, update and delete."""
    count = plan.summary
    return json.dumps({"create": count.add, "update": count.change, "delete": count.destroy}) + "\n"


def codequality(diagnostics: Iterable[Diagnostic]) -> str:
    """`artifacts:reports:codequality`: a JSON list of findings."""
    found = [
        {
            "description": each.message,
            "check_name": rule(each.diagnostic),
            "fingerprint": each.fingerprint,
            "severity": SEVERITIES[each.diagnostic.severity],
            "location": {"path": each.file, "lines": {"begin": each.line}},
        }
        for each in placed(diagnostics)
    ]
    return json.dumps(found, indent=2, allow_nan=False) + "\n"
