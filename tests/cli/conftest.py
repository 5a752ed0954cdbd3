"""The command line in this process, with an environment, a home and a folder of its own."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from reconciler.cli.main import app
from reconciler.cli.screen import Screen
from reconciler.emulator.server import Emulator
from tests.canary import CANARY, unseen

OURS = ("CLARIFAI_", "RECONCILER_", "GITHUB_", "FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR", "CI", "COLUMNS", "GRPC_")

APP = "apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {description: Things}\n"
CONCEPT = '---\napiVersion: clarifai.reconciler/v1\nkind: Concept\nmetadata: {name: "%s"}\nspec: {name: "%s"}\n'


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs `reconciler WORDS`; keyword arguments are environment variables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, stdin: str | None = None, **environ: str) -> Ran:
        ended = CliRunner().invoke(app, list(words), input=stdin, env=environ)
        # Nothing but SystemExit may come out of the command line.
        assert isinstance(ended.exception, SystemExit | None), ended.exception
        unseen("the output", ended.stdout, ended.stderr)
        return Ran(ended.exit_code, ended.stdout, ended.stderr)

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def manifests(self, *concepts: str, name: str = "shop.yaml", head: str = APP) -> None:
        """An App and some concepts."""
        self.write(name, head + "".join(CONCEPT % (concept, concept) for concept in concepts))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line in an empty folder; nothing of the caller's account or terminal reaches it."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    return Shell(work)


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> Iterator[Callable[..., Emulator]]:
    """Start an emulator that the environment of the command line points to."""
    running: list[Emulator] = []

    def serve(token: str = CANARY, **options: Any) -> Emulator:
        emulator = Emulator(**options).start()
        running.append(emulator)
        monkeypatch.setenv("CLARIFAI_API_BASE", emulator.base)
        monkeypatch.setenv("CLARIFAI_PAT", token)
        return emulator

    yield serve
    for emulator in running:
        emulator.stop(grace=0)


@pytest.fixture
def emulator(serving: Callable[..., Emulator]) -> Emulator:
    """An emulator whose one user is me-local."""
    return serving()


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Pretend that somebody sits at a terminal and gives this answer; the questions that were asked."""
    asked: list[str] = []

    def pretend(answer: str) -> list[str]:
        def confirms(screen: Screen, question: str) -> bool:
            asked.append(question)
            return answer == "yes"

        monkeypatch.setattr(Screen, "interactive", property(lambda screen: True))
        monkeypatch.setattr(Screen, "confirms", confirms)
        return asked

    return pretend
