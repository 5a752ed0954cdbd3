"""Fuzz what reads other people's files, with atheris: `make fuzz`, or `make fuzz TARGET=plans SECONDS=600`.

What it finds is kept in `.cache/fuzz`, and a file that breaks a target is named; `TARGETS` tells what breaking means.
"""

from __future__ import annotations

import hashlib
import sys

import atheris

with atheris.instrument_imports(include=["reconciler"]):
    from tests.fuzz.targets import ROOT, TARGETS, seeds

MOST_BYTES = 32768
"""What a seed may have; a saved plan of a few objects has as many."""


def main(target: str, seconds: str) -> None:
    """Run one target for a time; libFuzzer ends the process, with code 77 if it found something."""
    folder = ROOT / ".cache" / "fuzz" / target
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds(target):
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    broken = f"-artifact_prefix={folder.parent}/broken-{target}-"
    limits = [
        f"-max_total_time={seconds}",
        f"-max_len={MOST_BYTES}",
        "-timeout=5",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *limits, broken, "-print_final_stats=1", str(folder)], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
