"""Draw docs/benchmarks.svg: `python -m benchmarks.plot FILE JSON`. A process of its own, since matplotlib is large."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams |= {"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 9}

import matplotlib.pyplot as plt  # noqa: E402

NAMES = {"reconciler": "reconciler", "bare list": "bare list (floor)", "terraform": "Terraform", "octodns": "octoDNS"}


def draw(file: str, points: list[tuple[str, int, float, float]]) -> None:
    """`points` are (subject, models, seconds, peak MiB) of no-op plans."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
    for place, (axis, unit) in enumerate(zip(axes, ("seconds", "peak MiB"), strict=True)):
        for subject, name in NAMES.items():
            some = sorted((models, values[place]) for what, models, *values in points if what == subject)
            axis.plot([x for x, _ in some], [y for _, y in some], marker="o", markersize=4, label=name)
        axis.set(xscale="log", yscale="log", xlabel="models", title=f"no-op plan: {unit}")
        axis.grid(visible=True, which="major", alpha=0.3)
    axes[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    draw(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()))
