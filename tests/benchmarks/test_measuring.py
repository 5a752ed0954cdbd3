"""Processes are measured one by one; a process that does something else than it should gives no figure."""

import sys
from pathlib import Path

import pytest

from benchmarks.cases import Effort, Results
from benchmarks.measuring import Figure, Run, Subject, WrongEnd, compare, run
from benchmarks.page import benchmarks_page, scale_page
from benchmarks.targets import verdicts


def python(name: str, source: str, **more: object) -> Subject:
    return Subject(name, [sys.executable, "-S", "-c", source], **more)  # type: ignore[arg-type]


def test_time_processor_time_and_memory_are_those_of_the_process() -> None:
    busy = run(python("busy", "x = bytearray(64 << 20); sum(range(2_000_000))"))
    assert 0 < busy.cpu <= busy.seconds * 2
    assert busy.peak > 64 << 20


def test_another_end_than_the_expected_one_is_an_error_with_its_last_words() -> None:
    with pytest.raises(WrongEnd, match="ended with 3 instead of 0:\nnot today"):
        run(python("refuses", "import sys; print('not today'); sys.exit(3)"))
    assert run(python("refuses", "raise SystemExit(3)", code=3)).seconds > 0


def test_subjects_take_turns_and_the_first_round_is_thrown_away(tmp_path: Path) -> None:
    file = tmp_path / "turns"
    subjects = [python(name, f"open({str(file)!r}, 'a').write({name!r})") for name in "ab"]
    figures = compare(subjects, runs=2)
    assert file.read_text() == "ababab"
    assert [len(figure.runs) for figure in figures.values()] == [2, 2]


def figure(seconds: float, peak: float = 1.0) -> Figure:
    return Figure("", tuple(Run(seconds * spread, seconds, int(peak * 2**20)) for spread in (0.9, 1, 7)))


def results(**more: Figure) -> Results:
    names = ("reconciler", "terraform", "octodns", "bare list")
    plans = {f"noop-plan/{name}/{size}": figure(size / 1e4, size / 100) for name in names for size in (1_000, 10_000)}
    many = {"scale/10 apps one after another/1000": figure(1.0), "scale/reconciler/47600": figure(5.0, 500)}
    found = Results({**plans, **many, **more})
    found.rpcs = {name: {"GetApp": 1} for name in found.figures} | {"first-apply/reconciler/1000": {"PostModels": 3000}}
    return found


def test_a_ratio_is_of_medians_and_a_limit_is_a_ceiling() -> None:
    effort = Effort(sizes=(1_000, 10_000), main=10_000)
    judged = {v.what: v for v in verdicts(results(**{"noop-plan/terraform/10000": figure(10.0)}), effort)}
    assert judged["no-op plan of 10,000 models / Terraform's: time"].measured == pytest.approx(0.1)
    assert judged["no-op plan of 10,000 models / Terraform's: time"].holds
    assert judged["no-op plan of 10,000 models / octoDNS's: time"].holds is False
    assert judged["`--help` / a typer program with empty bodies: time"].holds is None


def test_the_pages_say_what_holds_what_does_not_and_where_the_time_goes() -> None:
    effort, found = Effort(sizes=(1_000, 10_000), main=10_000), results()
    judged = verdicts(found, effort)
    profiles = {"noop-plan/reconciler/10000": "1 call\n"}
    page = benchmarks_page(found, judged, {"date": "today"}, profiles, cases=["noop-plan"], runs=5)
    assert "| no-op plan of 10,000 models / octoDNS's: time | 0.167 | 1 | 1 | **no** |" in page
    assert "`reconciler` in noop-plan, 10,000:\n\n```text\n1 call\n```" in page
    assert "3.0 requests a model were counted" in scale_page(found, {"date": "today"})
