"""`drift` over time: rules that end, memory, rounds, and what monitoring is told."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli import drift_loop
from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.core.secret import Secret
from reconciler.emulator.server import Emulator
from tests.canary import CANARY

SET = (
    "apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {description: Things}\n"
    "---\napiVersion: clarifai.reconciler/v1\nkind: Model\nmetadata: {name: m1}\n"
    "spec: {model_type_id: prompter, description: ours, notes: ours}\n"
)
RULE = "drift: {ignore: [{address: models/m1, path: description, owner: mia, until: %s, reason: by hand}]}\n"
TOMORROW, YESTERDAY = ((datetime.now(UTC) + timedelta(days=n)).date().isoformat() for n in (1, -1))


@pytest.fixture
def applied(shell: Any, emulator: Emulator) -> Emulator:
    shell.manifests(head=SET)
    assert shell("apply", "-y").code == 0
    emulator.calls.reset()
    return emulator


def edit(emulator: Emulator, **fields: str) -> None:
    with open_channel(parse_base(emulator.base)) as channel:
        api = GrpcApi(channel, ("authorization", Secret(f"Key {CANARY}")))
        scope = {"user_id": "me-local", "app_id": "shop"}
        api.call("PatchModels", user_app_id=scope, models=[{"id": "m1", **fields}], action="merge")
    emulator.calls.reset()


# ---- rules


def test_a_rule_bears_with_drift_and_tells_it(shell: Any, applied: Emulator) -> None:
    edit(applied, description="theirs")
    shell.write("reconciler.yaml", RULE % TOMORROW)
    ended = shell("drift")
    assert ended.code == 0
    assert f"ignored until {TOMORROW} by mia: by hand" in " ".join(ended.out.split())
    assert "theirs" in ended.out
    edit(applied, notes="theirs")
    assert shell("drift").code == 2
    (entry,) = [o for o in shell("drift", "--format", "json").json["objects"] if o["address"] == "models/m1"]
    assert [f["path"] for f in entry["fields"]] == [["notes"]]
    assert [f["path"] for f in entry["ignored"]] == [["description"]]


def test_a_rule_that_is_over_is_a_warning(shell: Any, applied: Emulator) -> None:
    edit(applied, description="theirs")
    shell.write("reconciler.yaml", RULE % YESTERDAY)
    ended = shell("drift")
    assert (ended.code, f"ended on {YESTERDAY}" in ended.out) == (2, True)


def test_a_rule_that_is_wrong_stops_the_run(shell: Any, applied: Emulator) -> None:
    shell.write("reconciler.yaml", RULE.replace("owner", "ower") % TOMORROW)
    ended = shell("drift")
    assert (ended.code, "did you mean 'owner'?" in ended.err) == (3, True)
    assert not applied.calls.counts


# ---- memory


def test_since_the_last_look(shell: Any, applied: Emulator) -> None:
    assert "The first look" in shell("drift", "--since", "seen.json").out
    edit(applied, description="theirs")
    ended = shell("drift", "--since", "seen.json")
    assert "1 new, 0 still there, 0 gone." in ended.out
    assert "new   models/m1 description" in ended.out
    assert "0 new, 1 still there, 0 gone." in shell("drift", "--since", "seen.json", "--format", "markdown").out
    assert shell("apply", "-y").code == 0
    assert shell("drift", "--since", "seen.json", "--format", "json").json["since"]["gone"] == ["models/m1 description"]


def test_a_look_that_failed_is_not_remembered(shell: Any, applied: Emulator) -> None:
    shell("drift", "--since", "seen")
    before = (shell.folder / "seen").read_text()
    assert shell("drift", "--since", "seen", "--base", "http://127.0.0.1:1").code == 1
    assert (shell.folder / "seen").read_text() == before
    shell.write("seen", "other")
    assert "no memory of drift" in shell("drift", "--since", "seen").err


# ---- metrics


def parsed(text: str) -> dict[tuple[str, ...], float]:
    """(name without the prefix, label values by the names of the labels…) -> value; the parser is strict."""
    parser = pytest.importorskip("prometheus_client.parser")
    families = list(parser.text_string_to_metric_families(text))
    assert all(family.documentation for family in families)
    assert all(family.name.startswith("clarifai_reconciler_") for family in families)
    return {
        (s.name.removeprefix("clarifai_reconciler_"), *s.labels.values()): s.value for f in families for s in f.samples
    }


def test_a_textfile(shell: Any, applied: Emulator) -> None:
    edit(applied, description="theirs")
    assert shell("drift", "--textfile", "drift.prom").code == 2
    told = parsed((shell.folder / "drift.prom").read_text())
    app = "me-local/shop"
    assert told["drift_objects", app, "drifted", "Model"] == 1
    assert told["drift_objects", app, "drifted", "App"] == 0
    assert told["managed_objects", app, "Model"] == 1
    assert (told["apps", "drifted"], told["apps", "in_sync"]) == (1, 0)
    assert time.time() - told["last_success_timestamp_seconds", app, "drift"] < 60
    assert told["rpc_total", "10000", "GetApp"] >= 1
    assert told["run_duration_seconds_count", "drift"] == 1
    assert [file.name for file in shell.folder.glob("drift.prom*")] == ["drift.prom"]


def test_a_failed_run_keeps_the_last_success(shell: Any, applied: Emulator) -> None:
    shell("drift", "--textfile", "drift.prom")
    success = ("last_success_timestamp_seconds", "me-local/shop", "drift")
    before = parsed((shell.folder / "drift.prom").read_text())[success]
    assert shell("drift", "--textfile", "drift.prom", "--base", "http://127.0.0.1:1").code == 1
    told = parsed((shell.folder / "drift.prom").read_text())
    assert (told[success], told["apps", "failed"], told["apps", "in_sync"]) == (before, 1, 0)


def test_unknown_is_kept_apart(shell: Any, applied: Emulator) -> None:
    applied.faults.add("GetModelOutputInfo", code=10020, details="not today", times=-1)
    assert shell("drift", "--textfile", "drift.prom").code == 1
    told = parsed((shell.folder / "drift.prom").read_text())
    assert told["drift_objects", "me-local/shop", "unknown", "Model"] == 1
    assert told["apps", "unknown"] == 1
    assert not [name for name in told if name[0].startswith("last_success")]


# ---- rounds


def looking(monkeypatch: pytest.MonkeyPatch, *between: Any) -> None:
    """What happens between the rounds; after the last one the user presses Ctrl-C."""
    left = list(between)

    def sleep(_: float) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    monkeypatch.setattr(drift_loop, "sleep", sleep)


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode()


def test_rounds_go_on_after_a_failure_and_stop_when_told(
    shell: Any, applied: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad() -> None:
        applied.faults.add("GetApp", code=10020, details="not today", times=-1)

    looking(monkeypatch, lambda: edit(applied, description="theirs"), bad, applied.faults.clear)
    ended = shell("drift", "--interval", "10m", "--report", "json=told")
    assert ended.code == 0
    assert json.loads((shell.folder / "told").read_text())["summary"]["drifted"] == 1  # that of the last round
    assert ended.out.count("No drift.") == 1
    assert ended.out.count("Drift: 1 drifted") == 2
    assert ended.err.startswith("Error: ")
    assert ended.err.endswith("Stopped.\n")
    assert applied.calls.writes == []


def test_a_wrong_word_ends_it_at_once(shell: Any, applied: Emulator) -> None:
    shell.manifests("hat hat")
    assert shell("drift", "--interval", "10m").code == 3


def test_it_is_watched_while_it_looks(shell: Any, applied: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("prometheus_client")
    seen: list[Any] = []
    port = free_port()

    def watch() -> None:
        seen.extend(get(f"http://127.0.0.1:{port}/{path}") for path in ("metrics", "healthz", "else"))

    looking(monkeypatch, watch)
    ended = shell("drift", "--interval", "10m", "--listen", f"127.0.0.1:{port}")
    assert ended.code == 0, ended.err
    (code, text), health, other = seen
    assert code == 200
    assert parsed(text)["drift_objects", "me-local/shop", "drifted", "Model"] == 0
    assert (health, other[0]) == ((200, "ok\n"), 404)
    assert not [t for t in threading.enumerate() if "serve_forever" in t.name]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_loop_that_hangs_is_not_well() -> None:
    metrics = pytest.importorskip("reconciler.cli.metrics").Metrics("drift", "0")
    with metrics.served("127.0.0.1:0", lambda: False) as address:
        assert get(f"{address}/healthz")[0] == 503


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--listen", "127.0.0.1:9464"], "--listen needs --interval"),
        (["--interval", "soon"], "--interval soon"),
        (["--interval", "1m", "--listen", "9464"], "HOST:PORT"),
        (["--interval", "1m", "--listen", "127.0.0.1:99999"], "HOST:PORT"),
        (["--interval", "1m", "-"], "only once"),
        (["--since", "nowhere/x"], "the folder must exist"),
        (["--textfile", "."], "that is a folder"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_read(
    shell: Any, applied: Emulator, words: list[str], said: str
) -> None:
    ended = shell("drift", *words)
    assert (ended.code, said in ended.err) == (1, True), ended.err
    assert not applied.calls.counts


def test_without_the_extra_it_says_how_to_get_it(shell: Any, applied: Emulator) -> None:
    code = (
        "import sys; sys.modules['prometheus_client'] = None; from reconciler.cli.main import main; "
        "sys.argv = ['reconciler', 'drift', '--textfile', 'x', '--format', 'json']; main()"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'reconciler[metrics]'" in json.loads(done.stdout)["error"]["hint"]
