"""docs/reliability.md: which tests hold which promise, and what they counted when they last ran.

Belongs here: reading `promises.toml`, putting the figures of a run together, writing the page's tables. Not here: the
promises (`promises.toml`), and the tests themselves, which record by the fixture `figures`.

    python -m tests.reliability.page tests      the tests that hold promises, for pytest
    python -m tests.reliability.page write      after they ran: new figures.json, new tables
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "reliability.md"
KEPT = HERE / "figures.json"
FRESH = ROOT / ".cache" / "figures"


@dataclass(frozen=True, slots=True)
class Row:
    """A promise, or a part of the programme, and the tests that hold it."""

    name: str
    says: str
    tests: tuple[str, ...]
    note: str = ""


def rows(kind: str) -> list[Row]:
    """The rows of one table of promises.toml: `promise` or `programme`."""
    content = tomllib.loads((HERE / "promises.toml").read_text(encoding="utf-8"))
    return [
        Row(each["name"], each["says"], tuple(each.get("tests", ())), each.get("note", "")) for each in content[kind]
    ]


def all_tests() -> list[str]:
    """Each test that holds something, once, in the order of the tables."""
    return list(dict.fromkeys(test for kind in ("promise", "programme") for row in rows(kind) for test in row.tests))


def counted(folder: Path = FRESH) -> dict[str, dict[str, float]]:
    """What each test function recorded; what the cases of a parametrised one recorded is added up."""
    found: dict[str, dict[str, float]] = {}
    for file in sorted(folder.glob("*.json")):
        record = json.loads(file.read_text(encoding="utf-8"))
        of_test = found.setdefault(record["test"].partition("[")[0], {})
        for name, value in record["figures"].items():
            of_test[name] = of_test.get(name, 0) + value
    return found


def kept() -> dict[str, Any]:
    """The figures that the page shows: `{"run": day, "tests": {test: {figure: value}}}`."""
    figures: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return figures


def merged(before: dict[str, Any], fresh: dict[str, dict[str, float]], day: str) -> dict[str, Any]:
    """The figures after a run: new ones replace old ones, and those of tests that hold nothing any more go."""
    wanted = all_tests()
    tests = {test: fresh.get(test) or before["tests"].get(test) for test in wanted}
    return {"run": day, "tests": {test: figures for test, figures in sorted(tests.items()) if figures}}


# ---- the tables


def number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def figures_of(row: Row, figures: dict[str, Any]) -> str:
    told: dict[str, float] = {}
    for test in row.tests:
        for name, value in figures["tests"].get(test, {}).items():
            told[name] = told.get(name, 0) + value
    return "<br>".join(f"{number(value)} {name}" for name, value in told.items())


def tests_of(row: Row) -> str:
    """Links to the files, each with its tests folded into a count."""
    files: dict[str, int] = {}
    for test in row.tests:
        file = test.partition("::")[0]
        files[file] = files.get(file, 0) + 1
    return "<br>".join(f"[{file.removeprefix('tests/')}](../{file}) {count}" for file, count in files.items())


def promises(figures: dict[str, Any]) -> Iterator[str]:
    yield "| | promise | held by (tests) | counted in the last run |"
    yield "|---|---|---|---|"
    for row in rows("promise"):
        yield f"| {row.name} | {row.says} | {tests_of(row)} | {figures_of(row, figures)} |"


def programme(figures: dict[str, Any]) -> Iterator[str]:
    yield "| | what is tried | tests | counted in the last run | where it stands |"
    yield "|---|---|---|---|---|"
    for row in rows("programme"):
        yield f"| {row.name} | {row.says} | {tests_of(row)} | {figures_of(row, figures)} | {row.note} |"


def run(figures: dict[str, Any]) -> Iterator[str]:
    yield f"Last run: {figures['run']}, {len(all_tests())} tests by name, parametrised ones counted once."


def written(text: str, figures: dict[str, Any]) -> str:
    """The page with its tables made anew."""
    for table in (promises, programme, run):
        lines = "\n" + "\n".join(table(figures)) + "\n"
        pattern = re.compile(rf"(<!-- {table.__name__} -->)(.*?)(<!-- end -->)", re.DOTALL)
        text, count = pattern.subn(lambda found, lines=lines: found[1] + lines + found[3], text)
        assert count == 1, f"the page has {count} places for {table.__name__}"
    return text


def write() -> None:
    """Put what the last run recorded into figures.json, and both into the page."""
    before = kept() if KEPT.exists() else {"run": "never", "tests": {}}
    figures = merged(before, counted(), datetime.now(UTC).date().isoformat())
    KEPT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    silent = [test for test in all_tests() if test not in figures["tests"]]
    print(f"{len(figures['tests'])} tests recorded figures; {len(silent)} hold without counting")


if __name__ == "__main__":
    if sys.argv[1:] == ["tests"]:
        print("\n".join(all_tests()))
    elif sys.argv[1:] == ["write"]:
        write()
    else:
        sys.exit(__doc__)
