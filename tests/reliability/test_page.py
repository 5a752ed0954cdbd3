"""docs/reliability.md names tests that exist and shows the figures that are kept; every promise has some."""

import ast
import json
from functools import cache
from pathlib import Path

import pytest

from tests.reliability.page import PAGE, ROOT, all_tests, counted, kept, merged, rows, written


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("test", all_tests())
def test_it_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert (ROOT / file).is_file(), f"{file} is gone: say in promises.toml what holds the promise now"
    assert name in functions(file), f"{name} is gone from {file}: say in promises.toml what holds the promise now"


def test_every_promise_is_held_and_every_part_of_the_programme_is_tested_or_says_why_not() -> None:
    assert [row.name for row in rows("promise")] == [str(number) for number in range(1, 8)]
    assert all(row.tests for row in rows("promise"))
    assert [row.name for row in rows("programme")] == [f"R{number}" for number in range(1, 16)]
    assert all(row.tests or row.note.startswith("not ") for row in rows("programme"))


def test_the_page_shows_the_figures_that_are_kept() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == written(text, kept()), "`make reliability` writes the page anew"


def test_only_tests_that_hold_something_have_kept_figures() -> None:
    assert set(kept()["tests"]) <= set(all_tests())


def test_cases_add_up_new_figures_replace_old_ones_and_the_others_stay(tmp_path: Path) -> None:
    one, other = all_tests()[:2]
    for place, value in enumerate((3, 4)):
        record = {"test": f"{one}[{place}]", "figures": {"things": value}}
        (tmp_path / f"{place}.json").write_text(json.dumps(record))
    before = {"run": "before", "tests": {one: {"things": 1}, other: {"more": 2}, "tests/gone.py::test_x": {"y": 1}}}
    after = merged(before, counted(tmp_path), "now")
    assert after == {"run": "now", "tests": dict(sorted({one: {"things": 7}, other: {"more": 2}}.items()))}
