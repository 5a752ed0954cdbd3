"""Every RPC that the tool uses meets every fault that can strike it.

What is right follows from the table of what a call's end means (`client/retry.py`), not from what the code does:

- A fault that passes is survived. A read is repeated. A write that was refused as too much is repeated. A write whose
  end is not known is looked into, and sent again only if it is not there. A request that the network delivered twice
  is one request: what is refused the second time is looked at, and is ours. So the run ends as without the fault.
- The hourly limit (11003) is not waited for: the run fails, and says truly how far it came.
- A fault that does not pass may leave anything undone; whatever the run says of it is true.
- A read that is behind the writes, and a page without its tail, look like another app. A run may refuse to go on
  (what it sees is not what it planned or sent), but may do nothing that the next run does not find and finish.

In every cell: the account is true and nothing was deleted in a run in which something failed (`account`); with the
fault gone the next run ends all right, the plan after it is empty, everything is there once and nothing is anybody's
orphan; and what has no id of its own was made once. Only a version whose *request* was delivered twice may be there
twice.
"""

import json
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reconciler.emulator.faults import Fault, can_strike
from reconciler.emulator.rpcs import RPCS
from tests.reliability.account import Account, Picture, differences
from tests.reliability.fault_scenarios import IMPATIENT, PATIENT, SCENARIOS, Ended, Scenario, Service, run
from tests.reliability.zygote import Zygote

FAULTS = {
    "throttled": Fault(code=11005),
    "hourly limit": Fault(code=11003),
    "unavailable, not done": Fault(effect="unavailable"),
    "unavailable, done": Fault(effect="unavailable", when="after"),
    "deadline, not done": Fault(effect="deadline"),
    "deadline, done": Fault(effect="deadline", when="after"),
    "internal, not done": Fault(effect="internal"),
    "internal, done": Fault(effect="internal", when="after"),
    "unknown, done": Fault(effect="unknown", when="after"),
    "cancelled, not done": Fault(effect="cancelled"),
    "exhausted": Fault(effect="exhausted"),
    "maybe, not done": Fault(code=40015),
    "maybe, done": Fault(code=99009, when="after"),
    "slow": Fault(effect="slow", seconds=0.01),
    "hang, not done": Fault(effect="hang"),
    "hang, done": Fault(effect="hang", when="after"),
    "lost": Fault(effect="lost"),
    "late": Fault(effect="late"),
    "delivered twice": Fault(effect="duplicate"),
    "sent again": Fault(effect="resent"),
    "half a batch": Fault(effect="mixed"),
    "all of a batch, and said mixed": Fault(effect="mixed", keep=1000),
    "stale": Fault(effect="stale"),
    "very stale": Fault(effect="stale", writes=5),
    "short page": Fault(effect="truncated"),
    "empty page": Fault(effect="truncated", keep=0),
    "reset, not done": Fault(effect="reset"),
    "reset, done": Fault(effect="reset", when="after"),
    "goaway": Fault(effect="goaway", seconds=5.0),
}
SLOW = {name for name, fault in FAULTS.items() if fault.effect in ("hang", "lost", "late")}
"""Those that a client sees only by its own deadline."""
DECEPTIVE = {"stale", "truncated"}
"""Effects that look like another app."""
LASTING = {"throttled", "unavailable, not done", "unavailable, done", "internal, done", "maybe, not done"}
"""Faults that a write also meets each time, until the run has ended."""
READ_IN = ("create", "change", "drift")
"""The scenarios in which every read is struck, also those that an earlier one has."""
WRITES_ONLY = {
    "unavailable, done", "deadline, not done", "internal, done", "unknown, done", "maybe, done", "hang, done", "late",
    "sent again", "reset, not done",
}  # fmt: skip
"""Faults that are to a read what another one is: nothing is done by it."""
WHOLE_GRID = os.environ.get("FAULT_GRID") == "whole"
Figures = Callable[[str, float], None]
ONE_CELL = os.environ.get("FAULT_CELL", "")


@dataclass(frozen=True)
class Cell:
    """The n-th call of an RPC in a scenario meets a fault: once, or from then on."""

    scenario: str
    rpc: str
    nth: int
    fault: str
    lasting: bool = False

    def __str__(self) -> str:
        return f"{self.scenario}/{self.rpc}.{self.nth}/{self.fault}{'/lasting' * self.lasting}"

    @property
    def order(self) -> Fault:
        return replace(FAULTS[self.fault], rpc=self.rpc, skip=self.nth - 1, times=-1 if self.lasting else 1)

    @property
    def replay(self) -> str:
        return f"FAULT_CELL='{self}' python -m pytest tests/reliability/test_fault_matrix.py -k one_cell"

    @classmethod
    def parse(cls, text: str) -> "Cell":
        scenario, call, fault, *lasting = text.split("/")
        rpc, _, nth = call.partition(".")
        return cls(scenario, rpc, int(nth), fault, bool(lasting))


