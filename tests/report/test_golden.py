"""Every screen and every document as a golden file: a change of words shows in review."""

from collections.abc import Callable

import pytest

from reconciler.core.diagnostics import InvalidManifest, StalePlan
from reconciler.report import account, as_json, as_text, progress
from tests.report.rich_plan import empty_plan, rich_plan
from tests.report.rich_result import applied, destroyed, events, interrupted, partly_applied, problems

Golden = Callable[[str, str], None]
STALE = StalePlan("the live app moved since this plan was made:\nmodels/x: description", hint="plan again")

SCREENS = {
    "plan": lambda **how: as_text.plan_text(rich_plan(), **how),
    "plan-empty": lambda **how: as_text.plan_text(empty_plan(), **how),
    "result-applied": lambda **how: account.result_text(applied(), **how),
    "result-partly": lambda **how: account.result_text(partly_applied(), **how),
    "result-interrupted": lambda **how: account.result_text(interrupted(), **how),
    "result-destroyed": lambda **how: account.result_text(destroyed(), **how),
    "diagnostics": lambda **how: as_text.diagnostics_text(problems(), **how),
    "diagnostics-none": lambda **how: as_text.diagnostics_text([], **how),
    "error-manifest": lambda **how: as_text.error_text(InvalidManifest(problems()), **how),
    "error-stale": lambda **how: as_text.error_text(STALE, **how),
}

DOCUMENTS = {
    "plan": lambda: as_json.plan_json(rich_plan()),
    "plan-empty": lambda: as_json.plan_json(empty_plan()),
    "result-partly": lambda: as_json.result_json(partly_applied()),
    "diagnostics": lambda: as_json.diagnostics_json(problems()),
    "error-manifest": lambda: as_json.error_json(InvalidManifest(problems())),
}


@pytest.mark.parametrize("screen", SCREENS)
def test_screen(screen: str, golden: Golden) -> None:
    golden(f"{screen}.txt", SCREENS[screen](color=False, width=100))


@pytest.mark.parametrize("screen", SCREENS)
def test_coloured_screen(screen: str, golden: Golden) -> None:
    golden(f"{screen}.ansi", SCREENS[screen](color=True, width=100))


@pytest.mark.parametrize("screen", ["plan", "result-partly", "diagnostics"])
def test_narrow_screen(screen: str, golden: Golden) -> None:
    golden(f"{screen}-60.txt", SCREENS[screen](color=False, width=60))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document(document: str, golden: Golden) -> None:
    golden(f"{document}.json", DOCUMENTS[document]())


@pytest.mark.parametrize(("color", "suffix"), [(False, "txt"), (True, "ansi")])
def test_progress(color: bool, suffix: str, golden: Golden) -> None:
    lines = [text for event in events() if (text := progress.line(event, color=color)) is not None]
    golden(f"progress.{suffix}", "".join(f"{text}\n" for text in lines))
