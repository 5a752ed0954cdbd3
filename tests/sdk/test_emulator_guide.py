"""docs/emulator.md: its snippets run as they are printed, and its tables are those of the code.

`pytest --update-golden` (`make golden`) writes the tables anew.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from reconciler.emulator.execution.operator_table import OPERATORS
from reconciler.emulator.faults import Effect
from reconciler.emulator.server import Emulator, implemented_rpcs
from reconciler.emulator.switches import Switches

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "emulator.md"
ADDRESS = "127.0.0.1:18080"


def snippet(name: str) -> str:
    """The text of a block whose fence ends with this name."""
    found = re.findall(
        rf"^```\w+ {re.escape(name)}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(found) == 1, f"{name} is {len(found)} times in the guide"
    return str(found[0])


# -- tables


def operators() -> str:
    return ", ".join(f"`{name}`" for name in sorted(OPERATORS))


def rpcs() -> str:
    known = implemented_rpcs()
    cells = {True: [n for n, done in known.items() if done], False: [n for n, done in known.items() if not done]}
    rows = [
        f"{len(cells[True])} of {len(known)} RPCs are implemented.",
        "",
        "| implemented | 10040 |",
        "|---|---|",
        f"| {', '.join(sorted(cells[True]))} | {', '.join(sorted(cells[False]))} |",
    ]
    return "\n" + "\n".join(rows) + "\n"


def switches() -> str:
    rows = ["| switch | default, and other values | meaning, in that order | from |", "|---|---|---|---|"]
    for each in Switches.listing():
        values = each.values.split("|")
        shown = [f"**{each.default}**", *(v for v in values if v not in (each.default, "number"))]
        rows.append(f"| `{each.name}` | {', '.join(shown)} | {each.meaning} | {each.fact} |")
    return "\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("table", [operators, rpcs, switches], ids=lambda made: made.__name__)
def test_the_tables_are_those_of_the_code(table: Callable[[], str], request: pytest.FixtureRequest) -> None:
    pattern = re.compile(rf"(<!-- {table.__name__} -->)(.*?)(<!-- end -->)", re.DOTALL)
    text = GUIDE.read_text(encoding="utf-8")
    (shown,) = pattern.findall(text)
    if request.config.getoption("--update-golden"):
        GUIDE.write_text(pattern.sub(lambda found: found[1] + table() + found[3], text), encoding="utf-8")
        return
    assert shown[1] == table(), "docs/emulator.md is behind the code: `make golden` writes its tables anew"


# -- snippets


@pytest.fixture
def runs(clean: None, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Run a snippet in a process of its own, in a folder with the manifests, and return what it prints."""
    (tmp_path / "manifests").symlink_to(ROOT / "manifests")
    scripts = tmp_path / "bin"
    scripts.mkdir()
    script = scripts / "reconciler"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    script.chmod(0o755)
    path = f"{scripts}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}
    with Emulator(admin_port=0) as emulator:
        admin = str(emulator.admin).rpartition(":")[2]

        def run(name: str, *words: str, variables: bool = True) -> str:
            text = snippet(name).replace(ADDRESS, emulator.address)
            text = text.replace("port=18080", f"port={emulator.address.rpartition(':')[2]}")
            text = text.replace("18081", admin).replace("emulator fault", f"emulator --admin-port {admin} fault")
            (tmp_path / name).write_text(text)
            if not words:
                words = ("bash", "-e", name) if name.endswith(".sh") else (sys.executable, name)
            before = snippet("environment.sh").replace(ADDRESS, emulator.address) if variables else ""
            done = subprocess.run(
                ["bash", "-c", f'{before}\nexec "$@"', "bash", *words],
                cwd=tmp_path, env=environ, capture_output=True, check=False, text=True, timeout=100,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        yield run


def test_the_sdk(runs: Any) -> None:
    assert runs("sdk.py").endswith("['dog', 'cat']\n")


def test_the_grpc_client(runs: Any) -> None:
    printed = runs("grpc_client.py", variables=False)
    assert printed == "10000 ['general-v1.5-concept', 'general-v1.5-embed', 'general-v1.5-cluster']\n"


def test_clarifais_command_line(runs: Any, tmp_path: Path) -> None:
    runs("sdk.py")
    runs("config", "true")
    home = tmp_path / ".config" / "clarifai"
    home.mkdir(parents=True, exist_ok=True)
    (home / "config").write_text((tmp_path / "config").read_text())
    printed = runs("clarifai.sh", variables=False)
    assert re.search(r"^User: +me-local$", printed, re.MULTILINE)
    assert re.search(r"^me-local +shop$", printed, re.MULTILINE)


def test_our_command_line(runs: Any) -> None:
    printed = runs("reconciler.sh")
    assert "Apply complete! " in printed


def test_teaching(runs: Any, tmp_path: Path) -> None:
    (tmp_path / "astronaut.png").write_bytes(b"bytes of a picture")
    runs("scores.yaml", "true")
    assert runs("teach.sh") == "2 pictures taught to emulator.db\n"


def test_faults_from_outside(runs: Any) -> None:
    posted, added, listed, cleared = map(json.loads, runs("faults.sh", variables=False).splitlines())
    assert [fault["rpc"] for fault in posted["ordered"]] == ["PostModelVersions"]
    assert added == listed
    assert [fault["effect"] for fault in listed["ordered"]] == ["unavailable", "truncated"]
    assert cleared == {"ordered": [], "storm": None}


def test_the_effects_in_the_guide_are_those_of_the_code() -> None:
    text = GUIDE.read_text(encoding="utf-8").partition("| effect | what happens |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", text, re.MULTILINE)))
    assert sorted(named) == sorted(get_args(Effect))


def test_the_list_of_switches(runs: Any) -> None:
    printed = runs("switch.sh", variables=False)
    assert all(f"{each.name}={each.default}" in printed for each in Switches.listing())


def test_the_tests_for_your_tests(runs: Any) -> None:
    printed = runs("test_shop.py", sys.executable, "-m", "pytest", "-q", "test_shop.py", variables=False)
    assert "2 passed" in printed


def test_links_lead_somewhere() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        assert not file or (GUIDE.parent / file).is_file(), target
        assert not anchor or file or anchor in headings, target
