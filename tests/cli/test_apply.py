"""`apply`: asks, applies, gives an account; and `destroy`, which ends in the same way."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.emulator.server import Emulator


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_nobody_to_ask_is_an_error_before_anything_is_read(shell: Any, emulator: Emulator, command: str) -> None:
    ended = shell(command, "no-such-folder")
    assert ended.code == 1
    assert "--auto-approve" in ended.err
    assert len(emulator.calls) == 0


def test_a_saved_plan_that_is_not_there_is_not_asked_for_an_approval(shell: Any) -> None:
    ended = shell("apply", "plan.json")
    assert ended.code == 1
    assert "plan.json is none, or is not there" in ended.err
    assert "--auto-approve" not in ended.err


@pytest.mark.parametrize("flag", ["--auto-approve", "--yes", "-y"])
def test_apply_without_a_question(shell: Any, emulator: Emulator, flag: str) -> None:
    shell.manifests("hat")
    ended = shell("apply", flag)
    assert (ended.code, ended.err) == (0, "")
    assert "concepts/hat: created" in ended.out
    assert "Apply complete! Resources: 2 added, 0 changed, 0 destroyed." in ended.out


def test_the_second_apply_writes_nothing(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    shell("apply", "-y")
    emulator.calls.reset()
    ended = shell("apply", "-y")
    assert ended.code == 0
    assert "No changes." in ended.out
    assert "complete" not in ended.out
    assert emulator.calls.writes == []


def test_a_no_changes_nothing(shell: Any, emulator: Emulator, answering: Callable[[str], list[str]]) -> None:
    shell.manifests("hat")
    asked = answering("no")
    ended = shell("apply")
    assert ended.code == 1
    assert "not confirmed; nothing was changed" in ended.err
    assert "Plan: 2 to add" in ended.out
    assert asked == [f"Do you want to apply this to me-local/shop at {emulator.address}?"]
    assert emulator.calls.writes == []


def test_a_yes_applies(shell: Any, emulator: Emulator, answering: Callable[[str], list[str]]) -> None:
    shell.manifests("hat")
    answering("yes")
    assert shell("apply").code == 0
    assert emulator.calls.writes


def test_nothing_to_do_is_not_asked_about(
    shell: Any, emulator: Emulator, answering: Callable[[str], list[str]]
) -> None:
    shell.manifests("hat")
    shell("apply", "-y")
    asked = answering("no")
    assert shell("apply").code == 0
    assert asked == []


def test_who_is_asked_sees_the_plan_even_in_quiet(
    shell: Any, emulator: Emulator, answering: Callable[[str], list[str]]
) -> None:
    shell.manifests("hat")
    answering("yes")
    ended = shell("apply", "--quiet")
    assert "+ concepts/hat" in ended.out
    assert "created" not in ended.out


def test_quiet_is_the_account_alone(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    assert shell("apply", "-y", "-q").out.startswith("Apply complete!")
    assert shell("apply", "-y", "-q").out == "No changes. Your app matches the manifests.\n"


def test_json_is_the_result_with_what_it_cost(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    ended = shell("apply", "-y", "--format", "json")
    assert ended.json["complete"] is True
    assert ended.json["done"]["add"] == 2
    assert ended.json["rpcs"] == dict(emulator.calls.counts)
    assert "concepts/hat: created" in ended.err
    again = shell("apply", "-y", "--format", "json")
    assert (again.code, again.json["complete"], again.json["steps"]) == (0, True, [])


def test_a_refusal_stops_it(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    shell("apply", "-y")
    emulator.calls.reset()
    shell.write("reconciler.yaml", "owner: somebody-else\n")
    shell.manifests("hat", head="", name="shop.yaml")
    ended = shell("apply", "-y", "--format", "json", "--app-id", "shop")
    assert ended.code == ended.json["error"]["exit_code"] == 4
    assert "somebody-else" in ended.json["error"]["diagnostics"][0]["summary"]
    assert ended.json["error"]["diagnostics"][0]["address"] == "concepts/hat"
    assert emulator.calls.writes == []


def test_a_step_that_fails_is_told_and_coded(shell: Any, emulator: Emulator) -> None:
    emulator.faults.add("PostConcepts", code=11102, details="no hats here", times=-1)
    shell.manifests("hat")
    ended = shell("apply", "-y", "--format", "json")
    assert ended.code == ended.json["exit_code"] == 6
    assert ended.json["complete"] is False
    assert "no hats here" in ended.err
    assert "Traceback" not in ended.err


# ---- destroy


@pytest.fixture
def model(shell: Any, emulator: Emulator) -> Emulator:
    shell.manifests(head=SET)
    assert shell("apply", "-y").code == 0
    return emulator


SET = (
    "apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {description: Things}\n"
    "---\napiVersion: clarifai.reconciler/v1\nkind: Model\nmetadata: {name: m1}\nspec: {model_type_id: prompter}\n"
)


def test_destroy_leaves_the_app(shell: Any, model: Emulator) -> None:
    ended = shell("destroy", "-y")
    assert ended.code == 0
    assert "models/m1: deleted" in ended.out
    assert "Destroy complete! Resources: 1 destroyed" in ended.out
    assert model.calls.counts["DeleteApp"] == 0


def test_destroy_asks_in_its_own_words(shell: Any, model: Emulator, answering: Callable[[str], list[str]]) -> None:
    asked = answering("no")
    assert shell("destroy").code == 1
    assert asked[0].startswith("Do you really want to destroy this in me-local/shop")
    assert model.calls.counts["DeleteModels"] == 0


def test_the_app_goes_if_it_is_named(shell: Any, model: Emulator) -> None:
    ended = shell("destroy", "-y", "--delete-app", "me-local/shop")
    assert ended.code == 0, ended.out + ended.err
    assert "apps/shop: deleted" in ended.out
    assert shell("plan", "--detailed-exitcode").code == 2


@pytest.mark.parametrize("name", ["me-local/ship", "shop", "alice/shop", ""])
def test_another_name_deletes_nothing(shell: Any, model: Emulator, name: str) -> None:
    model.calls.reset()
    ended = shell("destroy", "-y", "--delete-app", name)
    assert ended.code == 1
    assert "--delete-app me-local/shop" in ended.err
    assert model.calls.writes == []


def test_prune_takes_what_is_no_longer_declared(shell: Any, model: Emulator) -> None:
    shell.manifests()
    assert shell("plan", "--destroy", "--format", "json").json["summary"]["destroy"] == 0
    assert "models/m1: deleted" in shell("destroy", "-y", "--prune").out
