"""`emulator fault …` against the interface of a running emulator."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.cli.fault import request
from reconciler.core.diagnostics import ReconcilerError
from reconciler.emulator.faults import Fault
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.server import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(admin_port=0) as running:
        yield running


@pytest.fixture
def fault(shell: Any, emulator: Emulator) -> Any:
    """Type `reconciler emulator fault …` at the running emulator."""
    assert emulator.admin is not None
    port = emulator.admin.rpartition(":")[2]
    return lambda *words: shell("emulator", "fault", *words, "--admin-port", port)


def test_a_fault_is_ordered_and_taken_back(fault: Any, emulator: Emulator) -> None:
    ended = fault("add", "Post*", "unavailable", "when=after", "times=-1", "skip=2")
    assert ended.code == 0
    assert emulator.faults.ordered == [Fault("Post*", "unavailable", when="after", times=-1, skip=2)]
    assert json.loads(fault("list").out) == json.loads(ended.out)
    assert fault("clear").code == 0
    assert emulator.faults.ordered == []


def test_a_storm_and_its_journal(fault: Any, emulator: Emulator) -> None:
    assert fault("storm", "seed=4", "rate=1", "kinds=reply,unavailable", "rpcs=Get*").code == 0
    emulator.faults.arrived(RPCS["GetApp"], older=False)
    storm = emulator.faults.blowing
    assert storm is not None
    assert {each.effect for each in storm.faults} == {"reply", "unavailable"}
    line = fault("journal").out.strip()
    assert line == emulator.faults.recipe
    assert fault("replay", line).code == 0
    emulator.faults.arrived(RPCS["GetApp"], older=False)
    assert emulator.faults.recipe == line


def test_calls_are_counted(fault: Any) -> None:
    assert json.loads(fault("calls").out) == {"arrived": {}, "executed": {}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "PostModel", "unavailable"], "did you mean 'PostModels'?"),
        (["add", "PostModels", "unavailable", "times"], "not of the form NAME=VALUE: times"),
        (["add", "PostModels", "killed", "skip=-1"], "skip=-1 makes no sense"),
        (["add", "PostModels"], "unknown words: fault add PostModels"),
        (["storm", "seed=1"], "rate is missing"),
        (["replay", "{"], "that is no journal"),
        ([], "unknown words: fault"),
    ],
)
def test_wrong_words_are_said_and_set_nothing(fault: Any, emulator: Emulator, words: list[str], said: str) -> None:
    ended = fault(*words)
    assert ended.code == 1
    assert said in ended.err
    assert emulator.faults.ordered == []


def test_an_emulator_that_does_not_answer(shell: Any, emulator: Emulator) -> None:
    assert emulator.admin is not None
    port = emulator.admin.rpartition(":")[2]
    emulator.stop()
    ended = shell("emulator", "fault", "list", "--admin-port", port)
    assert ended.code == 1
    assert f"reconciler emulator --admin-port {port}" in ended.err


def test_numbers_are_numbers() -> None:
    _, _, body = request(["add", "*", "slow", "seconds=0.5", "times=3", "details=a b=c"])
    assert body == {"rpc": "*", "effect": "slow", "seconds": 0.5, "times": 3, "details": "a b=c"}
    with pytest.raises(ReconcilerError):
        request(["list", "more"])
