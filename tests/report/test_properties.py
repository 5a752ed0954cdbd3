"""Laws of every report, over plans nobody would write by hand."""

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.address import Address
from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.outcome import ApplyResult, Status, StepFinished, StepOutcome
from reconciler.core.plan import Pin, Plan, Refusal, Step, Verb
from reconciler.core.plan_document import PlanDocument
from reconciler.core.tree import ABSENT, Unknown
from reconciler.report import as_json, as_text, progress
from tests.report.rich_plan import SCOPE

SECRET = "s3cr3t-" * 3
NAMES = st.sampled_from(
    ["nodes", "concepts", "model", "id", "value", "model_version", "a.b", "ñ", "人", "x" * 50, "", "q"]
)
# Beyond this range libraries disagree about widths, which is not what these laws are about.
LETTERS = st.characters(max_codepoint=0x24F)
WORDS = st.text(LETTERS, max_size=40) | st.sampled_from(
    ["a long text " * 20, "x" * 120, "\x1b[31m", "f" * 32, "日本 語" * 20]
)
SCALARS = WORDS | st.integers() | st.floats() | st.booleans() | st.none() | st.builds(Unknown, WORDS, WORDS)
TREES = st.dictionaries(
    NAMES, st.recursive(SCALARS, lambda t: st.lists(t, max_size=3) | st.dictionaries(NAMES, t, max_size=3)), max_size=3
)
VALUES = SCALARS | TREES | st.just(ABSENT)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(tuple)
ADDRESSES = st.builds(
    Address,
    st.just(SCOPE),
    st.sampled_from(["models", "workflows", "concepts"]),
    st.sampled_from(["a", "b", "x" * 48, "男 性"]),
)
TARGETS = ADDRESSES.map(str)
FILES = st.sampled_from(["manifests/a.yaml", "x" * 90, "日本.yaml"])
PLACES = st.none() | st.builds(Location, FILES, st.integers(1, 99), st.integers(1, 99))

FIELDS = st.builds(
    FieldChange,
    PATHS,
    VALUES,
    VALUES,
    st.sampled_from(Cause),
    st.sampled_from(Effect),
    st.none() | TARGETS,
    st.just(False),
)
SECRETS = st.builds(
    FieldChange,
    PATHS,
    st.just(SECRET),
    st.just({"a": [SECRET]}),
    st.sampled_from(Cause),
    st.sampled_from(Effect),
    st.none(),
    st.just(True),
)
CHANGES = st.builds(
    ResourceChange,
    ADDRESSES,
    WORDS,
    st.sampled_from(Action),
    st.lists(FIELDS | SECRETS, max_size=4).map(tuple),
    st.lists(WORDS, max_size=2).map(tuple),
    st.none() | TREES,
    st.none() | TREES,
    st.none() | st.sampled_from(Cause),
    PLACES,
)
STEPS = st.builds(Step, WORDS, ADDRESSES, st.sampled_from(Verb), WORDS, st.just(()))
NOTES = st.builds(Diagnostic, st.sampled_from(Severity), WORDS, PLACES, st.none() | WORDS, st.none() | WORDS)


def tuples(elements: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, max_size=most).map(tuple)


PLANS = st.builds(
    Plan,
    scope=st.just(SCOPE),
    owner=WORDS,
    host=WORDS,
    changes=tuples(CHANGES, 5),
    steps=tuples(STEPS),
    undeclared=tuples(ADDRESSES),
    refusals=tuples(st.builds(Refusal, st.sampled_from(["in-use", "delete"]), ADDRESSES, WORDS, st.none() | WORDS)),
    pins=tuples(st.builds(Pin, ADDRESSES, WORDS, ADDRESSES, WORDS)),
    notes=tuples(NOTES),
    destroying=st.booleans(),
)
RESULTS = st.builds(
    ApplyResult,
    PLANS,
    tuples(st.builds(StepOutcome, STEPS, st.sampled_from(Status), st.floats(0, 1000), WORDS)),
    st.floats(0, 1000),
    st.dictionaries(st.just("ListModels"), st.integers(0, 9)),
    st.booleans(),
)
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
    text = as_text.result_text(result, color=False, width=width)
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
