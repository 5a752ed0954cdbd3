"""Ctrl-C, SIGTERM, and a terminal somebody sits at."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.emulator.server import Emulator

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SET = "auto-annotation"
Started = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_emulator_says_when_it_is_ready_and_stops_when_told(emulator_process: Started, stop: int) -> None:
    process, base = emulator_process("--user-id", "alice")
    assert base.startswith("http://127.0.0.1:")
    process.send_signal(stop)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def test_the_emulators_key(shell: Any, emulator_process: Started) -> None:
    _, base = emulator_process("--pat", "key")
    shell.use(base, "key")
    assert shell("plan", SET).code == 0
    shell.use(base, "another")
    assert shell("plan", SET).code == 7


def test_a_taken_port(shell: Any, emulator_process: Started) -> None:
    _, base = emulator_process()
    ended = shell("emulator", "--database", ":memory:", "--port", base.rpartition(":")[2])
    assert ended.code == 1
    assert "cannot listen on" in ended.err


def test_ctrl_c_while_planning_ends_at_once(shell: Any, serving: Callable[..., Emulator]) -> None:
    emulator = serving()
    emulator.faults.add("GetApp", "hang")
    planning = shell.start("plan", SET)
    while not emulator.calls.counts["GetApp"]:
        time.sleep(0.05)
    began = time.monotonic()
    planning.send_signal(signal.SIGINT)
    out, err = planning.communicate(timeout=20)
    assert (planning.returncode, out, err) == (130, "", "Error: interrupted\n")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_what_is_in_flight_finish(shell: Any, emulator_process: Started, stop: int) -> None:
    _, base = emulator_process("--latency", "100ms")
    shell.use(base)
    applying = shell.start("apply", SET, "-y", "--parallelism", "2")
    _until(applying, "concepts/people: created")
    applying.send_signal(stop)
    out, err = applying.communicate(timeout=30)
    assert applying.returncode == 130
    assert "Interrupt received" in err
    assert "Apply interrupted." in out
    assert "Run apply again: it continues where this stopped." in out
    assert "Traceback" not in err

    assert shell("apply", SET, "-y").code == 0
    assert shell("plan", SET, "--detailed-exitcode").code == 0


@pytest.mark.parametrize("form", ["text", "json", "events"])
def test_after_the_second_signal_nothing_is_waited_for_but_an_account_is_given(
    shell: Any, serving: Callable[..., Emulator], form: str
) -> None:
    """What hangs is unknown, what was done before is done, the rest was not started; in every form, and in reports."""
    emulator = serving()
    emulator.faults.add("PostConcepts", "hang", times=-1)
    applying = shell.start("apply", SET, "-y", "--format", form, "--report", "json=told.json")
    while not emulator.calls.counts["PostConcepts"]:
        time.sleep(0.02)
    for sentence in ("Interrupt received", "Stopped at once"):
        applying.send_signal(signal.SIGINT)
        assert any(sentence in line for line in iter(applying.stderr.readline, "")), sentence
    began = time.monotonic()
    out, err = applying.communicate(timeout=20)
    assert (applying.returncode, "Traceback" in err) == (130, False)
    assert time.monotonic() - began < 5  # the call goes on hanging for half a minute
    told = json.loads((shell.folder / "told.json").read_text())
    ends = {step["status"] for step in told["steps"] if step["address"].startswith("concepts/")}
    assert (ends, told["interrupted"], told["exit_code"]) == ({"unknown"}, True, 130)
    assert {s["status"] for s in told["steps"] if s["address"].startswith("workflows/")} == {"not started"}
    assert "done" in {s["status"] for s in told["steps"] if s["address"] == "apps/people-app"}
    if form == "json":
        assert json.loads(out) == told
    elif form == "events":
        assert [json.loads(line) for line in out.splitlines()][-1]["type"] == "change_summary"
    else:
        assert "Apply interrupted." in out
        assert "Unknown; may have happened" in out

    if form == "text":
        emulator.faults.clear()
        assert shell("apply", SET, "-y").code == 0
        assert shell("plan", SET, "--detailed-exitcode").code == 0


def _until(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} never came")


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1), ("no", 1)])
def test_a_terminal_is_asked(shell: Any, answer: str, code: int) -> None:
    shown, ended = _at_terminal(shell, answer, "apply", SET, "--local")
    assert ended == code
    assert "Only 'yes' is accepted: " in shown
    assert "\x1b[" in shown
    assert ("Apply complete!" in shown) is (code == 0)
    assert ("nothing was changed" in shown) is (code == 1)


def test_a_terminal_that_a_pipeline_lends_is_not_asked(shell: Any) -> None:
    shell.environ["CI"] = "true"
    shown, ended = _at_terminal(shell, "yes", "apply", SET, "--local")
    assert ended == 1
    assert "there is no terminal to ask on" in shown


def _at_terminal(shell: Any, answer: str, *words: str) -> tuple[str, int]:
    """All that a terminal shows, and the exit code; the answer is typed when it is asked for."""
    ours, theirs = pty.openpty()
    process = shell.start(*words, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
        if not read:
            break
        shown += read
        if b"is accepted: " in shown and answer:
            os.write(ours, f"{answer}\n".encode())
            answer = ""
    os.close(ours)
    return shown.decode(), process.wait(30)


def test_an_interrupt_that_is_swallowed_still_ends_the_process(shell: Any) -> None:
    program = (
        "import signal, time\n"
        "from reconciler.cli.command import guarded\nfrom reconciler.cli.options import OutputFlags\n"
        "from reconciler.cli.screen import Screen\n"
        "def run():\n"
        "    print('running', flush=True)\n"
        "    try:\n        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n        time.sleep(60)\n"
        "raise SystemExit(guarded(Screen(OutputFlags()), run))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=shell.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "Error: interrupted\n")
