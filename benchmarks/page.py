"""Figures and verdicts as the Markdown of docs/benchmarks.md and docs/scale.md. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases import SCALE, Results
from benchmarks.fleet import MODELS_A_WORKFLOW
from benchmarks.targets import Verdict

PLANS = ("noop-plan/reconciler/", "scale/reconciler/")

HERE = Path(__file__).parent


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are right-aligned."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdicts_table(verdicts: Iterable[Verdict]) -> str:
    """What must hold, and whether it does."""
    rows = []
    for one in verdicts:
        word = {None: "–", True: "yes", False: "**no**"}[one.holds]
        cpu = "" if one.cpu is None else f"{one.cpu:.3g}"
        rows.append([one.what, _number(one.limit, one.unit), _number(one.measured, one.unit), cpu, word])
    return table(["ratio", "at most", "measured", "in CPU time", "holds"], rows)


def _number(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:.3g}{' ' if unit else ''}{unit}"


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
                str(len(figure.runs)),
            ]
        )
    return table(["figure", "median s", "fastest–slowest s", "CPU s", "peak MiB", "RPCs", "runs"], rows)


def numbers_table(numbers: Mapping[str, float]) -> str:
    """The figures that are no processes."""
    return table(["figure", "value"], [[name.replace("/", ": "), f"{value:.4g}"] for name, value in numbers.items()])


def benchmarks_page(
    results: Results,
    verdicts: Sequence[Verdict],
    machine: Mapping[str, str],
    profiles: Mapping[str, str],
    *,
    cases: Iterable[str],
    runs: int,
) -> str:
    """docs/benchmarks.md; `profiles` are those of the figures that are not reached."""
    return _page(
        "benchmarks",
        cases=", ".join(f"`{name}`" for name in cases),
        runs=runs,
        held=sum(one.holds is True for one in verdicts),
        all=len(verdicts),
        verdicts=verdicts_table(verdicts),
        machine=table(["", ""], [*machine.items()]),
        figures=figures_table(results),
        numbers=numbers_table(results.numbers),
        profiles="".join(_profiles(profiles)),
    )


def _page(name: str, **values: Any) -> str:
    return (HERE / f"{name}.md.in").read_text().format(**values).rstrip() + "\n"


def _profiles(profiles: Mapping[str, str]) -> Iterator[str]:
    if profiles:
        yield "\n## What is not reached, and where its time goes\n\n"
        yield "The functions with the most time of their own under cProfile, which makes Python's share look larger.\n"
    for name, text in profiles.items():
        case, subject, size = name.split("/")
        yield f"\n`{subject}` in {case}" + (f", {int(size):,}" if size != "0" else "") + ":\n\n"
        yield f"```text\n{text.strip()}\n```\n"


def scale_page(results: Results, machine: Mapping[str, str]) -> str:
    """docs/scale.md."""
    named = {int(name.split("/")[2]): name for name in results.figures if name.startswith(PLANS)}
    plans = sorted(named.items())
    (few, first), (many, last) = plans[0], plans[-1]
    small, large = results.figures[first], results.figures[last]
    micros = (large.cpu - small.cpu) / (many - few) * 1e6
    kib = (large.peak - small.peak) / (many - few) / 1024
    requests = sum(results.rpcs[last].values())
    applied, sent = next((n.split("/")[2], sum(c.values())) for n, c in results.rpcs.items() if "first-apply" in n)
    apps = results.figures[f"scale/{SCALE.apps} apps one after another/{SCALE.app_size}"]
    return _page(
        "scale",
        plans=_plans_table(results, plans),
        micros=micros,
        kib=kib,
        requests=requests,
        many=many,
        listing=requests / 15,
        each_apply=sent / int(applied),
        hours=many * sent / int(applied) / 10 / 3600,
        minute=int(60e6 / micros) // 1000 * 1000,
        memory=int(4 * 2**20 / kib) // 1000 * 1000,
        apps=SCALE.apps,
        app_size=SCALE.app_size,
        apps_ratio=apps.cpu / results.figures[f"noop-plan/reconciler/{SCALE.app_size}"].cpu,
        machine=table(["", ""], [*machine.items()]),
    )


def _plans_table(results: Results, plans: Iterable[tuple[int, str]]) -> str:
    rows = []
    for size, name in plans:
        figure, rpcs = results.figures[name], results.rpcs[name]
        rows.append(
            [
                f"{size:,}",
                f"{size + size // MODELS_A_WORKFLOW:,}",
                f"{figure.seconds:.2f}",
                f"{figure.cpu:.2f}",
                f"{figure.peak / 2**20:.0f}",
                str(sum(rpcs.values())),
            ]
        )
    return table(["models", "with workflows", "no-op plan s", "CPU s", "peak MiB", "requests"], rows)
