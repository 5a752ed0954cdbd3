"""SIGKILL of the tool at every call it makes: the next run finishes the work, and nothing is there twice or half.

Points are found by a run that is not killed, so a new call is covered by itself. A write is killed before the server
did it and after; a read, which leaves nothing behind, once. A point that fails says how to see it alone.
"""

import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import grpc
import pytest

from reconciler.emulator.faults import Interrupt
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.server import Emulator
from tests.canary import CANARY
from tests.conftest import World
from tests.reliability.crash_scenarios import SCENARIOS, Scenario
from tests.reliability.stored import Stored
from tests.reliability.zygote import Ended, Run, Zygote

CHUNKS = 4
"""Tests that share the points of a scenario, so that all processors have work."""
AT_LEAST = 150
MADE_ONCE = (
    "PostApps", "PostConcepts", "PostConceptRelations", "PostInputs", "PostModels", "PostModelVersions",
    "PostWorkflows",
)  # fmt: skip
READY = {21100, 30000}
ONE_POINT = os.environ.get("CRASH_POINT", "")


@dataclass(frozen=True)
class Point:
    """The n-th call of an RPC (`any`: of whichever) in a scenario, before or after the server did it."""

    scenario: str
    rpc: str
    nth: int
    when: str

    def __str__(self) -> str:
        return f"{self.scenario}/{self.rpc}.{self.nth}/{self.when}"

    @property
    def replay(self) -> str:
        """The command that runs this point alone."""
        test = "in_flight" if self.rpc == "any" else "killed_anywhere"
        return f"CRASH_POINT={self} python -m pytest tests/reliability/test_crash_matrix.py -k {test}"


class Watch:
    """A hook of the emulator: remembers what arrived and what was made, and kills a run at a point."""

    def __init__(self, settle: Callable[[], None], point: Point | None = None) -> None:
        self.settle, self.point = settle, point
        self.run: Future[Run] = Future()
        self.arrived: list[str] = []
        self.made: Counter[tuple[str, str]] = Counter()
        self.killed = False
        self._lock = threading.Lock()

    def before(self, rpc: str, request: Any, gone: threading.Event) -> None:
        with self._lock:
            self.arrived.append(rpc)
            late = self.killed
        if late:
            raise Interrupt(grpc.StatusCode.CANCELLED, "the caller is dead")
        if self._struck(rpc, "before"):
            self._kill()
            raise Interrupt(grpc.StatusCode.CANCELLED, "the caller is dead")

    def after(self, rpc: str, request: Any, reply: Any, gone: threading.Event) -> None:
        if rpc in MADE_ONCE:
            with self._lock:
                self.made.update((rpc, name) for name in _made(request))
        if self._struck(rpc, "after"):
            self._kill()
        elif rpc == "PostInputs":
            self.settle()  # else how often the tool looks until they are processed would be a matter of luck

    def _struck(self, rpc: str, when: str) -> bool:
        at = self.point
        with self._lock:
            if at is None or self.killed or at.when != when:
                return False
            if at.rpc == "any":  # by the time that one of many calls is done, others have arrived
                self.killed = len(self.arrived) >= at.nth
            else:
                self.killed = at.rpc == rpc and self.arrived.count(rpc) == at.nth
            return self.killed

    def _kill(self) -> None:
        run = self.run.result(timeout=30)
        run.kill()
        assert run.ended.code == -signal.SIGKILL


def _made(request: Any) -> Iterator[str]:
    """What a request of `MADE_ONCE` makes: the ids, the model of a version, the ends of a relation."""
    for field, value in request.ListFields():
        if field.name == "model_versions":
            yield request.model_id
        elif field.name == "concept_relations":
            yield from (f"{r.subject_concept.id} {r.predicate} {r.object_concept.id}" for r in value)
        elif field.name in ("apps", "concepts", "inputs", "models", "workflows"):
            yield from (item.id for item in value)


