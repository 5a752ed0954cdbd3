"""Every exit code in every output format: what a program reads is complete before a command ends, however it ends.

A row of the table is one way in which a run ends; each is run once for every format the command has, and once more with
all of them as reports.
"""

import json
import os
import re
import signal
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.address import Scope
from reconciler.core.lease import Holder
from reconciler.core.secret import Secret
from reconciler.emulator.server import Emulator
from reconciler.locking.app_leases import AppLeases
from reconciler.locking.clocks import Clocks
from reconciler.locking.lease_lock import LeaseLock
from reconciler.report.formats import FORMATS, Value
from tests.canary import CANARY

COMMANDS = Path(__file__).parents[2] / "docs" / "commands.md"
APP = "apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {name: '${APP}'}\nspec: {description: Things}\n"
MODEL = (
    "---\napiVersion: clarifai.reconciler/v1\nkind: Model\nmetadata: {name: m1}\n"
    "spec: {model_type_id: prompter, description: ours}\n"
)
SET = APP + MODEL


class Ground:
    """A folder, an emulator, and runs that each have an app of their own where they write."""

    def __init__(self, shell: Any, emulator: Emulator) -> None:
        self.shell, self.emulator, self.folder = shell, emulator, shell.folder
        self.app, self._made = "shop", 0
        self.until_the_end = ExitStack()
        self.at: dict[str, Callable[[], None]] = {}
        """What happens when an RPC arrives, before it is answered."""
        record = emulator.calls.record

        def recorded(rpc: str, request: Any) -> None:
            record(rpc, request)
            self.at.get(rpc, lambda: None)()

        emulator.calls.record = recorded  # type: ignore[method-assign]

    def client(self) -> GrpcApi:
        """Somebody else's connection."""
        channel = self.until_the_end.enter_context(open_channel(parse_base(self.emulator.base)))
        return GrpcApi(channel, ("authorization", Secret(f"Key {CANARY}")), limiter=Limiter(0))

    def run(self, *words: str) -> Any:
        return self.shell(*words, "--var", f"APP={self.app}")

    def another_app(self) -> None:
        self._made += 1
        self.app = f"shop-{self._made}"

    def apply(self) -> None:
        ended = self.run("apply", "-y")
        assert ended.code == 0, ended.err

    def fault(self, rpc: str, code: int = 10020, **more: Any) -> None:
        self.emulator.faults.add(rpc, code=code, times=-1, **more)


# ---- how a run ends


def applied(ground: Ground) -> None:
    ground.apply()


def edited(ground: Ground) -> None:
    ground.apply()
    ground.shell.write("shop.yaml", SET.replace("ours", "newer"))


def moved(ground: Ground) -> None:
    """Somebody else's edit."""
    ground.apply()
    scope, model = {"user_id": "me-local", "app_id": ground.app}, {"id": "m1", "description": "theirs"}
    ground.client().call("PatchModels", user_app_id=scope, models=[model], action="merge")


def broken(ground: Ground) -> None:
    ground.shell.write("shop.yaml", SET.replace("description", "descripton"))


def pruning(ground: Ground) -> None:
    """A model that goes, where none may go."""
    ground.apply()
    ground.shell.write("shop.yaml", APP)
    ground.shell.write("reconciler.yaml", "rails: {max_deletes: 0}\n")


def stale(ground: Ground) -> None:
    assert ground.run("plan", "--out", "plan.json").code == 0
    ground.apply()


def unreadable(ground: Ground) -> None:
    ground.fault("GetApp")


def half_read(ground: Ground) -> None:
    ground.apply()
    ground.fault("GetModelOutputInfo")


def no_app(ground: Ground) -> None:
    ground.fault("PostApps")


def no_model(ground: Ground) -> None:
    ground.shell.write("shop.yaml", SET + CONCEPT)
    ground.fault("PostModels")


CONCEPT = "---\napiVersion: clarifai.reconciler/v1\nkind: Concept\nmetadata: {name: hat}\nspec: {name: hat}\n"


def half_alike(ground: Ground) -> None:
    """An app that others made: its model is not as declared."""
    owner, scope = {"user_id": "me-local"}, {"user_id": "me-local", "app_id": ground.app}
    ground.client().call("PostApps", user_app_id=owner, apps=[{"id": ground.app, "description": "Things"}])
    model = {"id": "m1", "model_type_id": "prompter", "description": "theirs"}
    ground.client().call("PostModels", user_app_id=scope, models=[model])


