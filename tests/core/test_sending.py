"""What an update carries: declared values over live ones, and the metadata that travels with them."""

import pytest

from reconciler.core.address import Address, Scope
from reconciler.core.change import Cause, Effect, FieldChange
from reconciler.core.sending import metadata_for, tree_for_update
from reconciler.core.state import RECORD_KEY, Observed
from reconciler.core.tree import ABSENT
from reconciler.kinds.app import KIND as APP
from reconciler.kinds.concept import KIND as CONCEPT
from reconciler.kinds.model import KIND as MODEL
from reconciler.kinds.workflow import KIND as WORKFLOW

HERE = Scope("me", "app")


def changed(*paths, cause=Cause.EDIT, effect=Effect.IN_PLACE):
    return [FieldChange(tuple(p.split(".")), ABSENT, ABSENT, cause, effect) for p in paths]


def node(model, version="", *inputs, **more):
    pinned = {"model_version": {"id": version}} if version else {}
    return {"model": {"id": model, **pinned}, **more} | ({"node_inputs": list(inputs)} if inputs else {})


def sent(want, live, *paths, written=(), **how):
    return tree_for_update(WORKFLOW, want, live, {tuple(p.split(".")) for p in written}, changed(*paths, **how))


# ---- trees


def test_only_fields_that_change_are_sent():
    assert sent({"description": "new", "notes": "n"}, {"description": "old", "notes": "n"}, "description") == {
        "description": "new"
    }


def test_nothing_is_sent_for_a_change_of_the_record_alone():
    assert sent({"description": "d"}, {"description": "d"}, "description", effect=Effect.RECORD) == {}


def test_an_undeclared_field_of_a_surviving_node_stays():
    live = {"nodes": {"a": node("m", "v1", suppress_output=True)}}
    want = {"nodes": {"a": node("m", "v2")}}
    assert sent(want, live, "nodes.a.model.model_version.id", written=["nodes"]) == {
        "nodes": {"a": node("m", "v2", suppress_output=True)}
    }


def test_a_live_pin_stays_where_nobody_declares_one():
    live = {"nodes": {"a": node("m", "v1"), "b": node("x", "v1")}}
    want = {"nodes": {"a": node("m"), "b": node("x", "v2")}}
    assert sent(want, live, "nodes.b.model.model_version.id", written=["nodes"])["nodes"]["a"] == node("m", "v1")


def test_another_model_drops_the_pin_of_the_old_one():
    live = {"nodes": {"a": node("m", "v1", suppress_output=True)}}
    want = {"nodes": {"a": node("n")}}
    assert sent(want, live, "nodes.a.model.id", written=["nodes"]) == {"nodes": {"a": node("n", suppress_output=True)}}


def test_a_removed_element_of_a_written_list_goes():
    live = {"nodes": {"a": node("m"), "gone": node("x")}}
    assert list(sent({"nodes": {"a": node("m")}}, live, "nodes.gone", written=["nodes"])["nodes"]) == ["a"]


def test_the_order_is_the_manifests():
    live = {"nodes": {"a": node("m"), "b": node("m")}}
    want = {"nodes": {"b": node("m"), "c": node("m"), "a": node("m")}}
    assert list(sent(want, live, "nodes.c", written=["nodes"])["nodes"]) == ["b", "c", "a"]


def test_a_removed_line_inside_a_node_is_left_out():
    live = {"nodes": {"a": node("m", "", suppress_output=True)}}
    want = {"nodes": {"a": node("m")}}
    found = sent(want, live, "nodes.a.suppress_output", written=["nodes"], cause=Cause.REMOVED)
    assert found == {"nodes": {"a": node("m")}}


def test_a_struct_is_laid_over_the_live_one():
    paths = changed("output_info.params.a")
    live = {"output_info": {"params": {"a": 1, "theirs": 2}}}
    assert tree_for_update(MODEL, {"output_info": {"params": {"a": 5}}}, live, set(), paths) == {
        "output_info": {"params": {"a": 5, "theirs": 2}}
    }


# ---- metadata


def fresh(kind, **metadata):
    return Observed(Address(HERE, kind.plural, "x"), kind.name, {}, metadata=metadata)


def test_where_a_patch_merges_only_our_record_is_sent():
    found = metadata_for(MODEL, {}, fresh(MODEL, team="t"), [], "R", whole=False)
    assert found == {RECORD_KEY: "R"}


def test_where_a_patch_replaces_all_of_it_is_sent_foreign_keys_included():
    found = metadata_for(WORKFLOW, {}, fresh(WORKFLOW, team="t", reconciler="old"), [], "R", whole=True)
    assert found == {"team": "t", RECORD_KEY: "R"}


@pytest.mark.parametrize("whole", [True, False])
def test_a_changed_key_goes_with_the_record(whole):
    want = {"metadata": {"ours": {"a": 2}}}
    found = metadata_for(
        MODEL, want, fresh(MODEL, ours={"a": 1, "theirs": 1}), changed("metadata.ours.a"), "R", whole=whole
    )
    assert found == {"ours": {"a": 2, "theirs": 1}, RECORD_KEY: "R"}


def test_a_removed_key_goes_where_all_of_it_is_replaced():
    gone = changed("metadata.ours", cause=Cause.REMOVED)
    found = metadata_for(WORKFLOW, {}, fresh(WORKFLOW, ours=1, theirs=2), gone, "R", whole=True)
    assert found == {"theirs": 2, RECORD_KEY: "R"}


def test_concepts_carry_no_record_and_metadata_only_when_it_changes():
    assert metadata_for(CONCEPT, {}, fresh(CONCEPT, theirs=1), [], "R", whole=False) is None
    want = {"metadata": {"ours": 2}}
    found = metadata_for(CONCEPT, want, fresh(CONCEPT, theirs=1), changed("metadata.ours"), "R", whole=False)
    assert found == {"theirs": 1, "ours": 2}


def test_an_app_sends_its_record_by_merge():
    assert metadata_for(APP, {}, fresh(APP, theirs=1), [], "R", whole=False) == {RECORD_KEY: "R"}
