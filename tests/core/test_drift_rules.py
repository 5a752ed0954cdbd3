"""Rules that bear with drift: what they cover, when they end, and that they hide nothing."""

from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest

from reconciler.core.diagnostics import Location, Severity
from reconciler.core.drift import Ahead, DriftEntry, DriftField, DriftReport, DriftStatus
from reconciler.core.drift_rules import IgnoreRule, ignore, rule
from reconciler.report.formats import FORMATS, Circumstances, Value, render
from tests.report.rich_plan import SCOPE, at

TODAY = date(2026, 6, 1)
PLACE = Location("reconciler.yaml", 3, 7)


def bear(address: str = "models/x", path: str = "", until: date = date(2026, 12, 31)) -> IgnoreRule:
    return IgnoreRule(address, path, "mia", until, "by hand", PLACE)


def moved(*path: str, ahead: Ahead = Ahead.LIVE) -> DriftField:
    return DriftField(path, "theirs", "ours", "ours", ahead)


def entry(*fields: DriftField, status: DriftStatus = DriftStatus.DRIFTED) -> DriftEntry:
    return DriftEntry(at("models/x"), "Model", status, fields)


def report(*entries: DriftEntry) -> DriftReport:
    return DriftReport(SCOPE, "people-app", "api.clarifai.com", entries)


@pytest.mark.parametrize(
    ("address", "path", "left"),
    [
        ("models/x", "", ()),
        ("models/*", "", ()),
        (f"{SCOPE}/models/x", "", ()),
        ("models/x", "description", (("nodes", "a", "model"),)),
        ("models/x", "nodes", (("description",),)),
        ("models/x", "nodes.a", (("description",),)),
        ("models/x", "nodes.*.model", (("description",),)),
        ("models/x", "node", (("description",), ("nodes", "a", "model"))),
        ("models/y", "", (("description",), ("nodes", "a", "model"))),
    ],
)
def test_a_rule_covers_an_object_or_a_path_and_what_is_below(address: str, path: str, left: Any) -> None:
    told = ignore(report(entry(moved("description"), moved("nodes", "a", "model"))), [bear(address, path)], TODAY)
    assert tuple(f.path for f in told.entries[0].moved) == left
    assert told.exit_code == (2 if left else 0)
    assert len(told.entries[0].ignored) == 2 - len(left)


def test_until_is_the_last_day() -> None:
    drifted = report(entry(moved("description")))
    assert ignore(drifted, [bear(until=TODAY)], TODAY).exit_code == 0
    told = ignore(drifted, [bear(until=date(2026, 5, 31))], TODAY)
    assert told.exit_code == 2
    (note,) = told.notes
    assert (note.severity, note.location) == (Severity.WARNING, PLACE)
    assert "models/x ended on 2026-05-31" in note.summary
    assert "mia" in (note.hint or "")


def test_what_is_gone_needs_a_rule_for_the_whole_object() -> None:
    gone = report(entry(status=DriftStatus.MISSING))
    assert ignore(gone, [bear(path="description")], TODAY).exit_code == 2
    assert ignore(gone, [bear()], TODAY).entries[0].status is DriftStatus.IGNORED


def test_no_rule_makes_known_what_could_not_be_read() -> None:
    unread = report(entry(status=DriftStatus.UNKNOWN))
    assert ignore(unread, [bear()], TODAY).exit_code == 1


def test_edits_that_wait_stay_edits() -> None:
    told = ignore(report(entry(moved("a"), moved("b", ahead=Ahead.MANIFEST))), [bear()], TODAY)
    assert [f.path for f in told.entries[0].waiting] == [("b",)]


@pytest.mark.parametrize("name", FORMATS[Value.DRIFT])
@pytest.mark.parametrize("path", ["", "description"])
def test_every_form_tells_it(name: str, path: str) -> None:
    told = ignore(report(entry(moved("description"), moved("notes"))), [bear(path=path)], TODAY)
    text = render(name, Value.DRIFT, told, Circumstances(width=200))
    if name.startswith(("github-outputs", "events")):
        assert "ignored" in text
    elif name != "github":  # annotations tell what is to be done
        assert "ignored until 2026-12-31 by mia: by hand" in text
    if name == "junit":
        suite = ElementTree.fromstring(text)
        assert suite.get("skipped") == ("0" if path else "1")


# ---- what a rule may say


def written(**values: str | None) -> Any:
    return {name: (value, PLACE._replace(column=n)) for n, (name, value) in enumerate(values.items(), start=1)}


def test_a_rule_as_it_is_written() -> None:
    whole = {"address": "models/x", "path": "", "owner": "mia", "until": "2026-12-31", "reason": "by hand"}
    made, problems = rule(written(**{k: v for k, v in whole.items() if v}), PLACE)
    assert (made, problems) == (bear(), [])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"address": "models/x", "until": "2026-12-31"}, "owner is missing"),
        ({"address": "models/x", "owner": "mia"}, "until is missing"),
        ({"owner": "mia", "until": "2026-12-31"}, "address is missing"),
        ({"address": "a/b", "owner": "mia", "until": "31.12.2026"}, "a date such as 2026-12-31"),
        ({"address": "a/b", "owner": "mia", "until": "2026-02-30"}, "a date such as 2026-12-31"),
        ({"address": "a/b", "owner": "mia", "until": "20261231"}, "a date such as 2026-12-31"),
        ({"address": "a/b", "owner": None, "until": "2026-12-31"}, "owner: a single value is needed"),
        ({"address": "a/b", "owner": " ", "until": "2026-12-31"}, "owner: a single value is needed"),
    ],
)
def test_what_is_wrong_with_a_rule(values: Any, said: str) -> None:
    made, problems = rule(written(**values), PLACE)
    assert made is None
    assert said in problems[0].summary
