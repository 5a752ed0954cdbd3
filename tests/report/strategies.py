"""Plans, results and problems nobody would write by hand."""

from typing import Any

from hypothesis import strategies as st

from reconciler.core.address import Address
from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.diagnostics import Diagnostic, Location, Severity
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
from reconciler.core.outcome import ApplyResult, Status, StepOutcome
from reconciler.core.plan import Limit, Pin, Plan, Refusal, Step, Verb
from reconciler.core.tree import ABSENT, Unknown
from tests.report.rich_plan import SCOPE

SECRET = "s3cr3t-" * 3
NAMES = st.sampled_from(
    ["nodes", "concepts", "model", "id", "value", "model_version", "a.b", "ñ", "人", "x" * 50, "", "q"]
)
# Beyond this range libraries disagree about widths, which is not what these laws are about.
LETTERS = st.characters(max_codepoint=0x24F)
WORDS = st.text(LETTERS, max_size=40) | st.sampled_from(
    ["a long text " * 20, "x" * 120, "\x1b[31m", "f" * 32, "日本 語" * 20]
)
SCALARS = WORDS | st.integers() | st.floats() | st.booleans() | st.none() | st.builds(Unknown, WORDS, WORDS)
TREES = st.dictionaries(
    NAMES, st.recursive(SCALARS, lambda t: st.lists(t, max_size=3) | st.dictionaries(NAMES, t, max_size=3)), max_size=3
)
VALUES = SCALARS | TREES | st.just(ABSENT)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(tuple)
ADDRESSES = st.builds(
    Address,
    st.just(SCOPE),
    st.sampled_from(["models", "workflows", "concepts"]),
    st.sampled_from(["a", "b", "x" * 48, "男 性"]),
)
TARGETS = ADDRESSES.map(str)
FILES = st.sampled_from(["manifests/a.yaml", "x" * 90, "日本.yaml"])
PLACES = st.none() | st.builds(Location, FILES, st.integers(1, 99), st.integers(1, 99))

FIELDS = st.builds(
    FieldChange,
    PATHS,
    VALUES,
    VALUES,
    st.sampled_from(Cause),
    st.sampled_from(Effect),
    st.none() | TARGETS,
    st.just(False),
)
SECRETS = st.builds(
    FieldChange,
    PATHS,
    st.just(SECRET),
    st.just({"a": [SECRET]}),
    st.sampled_from(Cause),
    st.sampled_from(Effect),
    st.none(),
    st.just(True),
)
CHANGES = st.builds(
    ResourceChange,
    ADDRESSES,
    WORDS,
    st.sampled_from(Action),
    st.lists(FIELDS | SECRETS, max_size=4).map(tuple),
    st.lists(WORDS, max_size=2).map(tuple),
    st.none() | TREES,
    st.none() | TREES,
    st.none() | st.sampled_from(Cause),
    PLACES,
)
STEPS = st.builds(Step, WORDS, ADDRESSES, st.sampled_from(Verb), WORDS, st.just(()))
NOTES = st.builds(Diagnostic, st.sampled_from(Severity), WORDS, PLACES, st.none() | WORDS, st.none() | WORDS)


def tuples(elements: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, max_size=most).map(tuple)


LIMITS = st.builds(Limit, st.integers(0, 9), st.floats(0, 2))
PLANS = st.builds(
    Plan,
    scope=st.just(SCOPE),
    owner=WORDS,
    host=WORDS,
    changes=tuples(CHANGES, 5),
    steps=tuples(STEPS),
    undeclared=tuples(ADDRESSES),
    refusals=tuples(st.builds(Refusal, st.sampled_from(["in-use", "delete"]), ADDRESSES, WORDS, st.none() | WORDS)),
    pins=tuples(st.builds(Pin, ADDRESSES, WORDS, ADDRESSES, WORDS)),
    notes=tuples(NOTES),
    destroying=st.booleans(),
    limits=st.none() | LIMITS,
    kind_limits=st.dictionaries(st.sampled_from(["Model", "Workflow"]), LIMITS).map(lambda d: tuple(sorted(d.items()))),
    inputs=st.integers(0, 9),
    reindex=st.booleans(),
)
RESULTS = st.builds(
    ApplyResult,
    PLANS,
    tuples(st.builds(StepOutcome, STEPS, st.sampled_from(Status), st.floats(0, 1000), WORDS)),
    st.floats(0, 1000),
    st.dictionaries(st.just("ListModels"), st.integers(0, 9)),
    st.booleans(),
)

DRIFT_FIELDS = st.builds(
    DriftField,
    PATHS,
    VALUES,
    VALUES | st.just(NOT_KEPT),
    VALUES,
    st.sampled_from(Ahead),
    st.just(False),
) | st.builds(
    DriftField, PATHS, st.just(SECRET), st.just(SECRET), st.just([SECRET]), st.sampled_from(Ahead), st.just(True)
)
ENTRIES = st.builds(DriftEntry, ADDRESSES, WORDS, st.sampled_from(DriftStatus), tuples(DRIFT_FIELDS, 4), WORDS, PLACES)
REPORTS = st.builds(
    DriftReport,
    st.just(SCOPE),
    WORDS,
    WORDS,
    tuples(ENTRIES, 5),
    tuples(st.builds(Unmanaged, ADDRESSES, WORDS, st.none() | WORDS)),
    tuples(st.builds(Unapplied, ADDRESSES, WORDS, PLACES)),
    tuples(NOTES),
)
