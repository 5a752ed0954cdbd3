"""Selection: what is excluded is never touched, and what is selected is planned as in the full plan."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import pipeline
from reconciler.client.api import ReadOnlyApi
from reconciler.core.address import Address, Scope
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.plan import Verb
from reconciler.core.selection import Selection

PLANS = 60
SCOPE = Scope("me", "app")
BOOKKEEPING = {Verb.OPEN, Verb.CLOSE}


@pytest.fixture
def busy(world: Any, documents: Any) -> Any:
    """An app in which every kind has something to create, change and delete."""
    p, q, r = (documents.concept(name) for name in "pqr")
    m, n, gone = (documents.thresholder(name, p=0.5) for name in ("m", "n", "gone"))
    w, v = documents.workflow("w", a="m", b="n"), documents.workflow("v", a="gone")
    world.apply(
        documents.app(default_workflow={"id": "w"}), p, q, m, n, gone, w, v, documents.relation("p", "synonym", "q")
    )
    for model in (m, n):
        model["spec"]["model_version"]["output_info"]["data"]["concepts"][0]["value"] = 0.75
    q["spec"]["name"] = "new"
    fresh = documents.thresholder("fresh", r=0.5)
    more = [documents.workflow("x", a="fresh", b="m"), documents.relation("p", "synonym", "r")]
    app = documents.app(default_workflow={"id": "x"}, description="new")
    world.wanted = world.desired(app, p, q, r, m, n, fresh, w, *more)
    return world


def names(*, wildcards: bool) -> st.SearchStrategy[str]:
    addresses = ["models/m", "models/n", "models/fresh", "models/gone", "workflows/w", "workflows/x", "workflows/v"]
    some = st.sampled_from([*addresses, "apps/app", "concepts/q", "concepts/r", "relations/p.synonym.r"])
    return some | st.sampled_from(["models", "Concept", "workflows/*", "*/*", "*"]) if wildcards else some


PATTERNS = st.builds(
    lambda before, name, after: f"{before}{name}{after}",
    st.sampled_from(["", "", "+"]),
    names(wildcards=True),
    st.sampled_from(["", "", "+"]),
)
SELECTIONS = st.builds(
    Selection, st.lists(PATTERNS, max_size=3).map(tuple), st.lists(PATTERNS, min_size=0, max_size=2).map(tuple)
)


def test_a_selected_plan_is_a_part_of_the_full_one(busy: Any) -> None:
    full = plan(busy, Selection())
    whole = {change.address: change for change in full.plan.changes}
    assert len(whole) >= 10
    tried: set[tuple[Address, ...]] = set()

    @settings(max_examples=PLANS, database=None)
    @given(SELECTIONS)
    def each(selection: Selection) -> None:
        found = plan(busy, selection).plan
        tried.add(tuple(change.address for change in found.changes))
        for change in found.changes:
            assert change.action == whole[change.address].action
            assert {f.path for f in change.fields} <= {f.path for f in whole[change.address].fields}
        assert {str(c.address) for c in found.changes}.isdisjoint(map(str, found.left_out))
        assert {c.address for c in found.changes} | set(found.left_out) == set(whole)
        acted = {step.address for step in found.steps if step.verb not in BOOKKEEPING}
        assert acted <= {c.address for c in found.changes}
        assert acted.isdisjoint(meant(busy, selection.exclude))

    each()
    assert len(tried) > 10


def plan(world: Any, selection: Selection) -> Any:
    options = pipeline.PlanOptions(prune=True, selection=selection, rails=world.everything)
    return pipeline.make_plan(ReadOnlyApi(world.api), world.wanted, options)


def meant(world: Any, patterns: tuple[str, ...]) -> frozenset[Address]:
    """What the excluded patterns name, as the documentation says it and without the code that does it."""
    bare = {pattern.strip("+") for pattern in patterns}
    every = {*world.wanted.resources, world.address("models/gone"), world.address("workflows/v")}
    return frozenset(a for a in every if str(a) in bare or a.kind in bare or "*" in bare or "*/*" in bare)


def test_what_is_excluded_is_not_written_to(busy: Any) -> None:
    """The bytes of everything excluded are the same after the apply."""
    out = Selection(exclude=("models/n+", "models/gone", "workflows/v", "concepts/q", "apps"))
    before = busy.snapshot()
    found = plan(busy, out)
    assert not found.plan.refusals
    assert busy.carry_out(found).complete
    after = busy.snapshot()
    kept = [name for name in before if name.startswith(("version/n/", "full/n")) or name.endswith(("/v", "/w", "/q"))]
    assert len(kept) >= 4
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_a_dependency_left_out_is_refused_by_name(busy: Any) -> None:
    found = pipeline.make_plan(
        ReadOnlyApi(busy.api),
        busy.wanted,
        pipeline.PlanOptions(selection=Selection(select=("workflows/x",))),
    ).plan
    assert any("models/fresh" in f"{r.address} {r.message}" for r in found.refusals)


# ---- patterns, on graphs of any shape

NODES = [Address(SCOPE, kind, name) for kind in ("models", "workflows") for name in "abcd"]
GRAPHS = st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES), max_size=3), max_size=8)


@given(GRAPHS, st.sampled_from(NODES))
def test_the_plus_signs_are_closures(uses: dict[Address, list[Address]], start: Address) -> None:
    below = Selection((f"+{start}",)).of(NODES, uses)
    above = Selection((f"{start}+",)).of(NODES, uses)
    assert start in below & above
    for address in below:
        assert set(uses.get(address, ())) <= below
    for user, used in uses.items():
        assert user in above or above.isdisjoint(used)
    assert Selection((f"+{start}+",)).of(NODES, uses) == below | above
    assert Selection((), (f"+{start}",)).of(NODES, uses) == frozenset(NODES) - below


@pytest.mark.parametrize("pattern", ["models/z", "model/a", "nothing", "", "+", "workflows/[z]"])
def test_a_pattern_that_means_nothing_is_an_error(pattern: str) -> None:
    for selection in (Selection((pattern,)), Selection((), (pattern,))):
        with pytest.raises(ReconcilerError, match="selects nothing"):
            selection.of(NODES, {})
