"""Run whole processes and measure them: wall clock, processor time, peak memory.

Belongs here: processes and statistics. Does not belong here: what is run (`subjects`), or what the figures must be
(`targets`). This process stays small on purpose: Linux counts the memory of the parent at the moment of `exec` into
the peak of the child, so nothing heavy may be imported here.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


class WrongEnd(Exception):
    """A measured process did not do what it was to do; its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One command that is measured."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    code: int = 0
    before: Callable[[], None] = lambda: None
    """Called before each run, outside the clock."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process from start to end."""

    seconds: float
    cpu: float
    """Processor seconds, user and system, of the process and the children it waited for."""
    peak: int
    """Bytes: the largest resident size of the process or of one of its children."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Several runs of one subject."""

    name: str
    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """The median wall clock."""
        return median(run.seconds for run in self.runs)

    @property
    def cpu(self) -> float:
        """The median processor time."""
        return median(run.cpu for run in self.runs)

    @property
    def peak(self) -> float:
        """The median peak memory in bytes."""
        return median(run.peak for run in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        """The fastest and the slowest run."""
        return min(run.seconds for run in self.runs), max(run.seconds for run in self.runs)


def compare(subjects: Sequence[Subject], runs: int, warm_ups: int = 1) -> dict[str, Figure]:
    """Measure the subjects in turns (A B A B ...), so that what else the machine does hits all of them alike.

    The first round warms caches and is thrown away.
    """
    taken: dict[str, list[Run]] = {subject.name: [] for subject in subjects}
    for turn in range(warm_ups + runs):
        for subject in subjects:
            one = run(subject)
            if turn >= warm_ups:
                taken[subject.name].append(one)
    return {name: Figure(name, tuple(some)) for name, some in taken.items()}


def run(subject: Subject) -> Run:
    """One run; raises WrongEnd with the last words of a process that ends in another way than it should."""
    subject.before()
    with tempfile.TemporaryFile() as words:
        started = time.perf_counter()
        process = subprocess.Popen(
            subject.command,
            env={**os.environ, **subject.environment},
            cwd=subject.cwd,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # else Popen would wait for it once more
        if process.returncode != subject.code:
            words.seek(0)
            said = words.read().decode(errors="replace")[-2000:]
            raise WrongEnd(f"{subject.name} ended with {process.returncode} instead of {subject.code}:\n{said}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)
