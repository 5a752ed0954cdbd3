"""What a list leaves open is read by its id, and nothing else is."""

from dataclasses import replace

import pytest

from reconciler.core.address import Address
from reconciler.core.canonical import CANON
from reconciler.core.change import Action
from reconciler.core.ownership import target_record
from reconciler.core.state import Entry, LiveVersion, Observed
from reconciler.stages import diff, refresh
from tests.stages.comparing import (
    CONCEPT,
    HERE,
    KINDS,
    MODEL,
    SHELL,
    WORKFLOW,
    M,
    W,
    declared,
    desired,
    live_state,
    model_item,
    model_live,
    named,
    nodes,
    remembers,
    version,
)

FAILED = 21106
"""The status of a version whose training failed (facts 2.2)."""

# ---- one object


@pytest.mark.parametrize(
    ("observed", "read"),
    [
        (model_live(LiveVersion("v", None, version("v", 0.5, 0.5).mark, untouched=True), complete=False), False),
        (model_live(LiveVersion("v", None, version("v", 0.5, 0.5).mark, untouched=False), complete=False), True),
        (model_live(LiveVersion("v", None, version("v", 0.6, 0.6).mark, untouched=True), complete=False), True),
        (model_live(LiveVersion("v", None, None, untouched=True), complete=False), True),
        (model_live(None, complete=False), True),
        (model_live(None), False),
        (Observed(M, "Model", {}, complete=False), True),
    ],
)
def test_only_an_untouched_version_with_our_mark_and_these_values_needs_no_read(observed, read):
    item = model_item(0.5)
    assert refresh.needs_read(item, item.tree, observed, MODEL) is read


def test_a_mark_in_another_canonical_form_is_read():
    old, item = replace(version("v", 0.5, 0.5).mark, canon=CANON + 1), model_item(0.5)
    listed = model_live(LiveVersion("v", None, old, untouched=True), complete=False)
    assert refresh.needs_read(item, item.tree, listed, MODEL) is True


def test_a_shell_of_which_no_version_is_wanted_needs_no_read():
    item = desired(MODEL, SHELL)
    listed = Observed(M, "Model", SHELL, target_record(item, item.tree, MODEL, "us"), complete=False)
    assert refresh.needs_read(item, item.tree, listed, MODEL) is False


def test_a_version_whose_training_failed_is_read():
    mark, item = version("v", 0.5, 0.5).mark, model_item(0.5)
    failed = LiveVersion("v", None, mark, untouched=True, status=FAILED, said="no examples")
    assert refresh.needs_read(item, item.tree, model_live(failed, complete=False), MODEL) is True


def test_what_the_inventory_remembers_needs_no_read():
    item = desired(CONCEPT, {})
    listed = Observed(named(CONCEPT), "Concept", {}, complete=False)
    assert refresh.needs_read(item, item.tree, listed, CONCEPT) is False


# ---- all of them

SETTLED = LiveVersion("v", None, version("v", 0.5, 0.5).mark, untouched=True)
LISTED = model_live(SETTLED, complete=False)


def unsettled(*observed, items=(), full=False, entries=None):
    return refresh.unsettled(declared(*items), live_state(*observed, entries=entries), KINDS, full=full)


def test_what_a_list_has_settled_is_read_only_in_a_full_refresh():
    flow = Observed(W, "Workflow", nodes("a"), remembers(WORKFLOW, nodes("a")))
    items = [model_item(0.5), desired(WORKFLOW, nodes("a"))]
    assert unsettled(LISTED, flow, items=items) == []
    assert unsettled(LISTED, flow, items=items, full=True) == [M]


@pytest.mark.parametrize(("entries", "read"), [({}, []), ({str(M): Entry()}, [M])])
def test_what_no_list_shows_is_asked_for_if_the_inventory_has_it(entries, read):
    assert unsettled(items=[model_item(0.5)], entries=entries) == read


@pytest.mark.parametrize(
    ("observed", "read"),
    [
        ([], [M]),
        ([replace(LISTED, record=None)], [M]),
        ([replace(LISTED, record=None, complete=True)], []),
        ([LISTED], []),
    ],
)
def test_what_is_listed_and_no_longer_declared_is_read_where_no_record_is_seen(observed, read):
    assert unsettled(*observed, entries={str(M): Entry()}) == read


def test_what_was_asked_for_by_its_id_is_not_asked_for_again():
    entries = {"inputs/x": Entry(), "unheard-of/x": Entry()}
    assert unsettled(entries=entries) == []


# ---- lists may lag behind


def changes(item, observed):
    return diff.diff(declared(item), live_state(observed), KINDS).changes


def test_only_what_is_to_change_and_was_seen_in_a_list_is_looked_at_again():
    same, other = desired(MODEL, SHELL), desired(MODEL, SHELL | {"description": "new"})
    listed = Observed(M, "Model", SHELL, target_record(same, SHELL, MODEL, "us"), complete=False)
    for item, observed, doubtful in [
        (same, listed, []), (other, listed, [M]), (other, replace(listed, complete=True), []),
    ]:  # fmt: skip
        found = changes(item, observed)
        assert refresh.seen_in_lists_only(found, live_state(observed), KINDS) == doubtful
        assert (found[0].action is Action.NO_OP) is (item is same)


def test_drift_is_told_of_models_that_are_no_longer_declared_once_they_were_read():
    flow = Address(HERE, "workflows", "x")
    listed = live_state(LISTED, Observed(flow, "Workflow", {}, complete=False))
    assert refresh.doubtful((), [M, flow], listed, KINDS) == [M]
    assert refresh.doubtful((), [M], live_state(replace(LISTED, complete=True)), KINDS) == []
