"""Saved plans read back: the plan that a document tells of gives the same document."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from reconciler.core.plan_document import PlanDocument, document
from reconciler.core.plan_reading import plan_from
from reconciler.core.saved_plan import embedded, parse
from reconciler.report.as_markdown import plan_markdown
from reconciler.report.as_text import plan_text
from tests.report.rich_plan import SECRET, empty_plan, rich_plan
from tests.report.strategies import PLANS

SAVED = Path(__file__).parents[1] / "golden" / "saved"


def read(plan: Any) -> Any:
    return plan_from(PlanDocument.model_validate_json(document(plan).text()))


@given(PLANS)
def test_there_and_back_is_the_same_document(plan: Any) -> None:
    assert document(read(plan)).text() == document(plan).text()


def words(text: str) -> list[str]:
    """But for NaN, which JSON has as a text."""
    return sorted(text.replace('"NaN"', "NaN").replace(",", " ").split())


@pytest.mark.parametrize("plan", [rich_plan(), empty_plan()], ids=["rich", "empty"])
def test_it_is_shown_as_it_was(plan: Any) -> None:
    """In a document the members of a map stand in the order of their names, so the same words in another order."""
    assert words(plan_text(read(plan), color=False)) == words(plan_text(plan, color=False))
    assert len(plan_markdown(read(plan))) == pytest.approx(len(plan_markdown(plan)), abs=9)


def test_what_was_concealed_stays_so() -> None:
    assert SECRET not in repr(read(rich_plan()))
    assert "(sensitive value)" in plan_text(read(rich_plan()), color=False)


@pytest.mark.parametrize("file", sorted(SAVED.glob("plan-*.json")), ids=lambda file: file.stem)
def test_a_saved_plan_of_every_released_version_is_read(file: Path) -> None:
    """Never written anew: a plan that was saved yesterday must be understood tomorrow."""
    found = parse(file.read_text())
    assert embedded(found).resources
    text = plan_text(plan_from(found), color=False)
    assert text.endswith("Plan: 3 to add, 3 to change, 1 to destroy.\n"), text
    assert "(known after apply)" in text
