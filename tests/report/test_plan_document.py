"""The plan document: Terraform's words, nothing JSON cannot hold, and a text that parses back."""

import json
from typing import Any

import pytest

from reconciler.core.plan_document import PlanDocument, document
from reconciler.report.as_json import plan_json
from tests.report.rich_plan import SECRET, empty_plan, rich_plan

RICH = json.loads(plan_json(rich_plan()))


def change_of(address: str) -> dict[str, Any]:
    return next(change for change in RICH["resource_changes"] if change["address"] == address)


def field_of(address: str, *path: str) -> dict[str, Any]:
    return next(field for field in change_of(address)["fields"] if field["path"] == list(path))


@pytest.mark.parametrize("plan", [rich_plan(), empty_plan()], ids=["rich", "empty"])
def test_it_parses_its_own_text(plan: Any) -> None:
    text = document(plan).text()
    assert PlanDocument.model_validate_json(text) == document(plan)
    assert PlanDocument.model_validate_json(text).text() == text


def test_equal_plans_give_equal_bytes() -> None:
    assert plan_json(rich_plan()) == plan_json(rich_plan())


def test_what_a_later_version_adds_is_ignored() -> None:
    later = RICH | {"format_version": "1.7", "novelty": {"a": 1}}
    later["resource_changes"] = [change | {"novelty": 1} for change in later["resource_changes"]]
    assert PlanDocument.model_validate(later).format_version == "1.7"


@pytest.mark.parametrize(
    ("address", "actions"),
    [
        ("models/strict", ["create"]),
        ("models/greater-than", ["update"]),
        ("models/mapper", ["delete", "create"]),
        ("workflows/old", ["delete"]),
        ("concepts/adult", ["no-op"]),
        ("concepts/teenager", ["forget"]),
    ],
)
def test_actions_are_terraforms(address: str, actions: list[str]) -> None:
    assert change_of(address)["change"]["actions"] == actions


def test_adoption_is_an_import() -> None:
    assert change_of("concepts/adult")["change"]["importing"] == {"id": "adult"}
    assert change_of("concepts/adult")["action"] == "adopt"


def test_replacement_names_its_paths() -> None:
    assert change_of("models/mapper")["change"]["replace_paths"] == [["model_type_id"]]
    assert change_of("models/mapper")["action_reason"] == "replace_because_cannot_update"


def test_an_unknown_is_marked_and_not_written() -> None:
    change = change_of("workflows/review")["change"]
    assert change["after"]["nodes"]["mapper"]["model"] == {"id": "synonyms", "model_version": {}}
    assert change["after_unknown"]["nodes"]["mapper"] == {"model": {"model_version": {"id": True}}}


def test_a_field_says_what_it_waits_for() -> None:
    field = field_of("workflows/auto-annotation", "nodes", "less-than", "model", "model_version", "id")
    assert field["after_unknown"] == {"address": "models/less-than", "output": "version_id"}
    assert "after" not in field
    assert field["follows"] == "models/less-than"


def test_absent_is_a_key_left_out() -> None:
    assert "after" not in field_of("models/less-than", "notes")
    assert "before" not in field_of("models/write-pending", "notes")


def test_not_a_number_is_a_string() -> None:
    assert field_of("models/write-pending", "metadata", "limit")["after"] == "NaN"


def test_secrets_are_marked_and_not_written() -> None:
    assert SECRET not in json.dumps(RICH)
    marks = change_of("models/strict")["change"]["after_sensitive"]
    assert marks == {"model_version": {"output_info": {"params": {"secret_key": True}}}}
    assert change_of("concepts/vault")["change"]["after_sensitive"] == {"metadata": {"nested": True, "password": True}}


def test_a_refused_plan_is_not_applyable() -> None:
    assert RICH["refusals"]
    assert not RICH["applyable"]
