"""What a GitHub Actions step understands: annotations on standard output, outputs for later steps.

    ::error file=manifests/a.yaml,line=3,col=5,title=models/x::unknown field 'modle'

GitHub shows ten annotations of a kind for a step and drops the others without a word, so the tenth counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.core.change import Action, ResourceChange
from reconciler.core.diagnostics import Diagnostic, ReconcilerError, Severity
from reconciler.core.drift import DriftEntry, DriftReport, DriftStatus
from reconciler.core.outcome import ApplyResult, Status
from reconciler.core.plan import Plan, Refusal, Summary
from reconciler.report.account import done_summary
from reconciler.report.changes import counted, moved_fields
from reconciler.report.drift_words import entry_summary
from reconciler.report.lines import printable
from reconciler.report.problems import by_place

MOST = 10
"""Annotations of a kind that GitHub shows for one step."""

KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


# ---- annotations


def diagnostics_annotations(diagnostics: Iterable[Diagnostic]) -> str:
    """A line for each problem, errors first, at most ten of a kind."""
    ordered = by_place(diagnostics)
    of_kind = [[d for d in ordered if d.severity is severity] for severity in Severity]
    return "".join(f"{_annotation(each)}\n" for some in of_kind for each in _shortened(some))


def plan_annotations(plan: Plan) -> str:
    """What a reviewer must see of a plan, at most ten of a kind."""
    return diagnostics_annotations(plan_findings(plan))


def plan_findings(plan: Plan) -> list[Diagnostic]:
    """A plan as problems: what was refused, what others moved, and the plan's own remarks."""
    drifted = [_moved(change) for change in plan.changes if moved_fields(change)]
    places = {change.address: change.location for change in plan.changes}
    refused = [replace(_refused(refusal), location=places.get(refusal.address)) for refusal in plan.refusals]
    return [*refused, *drifted, *plan.notes]


def result_annotations(result: ApplyResult) -> str:
    """Every step that failed, every one that may have happened, and what was left alone."""
    places = {change.address: change.location for change in result.plan.changes}
    kinds = {Status.FAILED: Severity.ERROR, Status.UNKNOWN: Severity.WARNING}
    troubles = (
        Diagnostic(
            kinds[o.status],
            f"{o.step.title or o.step.verb}: {o.message}",
            places.get(o.step.address),
            f"{o.step.address}",
        )
        for o in result.outcomes
        if o.status in kinds
    )
    return diagnostics_annotations([*troubles, *result.left])


def drift_annotations(report: DriftReport) -> str:
    """Every object that drifted, is missing, or could not be read."""
    bad = report.with_status(DriftStatus.DRIFTED, DriftStatus.MISSING, DriftStatus.UNKNOWN)
    return diagnostics_annotations([*map(_drifted, bad), *report.notes])


def _moved(change: ResourceChange) -> Diagnostic:
    gone = change.action is Action.CREATE
    what = "deleted" if gone else f"{counted(moved_fields(change), 'field')} changed"
    return Diagnostic(Severity.WARNING, f"{what} in the live app by someone else", change.location, str(change.address))


def _refused(refusal: Refusal) -> Diagnostic:
    hint = f"allow it with {refusal.flag}" if refusal.flag else "no flag allows this"
    return Diagnostic(Severity.ERROR, f"refused ({refusal.rule}): {refusal.message}", None, str(refusal.address), hint)


def _drifted(entry: DriftEntry) -> Diagnostic:
    severity = Severity.ERROR if entry.status is DriftStatus.UNKNOWN else Severity.WARNING
    return Diagnostic(severity, entry_summary(entry), entry.location, str(entry.address))


def _shortened(some: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    if len(some) <= MOST:
        yield from some
        return
    yield from some[: MOST - 1]
    kind = some[0].severity
    noun = counted(len(some) - MOST + 1, f"more {kind}")
    yield Diagnostic(kind, f"{noun}, see the log or the report of this step")


def _annotation(each: Diagnostic) -> str:
    place = each.location
    properties = {
        "file": place.file if place else None,
        "line": str(place.line) if place else None,
        "col": str(place.column) if place else None,
        "title": each.address,
    }
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    message = f"{each.summary}\n{each.hint}" if each.hint else each.summary
    return f"::{KINDS[each.severity]}{f' {said}' if said else ''}::{_data(message)}"


def _data(text: str) -> str:
    """The message: the runner decodes exactly these three; other control characters are made visible."""
    lines = [printable(line) for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# ---- outputs


def plan_outputs(plan: Plan, *, plan_path: str = "", exit_code: int = 0) -> str:
    """Lines for `$GITHUB_OUTPUT`."""
    return _outputs(plan.summary, {"refused": len(plan.refusals), "plan_path": plan_path, "exitcode": exit_code})


def result_outputs(result: ApplyResult) -> str:
    """Lines for `$GITHUB_OUTPUT`: what got done."""
    return _outputs(done_summary(result), {"plan_path": "", "exitcode": result.exit_code})


def drift_outputs(report: DriftReport) -> str:
    """Lines for `$GITHUB_OUTPUT`: `drift` is `unknown` where the answer is not known."""
    count = report.counts
    verdict = "true" if report.moved else "unknown" if count.unknown else "false"
    numbers = {
        name: getattr(count, name) for name in ("in_sync", "drifted", "missing", "unknown", "ignored", "unmanaged")
    }
    return _lines({"drift": verdict, **numbers, "exitcode": report.exit_code})


def error_outputs(error: ReconcilerError) -> str:
    """Lines for `$GITHUB_OUTPUT` of a run that ended before anything was known."""
    return _lines({"exitcode": error.exit_code})


def _outputs(count: Summary, more: dict[str, object]) -> str:
    numbers = {name: getattr(count, name) for name in ("add", "change", "destroy", "adopt", "forget")}
    return _lines({"changes": "false" if count.empty else "true", **numbers, **more})


def _lines(values: dict[str, object]) -> str:
    """`name=value`; a line break in a value would begin another output."""
    return "".join(f"{name}={printable(str(value))}\n" for name, value in values.items())
