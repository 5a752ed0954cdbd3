"""Laws of every report, over plans nobody would write by hand."""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.change import Action
from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.outcome import ApplyResult, StepFinished
from reconciler.core.plan import Plan
from reconciler.core.plan_document import PlanDocument
from reconciler.report import account, as_json, as_text, progress
from tests.report.strategies import NOTES, PLANS, RESULTS, SECRET

WIDTHS = st.sampled_from([40, 60, 100, 160])


def cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


GLUED = re.compile(r"\((known|sensitive|after apply|value|none| )+\)|(->|<-|@|#|live|manifest|!) +|forces ")


def too_wide(text: str, width: int) -> list[str]:
    """Rows wider than the screen that hold white space to break at, apart from margin and sign."""
    rows = [GLUED.sub("", row) for row in text.splitlines() if cells(row) > width]
    bodies = [re.sub(r"^[ +~\-/=.!]*(in-use|delete)? *", "", row) for row in rows]
    return [body for body in bodies if " " in body.strip()]


@given(PLANS, WIDTHS)
@settings(max_examples=150, deadline=None)
def test_any_plan_prints_plain_within_the_width(plan: Plan, width: int) -> None:
    text = as_text.plan_text(plan, color=False, width=width)
    assert "\x1b" not in text
    assert SECRET not in text
    assert text.endswith(as_text.summary_text(plan) + "\n")
    assert not too_wide(text.removesuffix(as_text.summary_text(plan) + "\n"), width)


@given(PLANS)
@settings(max_examples=50, deadline=None)
def test_colour_adds_nothing_but_colour(plan: Plan) -> None:
    coloured, plain = (as_text.plan_text(plan, color=color) for color in (True, False))
    assert SECRET not in coloured
    assert [row.rstrip() for row in re.sub(r"\x1b\[[0-9;]*m", "", coloured).split("\n")] == plain.split("\n")


@given(PLANS)
@settings(max_examples=100, deadline=None)
def test_every_changed_object_is_shown(plan: Plan) -> None:
    text = as_text.plan_text(plan, color=False, width=500)
    assert all(str(change.address) in text for change in plan.changes if change.action is not Action.NO_OP)


@given(PLANS)
@settings(max_examples=100, deadline=None)
def test_any_plan_is_a_document_that_parses_back(plan: Plan) -> None:
    text = as_json.plan_json(plan)
    assert SECRET not in text
    assert not {"ABSENT", "Unknown(", "NaN:"} & set(text.split())
    json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(AssertionError(name)))
    assert PlanDocument.model_validate_json(text).text() == text


@given(RESULTS, WIDTHS)
@settings(max_examples=80, deadline=None)
def test_any_result_prints_and_parses(result: ApplyResult, width: int) -> None:
    text = account.result_text(result, color=False, width=width)
    assert "\x1b" not in text
    assert json.loads(as_json.result_json(result))["exit_code"] == result.exit_code


@given(RESULTS)
@settings(max_examples=50, deadline=None)
def test_progress_is_one_line_an_event(result: ApplyResult) -> None:
    lines = [progress.line(StepFinished(outcome)) for outcome in result.outcomes]
    assert all(line is None or len(line.splitlines()) == 1 for line in lines)


@given(st.lists(NOTES, max_size=5), WIDTHS)
@settings(max_examples=80, deadline=None)
def test_any_diagnostics_print_and_parse(notes: list[Diagnostic], width: int) -> None:
    assert "\x1b" not in as_text.diagnostics_text(notes, color=False, width=width)
    parsed = json.loads(as_json.diagnostics_json(notes))
    assert parsed["valid"] == all(note.severity is not Severity.ERROR for note in notes)
