"""Every format by its name: what `--format NAME` and `--report NAME=FILE` may ask for, for each kind of value.

Belongs here: names. A function takes the value and the circumstances, and returns the whole text.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from reconciler.core.diagnostics import ReconcilerError, did_you_mean


class _WhenUsed:
    """A module of this package that is loaded when a text in its form is wanted: all of them take `validate` 60 ms."""

    def __init__(self, name: str) -> None:
        self._name = f"reconciler.report.{name}"

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


if TYPE_CHECKING:
    from reconciler.report import (
        account,
        as_events,
        as_github,
        as_gitlab,
        as_graph,
        as_json,
        as_junit,
        as_labels,
        as_manifests,
        as_markdown,
        as_sarif,
        as_text,
        drift_json,
        drift_markdown,
        drift_text,
        event_stream,
        fitting,
        markup,
        problems,
    )
else:
    account = _WhenUsed("account")
    as_events = _WhenUsed("as_events")
    as_github = _WhenUsed("as_github")
    as_gitlab = _WhenUsed("as_gitlab")
    as_graph = _WhenUsed("as_graph")
    as_json = _WhenUsed("as_json")
    as_junit = _WhenUsed("as_junit")
    as_labels = _WhenUsed("as_labels")
    as_manifests = _WhenUsed("as_manifests")
    as_markdown = _WhenUsed("as_markdown")
    as_sarif = _WhenUsed("as_sarif")
    as_text = _WhenUsed("as_text")
    drift_json = _WhenUsed("drift_json")
    drift_markdown = _WhenUsed("drift_markdown")
    drift_text = _WhenUsed("drift_text")
    event_stream = _WhenUsed("event_stream")
    fitting = _WhenUsed("fitting")
    markup = _WhenUsed("markup")
    problems = _WhenUsed("problems")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Value(StrEnum):
    """What a report can be about."""

    PLAN = "plan"
    RESULT = "result"
    DIAGNOSTICS = "diagnostics"
    DRIFT = "drift"
    GRAPH = "graph"
    MANIFESTS = "manifests"
    ADDITION = "addition"
    ANNOTATIONS = "annotations"
    ERROR = "error"
    """What ended a run before there was any of the others."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a report says that is not in the value."""

    now: datetime = EPOCH
    version: str = ""
    color: bool = False
    width: int = 100
    plan_path: str = ""
    """Where the plan was saved."""
    exit_code: int = 0
    more: str = ""
    """Markdown that says where a report can be seen whole, if it had to be cut."""


Renderer = Callable[[Any, Circumstances], str]

ALIASES = {
    "md": "markdown",
    "table": "text",
    "jsonl": "events",
    "step-summary": "github-summary",
    "outputs": "github-outputs",
}


def names(value: Value) -> list[str]:
    """The formats in which such a value can be told, aliases left out."""
    return list(FORMATS[value])


def all_names() -> list[str]:
    """Every format there is."""
    return list(dict.fromkeys(name for table in FORMATS.values() for name in table))


def renderer(name: str, value: Value) -> Renderer:
    """The function for a name; raises ReconcilerError with what there is instead."""
    table = FORMATS[value]
    known = ALIASES.get(name, name)
    if known not in table:
        hint = did_you_mean(name, [*table, *ALIASES]) or f"it is one of: {', '.join(table)}"
        what = f"a {value} has no format" if known in all_names() else "unknown format"
        raise ReconcilerError(f"{what} {name!r}", hint=hint)
    return table[known]


def render(name: str, value: Value, what: object, circumstances: Circumstances) -> str:
    """The text of a value in a format."""
    return renderer(name, value)(what, circumstances)


# ---- the table

PLAN: Mapping[str, Renderer] = {
    "text": lambda plan, how: as_text.plan_text(plan, color=how.color, width=how.width),
    "json": lambda plan, how: as_json.plan_json(plan),
    "markdown": lambda plan, how: as_markdown.plan_markdown(plan, more=how.more),
    "events": lambda plan, how: as_events.plan_events(plan, how.now, version=how.version),
    "github": lambda plan, how: as_github.plan_annotations(plan),
    "github-summary": lambda plan, how: as_markdown.plan_markdown(plan, limit=fitting.STEP_SUMMARY, more=how.more),
    "github-outputs": lambda plan, how: as_github.plan_outputs(plan, plan_path=how.plan_path, exit_code=how.exit_code),
    "gitlab": lambda plan, how: as_gitlab.plan_report(plan),
    "codequality": lambda plan, how: as_gitlab.codequality(as_github.plan_findings(plan)),
    "sarif": lambda plan, how: as_sarif.diagnostics_sarif(as_github.plan_findings(plan), version=how.version),
}

