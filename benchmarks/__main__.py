"""`python -m benchmarks [--quick] [--only CASE ...]`: measure and print; a full run rewrites docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.cases import CASES, QUICK, Effort, Results
from benchmarks.ground import Ground
from benchmarks.targets import verdicts
from benchmarks.words import figures_table, targets_table


def main() -> int:
    """Measure what was asked for; 1 when a figure that must hold does not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small estates, three runs; nothing is written")
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES), help="these cases only")
    chosen = parser.parse_args()
    effort = QUICK if chosen.quick else Effort()
    results = Results()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        ground = Ground(Path(folder))
        for name in chosen.only:
            started = time.monotonic()
            print(f"{name} ...", file=sys.stderr, flush=True)
            CASES[name](ground, effort, results)
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    rows = verdicts(results, effort)
    print(figures_table(results), "", targets_table(rows), sep="\n")
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
