"""Thresholds compare float32 values; only listed concepts pass."""

import pytest

from reconciler.emulator.execution.behaviour import answer
from reconciler.emulator.execution.values import NotRun, RunFailed
from reconciler.emulator.switches import Switches

BELOW, AT, ABOVE = 0.49, 0.5, 0.51


@pytest.mark.parametrize(
    ("comparator", "passing"),
    [
        ("GREATER_THAN", [ABOVE]),
        ("GREATER_THAN_OR_EQUAL", [AT, ABOVE]),
        ("LESS_THAN", [BELOW]),
        ("LESS_THAN_OR_EQUAL", [BELOW, AT]),
        ("EQUAL", [AT]),
    ],
)
@pytest.mark.parametrize("threshold_type", ["concept-thresholder", "concept-threshold"])
@pytest.mark.parametrize("how", ["name", "number", "digits"])
def test_every_comparator_below_at_and_above(bench, comparator, passing, threshold_type, how):
    number = 1 + ["GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL", "EQUAL"].index(comparator)
    sent = {"name": comparator, "number": number, "digits": str(number)}[how]
    task = bench.task(threshold_type, {"p": 0.5}, concept_threshold_type=sent)
    assert [value for value in (BELOW, AT, ABOVE) if answer(task, bench.concepts(p=value)).concepts] == passing


@pytest.mark.parametrize("value", [0.95, 0.1, 0.3, 0.7, 1.0, 1e-7, 0.999999])
def test_a_value_that_float32_cannot_hold_equals_itself(bench, value):
    assert answer(bench.task("concept-thresholder", {"p": value}, concept_threshold_type="EQUAL"),
                  bench.concepts(p=value)).concepts  # fmt: skip


def test_the_next_float32_is_greater(bench):
    task = bench.task("concept-thresholder", {"p": 0.95}, concept_threshold_type="GREATER_THAN")
    assert not answer(task, bench.concepts(p=0.95)).concepts
    assert answer(task, bench.concepts(p=0.95 + 6e-8)).concepts


def test_concepts_that_are_not_listed_do_not_pass(bench, values):
    task = bench.task("concept-thresholder", {"p": 0.5, "q": 0.9}, concept_threshold_type="GREATER_THAN")
    assert values(answer(task, bench.concepts(x=1.0, p=0.8, q=0.8))) == {"p": 0.8}


def test_greater_than_may_let_equality_pass(bench):
    bench.switches = Switches(greater_than="or-equal")
    task = bench.task("concept-thresholder", {"p": 0.95}, concept_threshold_type=1)
    assert answer(task, bench.concepts(p=0.95)).concepts


def test_without_a_comparator_there_is_no_answer(bench):
    with pytest.raises(NotRun, match="concept_threshold_type"):
        answer(bench.task("concept-thresholder", {"p": 0.5}), bench.concepts(p=0.5))


def test_anything_but_concepts_is_unsupported(bench):
    task = bench.task("concept-thresholder", {"p": 0.5}, concept_threshold_type=1)
    with pytest.raises(RunFailed) as failure:
        answer(task, bench.concepts())
    assert (failure.value.status_code, failure.value.description) == (30101, "Input format unsupported")
