"""What a reader must find in a report, whatever else changes about it."""

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.outcome import PlanAnnounced
from reconciler.core.plan import Plan, Refusal
from reconciler.core.tree import ABSENT
from reconciler.report import account, as_text, progress
from tests.report.rich_plan import SCOPE, at, rich_plan, version_of
from tests.report.rich_result import applied

ROOT = Path(__file__).parents[2]


def text_of(*changes: ResourceChange, **more: object) -> str:
    plan = Plan(SCOPE, "people-app", "api.clarifai.com", changes, (), **more)  # type: ignore[arg-type]
    return as_text.plan_text(plan, color=False)


def update(address: str, *fields: FieldChange) -> ResourceChange:
    return ResourceChange(at(address), "Model", Action.UPDATE, fields)


def field(path: str, before: object, after: object, cause: Cause = Cause.EDIT, **more: object) -> FieldChange:
    return FieldChange(tuple(path.split(".")), before, after, cause, Effect.IN_PLACE, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "line"),
    [
        (Action.CREATE, "Plan: 1 to add, 0 to change, 0 to destroy."),
        (Action.UPDATE, "Plan: 0 to add, 1 to change, 0 to destroy."),
        (Action.REPLACE, "Plan: 1 to add, 0 to change, 1 to destroy."),
        (Action.DELETE, "Plan: 0 to add, 0 to change, 1 to destroy."),
        (Action.ADOPT, "Plan: 1 to adopt, 0 to add, 0 to change, 0 to destroy."),
        (Action.FORGET, "Plan: 0 to add, 0 to change, 0 to destroy, 1 to forget."),
    ],
)
def test_the_summary_line_is_terraforms(action: Action, line: str) -> None:
    assert text_of(ResourceChange(at("models/x"), "Model", action)).splitlines()[-1] == line


def test_nothing_to_do_says_so() -> None:
    assert text_of().endswith("\nNo changes. Your app matches the manifests.\n")
    assert text_of(destroying=True).endswith("\nNo changes. There is nothing to destroy.\n")


def test_nothing_to_do_because_of_a_refusal_is_no_match() -> None:
    refusal = Refusal("delete", at("models/x"), "it is in use", "--allow delete=models/x")
    text = text_of(refusals=(refusal,))
    assert "allow it with --allow delete=models/x" in text
    assert "matches" not in text


def test_complete_says_so_in_terraforms_words() -> None:
    text = account.result_text(applied(), color=False)
    assert text.startswith("Apply complete! Resources: 1 adopted, 2 added, 3 changed, 1 destroyed.\n")


def test_drift_names_both_values() -> None:
    assert "live 0.7, manifest 0.5" in text_of(update("models/x", field("a", 0.7, 0.5, Cause.DRIFT)))


def test_drift_has_a_heading_of_its_own() -> None:
    heading = "Changed in the live app by someone else"
    assert heading in text_of(update("models/x", field("a", 1, 2, Cause.DRIFT)))
    assert heading not in text_of(update("models/x", field("a", 1, 2)))


def test_a_consequence_stands_beneath_its_cause_only() -> None:
    path = "nodes.gt.model.model_version.id"
    follow = field(path, "old", version_of("x"), Cause.FOLLOWS, follows="models/x")
    text = text_of(update("workflows/w", follow), update("models/x", field("a", 1, 2)))
    assert "~ models/x -> repoints 1 node in workflows/w\n" in text
    assert text.count("~ workflows/w") == 1
    assert text.index("models/x") < text.index("~ workflows/w")


def test_consequences_of_each_other_are_not_lost() -> None:
    text = text_of(
        update("models/x", field("a", 1, 2, Cause.FOLLOWS, follows="models/y")),
        update("models/y", field("b", 3, 4, Cause.FOLLOWS, follows="models/x")),
    )
    assert "~ models/x" in text
    assert "~ models/y" in text


def test_text_is_told_from_number_and_nothing() -> None:
    text = text_of(update("models/x", field("a", "1", 1), field("b", "true", True), field("c", "", "x y")))
    assert '"1"    -> 1' in text
    assert '"true" -> true' in text
    assert '""     -> "x y"' in text


def test_a_long_text_shows_where_it_differs() -> None:
    assert '…x x x x x x one" -> …x x x x x x two"' in text_of(
        update("models/x", field("a", "x " * 90 + "one", "x " * 90 + "two"))
    )


def test_a_manifest_cannot_paint_the_terminal() -> None:
    text = text_of(update("models/\x1b[31mred", field("a\u202e", ABSENT, "\x1b[2J\n")))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_no_event_is_announced_twice() -> None:
    assert progress.line(PlanAnnounced(rich_plan())) is None


def test_text_and_progress_need_no_network_library() -> None:
    code = "import sys, reconciler.report.as_text, reconciler.report.progress; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT, text=True)
    loaded = set(done.stdout.split())
    assert not {"grpc", "google.protobuf", "clarifai_grpc", "pydantic", "rich"} & loaded


def test_json_needs_no_network_library() -> None:
    code = "import sys, reconciler.report.as_json; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT, text=True)
    assert not {"grpc", "google.protobuf", "clarifai_grpc", "rich"} & set(done.stdout.split())


def test_one_object_is_not_told_of_as_many():
    assert "1 no longer declared; --prune deletes it\n" in text_of(undeclared=(at("models/old"),))
    assert "2 no longer declared; --prune deletes them\n" in text_of(undeclared=(at("models/old"), at("models/m")))
