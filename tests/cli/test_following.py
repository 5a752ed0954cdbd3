"""Reports beside the output, events while an apply runs, and when a terminal is drawn on."""

import io
import json
import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from reconciler.cli.following import following
from reconciler.cli.options import OutputFlags
from reconciler.cli.screen import Screen
from reconciler.core.outcome import PlanAnnounced, Status, StepFinished, StepOutcome, StepStarted
from tests.report.rich_plan import rich_plan


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_plan_is_reported_in_every_form_that_was_asked_for(shell: Any, emulator: Any) -> None:
    shell.manifests("cat")
    words = [f"--report={word}" for word in ("md=plan.md", "json=plan.json", "gitlab=gl.json", "outputs=out")]
    ran = shell("plan", "--detailed-exitcode", *words)
    assert ran.code == 2
    assert "Plan: 2 to add" in ran.out
    assert "### Plan: 2 to add, 0 to change, 0 to destroy." in (shell.folder / "plan.md").read_text()
    assert json.loads((shell.folder / "plan.json").read_text())["summary"]["add"] == 2
    assert json.loads((shell.folder / "gl.json").read_text()) == {"create": 2, "update": 0, "delete": 0}
    assert "exitcode=2\n" in (shell.folder / "out").read_text()


def test_an_apply_reports_its_result(shell: Any, emulator: Any) -> None:
    shell.manifests("cat")
    ran = shell("apply", "--auto-approve", "--quiet", "--report", "markdown=result.md")
    assert ran.code == 0
    assert "### Apply complete! Resources: 2 added" in (shell.folder / "result.md").read_text()


def test_problems_of_the_manifests_are_reported_in_place_of_a_plan(shell: Any, emulator: Any) -> None:
    shell.write("bad.yaml", "kind: Concept\n")
    ran = shell("plan", "--report", "sarif=found.sarif", "--report", "markdown=plan.md")
    assert ran.code == 3
    assert json.loads((shell.folder / "found.sarif").read_text())["runs"][0]["results"]
    assert "**error**" in (shell.folder / "plan.md").read_text()


def test_a_quiet_validate_reports_all_the_same(shell: Any) -> None:
    shell.manifests("cat")
    ran = shell("validate", "--quiet", "--report", "codequality=cq.json")
    assert (ran.code, ran.out) == (0, "")
    assert json.loads((shell.folder / "cq.json").read_text()) == []


def test_drift_that_could_not_be_looked_for_is_no_passed_test(shell: Any) -> None:
    shell.manifests("cat")
    ran = shell("drift", "--report", "junit=drift.xml")
    assert ran.code != 0
    root = ElementTree.parse(shell.folder / "drift.xml").getroot()
    assert root.attrib["errors"] == "1"


@pytest.mark.parametrize("word", ["junit=x.xml", "markdown", "nonsense=x"])
def test_a_report_that_cannot_be_made_is_refused_at_once(shell: Any, word: str) -> None:
    shell.manifests("cat")
    ran = shell("plan", "--report", word)
    assert ran.code == 1
    assert f"--report {word}" in ran.err


def test_a_report_that_is_lost_is_an_error_of_the_run(shell: Any) -> None:
    shell.manifests("cat")
    (shell.folder / "full").symlink_to("/dev/full")
    ran = shell("validate", "--report", "json=full")
    assert ran.code == 1
    assert "the output could not be written: full: No space left on device" in ran.err


@pytest.mark.parametrize("format_", ["events", "jsonl"])
def test_an_apply_streams_its_events(shell: Any, emulator: Any, format_: str) -> None:
    shell.manifests("cat")
    ran = shell("apply", "--auto-approve", "--format", format_)
    types = [json.loads(line)["type"] for line in ran.out.splitlines()]
    assert ran.code == 0
    assert types[0] == "version"
    assert types[-1] == "change_summary"
    assert types.count("apply_start") == types.count("apply_complete") == 2
    assert types.count("version") == 1


def test_an_error_is_told_in_the_form_asked_for(shell: Any) -> None:
    shell.write("bad.yaml", "kind: Concept\n")
    ran = shell("plan", "--format", "github")
    assert ran.code == 3
    assert ran.out.startswith("::error ")


# ---- a terminal


@pytest.mark.parametrize(
    ("environ", "flags", "drawn"),
    [
        ({}, {}, True),
        ({"CI": "1"}, {}, False),
        ({"TERM": "dumb"}, {}, False),
        ({}, {"quiet": True}, False),
        ({}, {"format": "json"}, False),
    ],
)
def test_when_a_terminal_is_drawn_on(
    environ: dict[str, str], flags: dict[str, Any], drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Tty()
    monkeypatch.setattr(sys, "stdout", terminal)
    screen, plan = Screen(OutputFlags(**flags), environ), rich_plan()
    with following(screen) as emit:
        assert (screen.display is not None) is drawn
        emit(PlanAnnounced(plan))
        emit(StepStarted(plan.steps[1]))
        emit(StepFinished(StepOutcome(plan.steps[1], Status.DONE)))
    assert screen.display is None
    assert ("\x1b[?25h" in terminal.getvalue()) is drawn


def test_an_interrupt_is_told_on_the_display(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Tty()
    monkeypatch.setattr(sys, "stdout", terminal)
    screen = Screen(OutputFlags(), {})
    with following(screen) as emit:
        screen.say_now("Interrupt received.")
        emit(PlanAnnounced(rich_plan()))
    assert "Interrupt received." in terminal.getvalue()


def test_a_terminal_that_goes_away_does_not_end_an_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Tty):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

        def fileno(self) -> int:
            return 99_999

    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr("reconciler.cli.screen.silence", lambda stream: None)
    screen = Screen(OutputFlags(), {})
    with following(screen) as emit:
        emit(PlanAnnounced(rich_plan()))
    assert screen.lost == "Input/output error"
