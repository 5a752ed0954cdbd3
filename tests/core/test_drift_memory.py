"""The memory of the last look: new, still there, gone; nothing is forgotten because it could not be read."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.drift import Ahead, DriftEntry, DriftField, DriftReport, DriftStatus
from reconciler.core.drift_memory import Memory, compared
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


def test_what_cannot_be_read_is_not_gone() -> None:
    _, memory = compared(look(x="description"), None, NOW)
    since, memory = compared(look(x="unknown"), memory, LATER)
    assert since.gone == since.still == ()
    since, _ = compared(look(x="description"), memory, LATER)
    assert since.still == (("models/x description", "2026-03-01T12:00:00+00:00"),)


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
