"""A drift loop as a process of its own, and the review tour as it is shipped."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.server import Emulator

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

DOCS = Path(__file__).parents[2] / "docs"
REVIEW = DOCS / "examples" / "review.sh"
VARYING = (r"127\.0\.0\.1:\d+", r"\d{4}-\d\d-\d\d(T[\d:+]+)?", r"\.\./")


def screens(name: str) -> list[str]:
    """What a page shows of the program's output, line by line."""
    blocks = re.findall(r"^( *)```console\n(.*?)```", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix(indent) for indent, block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(("$ ", "..."))]


def alike(line: str) -> str:
    """A line without what differs from run to run."""
    for pattern in VARYING:
        line = re.sub(pattern, "", line)
    return line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_loop_ends_in_order(shell: Any, serving: Callable[..., Emulator], number: int) -> None:
    pytest.importorskip("prometheus_client")
    emulator = serving()
    assert shell("apply", "auto-annotation", "-y").code == 0
    emulator.calls.reset()
    loop = shell.start("drift", "auto-annotation", "--interval", "1h", "--listen", "127.0.0.1:0", "--quiet")
    ready = loop.stderr.readline()
    found = re.search(r"Metrics on (http://\S+)/metrics", ready)
    assert found, ready + loop.stderr.read()
    assert "No drift." in loop.stdout.readline()
    with urllib.request.urlopen(f"{found[1]}/healthz", timeout=5) as reply:
        assert reply.status == 200
    os.kill(loop.pid, number)
    _, err = loop.communicate(timeout=20)
    assert (loop.returncode, err) == (0, "Stopped.\n")
    assert emulator.calls.writes == []


def test_the_review_tour_runs_to_its_end(shell: Any, tmp_path: Path) -> None:
    script = tmp_path / "bin" / "reconciler"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    script.chmod(0o755)
    shell.environ["PATH"] = f"{script.parent}:{Path(sys.executable).parent}:{shell.environ['PATH']}"
    done = subprocess.run(
        ["bash", str(REVIEW)], cwd=tmp_path, env=shell.environ, capture_output=True, check=False, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "The tour is over" in done.stdout
    shown = {alike(line) for line in (done.stdout + done.stderr).splitlines()}
    for page in ("drift.md", "saved-plans.md"):
        assert len(screens(page)) > 5
        assert [line for line in screens(page) if alike(line) not in shown] == [], page
