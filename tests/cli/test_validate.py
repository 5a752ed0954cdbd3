"""`validate`: offline, every problem, codes 0 and 3."""

from typing import Any

import pytest

BROKEN = "apiVersion: clarifai.reconciler/v1\nkind: Concept\nmetadata: {name: hat}\nspec: {nam: hat}\n"


def test_right_manifests(shell: Any) -> None:
    shell.manifests("hat")
    ended = shell("validate")
    assert (ended.code, ended.err) == (0, "")
    assert "Success! The manifests are valid." in ended.out


def test_wrong_manifests_have_a_place_and_a_hint(shell: Any) -> None:
    shell.write("hat.yaml", BROKEN)
    ended = shell("validate", "hat.yaml")
    assert ended.code == 3
    assert "hat.yaml:4:8: error: " in ended.out
    assert "did you mean 'name'?" in ended.out


def test_json_is_one_object_whatever_the_code(shell: Any) -> None:
    shell.manifests("hat")
    assert shell("validate", "--format", "json").json["valid"] is True
    shell.write("hat.yaml", BROKEN)
    ended = shell("validate", "--format", "json")
    assert (ended.code, ended.json["valid"], ended.json["error_count"]) == (3, False, 1)


def test_quiet_says_nothing_about_what_is_right(shell: Any) -> None:
    shell.manifests("hat")
    assert shell("validate", "-q").out == ""
    shell.write("hat.yaml", BROKEN)
    assert "did you mean" in shell("validate", "-q").out


@pytest.mark.parametrize("words", [["-"], ["-f", "-"], ["--file", "-"]])
def test_standard_input(shell: Any, words: list[str]) -> None:
    ended = shell("validate", *words, stdin=BROKEN)
    assert ended.code == 3
    assert "<stdin>:4:8" in ended.out


def test_paths_and_files_are_read_together(shell: Any) -> None:
    shell.manifests("hat", name="a.yaml")
    shell.write("b.yaml", BROKEN)
    shell.write("c.yaml", BROKEN.replace("hat", "cap"))
    ended = shell("validate", "a.yaml", "-f", "b.yaml", "-f", "c.yaml", "--format", "json")
    assert {each["range"]["filename"] for each in ended.json["diagnostics"]} == {"b.yaml", "c.yaml"}


def test_strict_makes_an_undeclared_reference_an_error(shell: Any) -> None:
    shell.manifests(head=APP_WITH_DEFAULT)
    assert shell("validate").code == 0
    assert shell("validate", "--strict").code == 3


APP_WITH_DEFAULT = (
    "apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {default_workflow: {id: elsewhere}}\n"
)


def test_variables(shell: Any) -> None:
    shell.manifests("${NAME}")
    ended = shell("validate")
    assert (ended.code, "--var NAME=VALUE" in ended.out) == (3, True)
    assert shell("validate", "--var", "NAME=hat").code == 0
    assert shell("validate", NAME="hat").code == 0
    shell.write("vars", "NAME=hat\n")
    assert shell("validate", "--var-file", "vars", "shop.yaml").code == 0


def test_the_token_is_no_variable(shell: Any) -> None:
    shell.manifests("${CLARIFAI_PAT}")
    ended = shell("validate", CLARIFAI_PAT="canary-7f3a")
    assert ended.code == 3
    assert "canary" not in ended.out + ended.err


def test_neither_account_nor_settings_are_needed(shell: Any) -> None:
    shell.manifests("hat", head="")
    assert shell("validate").code == 0
    shell.write("reconciler.yaml", "ownr: me\n")
    ended = shell("validate")
    assert ended.code == 3
    assert "did you mean 'owner'?" in ended.err


def test_settings_that_are_not_read_are_named(shell: Any) -> None:
    shell.manifests("hat", name="clothes/shop.yaml")
    shell.write("clothes/reconciler.yaml", "rails: {max_deletes: 0}\n")
    ended = shell("validate")
    assert ended.code == 0
    assert "clothes/reconciler.yaml:1:1: warning: these settings are not read" in ended.out
    assert "give clothes as the first PATH" in ended.out
    assert "not read" not in shell("validate", "clothes").out
    shell.write("clothes/reconciler.yml", "")
    assert "name it reconciler.yaml" in shell("validate", "clothes").out
