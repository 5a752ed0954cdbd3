"""SIGKILL of the emulator itself, at every commit and amid its statements: nothing that it acknowledged is lost.

The tool is its client here, since its account says which writes were acknowledged. The file is whole, and what was
not acknowledged is there wholly or not at all: else the next run would not converge.
"""

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from reconciler.client.channel import open_channel, parse_base
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.server import Emulator
from tests.reliability.account import Account, Picture, differences
from tests.reliability.fault_scenarios import SCENARIOS, Client, Ended, Scenario, run
from tests.reliability.stored import Stored

CHUNKS = 4
"""Tests that share the statements of a scenario, so that all processors have work."""
STRIDE = int(os.environ.get("KILL_STRIDE", "8"))
"""Every so manieth statement is one; KILL_STRIDE=1 takes all of them, a minute or two."""
KILLED = ("create", "change", "prune", "destroy")
STATEMENTS = ("create", "change")
Figures = Callable[[str, float], None]
ONE_POINT = os.environ.get("KILL_POINT", "")


@dataclass(frozen=True)
class Point:
    """Where the process is killed: around the commit of the n-th call of an RPC, or before the n-th statement."""

    scenario: str
    rpc: str
    nth: int
    when: str = "before"

    def __str__(self) -> str:
        return f"{self.scenario}/{self.rpc}.{self.nth}/{self.when}"

    @property
    def replay(self) -> str:
        return f"KILL_POINT={self} python -m pytest tests/reliability/test_emulator_killed.py -k one_point"

    @classmethod
    def parse(cls, text: str) -> "Point":
        scenario, call, when = text.split("/")
        rpc, _, nth = call.partition(".")
        return cls(scenario, rpc, int(nth), when)


def serve(database: str, point: Point | None, pipe: Connection) -> None:
    """The child: an emulator that kills itself at a point; it says where it listens, and at last how much it did."""
    emulator = Emulator(database, own_process=True)
    if point is not None and point.rpc != "statement":
        emulator.faults.add(point.rpc, "killed", when=point.when, skip=point.nth - 1)
    emulator.start()
    counted: list[str] = []

    def count(statement: str) -> None:
        counted.append(statement)
        if point is not None and point.rpc == "statement" and len(counted) == point.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    pipe.send(emulator.base)
    pipe.recv()
    store: Any = emulator._store
    with store._lock:
        store._connection.set_trace_callback(count)
    pipe.send("counting")
    pipe.recv()
    pipe.send((len(counted), dict(emulator.calls.counts)))
    emulator.stop(grace=0)


class Stage:
    """Scenarios on files: each is prepared once, and begins from a copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__, "reconciler.emulator.server"])
        self._intended: dict[str, tuple[Picture, int, dict[str, int]]] = {}

    def start(self, scenario: Scenario) -> Path:
        """A fresh copy of the file as it is before the scenario."""
        prepared, used = self._folder / f"{scenario.name}.db", self._folder / "used.db"
        if not prepared.exists():
            with Emulator(prepared) as emulator, _client(emulator) as client:
                scenario.before(client)
        for ending in ("", "-wal", "-shm"):
            Path(f"{used}{ending}").unlink(missing_ok=True)
        with closing(sqlite3.connect(prepared)) as source, closing(sqlite3.connect(used)) as target:
            source.backup(target)
        return used

    def reference(self, name: str) -> tuple[Picture, int, dict[str, int]]:
        """(what there is in the end, how many statements and calls of each RPC it takes) when nothing is killed."""
        if name not in self._intended:
            scenario = SCENARIOS[name]
            database = self.start(scenario)
            ended, told = self.child(database, scenario, None)
            assert ended.code == 0, ended.told
            self._intended[name] = (Picture.of(Stored.read(database)), *told)
        return self._intended[name]

    def child(self, database: Path, scenario: Scenario, point: Point | None) -> tuple[Ended, Any]:
        """Do the scenario against an emulator in a process of its own; that must die if it is to."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(str(database), point, theirs), daemon=True)
        process.start()
        theirs.close()
        base = ours.recv()
        ours.send("count")
        assert ours.recv() == "counting"
        with _client_of(base) as client:
            ended = run(client, scenario)
        told = None
        if point is None:
            ours.send("stop")
            told = ours.recv()
        elif process.is_alive() and point.rpc == "statement":
            process.kill()  # its own threads took fewer statements than last time
        process.join(10)
        assert process.exitcode == (0 if point is None else -signal.SIGKILL), "it was not killed"
        ours.close()
        return ended, told

    def points(self, name: str) -> Iterator[Point]:
        """Before and after the commit of every call that could change something."""
        for rpc, count in self.reference(name)[2].items():
            if not RPCS[rpc].reads:
                yield from (Point(name, rpc, nth, when) for nth in range(1, count + 1) for when in ("before", "after"))

    def statements(self, name: str) -> Iterator[Point]:
        """Every statement that the database is asked to carry out."""
        yield from (Point(name, "statement", nth) for nth in range(1, self.reference(name)[1] + 1))


@contextmanager
def _client_of(base: str, faults: Any = None) -> Iterator[Client]:
    channel = open_channel(parse_base(base))
    yield Client(channel, faults, moment=0.002)
    channel.close()


@contextmanager
def _client(emulator: Emulator) -> Iterator[Client]:
    with _client_of(emulator.base, emulator.faults) as client:
        yield client


def problems(stage: Stage, point: Point) -> Iterator[str]:
    """Everything that is wrong after the emulator was killed at a point."""
    scenario, intended = SCENARIOS[point.scenario], stage.reference(point.scenario)[0]
    database = stage.start(scenario)
    before = Picture.of(Stored.read(database))
    ended, _ = stage.child(database, scenario, point)
    with closing(sqlite3.connect(database)) as connection:
        (health,) = connection.execute("PRAGMA integrity_check").fetchone()
        if health != "ok":
            yield f"the file is damaged: {health}"
    if ended.result is not None:
        yield from Account(before, Picture.of(Stored.read(database)), intended, ended.result, ended.events).problems()
    with Emulator(database) as emulator, _client(emulator) as client:
        again = run(client, scenario)
        if again.code != 0:
            yield f"the next run ends with {again.code}: {again.told}"
        elif not (plan := client.plan(scenario, refresh="full").plan).summary.empty:
            yield f"the plan after it is not empty: {[(str(c.address), str(c.action)) for c in plan.changes]}"
        yield from differences(Picture.at(emulator), intended)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("killed"))


def all_of(stage: Stage, points: list[Point]) -> None:
    wrong = {point: found for point in points if (found := [*problems(stage, point)])}
    assert not wrong, "\n".join(f"{point.replay}\n    " + "\n    ".join(found) for point, found in wrong.items())


@pytest.mark.parametrize("scenario", KILLED)
def test_killed_around_a_commit_it_has_lost_nothing(stage: Stage, scenario: str, figures: Figures) -> None:
    points = [*stage.points(scenario)]
    assert len(points) >= 10
    all_of(stage, points)
    figures("commits at which the emulator was killed", len(points))


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("scenario", STATEMENTS)
def test_killed_at_a_statement_it_has_lost_nothing(stage: Stage, scenario: str, chunk: int, figures: Figures) -> None:
    points = [*stage.statements(scenario)][chunk * STRIDE :: CHUNKS * STRIDE]
    assert points
    all_of(stage, points)
    figures("statements at which the emulator was killed", len(points))


if ONE_POINT:

    def test_one_point(stage: Stage) -> None:
        all_of(stage, [Point.parse(ONE_POINT)])
