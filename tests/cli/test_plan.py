"""`plan`: reads, shows, and its codes; where settings come from."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.emulator.server import Emulator
from tests.canary import CANARY

SUMMARY = "Plan: 2 to add, 0 to change, 0 to destroy."


def test_a_plan_without_a_terminal(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    ended = shell("plan")
    assert (ended.code, ended.err) == (0, "")
    assert f"Plan for me-local/shop at {emulator.address}" in ended.out
    assert ended.out.endswith(SUMMARY + "\n")
    assert "\x1b[" not in ended.out


def test_a_plan_writes_nothing(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    shell("plan")
    assert emulator.calls.writes == []


@pytest.mark.parametrize("flag", ["--detailed-exitcode", "--expect-no-changes", "--non-zero-exit-code"])
def test_changes_have_their_code(shell: Any, emulator: Emulator, flag: str) -> None:
    shell.manifests("hat")
    assert shell("plan", flag).code == 2
    assert shell("apply", "--auto-approve").code == 0
    ended = shell("plan", flag)
    assert ended.code == 0
    assert "No changes." in ended.out


@pytest.mark.parametrize("words", [[], ["--detailed-exitcode"]])
def test_json_is_the_plan_document(shell: Any, emulator: Emulator, words: list[str]) -> None:
    shell.manifests("hat")
    ended = shell("plan", "--format", "json", *words)
    assert ended.json["format_version"].startswith("1.")
    assert ended.json["summary"]["add"] == 2
    assert ended.err == ""


def test_quiet_is_the_summary_line(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    assert shell("plan", "--quiet").out == SUMMARY + "\n"


def test_debug_tells_what_the_network_cost(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    assert "network: " in (said := shell("plan", "--debug", "--user-id", "me-local").err)
    assert "GetApp 1" in said


# ---- whose account


def test_an_account_nobody_names_is_the_tokens(shell: Any, serving: Callable[..., Emulator]) -> None:
    serving("key", tokens={"key": "alice"})
    shell.manifests("hat")
    assert "Plan for alice/shop " in shell("plan").out


def test_me_is_the_tokens_account(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    ended = shell("plan", CLARIFAI_USER_ID="me")
    assert "Plan for me-local/shop " in ended.out
    assert emulator.calls.counts["GetUser"] == 2  # whose it is, and who would own the new app


def test_a_known_account_is_not_asked_for(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    shell("apply", "-y")
    emulator.calls.reset()
    assert shell("plan", CLARIFAI_USER_ID="me-local").code == 0
    assert emulator.calls.counts["GetUser"] == 0


def test_no_token(shell: Any) -> None:
    shell.manifests("hat")
    ended = shell("plan")
    assert ended.code == 7
    assert "CLARIFAI_PAT" in ended.err
    assert "--local" in ended.err


def test_a_wrong_token(shell: Any, serving: Callable[..., Emulator]) -> None:
    serving("canary-7f3a", tokens={"key": "alice"})
    shell.manifests("hat")
    ended = shell("plan", "--format", "json", "--debug")
    assert ended.code == ended.json["error"]["exit_code"] == 7
    assert "CLARIFAI_PAT" in ended.json["error"]["hint"]
    assert "canary" not in ended.out + ended.err


def test_somebody_elses_token(shell: Any, serving: Callable[..., Emulator]) -> None:
    serving("key", tokens={"key": "bob", "other": "alice"})
    shell.manifests("hat")
    ended = shell("plan", "--user-id", "alice")
    assert ended.code == 4
    assert "--user-id bob" in ended.err


# ---- what is wrong is said in the right order


def test_wrong_manifests_are_told_before_the_service_is_asked(shell: Any) -> None:
    shell.manifests("hat hat")
    for environ in ({}, {"CLARIFAI_USER_ID": "alice"}):
        ended = shell("plan", "--format", "json", **environ)
        assert ended.code == 3
        assert ended.json["error"]["diagnostics"][0]["range"]["filename"] == "shop.yaml"
        assert "shop.yaml:8:18: error: 'hat hat' is no id" in ended.err


def test_nobody_answers(shell: Any) -> None:
    shell.manifests("hat")
    ended = shell("plan", "--base", "http://127.0.0.1:1", CLARIFAI_PAT=CANARY, CLARIFAI_USER_ID="alice")
    assert ended.code == 1
    assert "reached nobody at 127.0.0.1:1" in ended.err
    assert "CLARIFAI_API_BASE" in ended.err


def test_plain_text_needs_a_word(shell: Any) -> None:
    shell.manifests("hat")
    ended = shell("plan", "--base", "http://clarifai.example", CLARIFAI_PAT=CANARY, CLARIFAI_USER_ID="alice")
    assert ended.code == 1
    assert "--insecure" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--allow", "deletes=concepts/hat"], "did you mean 'delete'?"),
        (["--allow", "everything"], "The rules are: delete, replace,"),
        (["--allow", "delete"], "write --allow delete=KIND/ID"),
        (["--refresh", "never"], "stamp, full"),
        (["--parallelism", "0"], "from 1 to 64"),
        (["--timeout", "soon"], "such as 30, 30s or 2m"),
        (["--format", "yml"], "it is one of: text, json,"),
        (["--context", "work"], "has no context 'work'"),
        (["--local", "--base", "http://127.0.0.1:1"], "--local starts its own emulator"),
        (["--var", "oops"], "NAME=VALUE"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_flag(shell: Any, words: list[str], said: str) -> None:
    shell.manifests("hat")
    ended = shell("plan", *words)
    assert ended.code == 1
    assert words[0] in ended.err or words[0].removeprefix("--") in ended.err
    assert said in " ".join(ended.err.split())


# ---- the settings file


def test_the_settings_file_stands_beside_the_manifests(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat", name="set/shop.yaml")
    shell.write("set/reconciler.yaml", "format: json\nrefresh: full\n")
    for path in ("set", "set/shop.yaml"):
        assert shell("plan", path).json["options"]["refresh"] == "full"
    assert shell("plan", "set", "--format", "text", "--refresh", "stamp").out.endswith(SUMMARY + "\n")


def test_else_in_the_current_folder(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat", name="set/shop.yaml")
    shell.write("reconciler.yaml", "format: json\n")
    assert shell("plan", "set").json["summary"]["add"] == 2


RAILS = [
    ("", 3, 10, 0),  # three of ten are no more than the default's 30 %
    ("", 4, 10, 4),
    ("", 2, 3, 0),
    ("max_deletes: 1", 1, 10, 0),
    ("max_deletes: 1", 2, 10, 4),
    ("max_deletes: 0", 1, 10, 4),
    ("max_delete_percent: 10", 1, 10, 0),
    ("max_delete_percent: 10", 2, 10, 4),
    ("max_deletes: 1, max_delete_percent: 50", 5, 10, 0),
    ("max_deletes: 1, max_delete_percent: 40", 5, 10, 4),
    ("max_deletes: 9, kinds: {Model: {max_deletes: 1}}", 2, 10, 4),
    ("max_deletes: 9, kinds: {Workflow: {max_deletes: 0}}", 2, 10, 0),
    ("kinds: {Model: {max_delete_percent: 20}}", 2, 10, 4),  # of nine models
    ("kinds: {Model: {max_delete_percent: 23}}", 2, 10, 0),
]


@pytest.mark.parametrize(("rails", "gone", "owned", "code"), RAILS)
def test_rails(shell: Any, emulator: Emulator, rails: str, gone: int, owned: int, code: int) -> None:
    models = [MODEL % number for number in range(owned - 1)]  # the App is owned as well
    shell.manifests(head=APP + "".join(models))
    assert shell("apply", "-y").code == 0
    shell.manifests(head=APP + "".join(models[gone:]))
    shell.write("reconciler.yaml", f"rails: {{{rails}}}\n")
    ended = shell("plan", "--prune", "--format", "json")
    assert ended.code == code
    assert ended.json["summary"]["destroy"] == gone
    assert len(ended.json["refusals"]) == (gone if code else 0)


APP = "apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {description: Things}\n"
MODEL = "---\napiVersion: clarifai.reconciler/v1\nkind: Model\nmetadata: {name: m%d}\nspec: {model_type_id: prompter}\n"


def test_a_refusal_is_shown_and_allowed_by_its_flag(shell: Any, emulator: Emulator) -> None:
    shell.manifests(head=APP + MODEL % 1)
    shell("apply", "-y")
    shell.manifests(head=APP)
    shell.write("reconciler.yaml", "rails: {max_deletes: 0}\n")
    ended = shell("plan", "--prune", "--detailed-exitcode")
    assert ended.code == 4
    assert "--allow delete=models/m1" in ended.out
    assert shell("plan", "--prune", "--detailed-exitcode", "--allow", "delete=models/m1").code == 2
    assert shell("plan", "--prune", "--detailed-exitcode", "--allow", "delete=models/*").code == 2
    assert shell("plan", "--prune", "--quiet").code == 4


def test_what_destroy_would_do(shell: Any, emulator: Emulator) -> None:
    shell.manifests(head=APP + MODEL % 1)
    shell("apply", "-y")
    assert shell("plan", "--destroy", "--format", "json").json["summary"]["destroy"] == 1


# ---- --local


def test_local_needs_no_account_and_keeps_its_data(shell: Any) -> None:
    shell.manifests("hat")
    ended = shell("plan", "--local", CLARIFAI_USER_ID="alice", CLARIFAI_API_BASE="http://127.0.0.1:1")
    assert "Plan for me-local/shop at local emulator" in ended.out
    assert shell("apply", "--local", "-y").code == 0
    assert shell("plan", "--local", "--detailed-exitcode").code == 0
    assert (shell.folder / ".reconciler" / "local.db").is_file()


def test_local_with_another_user(shell: Any) -> None:
    shell.manifests("hat")
    assert "Plan for alice/shop at local emulator" in shell("plan", "--local", "--user-id", "alice").out


def test_local_that_cannot_be_kept(shell: Any) -> None:
    shell.manifests("hat")
    shell.write(".reconciler", "a file")
    ended = shell("plan", "--local")
    assert ended.code == 1
    assert "--local cannot write .reconciler/local.db" in ended.err


def test_local_whose_database_is_something_else(shell: Any) -> None:
    shell.manifests("hat")
    shell.write(".reconciler/local.db", "no database " * 100)
    ended = shell("plan", "--local")
    assert ended.code == 1
    assert "--local cannot use .reconciler/local.db" in ended.err


def test_tracing_that_would_print_the_token_is_switched_off(shell: Any) -> None:
    shell.manifests("hat")
    assert "GRPC_TRACE was ignored" in shell("plan", "--local", GRPC_TRACE="all").err
