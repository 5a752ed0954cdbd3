"""The three-way comparison on pure values: every row of the truth table, closed sets, what follows from what."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical import CANON
from reconciler.core.change import Action, Cause, Effect
from reconciler.core.declaration import Lifecycle
from reconciler.core.ownership import prints, value_at
from reconciler.core.state import Desired
from reconciler.core.tree import ABSENT, put, same, walk
from reconciler.stages import diff
from tests.stages.comparing import APP, MODEL, WORKFLOW, causes, compare, desired, named, nodes, tree

# ---- the truth table


@pytest.mark.parametrize(
    ("want", "was", "have", "cause"),
    [
        ("a", "a", "a", None),
        ("a", "b", "a", None),
        ("a", ABSENT, "a", None),
        ("b", ABSENT, "a", Cause.EDIT),
        ("b", ABSENT, ABSENT, Cause.EDIT),
        ("a", "a", "b", Cause.DRIFT),
        ("a", "a", ABSENT, Cause.DRIFT),
        ("b", "a", "a", Cause.EDIT),
        ("c", "a", "b", Cause.EDIT_OVER_DRIFT),
        ("c", "a", ABSENT, Cause.EDIT_OVER_DRIFT),
        (ABSENT, "a", "a", Cause.REMOVED),
        (ABSENT, "a", "b", Cause.RELEASED),
        (ABSENT, "a", ABSENT, None),
        (ABSENT, ABSENT, "a", None),
        (ABSENT, ABSENT, ABSENT, None),
    ],
)
@pytest.mark.parametrize("kind", [MODEL, WORKFLOW], ids=lambda kind: kind.name)
def test_every_row_of_the_truth_table(kind, want, was, have, cause):
    change = compare(kind, tree(want), tree(have), tree(was))
    assert causes(change) == ({"description": cause} if cause else {})
    for field in change.fields:
        assert (field.before, field.after) == (have, want)


@pytest.mark.parametrize(
    ("want", "was", "have", "action"),
    [
        ("a", "a", "a", Action.NO_OP),
        ("a", "b", "a", Action.ADOPT),
        ("a", ABSENT, "a", Action.ADOPT),
        (ABSENT, ABSENT, "a", Action.NO_OP),
        (ABSENT, "a", ABSENT, Action.ADOPT),
        (ABSENT, "a", "a", Action.ADOPT),
        (ABSENT, "a", "b", Action.ADOPT),
        ("b", "a", "a", Action.UPDATE),
        ("a", "a", "b", Action.UPDATE),
    ],
)
def test_what_becomes_of_the_object(want, was, have, action):
    assert compare(MODEL, tree(want), tree(have), tree(was)).action is action


def test_an_identical_object_without_record_is_adopted():
    change = compare(MODEL, tree("a"), tree("a"))
    assert (change.action, change.fields, change.record) == (Action.ADOPT, (), True)


def test_one_that_differs_is_an_update_which_the_guard_must_allow():
    assert compare(MODEL, tree("a"), tree("b")).action is Action.UPDATE


@pytest.mark.parametrize(
    ("kind", "path", "effect"),
    [
        (WORKFLOW, ("metadata", "a"), Effect.IN_PLACE),
        (MODEL, ("metadata", "a"), Effect.RECORD),
        (MODEL, ("description",), Effect.RECORD),
        (WORKFLOW, ("description",), Effect.RECORD),
    ],
)
def test_a_removed_line_is_cleared_where_the_api_can(kind, path, effect):
    [field] = compare(kind, {}, put({}, path, "v"), put({}, path, "v")).fields
    assert (field.cause, field.effect) == (Cause.REMOVED, effect)


def test_a_record_in_another_canonical_form_says_nothing():
    assert causes(compare(MODEL, tree("a"), tree("b"), tree("a"), canon=CANON + 1)) == {"description": Cause.EDIT}
    change = compare(MODEL, {}, tree("a"), tree("a"), canon=CANON + 1)
    assert (change.fields, change.action) == ((), Action.ADOPT)


def test_an_ignored_field_is_not_compared_and_not_released():
    ignoring = desired(MODEL, tree("a"), ignored=frozenset({("description",)}))
    change = compare(MODEL, tree("a"), tree("b"), tree("a"), item=ignoring)
    assert (change.fields, change.action) == ((), Action.ADOPT)
    assert compare(MODEL, tree("a"), tree("b"), {}, item=ignoring).action is Action.NO_OP


@pytest.mark.parametrize(("was", "action"), [("u", Action.NO_OP), ("v", Action.UPDATE), (None, Action.UPDATE)])
def test_a_write_only_field_is_compared_with_the_record_alone(was, action):
    url = {"image": {"url": "u"}}
    remembered = {} if was is None else {"image": {"url": was}}
    assert compare(MODEL, url, {"image": {"url": "https://hosted/elsewhere"}}, remembered).action is action


def test_a_structs_other_keys_are_not_ours():
    want, have = {"metadata": {"a": 1}}, {"metadata": {"a": 1, "theirs": 2}}
    assert compare(MODEL, want, have, want).action is Action.NO_OP


def test_protection_alone_is_a_refresh_of_the_record():
    protected = desired(MODEL, tree("a"), lifecycle=Lifecycle(protect=True))
    assert compare(MODEL, tree("a"), tree("a"), tree("a"), item=protected).action is Action.ADOPT


@pytest.mark.parametrize(("left", "right"), [(True, 1), (False, 0), ("1", 1), (None, 0), ([], {}), ([1], [True])])
def test_values_that_python_confuses_are_different(left, right):
    want, have = {"metadata": {"a": left}}, {"metadata": {"a": right}}
    assert causes(compare(MODEL, want, have, want)) == {"metadata.a": Cause.DRIFT}


def test_nan_equals_itself():
    nan = {"output_info": {"params": {"x": math.nan}}}
    assert compare(MODEL, nan, nan, nan).action is Action.NO_OP


# ---- effects


@pytest.mark.parametrize(
    ("kind", "want", "have", "effect", "action"),
    [
        (MODEL, {"model_type_id": "b"}, {"model_type_id": "a"}, Effect.REPLACE, Action.REPLACE),
        (APP, {"default_language": "de"}, {"default_language": "en"}, Effect.REPLACE, Action.REPLACE),
        (APP, {"default_workflow": {"id": "w"}}, {}, Effect.LATE, Action.UPDATE),
        (MODEL, {"description": "b"}, {"description": "a"}, Effect.IN_PLACE, Action.UPDATE),
    ],
)
def test_what_a_difference_means(kind, want, have, effect, action):
    change = compare(kind, want, have, {})
    assert [f.effect for f in change.fields] == [effect]
    assert change.action is action


def test_a_part_of_the_address_is_never_compared():
    want = {"default_workflow": {"id": "w", "app_id": "main", "user_id": "clarifai"}}
    item = Desired(named(APP), "App", want, frozenset({("default_workflow", "id")}))
    assert (
        compare(APP, want, {"default_workflow": {"id": "w"}}, {"default_workflow": {"id": "w"}}, item=item).fields == ()
    )


# ---- closed sets


@pytest.mark.parametrize(
    ("want", "have", "was", "expected"),
    [
        ("ab", "ab", "ab", {}),
        ("ab", "ba", "ab", {}),
        ("ab", "abx", "ab", {"nodes.x": Cause.DRIFT}),
        ("ab", "abx", None, {"nodes.x": Cause.EDIT}),
        ("ab", "a", "ab", {"nodes.b": Cause.DRIFT}),
        ("a", "ab", "ab", {"nodes.b": Cause.EDIT}),
        ("abc", "ab", "ab", {"nodes.c": Cause.EDIT}),
        ("ac", "ab", "ab", {"nodes.c": Cause.EDIT, "nodes.b": Cause.EDIT}),
        ("abc", "abx", "ab", {"nodes.c": Cause.EDIT, "nodes.x": Cause.DRIFT}),
        ("a", "abx", "ab", {"nodes.b": Cause.EDIT, "nodes.x": Cause.DRIFT}),
        ("abc", "a", "ab", {"nodes.b": Cause.DRIFT, "nodes.c": Cause.EDIT}),
    ],
)
def test_a_written_list_is_a_closed_set(want, have, was, expected):
    change = compare(WORKFLOW, nodes(*want), nodes(*have), None if was is None else nodes(*was))
    assert causes(change) == expected
    for field in change.fields:
        gone = field.path[-1] not in want
        assert (field.after is ABSENT, field.before is ABSENT) == (gone, not gone)


def test_an_element_removed_from_the_manifest_goes_whole_even_if_others_changed_it():
    change = compare(WORKFLOW, nodes("a"), nodes("a") | {"nodes": nodes("a")["nodes"] | {"b": {"model": {"id": "z"}}}},
                     nodes("a", "b"))  # fmt: skip
    assert causes(change) == {"nodes.b": Cause.EDIT}


def test_an_undeclared_field_of_a_node_is_not_ours():
    assert compare(WORKFLOW, nodes("a"), nodes("a", suppress_output=True), nodes("a")).action is Action.NO_OP


def test_a_large_workflow_still_tells_drift_from_edit_though_its_record_is_folded():
    names = [f"node-with-a-long-name-{i}" for i in range(200)]
    want = nodes(*names)
    have = put(want, ("nodes", names[7], "model", "id"), "moved")
    assert causes(compare(WORKFLOW, want, have, want)) == {f"nodes.{names[7]}.model.id": Cause.DRIFT}
    assert causes(compare(WORKFLOW, have, want, want)) == {f"nodes.{names[7]}.model.id": Cause.EDIT}
    assert compare(WORKFLOW, want, want, want).action is Action.NO_OP


# ---- deepdiff and fingerprints


NUMBERS = st.integers(-3, 3) | st.floats(allow_nan=True).filter(lambda x: not x.is_integer())
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
STRUCTS = st.dictionaries(st.sampled_from(["a", "b", "a.b", "a/b", "'", "*", ""]), VALUES, max_size=4)


@given(STRUCTS, STRUCTS)
def test_deepdiff_and_fingerprints_find_the_same_leaves(want, have):
    want, have = {"metadata": want}, {"metadata": have}
    paths = sorted({p for t in (want, have) for p, _ in walk(t)})
    wanted, had = prints(want, paths, MODEL), prints(have, paths, MODEL)
    moved = [p for p in paths if wanted[p] != had[p]]
    assert diff._differing(have, want, paths, MODEL) == moved


@given(STRUCTS, STRUCTS, STRUCTS)
def test_every_difference_of_an_owned_leaf_is_a_change_and_nothing_else_is(want, have, was):
    trees = [{"metadata": tree} if tree else {} for tree in (want, have, was)]
    item = desired(MODEL, trees[0])
    change = compare(MODEL, *trees, item=item)
    wrong = {p for p in item.written if not same(*(value_at(tree, p, MODEL) for tree in trees[:2]))}
    assert {f.path for f in change.fields if f.path in item.written} == wrong