RESULT: Mapping[str, Renderer] = {
    "text": lambda result, how: account.result_text(result, color=how.color, width=how.width),
    "json": lambda result, how: as_json.result_json(result),
    "markdown": lambda result, how: as_markdown.result_markdown(result, more=how.more),
    "events": lambda result, how: event_stream.result_events(result, how.now, version=how.version),
    "github": lambda result, how: as_github.result_annotations(result),
    "github-summary": lambda result, how: as_markdown.result_markdown(
        result, limit=fitting.STEP_SUMMARY, more=how.more
    ),
    "github-outputs": lambda result, how: as_github.result_outputs(result),
}

DIAGNOSTICS: Mapping[str, Renderer] = {
    "text": lambda found, how: problems.diagnostics_text(found, color=how.color, width=how.width),
    "json": lambda found, how: as_json.diagnostics_json(found),
    "markdown": lambda found, how: as_markdown.diagnostics_markdown(found, more=how.more),
    "events": lambda found, how: as_events.diagnostics_events(found, how.now, version=how.version),
    "github": lambda found, how: as_github.diagnostics_annotations(found),
    "github-summary": lambda found, how: as_markdown.diagnostics_markdown(
        found, limit=fitting.STEP_SUMMARY, more=how.more
    ),
    "codequality": lambda found, how: as_gitlab.codequality(found),
    "sarif": lambda found, how: as_sarif.diagnostics_sarif(found, version=how.version),
}

DRIFT: Mapping[str, Renderer] = {
    "text": lambda report, how: drift_text.drift_text(report, color=how.color, width=how.width),
    "json": lambda report, how: drift_json.drift_json(report),
    "markdown": lambda report, how: drift_markdown.drift_markdown(report, more=how.more),
    "events": lambda report, how: as_events.drift_events(report, how.now, version=how.version),
    "github": lambda report, how: as_github.drift_annotations(report),
    "github-summary": lambda report, how: drift_markdown.drift_markdown(
        report, limit=fitting.STEP_SUMMARY, more=how.more
    ),
    "github-outputs": lambda report, how: as_github.drift_outputs(report),
    "junit": lambda report, how: as_junit.drift_junit(report),
}

GRAPH: Mapping[str, Renderer] = {
    "text": lambda picture, how: as_graph.graph_text(picture, color=how.color, width=how.width),
    "json": lambda picture, how: as_graph.graph_json(picture),
    "dot": lambda picture, how: as_graph.graph_dot(picture),
    "mermaid": lambda picture, how: as_graph.graph_mermaid(picture),
    "markdown": lambda picture, how: markup.fence(as_graph.graph_mermaid(picture), "mermaid"),
}

MANIFESTS: Mapping[str, Renderer] = {
    "text": lambda manifests, how: as_manifests.stream(manifests),
    "json": lambda manifests, how: as_manifests.stream_json(manifests),
}

ADDITION: Mapping[str, Renderer] = {
    "text": lambda addition, how: as_labels.addition_text(addition, color=how.color, width=how.width),
    "json": lambda addition, how: as_labels.addition_json(addition),
}

ANNOTATIONS: Mapping[str, Renderer] = {
    "text": lambda found, how: as_labels.annotations_text(found, color=how.color, width=how.width),
    "json": lambda found, how: as_labels.annotations_json(found),
}

ERROR: Mapping[str, Renderer] = {
    "text": lambda error, how: problems.error_text(error, color=how.color, width=how.width),
    "json": lambda error, how: as_json.error_json(error),
    "markdown": lambda error, how: as_markdown.diagnostics_markdown(problems.inside(error), more=how.more),
    "events": lambda error, how: as_events.diagnostics_events(problems.inside(error), how.now, version=how.version),
    "github": lambda error, how: as_github.diagnostics_annotations(problems.inside(error)),
    "github-summary": lambda error, how: as_markdown.diagnostics_markdown(
        problems.inside(error), limit=fitting.STEP_SUMMARY, more=how.more
    ),
    "github-outputs": lambda error, how: as_github.error_outputs(error),
    "codequality": lambda error, how: as_gitlab.codequality(problems.inside(error)),
    "sarif": lambda error, how: as_sarif.diagnostics_sarif(problems.inside(error), version=how.version),
    "junit": lambda error, how: as_junit.error_junit(error),
}

FORMATS: Mapping[Value, Mapping[str, Renderer]] = {
    Value.PLAN: PLAN,
    Value.RESULT: RESULT,
    Value.DIAGNOSTICS: DIAGNOSTICS,
    Value.DRIFT: DRIFT,
    Value.GRAPH: GRAPH,
    Value.MANIFESTS: MANIFESTS,
    Value.ADDITION: ADDITION,
    Value.ANNOTATIONS: ANNOTATIONS,
    Value.ERROR: ERROR,
}
