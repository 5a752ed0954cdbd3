"""Where the time of a command goes: the first lines of cProfile, paths cut short.

`python -m benchmarks.profiles FILE` prints those of a profile. A process of its own, since profiles are large and the
one that measures stays small.
"""

from __future__ import annotations

import io
import pstats
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.measuring import Subject, run

ROOT = Path(__file__).parents[1]
LINES = 15


def profile(subject: Subject, folder: Path) -> str:
    """The functions of one run that take the most time by themselves."""
    file = folder / "profile"
    python, script, *words = subject.command
    watched = [python, "-m", "cProfile", "-o", str(file), script, *words]
    run(Subject(subject.name, watched, subject.environment, subject.cwd))  # cProfile ends with 0, whatever was run
    shown = [sys.executable, "-m", "benchmarks.profiles", str(file)]
    return subprocess.run(shown, cwd=ROOT, capture_output=True, check=True, text=True).stdout


def first_lines(file: str) -> str:
    """What pstats says, without the folders of this machine."""
    text = io.StringIO()
    pstats.Stats(file, stream=text).sort_stats("tottime").print_stats(LINES)
    said = re.sub(rf"{re.escape(str(ROOT))}/", "", text.getvalue())
    said = re.sub(r"\S*/(site-packages|lib/python[\d.]+)/", "", said)
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    return "\n".join(line for line in lines if "List reduced" not in line and "profile" not in line)


if __name__ == "__main__":
    print(first_lines(sys.argv[1]))