def stranger(ground: Ground) -> None:
    ground.fault("*", code=11008)


def expiring(ground: Ground) -> None:
    """The token runs out when the model is posted: from then on nothing is answered any more."""
    ground.shell.write("shop.yaml", SET + CONCEPT)

    def expire() -> None:
        ground.fault("*", code=11008)

    ground.at["PostModels"] = expire


def pressed(rpc: str) -> Callable[[Ground], None]:
    """Somebody presses Ctrl-C while an RPC is under way."""

    def prepare(ground: Ground) -> None:
        ground.at[rpc] = lambda: os.kill(os.getpid(), signal.SIGINT)

    return prepare


def locked(ground: Ground) -> None:
    """Another run holds the lock of the app, until the test is over."""
    ground.apply()
    other = Holder("apply", "ci@runner-7", "0.1.0", "2026-11-24 11:00:00 UTC", "https://ci.example/runs/7")
    store = AppLeases(ground.client(), Scope("me-local", ground.app))
    lease = LeaseLock(store, other, clocks=Clocks(background=False), warn=lambda text: None)
    ground.until_the_end.enter_context(lease)


def nothing(ground: Ground) -> None:
    """An app that is not there yet."""


@dataclass(frozen=True)
class Row:
    """One way to end: the words, what the command shows when all goes well, and what it shows here."""

    code: int
    words: str
    value: Value
    told: Value
    prepare: Callable[[Ground], None]
    writes: bool = False
    reported: Value | None = None
    """What reports hold, where that is not what is shown."""

    def __str__(self) -> str:
        return f"{self.code}-{self.words.split()[0]}-{self.prepare.__name__}"


PLAN, RESULT, DRIFT, PROBLEMS, ERROR = Value.PLAN, Value.RESULT, Value.DRIFT, Value.DIAGNOSTICS, Value.ERROR
ROWS = [
    Row(0, "plan", PLAN, PLAN, applied),
    Row(0, "apply -y", RESULT, RESULT, applied),
    Row(0, "apply -y", RESULT, RESULT, nothing, writes=True),
    Row(0, "validate", PROBLEMS, PROBLEMS, nothing),
    Row(0, "drift", DRIFT, DRIFT, applied),
    Row(1, "plan", PLAN, ERROR, unreadable),
    Row(1, "apply -y", RESULT, RESULT, no_app, writes=True),
    Row(1, "drift", DRIFT, DRIFT, half_read),
    Row(1, "drift", DRIFT, ERROR, unreadable),
    Row(2, "plan --detailed-exitcode", PLAN, PLAN, edited),
    Row(2, "drift", DRIFT, DRIFT, moved),
    Row(3, "validate", PROBLEMS, PROBLEMS, broken),
    Row(3, "plan", PLAN, ERROR, broken),
    Row(3, "apply -y", RESULT, ERROR, broken),
    Row(3, "drift", DRIFT, ERROR, broken),
    Row(4, "plan --prune", PLAN, PLAN, pruning),
    Row(4, "apply -y --prune", RESULT, ERROR, pruning, reported=PLAN),
    Row(4, "adopt -y", RESULT, RESULT, half_alike, writes=True),
    Row(5, "apply plan.json", RESULT, ERROR, stale),
    Row(6, "apply -y", RESULT, RESULT, no_model, writes=True),
    Row(7, "plan", PLAN, ERROR, stranger),
    Row(7, "drift", DRIFT, ERROR, stranger),
    Row(7, "apply -y", RESULT, RESULT, expiring, writes=True),
    Row(9, "apply -y --lock app", RESULT, ERROR, locked),
    Row(130, "plan", PLAN, ERROR, pressed("GetApp")),
    Row(130, "drift", DRIFT, ERROR, pressed("GetApp")),
    Row(130, "apply -y", RESULT, RESULT, pressed("PostModels"), writes=True),
]


def test_every_exit_code_of_the_docs_has_a_row() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", COMMANDS.read_text(), re.MULTILINE)}
    assert documented == {row.code for row in ROWS} | {8}


def test_a_failed_check_is_told_in_text_alone(ground: Ground) -> None:
    """No other format has a word for a layout; asking for one is an error that a program can read."""
    ground.shell.write("shop.yaml", SET.replace("spec: {", "spec:   {"))
    ended = ground.shell("fmt", "--check")
    assert (ended.code, ended.out) == (8, "shop.yaml\n")
    ended = ground.shell("fmt", "--check", "--format", "json")
    assert ended.code == ended.json["error"]["exit_code"] == 1


