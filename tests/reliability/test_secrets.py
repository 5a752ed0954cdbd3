"""The access token comes out nowhere: every place where it could is filled by a real run, and searched.

`tests/canary.py` searches what all other tests leave behind; here each place is shown to hold something.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from reconciler.cli.main import app
from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.remote import ApiError
from reconciler.core.secret import Secret
from reconciler.emulator.server import Emulator
from tests.canary import CANARY, seen
from tests.conftest import Documents
from tests.reliability.crash_scenarios import everything
from tests.reliability.zygote import ROOT, Run, Zygote

AT_LEAST = 15
SET = "set.yaml"
FILES = {
    "plan": {
        "markdown": "plan.md", "json": "plan.json", "events": "plan.jsonl", "sarif": "plan.sarif",
        "gitlab": "gitlab.json", "codequality": "codequality.json", "github": "annotations",
        "github-summary": "summary.md", "github-outputs": "outputs",
    },
    "apply": {"events": "apply.jsonl", "json": "apply.json", "markdown": "apply.md"},
    "drift": {"junit": "drift.xml", "json": "drift.json", "github": "drift-annotations"},
}  # fmt: skip
SINKS = (
    "apply: stdout", "apply: stderr", "plan: stdout", "plan: stderr", "plan as JSON", "plan as events", "saved plan",
    *(f"report {form} of {command}" for command, files in FILES.items() for form in files),
    "drift: stdout", "drift memory", "metrics", "show: stdout", "export", "exported files", "graph as DOT",
    "graph as Mermaid", "refused token: stderr", "refused token as JSON", "token in the service's words: stderr",
    "token in the service's words as JSON", "token in a broken connection's words: stderr", "bug: stderr",
    "bug with --debug: stderr", "broken context file: stderr", "broken settings file: stderr",
    "broken variables file: stderr", "damaged plan file: stderr", "lock that is held: stderr", "lock show",
    "annotations", "gRPC's exception", "traceback of an error", "gRPC traces: stderr", "emulator's traces: stderr",
    "emulator's database", "local database",
)  # fmt: skip


class Runs:
    """Runs of the command line with the canary for a token, and what came out of them by name."""

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        self._zygote, self.folder = zygote, folder
        self.found: dict[str, bytes] = {}
        self.environ = {"CLARIFAI_PAT": CANARY, "CLARIFAI_USER_ID": "me-local"}

    def start(self, *words: str, **more: Any) -> Run:
        return self._zygote.run(*words, folder=self.folder, environ=self.environ, **more)

    def __call__(self, *words: str, code: int | tuple[int, ...] = 0, **more: Any) -> tuple[str, str]:
        ended = self.start(*words, **more).ended
        assert ended.code in (code if isinstance(code, tuple) else (code,)), ended.out + ended.err
        return ended.out, ended.err

    def add(self, sinks: dict[str, str | bytes]) -> None:
        self.found |= {name: text.encode() if isinstance(text, str) else text for name, text in sinks.items()}

    def file(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


@pytest.fixture(scope="module")
def sinks(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Fill every place; bytes by its name."""
    folder = tmp_path_factory.mktemp("secrets") / "work"
    folder.mkdir()
    loose = Documents().workflow("loose", node="general-image-recognition")  # not declared here: a warning
    (folder / SET).write_text("\n---\n".join(map(json.dumps, [*everything(), loose])))
    runs = Runs(zygote, folder)
    database = folder.parent / "emulator.db"
    with Emulator(database) as emulator:
        runs.environ["CLARIFAI_API_BASE"] = emulator.base
        work_through(runs)
        complain(runs, emulator)
        break_down(runs, emulator)
        leave_a_lock(runs, emulator)
    runs.add({"emulator's database": database.read_bytes()})
    trace(runs)
    return runs.found


def reports(command: str) -> list[str]:
    return [word for form, file in FILES[command].items() for word in ("--report", f"{form}={file}")]


def work_through(runs: Runs) -> None:
    """All that goes well."""
    out, err = runs("plan", SET, "--debug", "--out", "saved.json", *reports("plan"))
    as_json, _ = runs("plan", SET, "--format", "json")
    as_events, _ = runs("plan", SET, "--format", "events")
    runs.add({"plan: stdout": out, "plan: stderr": err, "plan as JSON": as_json, "plan as events": as_events})
    out, err = runs("apply", SET, "-y", "--debug", "--lock", "app", *reports("apply"))
    runs.add({"apply: stdout": out, "apply: stderr": err, "saved plan": runs.file("saved.json")})
    out, _ = runs("drift", SET, "--since", "memory.json", "--textfile", "drift.prom", *reports("drift"), code=(0, 2))
    runs.add({"drift: stdout": out, "drift memory": runs.file("memory.json"), "metrics": runs.file("drift.prom")})
    for command, files in FILES.items():
        runs.add({f"report {form} of {command}": runs.file(file) for form, file in files.items()})
    runs.add({"show: stdout": runs("show", "saved.json")[0], "export": runs("export", "me-local/shop")[0]})
    runs("export", "me-local/shop", "--out", "exported")
    exported = b"".join(file.read_bytes() for file in sorted((runs.folder / "exported").rglob("*.yaml")))
    dot, mermaid = (runs("graph", SET, "--format", form)[0] for form in ("dot", "mermaid"))
    runs.add({"exported files": exported, "graph as DOT": dot, "graph as Mermaid": mermaid})
    runs.add({"annotations": runs("annotations", "list", "--app-id", "shop")[0]})
    runs("apply", SET, "-y", "--local")
    runs.add({"local database": runs.file(".reconciler/local.db")})


