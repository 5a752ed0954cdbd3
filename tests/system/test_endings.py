"""What goes wrong outside of us: the code, the words, and that nothing leaks."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.emulator.server import Emulator

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SET = "auto-annotation"
TOKEN = "canary-7f3a"


def test_no_token(shell: Any) -> None:
    ended = shell("plan", SET)
    assert (ended.code, ended.out) == (7, "")
    assert "CLARIFAI_PAT" in ended.err
    assert "--local" in ended.err


def test_a_wrong_token(shell: Any, serving: Callable[..., Emulator]) -> None:
    serving(TOKEN, tokens={"key": "me-local"})
    ended = shell("plan", SET, "--debug")
    assert ended.code == 7
    assert "CLARIFAI_PAT" in ended.err
    assert TOKEN not in ended.out + ended.err


def test_somebody_elses_account(shell: Any, serving: Callable[..., Emulator]) -> None:
    serving("key", user_id="alice", tokens={"key": "bob", "other": "alice"})
    ended = shell("apply", SET, "-y")
    assert ended.code == 4
    assert "this token belongs to user 'bob'" in " ".join(ended.err.split())
    assert "--user-id bob" in ended.err


def test_nobody_answers(shell: Any) -> None:
    shell.use("http://127.0.0.1:1", TOKEN)
    ended = shell("plan", SET, "--format", "json", "--debug")
    assert ended.code == ended.json["error"]["exit_code"] == 1
    assert "reached nobody at 127.0.0.1:1" in ended.err
    assert "CLARIFAI_API_BASE" in ended.err
    assert TOKEN not in ended.out + ended.err


def test_no_terminal_to_ask_on(shell: Any) -> None:
    ended = shell("apply", "no-such-folder", "--local")
    assert ended.code == 1
    assert "--auto-approve" in ended.err
    assert not (shell.folder / ".reconciler").exists()


def test_a_wrong_manifest(shell: Any) -> None:
    (shell.folder / SET / "models.yaml").write_text("- not\n- a manifest\n")
    ended = shell("apply", SET, "--local", "-y")
    assert (ended.code, ended.out) == (3, "")
    assert "models.yaml:1:1: error: " in ended.err


def test_a_reader_that_goes_away_does_not_stop_an_apply(shell: Any) -> None:
    process = shell.start("apply", SET, "--local", "-y")
    with process.stderr:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
    assert shell("plan", SET, "--local", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["version"], ["plan", "--help"], ["apply", "--help"]])
def test_help_loads_nothing_of_the_network(shell: Any, words: list[str]) -> None:
    # Not pydantic: Typer itself reads the values of flags with it.
    assert not loaded(shell, *words) & {"grpc", "google.protobuf", "deepdiff", "yaml", "rich", "sqlite3"}


def test_a_command_loads_no_other(shell: Any) -> None:
    modules = loaded(shell, "version")
    assert "reconciler.cli.version" in modules
    assert not modules & {f"reconciler.cli.{name}" for name in ("apply", "drift", "emulator", "plan", "validate")}


def test_validate_loads_no_grpc_and_no_emulator(shell: Any) -> None:
    assert not loaded(shell, "validate", SET) & {"grpc", "reconciler.client", "reconciler.emulator", "rich", "deepdiff"}


def test_a_plan_without_changes_loads_neither_deepdiff_nor_what_a_saved_one_is_made_of(shell: Any) -> None:
    assert shell("apply", SET, "--local", "--yes").code == 0
    assert not loaded(shell, "plan", SET, "--local") & {"deepdiff", "reconciler.core.plan_document", "rich"}


def loaded(shell: Any, *words: str) -> set[str]:
    """The modules that a command has imported by its end."""
    (shell.folder / "sitecustomize.py").write_text(
        "import atexit, sys\natexit.register(lambda: open('loaded', 'w').write('\\n'.join(sys.modules)))\n"
    )
    shell.environ["PYTHONPATH"] = f"{shell.folder}:{shell.environ['PYTHONPATH']}"
    assert shell(*words).code == 0
    modules = set((shell.folder / "loaded").read_text().split())
    # Coverage, where it measures this process too, keeps its data in a database of its own.
    return modules - {"sqlite3"} if "coverage" in modules else modules