class Stage:
    """One scenario, set up anew for each point from a copy of its prepared database."""

    def __init__(self, scenario: Scenario, zygote: Zygote, folder: Path) -> None:
        self.scenario, self._zygote, self._folder = scenario, zygote, folder
        self._prepared, self._database = folder / "prepared.db", folder / "emulator.db"
        self._work = folder / "work"
        self._work.mkdir()
        scenario.prepare(self._prepared)
        self.points = list(self._discover())

    def __enter__(self) -> "Stage":
        for leftover in self._folder.glob("emulator.db*"):
            leftover.unlink()
        shutil.copyfile(self._prepared, self._database)
        self.emulator = Emulator(self._database).start()
        self.world = World(self.emulator, self._folder)
        self.world.enter(self.scenario.app)
        self.start = self.stored()
        return self

    def __exit__(self, *_: Any) -> None:
        self.emulator.stop(grace=0)

    def run(self, watch: Watch, parallelism: int = 1) -> Ended:
        """One run of the command, watched; with one call after the other a number names a call."""
        self.emulator.hooks.append(watch)
        environ = {"CLARIFAI_API_BASE": self.emulator.base, "CLARIFAI_PAT": CANARY, "CLARIFAI_USER_ID": "me-local"}
        words = (*self.scenario.words(self._folder), "--parallelism", str(parallelism))
        run = self._zygote.run(*words, folder=self._work, environ=environ)
        watch.run.set_result(run)
        ended = run.ended
        self.emulator.hooks.remove(watch)
        return ended

    def watch(self, point: Point | None = None) -> Watch:
        """A fresh pair of eyes for one run."""
        return Watch(self._settle, point)

    def stored(self) -> Stored:
        """What the server has at this moment."""
        return Stored.read(self._database)

    def _settle(self) -> None:
        while self.stored().processing:
            time.sleep(0.001)

    def _discover(self) -> Iterator[Point]:
        with self:
            watch = self.watch()
            ended = self.run(watch)
            assert ended.code == 0, ended.out + ended.err
            self.finished()
            assert self.scenario.shared is bool(self.stored().text(self.scenario.app, "theirs"))
        seen: Counter[str] = Counter()
        for rpc in watch.arrived:
            seen[rpc] += 1
            for when in ("before",) if RPCS[rpc].reads else ("before", "after"):
                yield Point(self.scenario.name, rpc, seen[rpc], when)

    # -- judging

    @cached_property
    def desired(self) -> Any:
        return self.world.desired(self.scenario.place(self._folder))

    @property
    def wanted(self) -> set[str]:
        """The addresses that are to be there in the end."""
        resources = () if self.scenario.command == "destroy" else self.desired.resources
        return {str(address) for address in resources if address.kind != "apps"}

    def no_orphan(self) -> None:
        """At any moment all that is there is listed by its owner, and all that is listed as done is there."""
        stored, app = self.stored(), self.scenario.app
        there, listed = set(stored.addresses(app)), stored.inventory(app)
        assert {one for one in there if not self._forgotten(one)} <= set(listed), "an orphan"
        assert {name for name, pending in listed.items() if not pending} <= there, "listed as done, but not there"

    def _forgotten(self, address: str) -> bool:
        """Concepts cannot be deleted: what is no longer declared stays, and is nobody's."""
        return self.scenario.before is not None and address.startswith("concepts/") and address not in self.wanted

    def finished(self) -> None:
        """The end that was wanted: nothing left to do, nothing half made, nothing twice, the inventory true."""
        for refresh in "stamp", "full":
            planned = self.world.plan(self.desired, refresh=refresh, **self.scenario.options)
            assert planned.plan.summary.empty, self.world.actions(planned)
        stored, app = self.stored(), self.scenario.app
        there = stored.addresses(app)
        assert len(there) == len(set(there)), "a duplicate"
        names = [row.name for row in stored.of(app, "concept")]
        assert len(names) == len(set(names)), "two concepts of one name"
        assert {one for one in there if not self._forgotten(one)} == self.wanted
        assert stored.inventory(app) == dict.fromkeys(self.wanted, False)
        self._versions(stored.versions(app))
        assert {row.parent for row in stored.of(app, "workflow_version")} == {
            row.id for row in stored.of(app, "workflow")
        }
        assert not stored.processing
        assert {row.message.status.code for row in stored.of(app, "input")} <= READY

    def _versions(self, versions: Mapping[str, list[tuple[str, int]]]) -> None:
        for model, found in versions.items():
            marks = Counter(mark for mark, _ in found)
            assert "" not in marks, f"a version of {model} is not ours"
            assert set(marks.values()) == {1}, f"two versions of {model} with one mark"
            assert {status for _, status in found} <= READY
        assert {model: len(found) for model, found in versions.items()} == self.scenario.versions


# ---- the tests


@pytest.fixture(scope="module")
def stages(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Scenarios by name, each prepared once."""
    ready: dict[str, Stage] = {}

    def stage(name: str) -> Stage:
        if name not in ready:
            ready[name] = Stage(SCENARIOS[name], zygote, tmp_path_factory.mktemp(name))
        return ready[name]

    return stage


def kill_and_run_again(stage: Stage, point: Point, parallelism: int = 1) -> None:
    with stage:
        killed, finishing = stage.watch(point), stage.watch()
        stage.run(killed, parallelism)
        assert killed.killed, f"{point} never came"
        if stage.stored() == stage.start:
            return  # all is as it was before the run that `_discover` let come to its end
        if stage.stored().app(stage.scenario.app):
            stage.no_orphan()
        ended = stage.run(finishing, parallelism)
        assert ended.code == 0, ended.out + ended.err
        stage.finished()
        twice = {made: n for made, n in (killed.made + finishing.made).items() if n > 1}
        assert not twice, "executed twice"
        assert stage.stored().others(stage.scenario.app) == stage.start.others(stage.scenario.app), "not ours, touched"


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_killed_anywhere_is_finished_by_the_next(stages: Any, name: str, chunk: int, subtests: Any) -> None:
    stage = stages(name)
    for point in stage.points[chunk::CHUNKS]:
        if ONE_POINT in ("", str(point)):
            with subtests.test(msg=point.replay):
                kill_and_run_again(stage, point)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["create-everything", "change", "destroy"])
def test_with_many_calls_in_flight_as_well(stages: Any, name: str, when: str, subtests: Any) -> None:
    stage = stages(name)
    calls = len({(point.rpc, point.nth) for point in stage.points})
    for nth in range(calls // 3, calls - 2, 6):
        point = Point(name, "any", nth, when)
        if ONE_POINT in ("", str(point)):
            with subtests.test(msg=point.replay):
                kill_and_run_again(stage, point, parallelism=10)


def test_the_points_are_as_many_as_we_promise(stages: Any, figures: Any) -> None:
    points = [point for name in SCENARIOS for point in stages(name).points]
    assert len(points) == len(set(points)) >= AT_LEAST
    kinds = Counter(point.scenario for point in points)
    assert min(kinds.values()) >= 10
    figures("crash points", len(points))
