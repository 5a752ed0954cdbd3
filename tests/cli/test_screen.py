"""Streams, colours, width."""

import errno
import io
import sys
from typing import Any

import pytest

from reconciler.cli.options import OutputFlags
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import Interrupted, ReconcilerError


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("flag", "environ", "terminal", "colored"),
    [
        (False, {}, True, True),
        (False, {}, False, False),
        (True, {}, True, False),
        (True, {"FORCE_COLOR": "1"}, True, False),
        (False, {"NO_COLOR": "1"}, True, False),
        (False, {"NO_COLOR": ""}, True, True),
        (False, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        (False, {"FORCE_COLOR": "1"}, False, True),
        (False, {"FORCE_COLOR": "0"}, False, False),
        (False, {"CLICOLOR_FORCE": "1"}, False, True),
        (False, {"TERM": "dumb"}, True, False),
        (False, {"GITHUB_ACTIONS": "true"}, False, False),
    ],
)
def test_when_there_is_colour(
    flag: bool, environ: dict[str, str], terminal: bool, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Tty() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    Screen(OutputFlags(no_color=flag), environ).error(ReconcilerError("no"))
    assert ("\x1b[" in stream.getvalue()) is colored


@pytest.mark.parametrize(
    ("environ", "terminal", "answerable"),
    [({}, True, True), ({}, False, False), ({"CI": "true"}, True, False), ({"GITHUB_ACTIONS": "true"}, True, False)],
)
def test_nobody_is_asked_in_a_pipeline(
    environ: dict[str, str], terminal: bool, answerable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Tty() if terminal else io.StringIO())
    assert Screen(OutputFlags(), environ).interactive is answerable


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [("yes\n", True), (" yes \n", True), ("y\n", False), ("YES\n", False), ("no\n", False), ("", False), ("\n", False)],
)
def test_only_yes_is_a_yes(
    typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert Screen(OutputFlags(), {}).confirms("Do it?") is agreed
    out, err = capsys.readouterr()
    assert out == ""  # a question is no result
    assert "Do it?" in err
    assert err.endswith("\n") is (typed == "")  # a terminal has shown the line that was typed


def test_an_interrupted_question_says_that_nothing_was_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "readline", interrupted)
    with pytest.raises(Interrupted, match="nothing was changed"):
        Screen(OutputFlags(), {}).confirms("Do it?")
    assert capsys.readouterr().err.endswith("accepted: \n")  # not behind the ^C of the terminal


def test_columns_decides_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "57")
    assert Screen(OutputFlags(), {}).width == 57
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr(sys, "__stdout__", io.StringIO())
    assert Screen(OutputFlags(), {}).width == 100


class Broken(io.StringIO):
    """A stream that cannot be written; what remains of it goes to a file that stands for the descriptor."""

    def __init__(self, reason: OSError, descriptor: int) -> None:
        super().__init__()
        self.reason, self.descriptor = reason, descriptor

    def write(self, text: str) -> int:
        raise self.reason

    def fileno(self) -> int:
        return self.descriptor


@pytest.mark.parametrize(
    ("reason", "lost"),
    [(BrokenPipeError(), None), (OSError(errno.ENOSPC, "No space left on device"), "No space left on device")],
)
def test_output_that_cannot_be_written_stops_nothing(
    reason: OSError, lost: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    screen = Screen(OutputFlags(), {})
    with open(tmp_path / "stdout", "w") as file:
        monkeypatch.setattr(sys, "stdout", Broken(reason, file.fileno()))
        screen.out("gone")
        screen.out("gone, too")
    assert screen.lost == lost


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("jsn", "unknown format 'jsn'", "did you mean 'json'?"),
        ("zzz", "unknown format 'zzz'", "it is one of: text, json, "),
        ("junit", "a plan has no format 'junit'", "it is one of: text, json, "),
    ],
)
def test_a_format_that_is_none_names_who_wants_it(name: str, said: str, hint: str) -> None:
    with pytest.raises(ReconcilerError) as caught:
        Screen(OutputFlags(), {}).use_format(name, "reconciler.yaml", "plan")
    assert caught.value.message == f"reconciler.yaml: {said}"
    assert (caught.value.hint or "").startswith(hint)