@dataclass(frozen=True)
class Reference:
    """A scenario without a fault."""

    ended: Ended
    calls: Counter[str]
    end: Picture
    made: Counter[tuple[str, str]]


class Matrix:
    """Two services, one of them behind a relay that can break connections, and the references."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._services: dict[bool, Service] = {}
        self._references: dict[tuple[str, bool], Reference] = {}

    def service(self, *, connection_faults: bool = False) -> Service:
        if connection_faults not in self._services:
            self._services[connection_faults] = Service(self._folder, connection_faults=connection_faults)
        return self._services[connection_faults]

    def reference(self, name: str, *, connection_faults: bool = False) -> Reference:
        at = name, connection_faults
        if at not in self._references:
            service = self.service(connection_faults=connection_faults)
            with service.stage(SCENARIOS[name]) as emulator:
                ended = run(service.client(), SCENARIOS[name])
                assert ended.code == SCENARIOS[name].code, ended
                calls = emulator.calls.counts
                self._references[at] = Reference(ended, calls, service.picture(), service.made)
        return self._references[at]

    def cells(self, name: str, fault: str) -> Iterator[Cell]:
        """The first and the last call of each RPC; a write also meets some faults that do not pass.

        Unless the whole grid is asked for, what costs a deadline is done once for each RPC, a scenario after the first
        one that has an RPC strikes only its last call, by a third of the faults, and reads are not struck in every
        scenario, nor by everything.
        """
        for rpc, count in self.reference(name).calls.items():
            if not can_strike(FAULTS[fault].effect, RPCS[rpc]):
                continue
            again = any(rpc in self.reference(other).calls for other in _before(name))
            seldom = fault in SLOW or (RPCS[rpc].reads and name not in READ_IN)
            if not WHOLE_GRID and ((again and seldom) or (RPCS[rpc].reads and fault in WRITES_ONLY)):
                continue
            if not WHOLE_GRID and again and not _drawn(name, rpc, fault):
                continue
            places = sorted({1, count})
            if not WHOLE_GRID and fault in SLOW:
                places = places[:1]
            elif not WHOLE_GRID and again:
                places = places[-1:]
            yield from (Cell(name, rpc, nth, fault) for nth in places)
            if fault in LASTING and not RPCS[rpc].reads:
                yield Cell(name, rpc, 1, fault, lasting=True)

    def close(self) -> None:
        for service in self._services.values():
            service.close()


def _drawn(*cell: str) -> bool:
    """A third of all cells, always the same ones."""
    return zlib.crc32("/".join(cell).encode()) % 3 == 0


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    made = Matrix(tmp_path_factory.mktemp("faults"))
    yield made
    made.close()


def problems(matrix: Matrix, cell: Cell) -> list[str] | None:
    """Everything that is wrong in a cell; None if its fault struck nothing."""
    scenario, relayed = SCENARIOS[cell.scenario], cell.order.effect in ("reset", "goaway")
    service = matrix.service(connection_faults=relayed)
    reference = matrix.reference(cell.scenario, connection_faults=relayed)
    with service.stage(scenario) as emulator:
        before = service.picture()
        emulator.faults.order(cell.order)
        ended = run(service.client(IMPATIENT if cell.fault in SLOW else PATIENT), scenario)
        emulator.faults.settle()
        if not emulator.faults.journal:
            return None
        emulator.faults.clear()
        found = [*_ended_wrong(cell, ended, reference)]
        if ended.result is not None:
            after = service.picture()
            found += Account(before, after, reference.end, ended.result, ended.events).problems()
        return [*found, *_not_mended(service, scenario, reference, cell, ended)]


def _ended_wrong(cell: Cell, ended: Ended, reference: Reference) -> Iterator[str]:
    """The code, and for a run that only reads what it says, against the run without a fault."""
    if cell.order.effect in DECEPTIVE:
        return
    if cell.lasting:
        return  # what never gets an answer may have been done all the same, and be found done: the account tells
    if cell.fault == "hourly limit":
        if ended.code == reference.ended.code:
            yield f"ends as if nothing had been: {ended.code}"
    elif ended.code != reference.ended.code:
        yield f"ends with {ended.code} and not {reference.ended.code}: {ended.told}"
    elif str(ended.said) != str(reference.ended.said):
        yield f"says {ended.said} and not {reference.ended.said}"


def _not_mended(service: Service, scenario: Scenario, reference: Reference, cell: Cell, ended: Ended) -> Iterator[str]:
    """The fault is gone: what said that it succeeded has, and what did not succeed does now."""
    client = service.client()
    trusted = scenario.writes and ended.code == 0 and cell.order.effect not in DECEPTIVE
    again = ended if trusted else run(client, scenario)
    if again.code != reference.ended.code:
        yield f"the next run ends with {again.code} and not {reference.ended.code}: {again.told}"
    elif scenario.writes:
        plan = client.plan(scenario, refresh="full").plan
        if not plan.summary.empty:
            yield f"the plan after it is not empty: {[(str(c.address), str(c.action)) for c in plan.changes]}"
        twice = cell.order.effect in ("duplicate", "resent") and cell.rpc == "PostModelVersions"
        yield from differences(service.picture(), reference.end, extra=int(twice))
        made = service.made - reference.made
        if made and not (twice and made.total() == 1):
            yield f"made more than once: {dict(made)}"


def _before(name: str) -> list[str]:
    names = list(SCENARIOS)
    return names[: names.index(name)]


def test_the_grid_is_as_large_as_it_says(matrix: Matrix, figures: Figures) -> None:
    cells = [cell for name in SCENARIOS for fault in FAULTS for cell in matrix.cells(name, fault)]
    met = {rpc: {cell.fault for cell in cells if cell.rpc == rpc} for rpc in {cell.rpc for cell in cells}}
    assert len(met) >= 20
    assert min(map(len, met.values())) >= 12
    assert len({(cell.rpc, cell.fault) for cell in cells}) >= 240
    figures("RPCs that meet faults", len(met))
    figures("pairs of RPC and fault", len({(cell.rpc, cell.fault) for cell in cells}))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_fault_at_every_call(matrix: Matrix, scenario: str, fault: str, figures: Figures) -> None:
    ended = {cell: problems(matrix, cell) for cell in matrix.cells(scenario, fault)}
    wrong = {cell: found for cell, found in ended.items() if found}
    assert not wrong, "\n".join(f"{cell.replay}\n    " + "\n    ".join(found) for cell, found in wrong.items())
    figures("faults that struck", sum(found is not None for found in ended.values()))


@pytest.mark.parametrize(
    ("command", "fault", "code"),
    [
        ("apply", Fault("PostModels", code=11005), 0),
        ("apply", Fault("PostModelVersions", "unavailable", when="after"), 0),
        ("apply", Fault("PatchApps", "internal", when="after"), 0),
        ("apply", Fault("GetApp", "cancelled"), 0),
        ("apply", Fault("PostApps", code=11003), 1),
        ("apply", Fault("PostWorkflows", code=11003), 6),
        ("apply", Fault("GetModelOutputInfo", code=11003, times=-1), 6),
        ("apply", Fault("PatchApps", code=11008, times=-1), 7),
        ("apply", Fault("GetUser", code=11003), 1),
        ("plan", Fault("GetModel", code=11003), 1),
        ("drift", Fault("ListModels", "unavailable", times=2), 0),
        ("drift", Fault("ListModels", code=11003), 1),
        ("destroy", Fault("DeleteWorkflows", code=11003), 6),
        ("destroy", Fault("DeleteModels", "deadline", when="after"), 0),
    ],
    ids=str,
)
def test_the_command_line_ends_with_a_code_for_it(
    matrix: Matrix, zygote: Zygote, tmp_path: Path, command: str, fault: Fault, code: int
) -> None:
    service, scenario = matrix.service(), SCENARIOS["create" if command in ("apply", "plan") else "export"]
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "shop.yaml").write_text("\n---\n".join(map(json.dumps, scenario.manifests)))
    approve = ["--auto-approve"] if command in ("apply", "destroy") else []
    environ = {"CLARIFAI_API_BASE": service.emulator.base, "CLARIFAI_PAT": "any", "CLARIFAI_USER_ID": "me-local"}
    with service.stage(scenario) as emulator:
        emulator.faults.order(fault)
        words = (command, "shop.yaml", *approve, "--timeout", "1s", "--rps", "0")
        ended = zygote.run(*words, folder=tmp_path / "work", environ=environ).ended
        assert emulator.faults.journal
    assert ended.code == code, ended.out + ended.err


if ONE_CELL:

    def test_one_cell(matrix: Matrix) -> None:
        found = problems(matrix, Cell.parse(ONE_CELL))
        assert found is not None, "the fault struck nothing"
        assert not found, "\n".join(found)
