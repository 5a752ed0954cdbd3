"""The stream of events: Terraform's words, one object a line, every object begun and ended once."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings

from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.drift import DriftReport
from reconciler.core.outcome import ApplyResult, PlanAnnounced, Status, StepFinished, StepOutcome, StepStarted
from reconciler.core.plan import Plan
from reconciler.report.as_events import diagnostics_events, drift_events, plan_events
from reconciler.report.event_stream import EventStream, result_events
from tests.report.rich_plan import empty_plan, rich_plan
from tests.report.rich_reports import NOW, drifted
from tests.report.rich_result import applied, events, partly_applied
from tests.report.strategies import PLANS, REPORTS, RESULTS, SECRET

KEYS = {"@level", "@message", "@module", "@timestamp", "type"}
TYPES = {
    *("version", "log", "diagnostic", "resource_drift", "planned_change", "change_summary"),
    *("apply_start", "apply_progress", "apply_complete", "apply_errored"),
    *("apply_skipped", "drift_summary"),  # ours
}


def parsed(text: str) -> list[dict[str, Any]]:
    lines = text.split("\n")
    assert lines.pop() == ""
    found = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert all(set(each) >= KEYS and each["type"] in TYPES for each in found)
    assert all(each["@timestamp"] == "2026-03-01T12:30:05.250000+00:00" for each in found)
    return found


def of_type(found: list[dict[str, Any]], *types: str) -> list[dict[str, Any]]:
    return [each for each in found if each["type"] in types]


@given(PLANS)
@settings(max_examples=20, deadline=None)
def test_any_plan_is_lines_of_json(plan: Plan) -> None:
    text = plan_events(plan, NOW)
    found = parsed(text)
    assert [each["type"] for each in (found[0], found[-1])] == ["version", "change_summary"]
    assert SECRET not in text


@given(RESULTS)
@settings(max_examples=20, deadline=None)
def test_any_result_is_lines_of_json(result: ApplyResult) -> None:
    assert parsed(result_events(result, NOW))[-1]["exit_code"] == result.exit_code


@given(REPORTS)
@settings(max_examples=20, deadline=None)
def test_any_drift_is_lines_of_json(report: DriftReport) -> None:
    text = drift_events(report, NOW)
    assert parsed(text)[-1]["drift"]["unmanaged"] == len(report.unmanaged)
    assert SECRET not in text


def test_a_change_has_terraforms_keys() -> None:
    found = parsed(plan_events(rich_plan(), NOW))
    (change,) = (each["change"] for each in of_type(found, "planned_change") if "models/mapper" in each["@message"])
    assert change["action"] == "replace"
    assert change["reason"] == "cannot_update"
    assert change["resource"] == {
        "addr": "models/mapper",
        "module": "",
        "resource": "models/mapper",
        "implied_provider": "clarifai",
        "resource_type": "Model",
        "resource_name": "mapper",
        "resource_key": None,
    }


@pytest.mark.parametrize(("name", "action"), [("concepts/adult", "import"), ("concepts/teenager", "remove")])
def test_what_terraform_calls_otherwise(name: str, action: str) -> None:
    found = of_type(parsed(plan_events(rich_plan(), NOW)), "planned_change")
    assert [each["change"]["action"] for each in found if each["change"]["resource"]["addr"] == name] == [action]


def test_drift_is_told_before_the_plan() -> None:
    types = [each["type"] for each in parsed(plan_events(rich_plan(), NOW))]
    assert types.index("resource_drift") < types.index("planned_change")
    assert types.count("resource_drift") == 4


def test_the_summary_counts() -> None:
    (summary,) = of_type(parsed(plan_events(rich_plan(), NOW)), "change_summary")
    expected = {"add": 8, "change": 6, "import": 2, "remove": 2, "forget": 1, "operation": "plan"}
    assert summary["changes"] == expected
    assert summary["@message"].startswith("Plan: 2 to adopt, 8 to add")


def test_an_object_of_several_steps_begins_and_ends_once() -> None:
    found = parsed(result_events(applied(), NOW))
    for kind in ("apply_start", "apply_complete"):
        times = Counter(each["hook"]["resource"]["addr"] for each in of_type(found, kind))
        assert times["models/strict"] == 1
        assert set(times.values()) == {1}


def test_an_object_with_a_failed_step_is_never_complete() -> None:
    found = parsed(result_events(partly_applied(), NOW))
    errored = {each["hook"]["resource"]["addr"] for each in of_type(found, "apply_errored")}
    complete = {each["hook"]["resource"]["addr"] for each in of_type(found, "apply_complete")}
    assert errored == {"models/strict", "workflows/auto-annotation"}
    assert not errored & complete
    levels = [each["@level"] for each in of_type(found, "diagnostic") if each["diagnostic"].get("address") in errored]
    assert levels == ["error", "warn"]


def test_what_was_not_started_is_told() -> None:
    skipped = of_type(parsed(result_events(partly_applied(), NOW)), "apply_skipped")
    assert {each["hook"]["status"] for each in skipped} == {"skipped", "not started"}


def test_a_running_apply_streams() -> None:
    stream = EventStream(rich_plan())
    told = [line for event in events() for line in stream.lines(event, NOW)]
    found = parsed("".join(told))
    (waiting,) = (each for each in found if "IN_PROGRESS" in each["@message"])
    assert waiting["type"] == "apply_progress"
    assert waiting["hook"]["elapsed_seconds"] == 0.25
    assert list(stream.lines(PlanAnnounced(empty_plan()), NOW))


def test_bookkeeping_is_told_only_when_it_fails() -> None:
    plan = rich_plan()
    opening, stream = plan.steps[0], EventStream(plan)
    assert not list(stream.lines(StepStarted(opening), NOW))
    assert not list(stream.lines(StepFinished(StepOutcome(opening, Status.DONE)), NOW))
    failed = stream.lines(StepFinished(StepOutcome(opening, Status.FAILED, message="no")), NOW)
    assert [each["type"] for each in parsed("".join(failed))] == ["apply_errored", "diagnostic"]


def test_a_remark_is_a_log_and_a_problem_a_diagnostic() -> None:
    some = [Diagnostic(severity, "x") for severity in Severity]
    found = parsed(diagnostics_events(some, NOW))
    assert [(each["type"], each["@level"]) for each in found[1:]] == [
        ("diagnostic", "error"),
        ("diagnostic", "warn"),
        ("log", "info"),
    ]


def test_what_could_not_be_read_is_an_error() -> None:
    found = parsed(drift_events(drifted(), NOW))
    assert [each["diagnostic"]["address"] for each in of_type(found, "diagnostic") if each["@level"] == "error"] == [
        "models/write-pending"
    ]