def complain(runs: Runs, emulator: Emulator) -> None:
    """What is refused, and what somebody else says of it, our token included."""
    quoting = f"the key {CANARY} is not valid here"
    for words, name in (((), "stderr"), (("--format", "json"), "as JSON")):
        emulator.faults.add("GetApp", "reply", code=11008, details="no such key")
        text = runs("plan", SET, *words, code=7)[bool(not words)]
        runs.add({f"refused token{': ' if not words else ' '}{name}": text})
        emulator.faults.add("GetApp", "reply", code=11008, details=quoting)
        text = runs("plan", SET, *words, code=7)[bool(not words)]
        runs.add({f"token in the service's words{': ' if not words else ' '}{name}": text})
        assert "the key *** is" in text
    emulator.faults.add("GetApp", "unavailable", times=-1, details=quoting)
    runs.add({"token in a broken connection's words: stderr": runs("plan", SET, code=1)[1]})
    emulator.faults.clear()


def break_down(runs: Runs, emulator: Emulator) -> None:
    """What goes wrong on our side."""
    trap = ("break_down_with", CANARY)
    runs.add({"bug: stderr": runs("plan", SET, code=1, before=trap)[1]})
    text = runs("plan", SET, "--debug", code=1, before=trap)[1]
    assert "Traceback" in text
    assert "Key ***" in text
    runs.add({"bug with --debug: stderr": text})

    config = runs.folder.parent / "work-streams" / ".config" / "clarifai" / "config"
    config.parent.mkdir(parents=True)
    config.write_text(f"current_context: a\ncontexts: {{a: {{CLARIFAI_PAT: {CANARY}: {CANARY}}}}}\n")
    runs.add({"broken context file: stderr": runs("plan", SET, code=1)[1]})
    config.unlink()

    for name, text in ("reconciler.yaml", f"rails: {CANARY}\n"), ("values.txt", f"PASSWORD {CANARY}\n"):
        (runs.folder / name).write_text(text)
    runs.add({"broken settings file: stderr": runs("plan", SET, code=3)[1]})
    (runs.folder / "reconciler.yaml").unlink()
    runs.add({"broken variables file: stderr": runs("plan", SET, "--var-file", "values.txt", code=(1, 3))[1]})
    plan = json.loads(runs.file("saved.json"))
    del plan["desired"]
    (runs.folder / "damaged.json").write_text(json.dumps({**plan, "options": {"rps": {"key": CANARY}}}))
    runs.add({"damaged plan file: stderr": runs("show", "damaged.json", code=1)[1]})

    api = GrpcApi(
        open_channel(parse_base(emulator.base)), ("authorization", Secret(f"Key {CANARY}")), limiter=Limiter(0)
    )
    emulator.faults.add("GetApp", "unavailable", times=-1)
    with pytest.raises(ApiError) as failed:
        api.call("GetApp", user_app_id={"user_id": "me-local", "app_id": "shop"})
    emulator.faults.clear()
    runs.add({"traceback of an error": "".join(traceback.format_exception(failed.value)) + repr(vars(failed.value))})
    channel = open_channel(parse_base("http://127.0.0.1:1"))
    with pytest.raises(grpc.RpcError) as raw:
        channel.unary_unary("/clarifai.api.V2/GetApp")(b"", metadata=(("authorization", f"Key {CANARY}"),), timeout=2)
    texts = (repr(raw.value), raw.value.details(), raw.value.debug_error_string(), str(raw.value))  # type: ignore[attr-defined]
    runs.add({"gRPC's exception": "\n".join(texts) + "".join(traceback.format_exception(raw.value))})
    channel.close()


def leave_a_lock(runs: Runs, emulator: Emulator) -> None:
    """A run that was killed while it held the lock of the app."""
    words = ("apply", SET, "-y", "--lock", "app")
    emulator.calls.reset()
    emulator.faults.add("GetApp", "hang")
    run = runs.start(*words)
    while not emulator.calls.counts["GetApp"]:
        time.sleep(0.001)
    run.kill()
    assert run.ended.code == -signal.SIGKILL
    runs.add({"lock that is held: stderr": runs(*words, code=9)[1]})
    runs.add({"lock show": runs("lock", "show", "--app-id", "shop", code=(0, 9))[0]})


def trace(runs: Runs) -> None:
    """Processes of their own from the start, since gRPC reads its environment when it is loaded."""
    environ = {**os.environ, **runs.environ, "GRPC_TRACE": "all", "GRPC_VERBOSITY": "DEBUG", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "reconciler"]
    with subprocess.Popen(
        [*command, "emulator", "--port", "0", "--database", ":memory:"],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as serving:  # fmt: skip
        assert serving.stdout is not None
        environ["CLARIFAI_API_BASE"] = serving.stdout.readline().partition("ready on ")[2].split(" ")[0]
        ran = subprocess.run(
            [*command, "plan", SET],
            cwd=runs.folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        serving.terminate()
        _, said = serving.communicate(timeout=20)
    assert ran.returncode == 0, ran.stderr
    assert "GRPC_TRACE was ignored" in ran.stderr
    assert "GRPC_TRACE was ignored" in said
    runs.add({"gRPC traces: stderr": ran.stderr, "emulator's traces: stderr": said})


@pytest.mark.parametrize("sink", SINKS)
def test_the_token_does_not_come_out(sinks: dict[str, bytes], sink: str) -> None:
    assert sinks[sink].strip(), "nothing was looked at"
    assert seen(sinks[sink]) is None


def test_every_place_was_filled(sinks: dict[str, bytes], figures: Callable[[str, float], None]) -> None:
    assert set(sinks) == set(SINKS)
    assert len(SINKS) >= AT_LEAST
    assert not [name for name, text in sinks.items() if seen(text)]
    figures("places searched for the access token", len(SINKS))


def test_no_traceback_of_the_framework_shows_variables() -> None:
    assert app.pretty_exceptions_enable is False
