"""Run `reconciler` a thousand times without starting it a thousand times: one warm process forks another for each run.

    with Zygote() as zygote:
        run = zygote.run("apply", "manifests", "-y", folder=work, environ={...})
        os.kill(run.pid, signal.SIGKILL)
        assert run.ended.code == -9

Each run is a process of its own that calls the `main` of the command line, as the console script does; what is spared
is the interpreter's start and the imports. The warm process has loaded gRPC but never used it: gRPC starts its threads
and its core with the first channel, so a fork before that is safe. It refuses to fork once it has a second thread.

`before` names a function of `traps` that is called in the new process ahead of `main`. Belongs here: the life of
processes. Does not belong here: which runs (`test_*`), what kills them (`traps`).
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.canary import unseen

ROOT = Path(__file__).parents[2]
FOREIGN = ("CLARIFAI_", "RECONCILER_", "GRPC_", "GITHUB_", "COVERAGE_", "PYTEST_")
"""What of our own environment no run gets to see; it names its own."""
SHORT = 0.01
"""The longest that a run sleeps: it waits for an emulator that is done at once."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (a negative one is a signal), what it said, what it cost."""

    code: int
    out: str
    err: str
    cpu_seconds: float
    peak_bytes: int


class Run:
    """A run under way."""

    def __init__(self, pid: int, zygote: Zygote, folder: Path) -> None:
        self.pid, self._zygote, self._folder = pid, zygote, folder
        self._lock = threading.Lock()
        self._ended: Ended | None = None

    def kill(self) -> None:
        """SIGKILL: no handler, no `finally`, no exit function runs."""
        os.kill(self.pid, signal.SIGKILL)

    @property
    def ended(self) -> Ended:
        """Wait for its end; who kills it waits as well as who started it."""
        with self._lock:
            self._ended = self._ended or self._wait()
            return self._ended

    def _wait(self) -> Ended:
        told = self._zygote.end(self)
        out, err = ((self._folder / name).read_text(errors="replace") for name in ("stdout", "stderr"))
        unseen("the output", out, err)
        return Ended(told["code"], out, err, told["cpu"], told["peak"])


class Zygote:
    """The warm process, from the other side. It has one run at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.zygote", str(theirs.fileno())],
            cwd=ROOT,
            env={**environ, "PYTHONPATH": str(ROOT), "GRPC_VERBOSITY": "NONE", "OPENBLAS_NUM_THREADS": "1"},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._line, self._socket = ours.makefile("rw", encoding="utf-8"), ours
        self._current: Run | None = None

    def run(
        self,
        *words: str,
        folder: Path,
        environ: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        before: tuple[Any, ...] | None = None,
    ) -> Run:
        """Start `reconciler WORDS` in a folder; its streams are kept in files beside that folder."""
        if self._current is not None:  # whoever started it gave up waiting
            with suppress(ProcessLookupError):
                self._current.kill()
            self.end(self._current)
        streams = folder.parent / f"{folder.name}-streams"
        streams.mkdir(exist_ok=True)
        (streams / "stdin").write_bytes(stdin)
        path = {"PATH": os.environ["PATH"], "HOME": str(streams)}
        job = {"words": words, "folder": str(folder), "streams": str(streams), "before": before}
        self._line.write(json.dumps({**job, "environ": {**path, **(environ or {})}}) + "\n")
        self._line.flush()
        self._current = Run(self._hear()["pid"], self, streams)
        return self._current

    def end(self, run: Run) -> dict[str, Any]:
        """Wait for the end of a run."""
        assert run is self._current
        told = self._hear()
        self._current = None
        return told

    def _hear(self) -> dict[str, Any]:
        """The next thing that the warm process says."""
        text = self._line.readline()
        assert text, "the warm process is gone"
        told: dict[str, Any] = json.loads(text)
        return told

    def close(self) -> None:
        """End it."""
        self._line.close()
        self._socket.close()
        self._process.wait(20)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# ---- the warm process itself


def serve(control: socket.socket) -> None:
    """Fork one run after another, as told, and say how each ended."""
    line = control.makefile("rw", encoding="utf-8")
    while text := line.readline():
        job = json.loads(text)
        assert threading.active_count() == len(os.listdir("/proc/self/task")) == 1, "not safe to fork any more"
        pid = os.fork()
        if pid == 0:
            control.close()
            become(job)
        line.write(json.dumps({"pid": pid}) + "\n")
        line.flush()
        _, status, usage = os.wait4(pid, 0)
        told = {"code": os.waitstatus_to_exitcode(status), "peak": usage.ru_maxrss << 10}
        line.write(json.dumps({**told, "cpu": usage.ru_utime + usage.ru_stime}) + "\n")
        line.flush()


def become(job: Mapping[str, Any]) -> None:
    """Be `reconciler` from here on; never returns."""
    from reconciler.cli.main import main

    code = 70
    try:
        os.environ.clear()
        os.environ.update(job["environ"])
        _redirect(Path(job["streams"]))
        os.chdir(job["folder"])
        sys.argv = ["reconciler", *job["words"]]
        if job["before"]:
            name, *arguments = job["before"]
            getattr(importlib.import_module("tests.reliability.traps"), name)(*arguments)
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in sys.stdout, sys.stderr:
            stream.flush()
        os._exit(code)


def _redirect(streams: Path) -> None:
    """Give the process its own standard streams."""
    written = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
    for number, (name, mode) in enumerate({"stdin": os.O_RDONLY, "stdout": written, "stderr": written}.items()):
        opened = os.open(streams / name, mode, 0o666)
        os.dup2(opened, number)
        os.close(opened)


def warm_up() -> None:
    """Load what runs need, gRPC's stubs and the emulator included, and shorten their pauses."""
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, SHORT))
    for name in (
        "reconciler.cli.main", "reconciler.cli.saved", "reconciler.cli.drift_loop", "reconciler.cli.local",
        "reconciler.client.api", "reconciler.client.channel", "reconciler.core.drift_memory",
        "reconciler.core.saved_plan", "reconciler.emulator.server", "reconciler.labelling", "reconciler.pipeline",
        "reconciler.report.formats", "reconciler.settings", "clarifai_grpc.grpc.api.service_pb2_grpc", "deepdiff",
    ):  # fmt: skip
        importlib.import_module(name)
    from reconciler.manifests import kinds

    kinds()
    gc.collect()
    gc.freeze()  # what is loaded stays shared between all runs


if __name__ == "__main__":
    warm_up()
    serve(socket.socket(fileno=int(sys.argv[1])))
