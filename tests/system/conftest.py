"""The command line as its users have it: a process of its own, in a folder of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.server import Emulator
from tests.canary import CANARY, unseen

ROOT = Path(__file__).parents[2]
FOREIGN = re.compile(r"CLARIFAI_|RECONCILER_|GRPC_|GITHUB_|CI$|NO_COLOR|FORCE_COLOR|CLICOLOR|COLUMNS")


@dataclass(frozen=True)
class Ran:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs `reconciler WORDS` in a folder that holds the walkthrough's manifests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
        self.environ |= {"HOME": str(folder), "PYTHONPATH": str(ROOT)}

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "reconciler"]

    def __call__(self, *words: str, stdin: str = "") -> Ran:
        """Run to the end; no command ever shows a traceback."""
        done = subprocess.run(
            [*self.command, *words],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )
        assert "Traceback (most recent" not in done.stdout + done.stderr, done.stderr
        unseen("the output", done.stdout, done.stderr)
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Run and do not wait."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([*self.command, *words], cwd=self.folder, env=self.environ, text=True, **options)

    def use(self, base: str, token: str = CANARY, user_id: str = "me-local") -> None:
        """Let the environment name a service and an account."""
        self.environ |= {"CLARIFAI_API_BASE": base, "CLARIFAI_PAT": token, "CLARIFAI_USER_ID": user_id}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder with nothing but the walkthrough."""
    shutil.copytree(ROOT / "manifests" / "auto-annotation", tmp_path / "auto-annotation")
    return Shell(tmp_path)


@pytest.fixture
def emulator_process(shell: Shell) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Start `reconciler emulator`; the process, and its address once it is ready."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> tuple[subprocess.Popen[str], str]:
        process = shell.start("emulator", "--port", "0", "--database", ":memory:", *words)
        running.append(process)
        assert process.stdout is not None
        ready = process.stdout.readline()
        found = re.search(r"ready on (http://\S+)", ready)
        assert found, ready + (process.stderr.read() if process.stderr else "")
        return process, found[1]

    yield start
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


@pytest.fixture
def serving(shell: Shell) -> Iterator[Callable[..., Emulator]]:
    """An emulator in the test's own process, where its calls can be counted."""
    running: list[Emulator] = []

    def start(token: str = CANARY, user_id: str = "me-local", **options: Any) -> Emulator:
        emulator = Emulator(user_id=user_id, **options).start()
        running.append(emulator)
        shell.use(emulator.base, token, user_id)
        return emulator

    yield start
    for emulator in running:
        emulator.stop(grace=0)
