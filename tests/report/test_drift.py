"""Drift as a value: who is ahead, what the exit code is, and that secrets never get in."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from reconciler.core.change import Cause, Effect, FieldChange
from reconciler.core.drift import NOT_KEPT, Ahead, DriftEntry, DriftField, DriftReport, DriftStatus, by_address
from reconciler.core.masking import SENSITIVE
from reconciler.core.tree import ABSENT
from reconciler.report.as_github import drift_annotations
from reconciler.report.as_junit import drift_junit
from reconciler.report.drift_markdown import drift_markdown
from reconciler.report.drift_text import MOST_UNMANAGED, drift_text
from reconciler.report.drift_words import summary_text
from tests.report.rich_plan import SCOPE, at
from tests.report.rich_reports import drifted, in_sync, unread


def change(cause: Cause) -> FieldChange:
    return FieldChange(("a",), "live", "wanted", cause, Effect.IN_PLACE)


def report(*statuses: DriftStatus) -> DriftReport:
    entries = tuple(DriftEntry(at(f"models/m{n}"), "Model", status) for n, status in enumerate(statuses))
    return DriftReport(SCOPE, "people-app", "api.clarifai.com", entries)


@pytest.mark.parametrize(
    ("cause", "ahead", "applied"),
    [
        (Cause.DRIFT, Ahead.LIVE, "wanted"),
        (Cause.EDIT, Ahead.MANIFEST, "live"),
        (Cause.REMOVED, Ahead.MANIFEST, "live"),
        (Cause.EDIT_OVER_DRIFT, Ahead.BOTH, NOT_KEPT),
        (Cause.RELEASED, Ahead.BOTH, NOT_KEPT),
    ],
)
def test_the_cause_says_who_is_ahead(cause: Cause, ahead: Ahead, applied: object) -> None:
    field = DriftField.of(change(cause))
    assert field is not None
    assert (field.ahead, field.applied) == (ahead, applied)
    assert field.moved == (ahead is not Ahead.MANIFEST)


def test_a_consequence_is_no_drift() -> None:
    assert DriftField.of(change(Cause.FOLLOWS)) is None


def test_a_sensitive_field_never_holds_its_values() -> None:
    field = DriftField(("a",), "secret", NOT_KEPT, ABSENT, Ahead.BOTH, sensitive=True)
    assert (field.live, field.applied, field.manifest) == (SENSITIVE, NOT_KEPT, ABSENT)
    assert "secret" not in repr(replace(field, manifest="secret"))


@pytest.mark.parametrize(
    ("statuses", "code", "line"),
    [
        ((), 0, "No drift. 0 objects are as they were applied."),
        ((DriftStatus.IN_SYNC,), 0, "No drift. 1 object is as it was applied."),
        ((DriftStatus.IN_SYNC, DriftStatus.EXCLUDED), 0, "No drift. 1 object is as it was applied. 1 object excluded."),
        ((DriftStatus.DRIFTED,), 2, "Drift: 1 drifted."),
        ((DriftStatus.MISSING, DriftStatus.IN_SYNC), 2, "Drift: 1 missing, 1 in sync."),
        ((DriftStatus.UNKNOWN, DriftStatus.IN_SYNC), 1, "Drift unknown: 1 unknown, 1 in sync."),
        ((DriftStatus.UNKNOWN, DriftStatus.DRIFTED), 1, "Drift: 1 drifted, 1 unknown."),
    ],
)
def test_exit_code_and_summary(statuses: tuple[DriftStatus, ...], code: int, line: str) -> None:
    assert report(*statuses).exit_code == code
    assert summary_text(report(*statuses)) == line


def test_an_edit_that_waits_is_no_drift() -> None:
    field = DriftField(("a",), 1, 1, 2, Ahead.MANIFEST)
    entry = DriftEntry(at("models/x"), "Model", DriftStatus.IN_SYNC, (field,))
    told = replace(in_sync(), entries=(entry,))
    assert told.exit_code == 0
    assert told.counts.waiting == 1
    assert "not applied yet; no drift" in drift_text(told, color=False)


@pytest.mark.parametrize("told", [drifted(), in_sync(), unread()])
def test_the_summary_is_the_last_line(told: DriftReport) -> None:
    assert drift_text(told, color=False).endswith(summary_text(told) + "\n")


def test_many_unmanaged_objects_are_counted() -> None:
    many = replace(drifted(), unmanaged=drifted().unmanaged * 20)
    assert f"and {40 - MOST_UNMANAGED} more; --format json lists all" in drift_text(many, color=False)


def test_entries_sort_by_address() -> None:
    entries = by_address(reversed(drifted().entries))
    assert entries == drifted().entries


@pytest.mark.parametrize("fields", [(), (DriftField(("a",), 1, 1, 1, Ahead.LIVE),)])
@pytest.mark.parametrize("form", [drift_markdown, drift_annotations, drift_junit, partial(drift_text, color=False)])
def test_why_an_object_has_moved_is_told_everywhere(form: Any, fields: tuple[DriftField, ...]) -> None:
    entry = DriftEntry(at("models/x"), "Model", DriftStatus.DRIFTED, fields, "owner them has taken it over")
    told = " ".join(form(replace(in_sync(), entries=(entry,))).split())
    assert "owner them has taken it over" in told
    assert "0 fields" not in told
