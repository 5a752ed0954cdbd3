"""What must hold: ratios of figures that were taken in one run, each with its limit.

Belongs here: the limits. Does not belong here: how anything is measured (`cases`) or shown (`page`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.cases import LATENCY, RATE, Effort, Results


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that must hold, and whether it does. Every limit is a ceiling."""

    what: str
    limit: float
    measured: float | None
    """None when the case was not run."""
    unit: str = ""
    cpu: float | None = None
    """The same ratio in processor time, which other programs on the machine disturb less."""
    figure: str = ""
    """The figure whose profile tells why, if it does not hold."""

    @property
    def holds(self) -> bool | None:
        """None when there is no measurement."""
        return None if self.measured is None else self.measured <= self.limit


class Judge:
    """Makes verdicts from results."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def time(self, what: str, limit: float, one: str, other: str) -> Verdict:
        """Of the medians of two figures."""
        ratios = [self._ratio(one, other, field) for field in ("seconds", "cpu")]
        return Verdict(f"{what}: time", limit, ratios[0], cpu=ratios[1], figure=one)

    def memory(self, what: str, limit: float, one: str, other: str) -> Verdict:
        """Of the peaks of two figures."""
        return Verdict(f"{what}: memory", limit, self._ratio(one, other, "peak"), figure=one)

    def numbers(self, what: str, limit: float, one: str, other: str) -> Verdict:
        """Of two single numbers."""
        found = [self._results.numbers.get(name) for name in (one, other)]
        return Verdict(what, limit, found[0] / found[1] if found[0] is not None and found[1] else None)

    def _ratio(self, one: str, other: str, field: str) -> float | None:
        figures = self._results.figures
        if one not in figures or other not in figures:
            return None
        return float(getattr(figures[one], field) / getattr(figures[other], field))

    def growth(self, what: str, limit: float, small: int, large: int) -> Verdict:
        """KiB that each further model costs a plan."""
        names = [f"noop-plan/reconciler/{size}" for size in (small, large)]
        figures = [self._results.figures.get(name) for name in names]
        if figures[0] is None or figures[1] is None:
            return Verdict(what, limit, None, "KiB")
        each = (figures[1].peak - figures[0].peak) / (large - small) / 1024
        return Verdict(what, limit, each, "KiB", figure=names[1])


def verdicts(results: Results, effort: Effort) -> list[Verdict]:
    """Every target with its measurement, as far as there is one."""
    judge = Judge(results)
    return [*_plans(judge, effort), *_starts(judge), *_sizes(judge, effort), *_rates(judge, results.numbers)]


def _plans(judge: Judge, effort: Effort) -> Iterator[Verdict]:
    n = effort.main
    ours = f"noop-plan/reconciler/{n}"
    what = f"no-op plan of {n:,} models"
    yield judge.time(f"{what} / Terraform's", 1 / 10, ours, f"noop-plan/terraform/{n}")
    yield judge.memory(f"{what} / Terraform's", 1 / 5, ours, f"noop-plan/terraform/{n}")
    yield judge.time(f"{what} / octoDNS's", 1 / 6, ours, f"noop-plan/octodns/{n}")
    yield judge.time(f"{what} / bare list", 6, ours, f"noop-plan/bare list/{n}")
    few, many = (f"noop-plan/reconciler/{size}" for size in (1_000, 10_000))
    yield judge.time("no-op plan of 10,000 models / of 1,000", 8, many, few)
    moved, still = (f"changed-plan/{name}/{n}" for name in ("1 % changed", "no-op"))
    yield judge.time(f"plan of {n:,} models with 1 % changed / no-op", 1.25, moved, still)
    ours, theirs = (f"validate/{name}/{n}" for name in ("reconciler", "terraform"))
    yield judge.time(f"`validate` of {n:,} models / Terraform's", 1 / 2, ours, theirs)


def _starts(judge: Judge) -> Iterator[Verdict]:
    for words in ("--help", "plan --help", "version"):
        floor = f"start/{words} of the empty program/0"
        yield judge.time(f"`{words}` / a typer program with empty bodies", 1.3, f"start/{words}/0", floor)
    for command in ("validate", "plan"):
        floor = f"one-document/imports of {command}/1"
        yield judge.time(f"`{command}` of one document / its imports", 1.3, f"one-document/{command}/1", floor)


def _sizes(judge: Judge, effort: Effort) -> Iterator[Verdict]:
    few, most = min(effort.sizes), max(effort.sizes)
    yield judge.growth(f"memory of a plan of {most:,} models over the start, a model", 15, few, most)
    ours, theirs = (f"noop-plan/{name}/{most}" for name in ("reconciler", "terraform"))
    yield judge.memory(f"plan of {most:,} models / Terraform's", 0.15, ours, theirs)
    far, near = (f"latency/{name}/{most}" for name in ("50 ms", "0 ms"))
    yield judge.time(f"plan of {most:,} models at 50 ms a page / at 0 ms", 1.25, far, near)


def _rates(judge: Judge, numbers: dict[str, float]) -> Iterator[Verdict]:
    """Rates are turned round, so that the limit is a ceiling here too."""
    ours = "limiter/limited"
    yield judge.numbers("apply of 300 models at 10 requests a second and 200 ms / ideal", 1.1, ours, f"{ours}: ideal")
    ours = "limiter/unlimited"
    yield judge.numbers("apply of 1,000 models, 32 at a time, 50 ms / ideal", 1.15, ours, f"{ours}: ideal")
    listed = [f"emulator/list: {name}" for name in ("emulator", "bare")]
    yield judge.numbers("emulator: all models in pages of 1,000 / a server that only holds them", 3, *listed)
    written = numbers.get("emulator/writes")
    yield Verdict("emulator: 1,000 single writes, each stored first", 1, written and 1_000 / written, "s")
    for name, flag, wanted in (("latency", "--latency", LATENCY), ("rate", "--rps", RATE)):
        real = numbers.get(f"emulator/{name}")
        yield Verdict(f"emulator: how far `{flag}` is off", 0.1, None if real is None else abs(real / wanted - 1))
