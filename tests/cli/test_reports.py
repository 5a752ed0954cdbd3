"""`--report FORMAT=FILE`: what is accepted, what is written, and what must never be lost."""

import os
import stat
from pathlib import Path

import pytest

from reconciler.cli.reports import Report, wanted, where_all_is, write
from reconciler.core.diagnostics import ReconcilerError
from reconciler.report.formats import Circumstances, Value
from tests.report.rich_plan import empty_plan

HOW = Circumstances()


def put(file: Path, format_: str = "gitlab") -> str | None:
    return write([Report(format_, str(file))], Value.PLAN, empty_plan(), HOW)


def test_a_wish_is_a_format_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a=b.md"
    assert wanted([f"md={file}"], Value.PLAN) == (Report("markdown", str(file)),)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("markdown", "which file?"),
        ("markdown=", "which file?"),
        ("markdown=-", "it takes a file"),
        ("junit=x.xml", "a plan has no format 'junit'"),
        ("markdown=nowhere/x.md", "nowhere/x.md cannot be written"),
        ("markdown=/", "/ is a folder"),
    ],
)
def test_a_wish_that_cannot_come_true_is_refused_at_once(word: str, problem: str) -> None:
    with pytest.raises(ReconcilerError, match=problem.replace("?", r"\?")):
        wanted([word], Value.PLAN)


def test_a_report_is_written_and_written_over(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("old and much longer than the new one " * 9)
    assert put(file) is None
    assert file.read_text() == '{"create": 0, "update": 0, "delete": 0}\n'
    assert [each.name for each in tmp_path.iterdir()] == ["plan.json"]


def test_a_new_report_can_be_read_by_others(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        put(tmp_path / "new")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o644


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    put(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600
    assert (tmp_path / "real").read_text()


@pytest.mark.parametrize("format_", ["github-outputs", "github-summary"])
def test_githubs_own_files_are_added_to(tmp_path: Path, format_: str) -> None:
    file = tmp_path / "shared"
    file.write_text("before=1\n")
    put(file, format_)
    assert file.read_text().startswith("before=1\n")
    assert len(file.read_text()) > len("before=1\n")


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    missing = tmp_path / "gone" / "plan.json"
    assert put(missing) == f"{missing}: No such file or directory"
    assert not list(tmp_path.iterdir())


def test_a_format_that_an_end_does_not_have_is_left_out(tmp_path: Path) -> None:
    assert write([Report("junit", str(tmp_path / "x"))], Value.PLAN, empty_plan(), HOW) is None
    assert not list(tmp_path.iterdir())


def test_the_link_to_the_log() -> None:
    github = {"GITHUB_SERVER_URL": "https://g.test", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
    assert where_all_is(github) == "All of it is in [the log of this run](https://g.test/o/r/actions/runs/7)."
    assert "https://l.test/1" in where_all_is({"CI_JOB_URL": "https://l.test/1"})
    assert where_all_is({"GITHUB_RUN_ID": "7"}) == ""
