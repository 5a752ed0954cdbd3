"""Figures and verdicts as Markdown. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.cases import Results
from benchmarks.targets import Verdict


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are right-aligned."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures_table(results: Results) -> str:
    """Every figure: median, fastest and slowest run, processor time, peak memory, RPCs."""
    rows = []
    for name, figure in results.figures.items():
        case, subject, size = name.split("/")
        fastest, slowest = figure.spread
        rpcs = results.rpcs.get(name)
        rows.append(
            [
                f"{case}: {subject}" + (f", {int(size):,}" if size != "0" else ""),
                f"{figure.seconds:.3f}",
                f"{fastest:.3f}–{slowest:.3f}",
                f"{figure.cpu:.3f}",
                f"{figure.peak / 2**20:.0f}",
                str(sum(rpcs.values())) if rpcs else "",
            ]
        )
    return table(["figure", "median s", "fastest–slowest s", "CPU s", "peak MiB", "RPCs"], rows)


def targets_table(verdicts: Iterable[Verdict]) -> str:
    """What must hold, and whether it does."""
    rows = []
    for one in verdicts:
        unit = "" if one.unit == "x" else f" {one.unit}"
        measured = "not measured" if one.measured is None else f"{one.measured:.3g}{unit}"
        word = {None: "–", True: "yes", False: "**no**"}[one.holds]
        rows.append([one.what, f"at most {one.limit:.3g}{unit}", measured, word])
    return table(["ratio", "must be", "measured", "holds"], rows)
