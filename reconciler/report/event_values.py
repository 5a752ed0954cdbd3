"""The values inside events: resources, actions, fields and problems in Terraform's words."""

from __future__ import annotations

from typing import Any

from reconciler.core.address import Address
from reconciler.core.change import Action, FieldChange
from reconciler.core.diagnostics import Diagnostic

ACTIONS = {
    Action.NO_OP: "noop",
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.REPLACE: "replace",
    Action.DELETE: "delete",
    Action.ADOPT: "import",
    Action.FORGET: "remove",
}
"""Terraform's stream calls forgetting `remove`, and an import without a change `import`."""


def resource(address: Address, kind: str = "") -> dict[str, Any]:
    """An object by Terraform's keys; there are no modules and no instances here."""
    return {
        "addr": str(address),
        "module": "",
        "resource": str(address),
        "implied_provider": "clarifai",
        "resource_type": kind or address.kind,
        "resource_name": address.id,
        "resource_key": None,
    }


def field_values(field: FieldChange) -> dict[str, Any]:
    """A field without its values, which may be secret or large: the plan document has them."""
    values = {"path": list(field.path), "cause": str(field.cause), "effect": str(field.effect)}
    return values | ({"follows": field.follows} if field.follows else {})


def diagnostic_values(problem: Diagnostic) -> dict[str, Any]:
    """A problem; a line and column count from 1, and the byte of the file is not known."""
    values: dict[str, Any] = {
        "severity": str(problem.severity),
        "summary": problem.summary,
        "detail": problem.hint or "",
    }
    if problem.address:
        values["address"] = problem.address
    if problem.location:
        start = {"line": problem.location.line, "column": problem.location.column, "byte": 0}
        values["range"] = {"filename": problem.location.file, "start": start, "end": start}
    return values
