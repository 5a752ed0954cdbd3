"""The ground a run stands on: estates, filled databases, a server, and the environment of the measured processes.

Belongs here: everything that is made before the clock starts. Does not belong here: what is measured (`cases`).
Estates and databases are kept in `.cache/benchmarks` and made anew when a plan of them is not empty any more.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Subject, WrongEnd, run

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".cache" / "benchmarks"

# What pip writes for a console script. Both sides start like this, whether they are installed or not.
LAUNCHER = "import sys\nfrom {module} import main\nif __name__ == '__main__':\n    sys.exit(main())\n"


@dataclass(frozen=True, slots=True)
class Server:
    """A running emulator in a process of its own."""

    base: str
    process: subprocess.Popen[str]

    def counts(self) -> dict[str, int]:
        """The RPCs that arrived since this was last asked."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        counted: dict[str, int] = json.loads(self.process.stdout.readline())
        return counted


@contextmanager
def server(database: Path | str, **switches: float) -> Iterator[Server]:
    """An emulator over a database for as long as the block lasts."""
    words = [f"{name}={json.dumps(value)}" for name, value in switches.items()]
    with process("server", str(database), *words) as running:
        yield running


@contextmanager
def process(module: str, *words: str) -> Iterator[Server]:
    """A module of this package that prints its address and serves until its standard input ends."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *words]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as started:  # type: ignore[call-overload]
        assert started.stdin is not None
        assert started.stdout is not None
        try:
            yield Server(started.stdout.readline().strip(), started)
        finally:
            started.stdin.close()
            started.wait()


class Ground:
    """Makes and keeps what cases need; `folder` lasts for one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._checked: set[int] = set()
        KEPT.mkdir(parents=True, exist_ok=True)
        (folder / "home").mkdir()
        (folder / "terraformrc").touch()

    # --- commands

    def launcher(self, module: str) -> list[str]:
        """The command of a console script whose `main` is in a module."""
        script = self.folder / f"{module}.script"
        script.write_text(LAUNCHER.format(module=module))
        return [sys.executable, str(script)]

    @property
    def environment(self) -> dict[str, str]:
        """What every measured process is told; nothing of the person who measures."""
        return {
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": str(ROOT),
            "CLARIFAI_PAT": "any",
            "CLARIFAI_USER_ID": "me-local",
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "",  # the first round, which is thrown away, leaves every file compiled
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraformrc"),
            "CHECKPOINT_DISABLE": "1",
        }

    def tool(self, name: str, *words: str, base: str = "", code: int = 0) -> Subject:
        """One command of the tool."""
        environment = self.environment | ({"CLARIFAI_API_BASE": base} if base else {})
        return Subject(name, [*self.launcher("reconciler.cli.main"), *words], environment, self.folder, code)

    def module(self, name: str, module: str, *words: str, code: int = 0) -> Subject:
        """One module of this package as a process."""
        return Subject(name, [sys.executable, "-m", f"benchmarks.{module}", *words], self.environment, ROOT, code)

    # --- estates

    def estate(self, tool: str, models: int, changed: int = 0) -> Path:
        """The folder of an estate in one tool's language."""
        folder = self.folder / f"{tool}-{models}-{changed}"
        if not folder.exists():
            # In a process of its own: what this one holds would count as memory of every child (see `measuring`).
            run(self.module("estate", "fleet", tool, str(folder), str(models), str(changed)))
            if tool == "terraform":
                run(self.module("terraform init", "terraform", "init", str(folder)))
        return folder

    def database(self, models: int) -> Path:
        """A database that holds an estate as an apply of today's code leaves it; a copy, to be written to freely."""
        kept = KEPT / f"estate-{models}.db"
        if models not in self._checked and not (kept.exists() and self._holds(kept, models)):
            kept.unlink(missing_ok=True)
            print(f"  filling a database with {models} models ...", file=sys.stderr, flush=True)
            run(self.module("seed", "seed", str(self.estate("manifests", models)), str(kept)))
        self._checked.add(models)
        return self.copy(kept, f"estate-{models}")

    def copy(self, database: Path, name: str) -> Path:
        """The same database under another name, for another server."""
        copied = self.folder / f"{name}.db"
        shutil.copyfile(database, copied)
        return copied

    def _holds(self, kept: Path, models: int) -> bool:
        with server(kept) as running:
            try:
                run(self.plan("plan", models, running.base))
            except WrongEnd:
                return False
        return True

    def plan(self, name: str, models: int, base: str, *more: str, changed: int = 0) -> Subject:
        """A plan of an estate that must be empty, or show exactly that something changed."""
        folder = self.estate("manifests", models, changed)
        return self.tool(name, "plan", str(folder), "--detailed-exitcode", *more, base=base, code=2 if changed else 0)
