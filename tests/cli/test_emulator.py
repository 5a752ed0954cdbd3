"""`emulator` and `version`: how their flags arrive."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator import server
from reconciler.emulator.switches import Switches


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the emulator would have been started with."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr(server, "serve", lambda **options: seen.update(options) or 0)
    return seen


def test_its_defaults_take_any_key(shell: Any, served: dict[str, Any]) -> None:
    assert shell("emulator", CLARIFAI_PAT="canary", CLARIFAI_USER_ID="alice").code == 0
    assert served == {
        "host": "127.0.0.1",
        "port": 18080,
        "database": "clarifai-emulator.db",
        "user_id": "me-local",
        "tokens": None,
        "taught": None,
        "connection_faults": False,
        "admin_port": None,
        "switches": Switches(),
    }


def test_a_key_of_its_own(shell: Any, served: dict[str, Any]) -> None:
    shell("emulator", "--pat", "key", "--user-id", "alice", "--port", "0", "--database", ":memory:")
    assert served["tokens"] == {"key": "alice"}
    assert (served["port"], served["database"]) == (0, ":memory:")


def test_switches(shell: Any, served: dict[str, Any]) -> None:
    shell("emulator", "--latency", "50ms", "--rps", "15", "--switch", "enum_echo=number", "--switch", "train-polls=4")
    assert served["switches"] == Switches(latency=0.05, rps=15, enum_echo="number", train_polls=4)
    shell("emulator", "--latency", "0")
    assert served["switches"] == Switches()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--switch", "enum-ecko=number"], "did you mean 'enum_echo'?"),
        (["--switch", "enum_echo"], "not of the form name=value"),
        (["--switch", "enum_echo=loud"], "enum_echo"),
        (["--latency", "slow"], "--latency slow"),
        (["--port", "70000"], "--port"),
    ],
)
def test_a_wrong_value_starts_nothing(shell: Any, served: dict[str, Any], words: list[str], said: str) -> None:
    ended = shell("emulator", *words)
    assert ended.code == 1
    assert said in ended.err
    assert not served


def test_every_switch_is_listed(shell: Any, served: dict[str, Any]) -> None:
    shown = shell("emulator", "--list-switches").out
    assert not served
    for switch in Switches.listing():
        assert f"{switch.name}={switch.default}" in shown
        assert switch.meaning in shown


@pytest.mark.parametrize("words", [["version"], ["--version"]])
def test_version(shell: Any, words: list[str]) -> None:
    ended = shell(*words)
    assert ended.code == 0
    assert ended.out.startswith("reconciler ")


def test_a_database_is_taught_by_a_file(tmp_path: Path, shell: Any) -> None:
    scores = tmp_path / "scores.yaml"
    scores.write_text("https://pictures.example/a.jpg:\n  concepts: {people: 0.8}\n")
    result = shell("emulator", "teach", str(scores), "--database", str(tmp_path / "emulator.db"))
    assert result.code == 0
    assert "1 picture taught" in result.out


def test_what_is_wrong_with_a_taught_file_is_said_with_its_place(tmp_path: Path, shell: Any) -> None:
    scores = tmp_path / "scores.yaml"
    scores.write_text("https://pictures.example/a.jpg:\n  concepts: {people: much}\n")
    result = shell("emulator", "teach", str(scores), "--database", str(tmp_path / "emulator.db"))
    assert result.code == 1
    assert "scores.yaml:2:" in result.err
