"""The memory of the last look: new, still there, gone; nothing is forgotten because it could not be read."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.drift import Ahead, DriftEntry, DriftField, DriftReport, DriftStatus
from reconciler.core.drift_memory import Memory, compared
from reconciler.core.drift_rules import IgnoreRule, ignore
from tests.report.rich_plan import SCOPE, at

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def look(**statuses: str) -> DriftReport:
    """`x="description"`: models/x drifted there; `x="missing"`, `x="unknown"`."""
    entries = []
    for name, what in statuses.items():
        word = what if what in list(DriftStatus) else DriftStatus.DRIFTED
        fields = () if word == what else (DriftField((what,), "theirs", "ours", "ours", Ahead.LIVE),)
        entries.append(DriftEntry(at(f"models/{name}"), "Model", DriftStatus(word), fields))
    return DriftReport(SCOPE, "people-app", "api.clarifai.com", tuple(entries))


def test_the_first_look_has_no_before() -> None:
    since, memory = compared(look(x="description"), None, NOW)
    assert since.looked is None
    assert memory.seen == {"models/x description": "2026-03-01T12:00:00+00:00"}


def test_new_still_and_gone() -> None:
    _, memory = compared(look(x="description", y="missing"), None, NOW)
    since, memory = compared(look(x="description", z="notes"), Memory.parse(memory.text(), "f"), LATER)
    assert since.looked == "2026-03-01T12:00:00+00:00"
    assert since.new == ("models/z notes",)
    assert since.still == (("models/x description", "2026-03-01T12:00:00+00:00"),)
    assert since.gone == ("models/y",)
    assert list(memory.seen) == ["models/x description", "models/z notes"]


@pytest.mark.parametrize("why", ["unknown", "excluded"])
@pytest.mark.parametrize(("what", "item"), [("description", "models/x description"), ("missing", "models/x")])
def test_what_nobody_saw_is_not_gone(why: str, what: str, item: str) -> None:
    _, memory = compared(look(x=what), None, NOW)
    since, memory = compared(look(x=why), memory, LATER)
    assert (since.new, since.still, since.gone) == ((), (), ())
    since, _ = compared(look(x=what), memory, LATER)
    assert since.still == ((item, "2026-03-01T12:00:00+00:00"),)


@pytest.mark.parametrize(("what", "item"), [("description", "models/x description"), ("missing", "models/x")])
def test_what_is_borne_with_is_not_gone_until_it_is(what: str, item: str) -> None:
    rule = IgnoreRule("models/x", "", "mia", NOW.date())
    _, memory = compared(look(x=what), None, NOW)
    since, memory = compared(ignore(look(x=what), [rule], NOW.date()), memory, LATER)
    assert (since.new, since.still, since.gone) == ((), (), ())
    since, _ = compared(look(x=what), memory, LATER)
    assert since.still == ((item, "2026-03-01T12:00:00+00:00"),)
    since, _ = compared(ignore(look(x="in_sync"), [rule], NOW.date()), memory, LATER)
    assert since.gone == (item,)


def test_it_holds_no_values() -> None:
    assert "theirs" not in compared(look(x="description"), None, NOW)[1].text()


def test_another_app_needs_another_file() -> None:
    _, memory = compared(look(), None, NOW)
    other = Memory("alice/other", memory.owner, memory.host, memory.looked)
    with pytest.raises(ReconcilerError, match="the last look was at alice/other"):
        compared(look(), other, LATER)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": "1.0"}', '{"format_version": 1, "seen": 3}'])
def test_a_file_that_is_no_memory(text: str) -> None:
    with pytest.raises(ReconcilerError, match="is no memory of drift"):
        Memory.parse(text, "seen.json")


def test_a_memory_of_a_later_version() -> None:
    with pytest.raises(ReconcilerError, match="later version"):
        Memory.parse('{"format_version": "2.0"}', "seen.json")
