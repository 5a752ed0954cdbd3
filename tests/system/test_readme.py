"""The transcript of the README is what the commands print."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MARK = "<!-- transcript: tests/system/test_readme.py runs it -->\n```console\n"
VARYING = (
    (re.compile(r"\b[0-9a-f]{8}…"), "xxxxxxxx…"),
    (re.compile(r"\[\d+\.\d+s\]"), "[0.0s]"),
    (re.compile(r"\d+ RPCs in \d+\.\d+ s"), "N RPCs in 0.0 s"),
)

pytestmark = pytest.mark.system


def transcript() -> list[tuple[str, list[str]]]:
    """Each command with the lines under it."""
    text = (ROOT / "README.md").read_text().split(MARK)[1].split("```")[0]
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(part.splitlines()[0], part.splitlines()[1:]) for part in parts]


def alike(lines: list[str]) -> list[str]:
    """Lines without what differs from run to run; steps that run side by side end in any order."""
    for pattern, instead in VARYING:
        lines = [pattern.sub(instead, line) for line in lines]
    return sorted(lines)


def test_the_transcript_is_true(shell: Any) -> None:
    (shell.folder / "bin").mkdir()
    program = shell.folder / "bin" / "reconciler"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m reconciler "$@"\n')
    program.chmod(0o755)
    (shell.folder / "manifests").mkdir()
    (shell.folder / "auto-annotation").rename(shell.folder / "manifests" / "auto-annotation")
    environ = shell.environ | {"PATH": f"{program.parent}:{shell.environ['PATH']}"}
    for command, expected in transcript():
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], cwd=shell.folder, env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert alike((done.stdout + done.stderr).splitlines()) == alike(expected), command
