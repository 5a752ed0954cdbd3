"""Values for the further reports: the rich plan with the trees of its workflows, and an app in which much moved."""

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.core.address import Scope
from reconciler.core.change import ResourceChange
from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.drift import (
    NOT_KEPT,
    Ahead,
    DriftEntry,
    DriftField,
    DriftReport,
    DriftStatus,
    Unapplied,
    Unmanaged,
)
from reconciler.core.plan import Plan
from reconciler.core.tree import ABSENT
from tests.report.rich_plan import CONCEPTS, FOREIGN, LONG, NEWER, OLD, SCOPE, SECRET, at, line, node, rich_plan

NOW = datetime(2026, 3, 1, 12, 30, 5, 250_000, tzinfo=UTC)


def annotated(change: ResourceChange) -> ResourceChange:
    """The change with the trees that the engine puts into it."""
    kept = {"general-concept": node("general-image-recognition", version=FOREIGN)}
    if change.address.id == "auto-annotation":
        before = {
            "greater-than": node("greater-than", "general-concept", version=OLD),
            "less-than": node("less-than", "general-concept", version=NEWER),
        }
        after = {name: node(name, "general-concept") for name in before}
    elif change.address.id == "nightly":
        before = {
            "gt": node("greater-than", "general-concept", version=OLD),
            "cropper": node("crop", "gt", version=OLD),
        }
        after = {
            "gt": node("greater-than", "general-concept"),
            "writer": node("write-success-as-me", "gt", version=NEWER),
        }
    else:
        return change
    return replace(change, before={"nodes": kept | before}, after={"nodes": kept | after})


def reviewed_plan() -> Plan:
    """The rich plan as the engine makes it: a changed workflow brings its nodes."""
    plan = rich_plan()
    return replace(plan, changes=tuple(map(annotated, plan.changes)))


def drifted() -> DriftReport:
    """An object in every state, a field for everyone who may be ahead."""
    entries = (
        DriftEntry(at("concepts/man"), "Concept", DriftStatus.IN_SYNC, location=line("concepts", 3)),
        DriftEntry(
            at("models/greater-than"),
            "Model",
            DriftStatus.DRIFTED,
            (
                DriftField((*CONCEPTS, "people", "value"), 0.7, 0.5, 0.5, Ahead.LIVE),
                DriftField((*CONCEPTS, "adult", "value"), 0.8, NOT_KEPT, 0.9, Ahead.BOTH),
                DriftField((*CONCEPTS, "stranger"), {"value": 0.1}, ABSENT, ABSENT, Ahead.LIVE),
                DriftField(("description",), LONG, LONG, LONG[:-7] + "raised", Ahead.MANIFEST),
                DriftField(("metadata", "token"), SECRET, SECRET, SECRET + "x", Ahead.LIVE, sensitive=True),
            ),
            location=line("models", 23),
        ),
        DriftEntry(
            at("models/less-than"),
            "Model",
            DriftStatus.IN_SYNC,
            (DriftField(("notes",), ABSENT, ABSENT, "call @me | `now` <b>", Ahead.MANIFEST),),
            location=line("models", 41),
        ),
        DriftEntry(
            at("models/write-pending"), "Model", DriftStatus.UNKNOWN, message="deadline exceeded after 3 attempts"
        ),
        DriftEntry(
            at("relations/adult.hyponym.people"), "ConceptRelation", DriftStatus.MISSING, location=line("concepts", 20)
        ),
        DriftEntry(at("workflows/nightly"), "Workflow", DriftStatus.EXCLUDED, message="--exclude workflows/nightly"),
    )
    return DriftReport(
        SCOPE,
        "people-app",
        "api.clarifai.com",
        entries,
        unmanaged=(
            Unmanaged(at("models/experiment-7"), "Model"),
            Unmanaged(at("workflows/search"), "Workflow", "search-team"),
        ),
        unapplied=(
            Unapplied(at("concepts/child"), "declared, not created yet", line("concepts", 30)),
            Unapplied(at("workflows/old"), "no longer declared"),
        ),
        notes=(
            Diagnostic(
                Severity.WARNING,
                "a newer version by someone else serves models/trained",
                hint="it is not trained again",
            ),
        ),
    )


def in_sync() -> DriftReport:
    """Nothing moved."""
    entries = (DriftEntry(at("concepts/man"), "Concept", DriftStatus.IN_SYNC),)
    return DriftReport(Scope("alice", "people-app"), "people-app", "api.clarifai.com", entries)


def unread() -> DriftReport:
    """Nothing seems to have moved, but not everything could be read."""
    entries = (
        DriftEntry(at("concepts/man"), "Concept", DriftStatus.IN_SYNC),
        DriftEntry(at("models/x"), "Model", DriftStatus.UNKNOWN, message="99010\nInternal"),
    )
    return DriftReport(SCOPE, "people-app", "api.clarifai.com", entries, refresh="stamp")
