"""The display of a running apply: what the board knows, and what stays on the terminal."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.core.outcome import Event, PlanAnnounced, Status, StepFinished, StepOutcome, StepProgress, StepStarted
from reconciler.core.plan import Step, Verb
from reconciler.report.live import MOST_ROWS, Board, LiveProgress, elapsed
from tests.report.rich_plan import at, rich_plan
from tests.report.rich_result import events

ROOT = Path(__file__).parents[2]
STEPS = [Step(f"models/m{n}/create", at(f"models/m{n}"), Verb.CREATE, "create") for n in range(15)]


def board(*told: Event) -> Board:
    made = Board()
    for event in told:
        made.see(event, 100.0)
    return made


def test_a_row_for_each_step_under_way() -> None:
    made = board(StepStarted(STEPS[0]), StepStarted(STEPS[1]), StepProgress(STEPS[1], "21101 IN_PROGRESS"))
    assert made.rows(165.0) == ["models/m0: create [1m05s]", "models/m1: 21101 IN_PROGRESS [1m05s]"]


def test_a_finished_step_leaves_the_board() -> None:
    made = board(PlanAnnounced(rich_plan()), StepStarted(STEPS[0]), StepFinished(StepOutcome(STEPS[0], Status.DONE)))
    assert made.rows(101.0) == []
    assert (made.done, made.total) == (1, 11)


def test_only_so_many_rows() -> None:
    rows = board(*map(StepStarted, STEPS)).rows(100.0)
    assert len(rows) == MOST_ROWS + 1
    assert rows[-1] == "and 5 more"


def test_a_message_cannot_paint_the_terminal() -> None:
    (row,) = board(StepProgress(STEPS[0], "\x1b[2J\nx")).rows(100.0)
    assert row == "models/m0: \\u001b[2J\\nx [0s]"


@pytest.mark.parametrize(("seconds", "text"), [(-1, "0s"), (59.9, "59s"), (60, "1m00s"), (3725, "1h02m")])
def test_elapsed(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text


def test_the_ends_of_all_steps_stay_on_the_terminal() -> None:
    out = io.StringIO()
    with LiveProgress(out, color=False) as live:
        live.event(PlanAnnounced(rich_plan()))
        for event in events():
            live.event(event)
        live.notice("Interrupt received.")
        live.event(StepStarted(STEPS[0]))
        live.event(StepFinished(StepOutcome(STEPS[0], Status.DONE)))
    text = out.getvalue()
    assert "models/strict: new version [0.1s]\n" in text
    assert "workflows/old: delete not started: deletes were held back because a step failed\n" in text
    assert "Interrupt received." in text
    assert "of 11 steps" in text
    assert text.rstrip().endswith("\x1b[2K"), "the bar is wiped away"


def test_it_may_draw_on_standard_output_itself(capsys: pytest.CaptureFixture[str]) -> None:
    class Canvas:
        def write(self, text: str) -> int:
            return sys.stdout.write(text)

        def flush(self) -> None:
            sys.stdout.flush()

    with LiveProgress(Canvas(), color=False) as live:
        live.event(StepStarted(STEPS[0]))
        live.event(StepFinished(StepOutcome(STEPS[0], Status.DONE)))
    assert "models/m0: created [0.0s]\n" in capsys.readouterr().out


def test_rich_is_loaded_only_for_a_terminal() -> None:
    code = "import sys, reconciler.report.live, reconciler.report.formats; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT, text=True)
    assert not {"rich", "grpc", "google.protobuf", "pydantic"} & set(done.stdout.split())
