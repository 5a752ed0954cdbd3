"""Every format of every kind of value as a golden file, by the table that the command line uses."""

from collections.abc import Callable

import pytest

from reconciler.core.diagnostics import InvalidManifest, StalePlan
from reconciler.report.formats import Circumstances, Value, names, render
from tests.report.rich_plan import empty_plan
from tests.report.rich_reports import NOW, drifted, in_sync, reviewed_plan, unread
from tests.report.rich_result import applied, destroyed, interrupted, partly_applied, problems

Golden = Callable[[str, str], None]
HOW = Circumstances(now=NOW, version="1.2.3", plan_path="plan.json", exit_code=2)
STALE = StalePlan("the live app moved since this plan was made:\nmodels/x: description", hint="plan again")

VALUES = {
    "plan": (Value.PLAN, reviewed_plan),
    "plan-empty": (Value.PLAN, empty_plan),
    "result-applied": (Value.RESULT, applied),
    "result-partly": (Value.RESULT, partly_applied),
    "result-interrupted": (Value.RESULT, interrupted),
    "result-destroyed": (Value.RESULT, destroyed),
    "diagnostics": (Value.DIAGNOSTICS, problems),
    "diagnostics-none": (Value.DIAGNOSTICS, list),
    "drift": (Value.DRIFT, drifted),
    "drift-none": (Value.DRIFT, in_sync),
    "drift-unread": (Value.DRIFT, unread),
    "error-manifest": (Value.ERROR, lambda: InvalidManifest(problems())),
    "error-stale": (Value.ERROR, lambda: STALE),
}
SUFFIXES = {"text": "txt", "json": "json", "markdown": "md", "events": "jsonl", "junit": "xml"}
ELSEWHERE = ("text", "json")
"""Of plans, results and problems these are in `test_golden`."""

CASES = [
    (case, name)
    for case, (value, _) in VALUES.items()
    for name in names(value)
    if not (name in ELSEWHERE and value is not Value.DRIFT) and name != "github-summary"
]


@pytest.mark.parametrize(("case", "name"), CASES)
def test_format(case: str, name: str, golden: Golden) -> None:
    value, make = VALUES[case]
    golden(f"formats/{case}.{name}.{SUFFIXES.get(name, 'txt')}", render(name, value, make(), HOW))


def test_coloured_drift(golden: Golden) -> None:
    how = Circumstances(color=True)
    golden("formats/drift.ansi", render("text", Value.DRIFT, drifted(), how))


def test_narrow_drift(golden: Golden) -> None:
    golden("formats/drift-60.txt", render("text", Value.DRIFT, drifted(), Circumstances(width=60)))


@pytest.mark.parametrize("case", VALUES)
def test_a_step_summary_is_the_comment_as_long_as_both_are_short(case: str) -> None:
    value, make = VALUES[case]
    assert render("github-summary", value, make(), HOW) == render("markdown", value, make(), HOW)


@pytest.mark.parametrize(("case", "name"), CASES)
def test_equal_values_give_equal_text(case: str, name: str) -> None:
    value, make = VALUES[case]
    assert render(name, value, make(), HOW) == render(name, value, make(), HOW)
