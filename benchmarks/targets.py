"""What must hold: ratios of figures that were taken in one run, each with its limit.

Belongs here: the limits. Does not belong here: how anything is measured (`cases`) or shown (`words`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.cases import LATENCY, RATE, Effort, Results


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that must hold, and whether it does."""

    what: str
    limit: float
    measured: float | None
    """None when the case was not run."""
    unit: str = "x"

    @property
    def holds(self) -> bool | None:
        """Every limit is a ceiling; None when there is no measurement."""
        return None if self.measured is None else self.measured <= self.limit


def verdicts(results: Results, effort: Effort) -> list[Verdict]:
    """Every target with its measurement, as far as there is one."""
    return list(_verdicts(results, effort))


def _verdicts(results: Results, effort: Effort) -> Iterator[Verdict]:
    def seconds(name: str) -> float | None:
        figure = results.figures.get(name)
        return figure.seconds if figure else None

    def peak(name: str) -> float | None:
        figure = results.figures.get(name)
        return figure.peak if figure else None

    main, most = effort.main, max(effort.sizes)
    ours, theirs, dns = (f"noop-plan/{name}/{main}" for name in ("reconciler", "terraform", "octodns"))
    yield Verdict(f"no-op plan of {main:,} models / Terraform: time", 1 / 10, _ratio(seconds(ours), seconds(theirs)))
    yield Verdict(f"no-op plan of {main:,} models / Terraform: memory", 1 / 5, _ratio(peak(ours), peak(theirs)))
    yield Verdict(f"no-op plan of {main:,} models / octoDNS: time", 1 / 6, _ratio(seconds(ours), seconds(dns)))
    floor = f"noop-plan/bare list/{main}"
    yield Verdict(f"no-op plan of {main:,} models / bare list: time", 6, _ratio(seconds(ours), seconds(floor)))
    small, large = f"noop-plan/reconciler/{1_000}", f"noop-plan/reconciler/{10_000}"
    yield Verdict("no-op plan of 10,000 models / of 1,000: time", 8, _ratio(seconds(large), seconds(small)))
    same, moved = (f"changed-plan/{name}/{main}" for name in ("no-op", "1 % changed"))
    yield Verdict(f"plan with 1 % changed / no-op, {main:,}: time", 1.25, _ratio(seconds(moved), seconds(same)))
    ours, theirs = (f"validate/{name}/{main}" for name in ("reconciler", "terraform"))
    yield Verdict(f"validate {main:,} documents / Terraform: time", 1 / 2, _ratio(seconds(ours), seconds(theirs)))
    for words in ("--help", "plan --help", "version"):
        bare = f"start/{words} of the empty program/0"
        yield Verdict(f"`{words}` / empty program: time", 1.3, _ratio(seconds(f"start/{words}/0"), seconds(bare)))
    for command in ("validate", "plan"):
        bare = f"one-document/imports of {command}/1"
        ratio = _ratio(seconds(f"one-document/{command}/1"), seconds(bare))
        yield Verdict(f"`{command}` of one document / importing what it needs: time", 1.3, ratio)
    large, least = f"noop-plan/reconciler/{most}", f"noop-plan/reconciler/{min(effort.sizes)}"
    grown = peak(large)
    each = (grown - (peak(least) or 0)) / (most - min(effort.sizes)) / 1024 if grown is not None else None
    yield Verdict(f"memory of a plan of {most:,} models over the start, a resource", 15, each, "KiB")
    theirs = f"noop-plan/terraform/{most}"
    yield Verdict(f"memory of a plan of {most:,} models / Terraform", 0.15, _ratio(peak(large), peak(theirs)))
    far, near = f"latency/50 ms/{most}", f"latency/0 ms/{most}"
    yield Verdict(f"plan of {most:,} models at 50 ms a page / at 0 ms: time", 1.25, _ratio(seconds(far), seconds(near)))
    yield from _emulator(results.numbers)


def _emulator(numbers: dict[str, float]) -> Iterator[Verdict]:
    """Rates are turned round, so that every limit is a ceiling here too."""
    listed = _ratio(numbers.get("emulator/list: emulator"), numbers.get("emulator/list: bare"))
    yield Verdict("emulator: lists all models in pages of 1,000 / a server that only holds them: time", 3, listed)
    written = _ratio(1_000, numbers.get("emulator/writes"))
    yield Verdict("emulator: 1,000 single writes, each stored before its reply", 1, written, "s")
    for name, wanted in (("latency", LATENCY), ("rate", RATE)):
        real = numbers.get(f"emulator/{name}")
        off = None if real is None else abs(real / wanted - 1)
        yield Verdict(f"emulator: how far `--{'rps' if name == 'rate' else name}` is off", 0.1, off)


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None
