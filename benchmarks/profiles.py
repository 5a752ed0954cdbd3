"""Where the time of a command goes: the first lines of cProfile, paths cut short."""

from __future__ import annotations

import io
import pstats
import re
from pathlib import Path

from benchmarks.ground import ROOT
from benchmarks.measuring import Subject, run

LINES = 15


def profile(subject: Subject, folder: Path) -> str:
    """The functions of one run that take the most time by themselves."""
    file = folder / "profile"
    python, script, *words = subject.command
    watched = [python, "-m", "cProfile", "-o", str(file), script, *words]
    run(Subject(subject.name, watched, subject.environment, subject.cwd))  # cProfile ends with 0, whatever was run
    text = io.StringIO()
    pstats.Stats(str(file), stream=text).sort_stats("tottime").print_stats(LINES)
    return _short(text.getvalue())


def _short(text: str) -> str:
    text = re.sub(rf"{re.escape(str(ROOT))}/", "", text)
    text = re.sub(r"\S*/(site-packages|lib/python[\d.]+)/", "", text)
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(line for line in lines if "List reduced" not in line and "profile" not in line)
