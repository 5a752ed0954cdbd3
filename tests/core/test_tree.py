"""Trees: reading, replacing, laying over, projecting, and the text that decides equality."""

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.tree import (
    ABSENT,
    Unknown,
    canonical_json,
    fingerprint,
    get,
    overlay,
    parse_path,
    path_text,
    project,
    put,
    same,
    show_path,
    unknowns,
    walk,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NAMES = st.text(min_size=1, max_size=3)
TREES = st.recursive(
    st.dictionaries(NAMES, SCALARS, max_size=3), lambda inner: st.dictionaries(NAMES, SCALARS | inner, max_size=3)
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(tuple)

TREE = {"a": {"b": {"c": 1}, "d": [1]}, "e": "x"}


def test_get_finds_leaves_and_maps():
    assert get(TREE, ("a", "b", "c")) == 1
    assert get(TREE, ("a", "b")) == {"c": 1}


@pytest.mark.parametrize("path", [("x",), ("a", "x"), ("e", "x"), ("a", "d", "0")])
def test_get_of_nothing_is_absent_and_falsy(path):
    assert get(TREE, path) is ABSENT
    assert not ABSENT


def test_absent_stays_one_object_through_copies():
    assert copy.deepcopy({"a": ABSENT})["a"] is copy.copy(ABSENT) is ABSENT


@given(TREES, PATHS, SCALARS)
def test_what_is_put_is_found_and_the_original_is_untouched(tree, path, value):
    before = copy.deepcopy(tree)
    assert same(get(put(tree, path, value), path), value)
    assert same(tree, before)


@given(TREES, PATHS)
def test_putting_absent_removes_the_path_and_keeps_other_leaves(tree, path):
    after = put(tree, path, ABSENT)
    assert get(after, path) is ABSENT
    kept = {p for p, _ in walk(tree) if p[: len(path)] != path and path[: len(p)] != p}
    assert kept <= {p for p, _ in walk(after)}


def test_putting_absent_removes_the_maps_it_empties():
    assert put({"a": {"b": {"c": 1}}, "d": 2}, ("a", "b", "c"), ABSENT) == {"d": 2}


def test_walk_names_every_leaf_and_takes_an_empty_map_for_one():
    assert dict(walk({"a": {"b": 1, "c": {}}, "d": [2]})) == {("a", "b"): 1, ("a", "c"): {}, ("d",): [2]}


def test_overlay_merges_maps_and_replaces_the_rest():
    assert overlay(TREE, {"a": {"b": {"x": 2}, "d": [3]}, "e": {"y": 1}}) == {
        "a": {"b": {"c": 1, "x": 2}, "d": [3]},
        "e": {"y": 1},
    }


@given(TREES, TREES)
def test_every_leaf_of_the_upper_tree_shows(under, over):
    result = overlay(under, over)
    for path, value in walk(over):
        assert value == {} or same(get(result, path), value)


def test_project_keeps_only_the_paths_named():
    assert project(TREE, [("a", "b"), ("e",), ("x", "y")]) == {"a": {"b": {"c": 1}}, "e": "x"}


@given(TREES)
def test_projecting_on_all_leaves_gives_the_tree_back(tree):
    assert same(project(tree, [path for path, _ in walk(tree)]), tree)


def test_projecting_a_path_and_one_beneath_it_leaves_the_source_alone():
    tree = {"a": {"b": 1, "c": 2}}
    assert project(tree, [("a",), ("a", "b")]) == tree
    assert tree == {"a": {"b": 1, "c": 2}}


def test_unknowns_are_found_with_their_paths():
    unknown = Unknown("models/m", "version_id")
    assert list(unknowns({"a": {"b": unknown}, "c": 1})) == [(("a", "b"), unknown)]
    assert str(unknown) == "(known after apply)"


@pytest.mark.parametrize(
    ("left", "right"),
    [(True, 1), (False, 0), ("1", 1), (None, ABSENT), ({}, ABSENT), (Unknown("m", "v"), Unknown("n", "v")), ([], {})],
)
def test_values_that_python_may_confuse_are_different(left, right):
    assert not same(left, right)
    assert fingerprint(left) != fingerprint(right)


@pytest.mark.parametrize("value", [math.nan, math.inf, ABSENT, Unknown("m", "v"), {"a": ABSENT}, "\ud800"])
def test_odd_values_equal_themselves(value):
    assert same(value, copy.deepcopy(value))
    assert fingerprint(value) == fingerprint(copy.deepcopy(value))


def test_the_order_of_names_does_not_matter_and_that_of_lists_does():
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not same([1, 2], [2, 1])


def test_a_fingerprint_is_twelve_hex_digits():
    assert len(fingerprint("secret")) == 12
    assert int(fingerprint("secret"), 16) >= 0


def test_what_is_no_tree_value_has_no_canonical_text():
    with pytest.raises(TypeError, match="object is no tree value"):
        canonical_json(object())


@given(PATHS)
def test_the_text_of_a_path_reads_back(path):
    assert parse_path(path_text(path)) == path


@given(PATHS, PATHS)
def test_different_paths_have_different_texts(one, other):
    assert (path_text(one) == path_text(other)) == (one == other)


def test_shown_paths_quote_names_with_dots():
    assert show_path(("nodes", "a.b", "model")) == 'nodes."a.b".model'
    assert show_path(("metadata", "")) == 'metadata.""'
