"""The tour of `make demo`, as it is shipped."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

DEMO = Path(__file__).parents[2] / "docs" / "examples" / "demo.sh"


def test_the_tour_runs_to_its_end(shell: Any, tmp_path: Path) -> None:
    script = tmp_path / "bin" / "reconciler"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    script.chmod(0o755)
    shell.environ["PATH"] = f"{script.parent}:{Path(sys.executable).parent}:{shell.environ['PATH']}"
    done = subprocess.run(
        ["bash", str(DEMO)], cwd=tmp_path, env=shell.environ, capture_output=True, check=False, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert done.stderr == "Error: 1 change refused; nothing was changed\n", "the deletion of an app that holds pictures"
    assert "the app is not deleted: it holds 2 inputs" in done.stdout
    assert re.search(r"^astronaut +people +0\.\d+ +success", done.stdout, re.MULTILINE)
    assert re.search(r"^astronaut +man +0\.\d+ +pending", done.stdout, re.MULTILINE)
    assert "The tour is over" in done.stdout
