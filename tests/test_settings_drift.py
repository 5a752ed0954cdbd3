"""`drift: {ignore: […]}` in the settings file: what is accepted, and where it is wrong."""

from datetime import date
from pathlib import Path

import pytest

from reconciler.core.diagnostics import InvalidManifest
from reconciler.core.drift_rules import IgnoreRule
from reconciler.settings import load_settings

RULE = "{address: models/x, path: description, owner: mia, until: 2026-12-31, reason: by hand}"


def ignored(folder: Path, text: str) -> tuple[IgnoreRule, ...]:
    (folder / "reconciler.yaml").write_text(text)
    return load_settings({}, {}, Path("/nonexistent"), folder).ignore


def test_rules(tmp_path: Path) -> None:
    one, other = ignored(
        tmp_path, f"drift:\n  ignore:\n  - {RULE}\n  - {{address: a/b, owner: no, until: 2026-01-02}}\n"
    )
    assert (one.address, one.path, one.owner, one.until, one.reason) == (
        "models/x",
        "description",
        "mia",
        date(2026, 12, 31),
        "by hand",
    )
    assert (other.owner, other.path, other.reason) == ("no", "", "")
    assert other.location is not None
    assert (other.location.line, other.location.column) == (4, 5)


@pytest.mark.parametrize("text", ["drift:", "drift: {}", "drift: {ignore: }", "drift: {ignore: []}"])
def test_none(tmp_path: Path, text: str) -> None:
    assert ignored(tmp_path, text) == ()


@pytest.mark.parametrize(
    ("text", "place", "complaint", "hint"),
    [
        ("drift: {ignored: []}", "1:9", "unknown key 'drift.ignored'", "did you mean 'drift.ignore'?"),
        ("drift: 3", "1:1", "drift: a mapping is needed", None),
        ("drift: {ignore: 3}", "1:17", "drift.ignore: a list of rules is needed", None),
        ("drift: {ignore: [3]}", "1:18", "drift.ignore: a mapping is needed", None),
        (
            f"drift: {{ignore: [{RULE.replace('until', 'untill')}]}}",
            "1:69",
            "drift.ignore: unknown key 'untill'",
            "did you mean 'until'?",
        ),
        (f"drift: {{ignore: [{RULE.replace('2026', 'soon')}]}}", "1:76", "drift.ignore: until: a date such as", None),
        (f"drift: {{ignore: [{RULE.replace('mia', '[mia]')}]}}", "1:64", "owner: a single value is needed", None),
        (f"drift: {{ignore: [{RULE.replace('path', 'address')}]}}", "1:38", "'address' is written twice", None),
        ("drift: {ignore: [], ignore: []}", "1:21", "'drift.ignore' is written twice", None),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, place: str, complaint: str, hint: str | None) -> None:
    with pytest.raises(InvalidManifest) as failed:
        ignored(tmp_path, text)
    problem = failed.value.diagnostics[0]
    assert problem.location is not None
    assert f"{problem.location.line}:{problem.location.column}" == place
    assert complaint in problem.summary
    if hint:
        assert problem.hint == hint
