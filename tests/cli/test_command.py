"""Groups of flags, and how everything that goes wrong becomes one message and one code."""

import errno
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from reconciler.cli.command import Commands, command, guarded
from reconciler.cli.options import OutputFlags
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import (
    AuthenticationFailed,
    CheckFailed,
    Interrupted,
    InvalidManifest,
    LockHeld,
    PartlyApplied,
    ReconcilerError,
    Refused,
    StalePlan,
    error,
)
from reconciler.core.secret import Secret


@dataclass(frozen=True)
class Fruit:
    name: Annotated[list[str], typer.Argument()] = field(default_factory=list)
    ripe: Annotated[bool, typer.Option("--ripe")] = False


def commands(*functions: Any) -> typer.Typer:
    tree = typer.Typer(cls=Commands, pretty_exceptions_enable=False, rich_markup_mode=None, no_args_is_help=True)
    tree.callback()(lambda: None)
    for function in functions:
        tree.command()(function)
    return tree


def test_each_field_of_a_group_is_a_flag() -> None:
    seen = []

    @command
    def eat(fruit: Fruit, count: Annotated[int, typer.Option()] = 1) -> int:
        seen.append((fruit, count))
        return 0

    ended = CliRunner().invoke(commands(eat), ["eat", "fig", "kiwi", "--ripe", "--count", "3"])
    assert ended.exit_code == 0
    assert seen == [(Fruit(["fig", "kiwi"], True), 3)]


def test_only_commands_with_a_screen_have_its_flags() -> None:
    @command
    def loud(screen: Screen) -> int:
        return 0

    @command
    def mute() -> int:
        return 0

    runner, tree = CliRunner(), commands(loud, mute)
    assert runner.invoke(tree, ["loud", "--quiet"]).exit_code == 0
    assert runner.invoke(tree, ["mute", "--quiet"]).exit_code == 1


def test_what_a_command_returns_is_the_exit_code() -> None:
    @command
    def two() -> int:
        return 2

    assert CliRunner().invoke(commands(two), ["two"]).exit_code == 2


ENDINGS = [
    (ReconcilerError("no"), 1),
    (InvalidManifest([error("no")]), 3),
    (Refused("no"), 4),
    (StalePlan("no"), 5),
    (PartlyApplied("no"), 6),
    (AuthenticationFailed("no"), 7),
    (CheckFailed("no"), 8),
    (LockHeld("no"), 9),
    (Interrupted("no"), 130),
    (KeyboardInterrupt(), 130),
    (ValueError("no"), 1),
]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(("problem", "code"), ENDINGS)
def test_every_ending_has_its_code_in_every_format(
    problem: BaseException, code: int, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise problem

    assert guarded(Screen(OutputFlags(format=form)), fail) == code
    out, err = capsys.readouterr()
    assert err.strip()
    assert "Traceback" not in err
    assert (f'"exit_code": {code}' in out) is (form == "json")


def test_an_internal_error_shows_neither_its_text_nor_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise KeyError("Key canary-7f3a")

    assert guarded(Screen(OutputFlags()), fail) == 1
    assert capsys.readouterr().err == "Error: internal error (KeyError)\n       run with --debug for the traceback\n"


def test_a_traceback_comes_with_debug_but_without_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise KeyError("Key canary-7f3a")

    screen = Screen(OutputFlags(debug=True))
    screen.hide(Secret("canary-7f3a"), None)
    assert guarded(screen, fail) == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "KeyError: 'Key ***'" in shown
    assert "canary" not in shown


# ---- the words of the command line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plann"], "No such command 'plann'. Did you mean 'plan'"),
        (["plan", "--promt"], "No such option: --promt"),
        (["plan", "--rps", "fast"], "'--rps'"),
        (["plan", "--base"], "--base"),
        (["version", "now"], "unexpected extra argument"),
    ],
)
def test_a_misused_command_line_is_an_error_and_never_a_difference(shell: Any, words: list[str], said: str) -> None:
    ended = shell(*words)
    assert ended.code == 1
    assert said in ended.err
    assert "--help` shows what is possible" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("form", [["--format", "json"], ["--format=json"]])
def test_a_misused_command_line_is_json_where_json_is_awaited(shell: Any, form: list[str]) -> None:
    ended = shell("plan", "--promt", *form)
    assert ended.code == 1
    assert "--promt" in ended.json["error"]["message"]


@pytest.mark.parametrize(
    ("words", "said", "where"),
    [
        (["plan", "--select"], "Option '--select' requires an argument", "reconciler plan"),
        (["init", "--ci", "jenkins"], "'--ci': 'jenkins' is not one of 'github', 'gitlab'", "reconciler init"),
        (["lock", "shwo"], "Did you mean 'show'?", "reconciler lock"),
        (["--vresion"], "--version", "reconciler"),
    ],
)
def test_a_misuse_points_to_the_help_of_its_command(shell: Any, words: list[str], said: str, where: str) -> None:
    told = shell(*words).err
    assert said in told
    assert f"`{where} --help` shows what is possible" in told


def test_no_command_shows_the_help_but_is_no_success(shell: Any) -> None:
    ended = shell()
    assert ended.code == 1
    assert "Commands:" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["plan", "--help"], ["emulator", "-h"]])
def test_help_is_a_success(shell: Any, words: list[str]) -> None:
    ended = shell(*words)
    assert ended.code == 0
    assert "Usage: reconciler" in ended.out


def test_help_on_a_full_disk_is_an_error_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_words: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(typer.core.TyperGroup, "main", full)
    monkeypatch.setattr("reconciler.cli.command.silence", lambda stream: None)
    with pytest.raises(SystemExit) as ended:
        Commands().main(["--help"])
    assert ended.value.code == 1
    assert capsys.readouterr().err == "Error: the output could not be written: No space left on device\n"


def test_the_commands_of_this_release(shell: Any) -> None:
    listed = shell("--help").out.partition("Commands:\n")[2]
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    assert names[:7] == ["init", "validate", "plan", "apply", "destroy", "drift", "show"]


def test_diff_is_plan(shell: Any) -> None:
    shell.manifests("hat")
    assert shell("diff", "--local").out == shell("plan", "--local").out