# ---- what is complete


def json_lines(text: str) -> list[Any]:
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def check_json(text: str, row: Row, told: Value) -> None:
    document = json.loads(text)
    assert document["format_version"]
    if told is ERROR:
        assert document["error"]["exit_code"] == row.code
        assert document["error"]["message"]
    elif told in (RESULT, DRIFT):
        assert document["exit_code"] == row.code


def check_events(text: str, row: Row, told: Value) -> None:
    kinds = [line["type"] for line in json_lines(text)]
    assert kinds[0] == "version"
    last = {RESULT: "change_summary", PLAN: "change_summary", DRIFT: "drift_summary"}.get(told, "diagnostic")
    assert kinds[-1] == (last if row.code or told is not PROBLEMS else "version")


def check_markdown(text: str, row: Row, told: Value) -> None:
    assert text.startswith("<!-- reconciler ")
    assert text.count("<details>") == text.count("</details>")
    assert text.endswith("\n")


def check_annotations(text: str, row: Row, told: Value) -> None:
    assert all(re.match(r"::(error|warning|notice)( |::)", line) for line in text.splitlines())
    assert bool(text) or row.code in (0, 2, 130)


def check_outputs(text: str, row: Row, told: Value) -> None:
    told_as = dict(line.split("=", 1) for line in text.splitlines())
    assert told_as["exitcode"] == str(row.code)


def check_gitlab(text: str, row: Row, told: Value) -> None:
    assert set(json.loads(text)) == {"create", "update", "delete"}


def check_quality(text: str, row: Row, told: Value) -> None:
    assert isinstance(json.loads(text), list)


def check_sarif(text: str, row: Row, told: Value) -> None:
    document = json.loads(text)
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)


def check_junit(text: str, row: Row, told: Value) -> None:
    suites = ElementTree.fromstring(text)
    bad = suites.findall(".//failure") + suites.findall(".//error")
    assert bool(bad) is (row.code != 0)


def check_text(text: str, row: Row, told: Value) -> None:
    assert text.endswith("\n")


CHECKS: dict[str, Callable[[str, Row, Value], None]] = {
    "text": check_text,
    "json": check_json,
    "events": check_events,
    "markdown": check_markdown,
    "github": check_annotations,
    "github-summary": check_markdown,
    "github-outputs": check_outputs,
    "gitlab": check_gitlab,
    "codequality": check_quality,
    "sarif": check_sarif,
    "junit": check_junit,
}


# ---- the matrix


@pytest.fixture
def ground(shell: Any, emulator: Emulator) -> Iterator[Ground]:
    shell.write("shop.yaml", SET)
    ground, before = Ground(shell, emulator), signal.getsignal(signal.SIGINT)
    with ground.until_the_end:
        yield ground
    assert signal.getsignal(signal.SIGINT) is before


def each_run(ground: Ground, row: Row) -> None:
    """A run that writes leaves an app behind, and what is left of its faults is not for the next one."""
    if row.writes:
        ground.another_app()
        ground.emulator.faults.clear()
        row.prepare(ground)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_a_program_reads_is_complete(ground: Ground, row: Row) -> None:
    if not row.writes:
        row.prepare(ground)
    for name in FORMATS[row.value]:
        each_run(ground, row)
        ended = ground.run(*row.words.split(), "--format", name)
        assert ended.code == row.code, (name, ended.out, ended.err)
        assert "Traceback" not in ended.out + ended.err
        if name == "text" and row.told is ERROR:
            assert ended.err.splitlines()[-1]
        elif name in FORMATS[row.told]:
            CHECKS[name](ended.out, row, row.told)
        else:
            assert ended.out == "", name  # nothing rather than a part


@pytest.mark.parametrize("how", [[], ["--quiet"]], ids=["loud", "quiet"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_reports_are_complete(ground: Ground, row: Row, how: list[str]) -> None:
    if not row.writes:
        row.prepare(ground)
    each_run(ground, row)
    told = row.reported or row.told
    wishes = [f"--report={name}=told.{name}" for name in FORMATS[row.value]]
    ended = ground.run(*row.words.split(), *wishes, *how)
    assert ended.code == row.code, ended.err
    for name in FORMATS[row.value]:
        file = ground.folder / f"told.{name}"
        assert file.exists() is (name in FORMATS[told]), name
        if file.exists():
            CHECKS[name](file.read_text(), row, told)
