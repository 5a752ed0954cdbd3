"""Manifest problems as SARIF 2.1.0, for code scanning: there is no limit of ten, and a finding keeps its identity."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.report.placing import Placed, placed, rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RULES = {
    Severity.ERROR: "The manifests are wrong: nothing is planned or applied until this is settled.",
    Severity.WARNING: "The manifests can be applied, but probably not with the effect their author meant.",
    Severity.NOTE: "A remark about the manifests.",
}


def diagnostics_sarif(diagnostics: Iterable[Diagnostic], *, version: str = "") -> str:
    """One run with every problem; `version` is the program's own."""
    driver: dict[str, Any] = {"name": "reconciler", "rules": [_rule(severity) for severity in RULES]}
    if version:
        driver["version"] = version
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each) for each in placed(diagnostics)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _rule(severity: Severity) -> dict[str, Any]:
    return {
        "id": f"manifest-{severity}",
        "shortDescription": {"text": RULES[severity]},
        "defaultConfiguration": {"level": str(severity)},
    }


def _result(each: Placed) -> dict[str, Any]:
    return {
        "ruleId": rule(each.diagnostic),
        "ruleIndex": list(RULES).index(each.diagnostic.severity),
        "level": str(each.diagnostic.severity),
        "message": {"text": each.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(each.file),
                    "region": {"startLine": each.line, "startColumn": each.column},
                }
            }
        ],
        "partialFingerprints": {"reconciler/v1": each.fingerprint},
    }


def _artifact(file: str) -> dict[str, str]:
    uri = quote(file, safe="/", errors="surrogatepass")
    return {"uri": f"file://{uri}"} if file.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
