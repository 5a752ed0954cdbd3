"""SIGKILL while files are written: what was there stays whole until the new one is."""

import json
import re
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.canary import CANARY
from tests.conftest import World
from tests.reliability.crash_scenarios import everything
from tests.reliability.zygote import Ended, Zygote

WALKTHROUGH = str(Path(__file__).parents[2] / "manifests" / "auto-annotation")


@pytest.fixture
def tool(zygote: Zygote, tmp_path: Path) -> Callable[..., Ended]:
    """Runs `reconciler` in a folder of its own."""
    (tmp_path / "work").mkdir()

    def run(*words: str, before: tuple[Any, ...] | None = None, **environ: str) -> Ended:
        return zygote.run(*words, folder=tmp_path / "work", environ=environ, before=before).ended

    return run


# ---- plans, reports, memories


@pytest.fixture
def service(worlds: Any, tmp_path: Path) -> dict[str, str]:
    """An app with something of everything, from which an edit and a drift lead away; how it is reached."""
    world: World = worlds()
    world.enter("shop")
    world.apply(*everything())
    world.ask("PatchModels", models=[{"id": "plain", "description": "moved"}], action="merge")
    (tmp_path / "set.yaml").write_text("\n---\n".join(map(json.dumps, everything(threshold=0.75))))
    return {"CLARIFAI_API_BASE": world.emulator.base, "CLARIFAI_PAT": CANARY, "CLARIFAI_USER_ID": "me-local"}


RUNS = {
    "plan": (("--out", "plan.json", "--report", "markdown=plan.md", "--report", "json=copy.json"), 0),
    "drift": (("--since", "memory.json", "--textfile", "drift.prom", "--report", "junit=drift.xml"), 2),
}


def _shape(text: str) -> str:
    """A text without what differs between two runs: times and durations."""
    return re.sub(r"[0-9]+", "0", text)


@pytest.mark.parametrize("command", RUNS)
def test_no_half_written_file_takes_the_place_of_a_good_one(
    tool: Any, service: Any, tmp_path: Path, command: str, subtests: Any, figures: Any
) -> None:
    pytest.importorskip("prometheus_client")
    (flags, code), work, log = RUNS[command], tmp_path / "work", tmp_path / "log"
    words = (command, "../set.yaml", *flags)
    files = [work / word.rpartition("=")[2] for word in flags if not word.startswith("--")]

    assert tool(*words, **service).code == code
    old = {file: file.read_text() for file in files}
    trap = ("die_before_a_change_to", str(work), str(log))
    assert tool(*words, before=(*trap, 0), **service).code == code
    new = {file: _shape(file.read_text()) for file in files}
    places = log.read_text().splitlines()
    assert len(places) >= 2 * len(files), "each is opened and renamed at least"

    for nth, place in enumerate(places, 1):
        with subtests.test(msg=f"{nth}: {place}"):
            for file, text in old.items():
                file.write_text(text)
            assert tool(*words, before=(*trap, nth), **service).code == -signal.SIGKILL
            for file, text in old.items():
                assert file.read_text() == text or _shape(file.read_text()) == new[file], file
            _readable(files)
    assert tool(*words, **service).code == code
    figures("kill points between writes of files", len(places))


def _readable(files: list[Path]) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    for file in files:
        if file.suffix == ".json":
            json.loads(file.read_text())
        elif file.suffix == ".prom":
            assert list(text_string_to_metric_families(file.read_text()))


def test_what_a_killed_run_leaves_behind_is_no_manifest(tool: Any, service: Any, tmp_path: Path) -> None:
    work, log = tmp_path / "work", tmp_path / "log"
    (work / "set.yaml").write_text((tmp_path / "set.yaml").read_text())
    trap = ("die_before_a_change_to", str(work), str(log))
    words = ("plan", ".", "--out", "plan.yaml")
    assert tool(*words, before=(*trap, 2), **service).code == -signal.SIGKILL
    assert len(list(work.iterdir())) == 2
    assert tool("plan", ".", **service).code == 0


# ---- the database of --local


def test_a_local_run_killed_at_any_statement_is_finished_by_the_next(
    tool: Any, tmp_path: Path, subtests: Any, figures: Any
) -> None:
    work, log = tmp_path / "work", tmp_path / "log"
    database = work / ".reconciler" / "local.db"
    words = ("apply", WALKTHROUGH, "--local", "--auto-approve", "--parallelism", "1")
    trap = ("die_before_a_statement", str(log))
    assert tool(*words, before=(*trap, 0)).code == 0
    statements = len(log.read_text().splitlines())
    assert statements >= 100

    tried = range(1, statements + 1, 9)
    for nth in tried:
        with subtests.test(msg=f"statement {nth} of {statements}"):
            for file in database.parent.glob("local.db*"):
                file.unlink()
            assert tool(*words, before=(*trap, nth)).code == -signal.SIGKILL
            with closing(sqlite3.connect(database)) as looking:
                assert looking.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert tool(*words).code == 0
            ended = tool("plan", WALKTHROUGH, "--local", "--detailed-exitcode")
            assert ended.code == 0, ended.out + ended.err
            with closing(sqlite3.connect(database)) as looking:
                count = "SELECT kind, count(*) FROM objects WHERE app = 'people-app' GROUP BY kind ORDER BY kind"
                assert looking.execute(count).fetchall() == [
                    ("concept", 3), ("model", 5), ("model_version", 5), ("relation", 3), ("workflow", 1),
                    ("workflow_version", 1),
                ]  # fmt: skip
    figures("kill points between statements of the local database", len(tried))
