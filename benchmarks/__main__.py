"""`python -m benchmarks [--quick] [--only CASE ...]`: measure and print; a full run rewrites the pages of figures."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import CASES, QUICK, Effort, Results
from benchmarks.ground import ROOT, Ground
from benchmarks.machine import describe
from benchmarks.page import benchmarks_page, figures_table, numbers_table, scale_page, verdicts_table
from benchmarks.targets import verdicts

DOCS = ROOT / "docs"


def main() -> int:
    """Measure what was asked for; 1 when a ratio that must hold does not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small estates, three runs; nothing is written")
    parser.add_argument("--only", nargs="+", choices=list(CASES), help="these cases; nothing is written")
    chosen = parser.parse_args()
    effort = QUICK if chosen.quick else Effort()
    load = os.getloadavg()[0]
    results = Results()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        measure(chosen.only or list(CASES), effort, results, Path(folder))
    judged = verdicts(results, effort)
    print(figures_table(results), "", numbers_table(results.numbers), "", verdicts_table(judged), sep="\n")
    if not (chosen.quick or chosen.only):
        write(results, effort, load)
    return int(any(one.holds is False for one in judged))


def measure(names: Sequence[str], effort: Effort, results: Results, folder: Path) -> None:
    """Run some cases."""
    ground = Ground(folder)
    for name in names:
        started = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        CASES[name](ground, effort, results)
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def write(results: Results, effort: Effort, load: float) -> None:
    """docs/benchmarks.md with its picture, and docs/scale.md."""
    judged, machine = verdicts(results, effort), describe(load)
    missed = {one.figure for one in judged if one.holds is False}
    profiles = {name: text for name, text in results.profiles.items() if name in missed}
    page = benchmarks_page(results, judged, machine, profiles, cases=CASES, runs=effort.runs)
    (DOCS / "benchmarks.md").write_text(page)
    (DOCS / "scale.md").write_text(scale_page(results, machine))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(points(results), file)
        file.flush()
        drawing = [sys.executable, "-m", "benchmarks.plot", str(DOCS / "benchmarks.svg"), file.name]
        subprocess.run(drawing, cwd=ROOT, check=True)


def points(results: Results) -> list[tuple[str, int, float, float]]:
    """(subject, models, seconds, peak MiB) of every no-op plan."""
    named = [(name.split("/"), figure) for name, figure in results.figures.items()]
    plans = [(subject, int(size), figure) for (case, subject, size), figure in named if case == "noop-plan"]
    return [(subject, size, figure.seconds, figure.peak / 2**20) for subject, size, figure in plans]


if __name__ == "__main__":
    sys.exit(main())
