"""An apply that ends in its middle gives a true account: what is done, failed, skipped, unknown and not started.

True is what the server saw: nothing that it carried out is told as failed or not begun, nothing else as done.
"""

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.emulator.server import Emulator

HEAD = "---\napiVersion: clarifai.reconciler/v1\n"
APP = f"{HEAD}kind: App\nmetadata: {{name: shop}}\nspec: {{description: Things}}\n"
CONCEPT = HEAD + "kind: Concept\nmetadata: {name: %s}\nspec: {name: %s}\n"
PROMPTER = HEAD + "kind: Model\nmetadata: {name: %s}\nspec: {model_type_id: prompter}\n"
STRICT = (
    HEAD + "kind: Model\nmetadata: {name: %s}\n"
    "spec: {model_type_id: concept-thresholder, model_version: {output_info: {"
    "params: {concept_threshold_type: GREATER_THAN}, data: {concepts: [{id: %s, value: %s}]}}}}\n"
)
FLOW = f"{HEAD}kind: Workflow\nmetadata: {{name: flow}}\nspec: {{nodes: [{{id: n, model: {{id: strict}}}}]}}\n"

BEFORE = APP + CONCEPT % ("hat", "hat") + STRICT % ("strict", "hat", "0.5") + FLOW + PROMPTER % "old"
AFTER = APP + CONCEPT % ("hat", "hat") + CONCEPT % ("cap", "cap") + FLOW
AFTER += STRICT % ("strict", "cap", "0.9") + STRICT % ("new", "cap", "0.5")
APPLY = ("apply", "-y", "--prune", "--allow", "delete=models/old", "--parallelism", "1", "--timeout", "200ms")

Ended = dict[str, str]


@pytest.fixture
def half_way(shell: Any, emulator: Emulator) -> Callable[..., Any]:
    """Apply with something happening when an RPC arrives; the way it ended, and the same in JSON."""
    shell.write("shop.yaml", BEFORE)
    assert shell("apply", "-y").code == 0
    shell.write("shop.yaml", AFTER)
    emulator.calls.reset()
    record = emulator.calls.record

    def run(form: str, **at: Callable[[], None]) -> Any:
        def recorded(rpc: str, request: Any) -> None:
            record(rpc, request)
            at.pop(rpc, lambda: None)()

        emulator.calls.record = recorded  # type: ignore[method-assign]
        ended = shell(*APPLY, "--format", form, "--report", "json=told.json")
        return ended, json.loads((shell.folder / "told.json").read_text())

    return run


def by_object(told: Any) -> Ended:
    """The worst end of each object's steps, without our own bookkeeping."""
    worst = ["done", "skipped", "not started", "failed", "unknown"]
    ends: Ended = {}
    for step in told["steps"]:
        if step["verb"] not in ("open-inventory", "close-inventory"):
            ends[step["address"]] = max(ends.get(step["address"], "done"), step["status"], key=worst.index)
    return ends


TITLES = {
    "failed": "Failed",
    "unknown": "Unknown; may have happened",
    "skipped": "Skipped, because something before them",
    "not started": "Not started",
}


def said_in_text(out: str, ends: Ended) -> None:
    """Each object that did not get done stands beneath its heading."""
    account = out[out.index("\n\n", out.index("Plan: ")) :]
    sections = {end: account.find(title) for end, title in TITLES.items()}
    for address, end in ends.items():
        if end != "done":
            assert sections[end] >= 0, end
            section = account[sections[end] :].split("\n\n")[0]
            assert address in section, (address, end)
    assert {end for end, at in sections.items() if at >= 0} == set(ends.values()) - {"done"}


def said_in_events(out: str, ends: Ended) -> None:
    """The last word on each object; that one step failed is not unsaid by those that were skipped for it."""
    last: dict[str, Any] = {}
    lines = [json.loads(line) for line in out.splitlines()]
    for line in lines:
        if line["type"].startswith("apply_") and line["type"] not in ("apply_progress", "apply_start"):
            address = line["hook"]["resource"]["addr"]
            if address not in last or last[address]["type"] != "apply_errored":
                last[address] = line
    kinds = {"done": "apply_complete", "failed": "apply_errored", "unknown": "apply_errored"}
    for address, end in ends.items():
        assert last[address]["type"] == kinds.get(end, "apply_skipped"), (address, end)
        assert end == "done" or last[address]["hook"]["status"] == end
    assert lines[-1]["type"] == "change_summary"


def check(form: str, ended: Any, told: Any, ends: Ended, code: int) -> None:
    assert (ended.code, told["exit_code"]) == (code, code), ended.err
    assert {address: end for address, end in by_object(told).items() if address in ends} == ends
    if form == "json":
        assert ended.json == told
    elif form == "events":
        said_in_events(ended.out, ends)
    else:
        said_in_text(ended.out, ends)


FORMS = ["text", "json", "events"]


@pytest.mark.parametrize("form", FORMS)
def test_a_token_that_expires_in_the_middle(half_way: Any, emulator: Emulator, shell: Any, form: str) -> None:
    """It runs out while a version is posted, whose reply is lost: whether that one exists nobody can be asked."""

    def expire() -> None:
        emulator.faults.add("PostModelVersions", "unavailable", when="after")
        emulator.faults.add("*", code=11008, times=-1)

    ended, told = half_way(form, PostModelVersions=expire)
    ends = {
        "concepts/cap": "done",
        "models/strict": "unknown",
        "workflows/flow": "skipped",
        "models/new": "failed",
        "models/old": "not started",
    }
    check(form, ended, told, ends, 7)
    assert made(emulator) == (0, 1)
    emulator.faults.clear()
    finished(shell, emulator, models=1, versions=1)


@pytest.mark.parametrize("form", FORMS)
def test_a_step_that_fails_in_the_middle(half_way: Any, emulator: Emulator, shell: Any, form: str) -> None:
    emulator.faults.add("PostModelVersions", code=10020, details="not today")
    ended, told = half_way(form)
    ends = {
        "concepts/cap": "done",
        "models/strict": "failed",
        "workflows/flow": "skipped",
        "models/new": "done",
        "models/old": "not started",
    }
    check(form, ended, told, ends, 6)
    assert made(emulator) == (1, 1)
    finished(shell, emulator, models=0, versions=1)


@pytest.mark.parametrize("form", FORMS)
def test_an_interrupt_in_the_middle(half_way: Any, emulator: Emulator, shell: Any, form: str) -> None:
    """What is under way is finished; two interrupts are a matter of processes (tests/system)."""
    ended, told = half_way(form, PostModelVersions=lambda: os.kill(os.getpid(), signal.SIGINT))
    ends = {
        "concepts/cap": "done",
        "models/strict": "not started",  # the version is made, but nobody waited until it was ready
        "workflows/flow": "not started",
        "models/new": "not started",
        "models/old": "not started",
    }
    check(form, ended, told, ends, 130)
    assert told["interrupted"] is True
    assert made(emulator) == (0, 1)
    finished(shell, emulator, models=1, versions=1)


def made(emulator: Emulator) -> tuple[int, int]:
    """Models and versions that the server made."""
    return emulator.calls.executed["PostModels"], emulator.calls.executed["PostModelVersions"]


def finished(shell: Any, emulator: Emulator, *, models: int, versions: int) -> None:
    """The next run goes on where this one stopped: only what is missing is made, and then nothing is left to do."""
    emulator.calls.reset()
    assert shell(*APPLY).code == 0
    assert made(emulator) == (models, versions)
    assert shell("plan", "--prune", "--detailed-exitcode").code == 0
