"""The three-way comparison on pure values: every row of the truth table, closed sets, what follows from what."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import manifests
from reconciler.core.address import Address, Scope
from reconciler.core.canonical import CANON
from reconciler.core.change import Action, Cause, Effect
from reconciler.core.declaration import Lifecycle
from reconciler.core.ownership import prints, target_mark, target_record, value_at
from reconciler.core.state import (
    Desired,
    DesiredState,
    Entry,
    Inventory,
    LiveState,
    LiveVersion,
    Mark,
    Observed,
    Record,
    Reference,
    fields_of,
)
from reconciler.core.tree import ABSENT, Unknown, put, same, walk
from reconciler.stages import diff

HERE = Scope("me", "app")
KINDS = manifests.by_plural()
MODEL, WORKFLOW, CONCEPT, APP = (KINDS[plural] for plural in ("models", "workflows", "concepts", "apps"))


def owned(tree, kind, prefix=()):
    """The paths an author of this tree wrote: its leaves, and each list that is a closed set."""
    for name, value in tree.items():
        path = (*prefix, name)
        shape = kind.fields.shape.at(path)
        if shape is not None and shape.key is not None:
            yield path
        if isinstance(value, dict) and value:
            yield from owned(value, kind, path)
        elif not (isinstance(value, dict) and shape is not None):
            yield path


def named(kind):
    return Address(HERE, kind.plural, "app" if kind is APP else "x")


def desired(kind, tree, **more):
    return Desired(named(kind), kind.name, tree, frozenset(owned(tree, kind)), **more)


def remembers(kind, was, owner="us", canon=CANON):
    fields = fields_of(prints(was, owned(was, kind), kind))
    return Record(owner, named(kind).qualified, fields, canon=canon)


def live_state(*observed, entries=None):
    listed = {str(o.address): Entry() for o in observed} if entries is None else entries
    return LiveState(HERE, True, {o.address: o for o in observed}, Inventory("us", listed))


def compare(kind, want, have, was=None, *, canon=CANON, item=None, **more):
    """The change of one object; `was` None means it carries no record."""
    record = None if was is None else remembers(kind, was, canon=canon)
    observed = Observed(named(kind), kind.name, have, record)
    state = DesiredState(HERE, "us", {named(kind): item or desired(kind, want, **more)}, 1)
    [change] = diff.diff(state, live_state(observed), KINDS).changes
    return change


def causes(change):
    return {".".join(f.path): f.cause for f in change.fields}


# ---- the truth table


def tree(text):
    return {} if text is ABSENT else {"description": text}


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


def nodes(*names, **more):
    return {"nodes": {name: {"model": {"id": "m"}, **more} for name in names}}


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


# ---- versions and what follows


M, W = Address(HERE, "models", "x"), Address(HERE, "workflows", "x")
PIN = ("nodes", "a", "model", "model_version", "id")


SHELL = {"model_type_id": "concept-thresholder"}


def model_tree(value):
    return SHELL | {"model_version": {"output_info": {"data": {"concepts": {"p": {"value": value}}}}}}


def model_item(value):
    return desired(MODEL, model_tree(value))


def version(name, value, made_for=None, owner="us"):
    """A live version; with `made_for`, one that carries the mark of a manifest with that value."""
    item = model_item(value if made_for is None else made_for)
    mark = None if made_for is None else target_mark(item, item.tree, MODEL, owner, "")
    return LiveVersion(name, model_tree(value)["model_version"], mark)


def model_live(newest, managed=None, **more):
    record = target_record(model_item(0), SHELL, MODEL, "us")
    serving = managed or (newest if newest and newest.mark else None)
    return Observed(M, "Model", SHELL, record, newest=newest, managed=serving, **more)


def flow_item():
    pinned = put(nodes("a"), ("nodes", "a", "model", "id"), "x")
    item = desired(WORKFLOW, put(pinned, PIN, Unknown(str(M), "version_id")))
    reference = Reference(PIN, M, "version_id")
    return Desired(item.address, item.kind, item.tree, item.written, references=(reference,))


def flow_live(pin):
    pinned = put(put(nodes("a"), ("nodes", "a", "model", "id"), "x"), PIN, pin)
    return Observed(W, "Workflow", pinned, remembers(WORKFLOW, pinned))


def both(value, model, pin):
    state = DesiredState(HERE, "us", {W: flow_item(), M: model_item(value)}, 2)
    changes = diff.diff(state, live_state(model, flow_live(pin)), KINDS).changes
    return {change.address: change for change in changes}


def test_a_node_that_pins_the_managed_version_is_as_it_should_be():
    found = both(0.5, model_live(version("v1", 0.5, 0.5)), "v1")
    assert {c.action for c in found.values()} == {Action.NO_OP}


def test_a_threshold_edit_is_a_new_version_that_the_node_follows():
    found = both(0.6, model_live(version("v1", 0.5, 0.5)), "v1")
    assert found[M].new_version
    [field] = found[W].fields
    assert (field.cause, field.follows, field.before) == (Cause.FOLLOWS, "models/x", "v1")
    assert isinstance(field.after, Unknown)


def test_a_node_left_behind_by_a_run_that_stopped_follows_too():
    found = both(0.6, model_live(version("v2", 0.6, 0.6)), "v1")
    assert found[M].action is Action.NO_OP
    [field] = found[W].fields
    assert (field.before, field.after) == ("v1", "v2")


def test_producers_are_compared_before_consumers():
    assert list(both(0.5, model_live(version("v1", 0.5, 0.5)), "v1")) == [M, W]


def one(value, model):
    state = DesiredState(HERE, "us", {M: model_item(value)}, 1)
    [change] = diff.diff(state, live_state(model), KINDS).changes
    return change


def test_a_newer_version_of_others_with_other_values_is_drift():
    change = one(0.5, model_live(version("v2", 0.9), managed=version("v1", 0.5, 0.5)))
    assert set(causes(change).values()) == {Cause.DRIFT}
    assert change.new_version


def test_a_newer_version_of_a_type_that_trains_starts_no_training():
    trained = {**model_tree(0.5), "model_type_id": "visual-classifier"}
    model = model_live(version("v2", 0.9), managed=version("v1", 0.5, 0.5))
    record = target_record(desired(MODEL, trained), trained, MODEL, "us")
    live = live_state(replace(model, tree={"model_type_id": "visual-classifier"}, record=record))
    [change] = diff.diff(DesiredState(HERE, "us", {M: desired(MODEL, trained)}, 1), live, KINDS).changes
    assert change.action is Action.NO_OP


def test_a_newer_version_of_others_with_equal_values_is_nothing():
    assert one(0.5, model_live(version("v2", 0.5), managed=version("v1", 0.5, 0.5))).action is Action.NO_OP


def test_a_model_without_any_version_gets_one():
    change = one(0.5, model_live(None))
    assert change.new_version
    assert "creation was not finished" in change.reasons[0]


def test_an_operator_of_whose_version_nothing_is_written_gets_one_all_the_same():
    item = Desired(M, "Model", SHELL | {"model_version": {}}, frozenset({("model_type_id",)}))
    live = live_state(Observed(M, "Model", SHELL, remembers(MODEL, SHELL)))
    [change] = diff.diff(DesiredState(HERE, "us", {M: item}, 1), live, KINDS).changes
    assert change.new_version


def test_a_version_without_mark_but_with_our_values_gets_the_mark():
    change = one(0.5, model_live(version("v1", 0.5)))
    assert (change.action, change.fields, change.mark) == (Action.ADOPT, (), True)


def test_a_version_that_the_list_has_settled_is_not_compared_again():
    listed = model_live(version("v1", 0.9, 0.5), complete=False)
    assert one(0.5, listed).action is Action.NO_OP


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
    assert diff.needs_read(item, item.tree, observed, MODEL) is read


def test_a_mark_in_another_canonical_form_is_read_and_renewed():
    mark = version("v", 0.5, 0.5).mark
    old = Mark(mark.owner, mark.address, mark.parent, mark.digest, mark.fields, canon=CANON + 1)
    item = model_item(0.5)
    assert diff.needs_read(
        item, item.tree, model_live(LiveVersion("v", None, old, untouched=True), complete=False), MODEL
    )
    change = one(0.5, model_live(LiveVersion("v", item.tree["model_version"], old)))
    assert (change.action, change.mark) == (Action.ADOPT, True)


# ---- whole objects


@pytest.mark.parametrize(
    ("entry", "cause"), [(None, Cause.EDIT), (Entry(), Cause.DRIFT), (Entry(pending=True), Cause.EDIT)]
)
def test_an_absent_object_is_created_and_is_drift_only_if_it_was_there(entry, cause):
    state = DesiredState(HERE, "us", {M: model_item(0.5)}, 1)
    live = live_state(entries={"models/x": entry} if entry else {})
    [change] = diff.diff(state, live, KINDS).changes
    assert (change.action, change.cause) == (Action.CREATE, cause)


def test_an_object_the_inventory_does_not_list_is_entered():
    state = DesiredState(HERE, "us", {M: desired(MODEL, tree("a"))}, 1)
    found = Observed(M, "Model", tree("a"), remembers(MODEL, tree("a")))
    for entries, action in (({}, Action.ADOPT), ({"models/x": Entry(pending=True)}, Action.ADOPT)):
        [change] = diff.diff(state, live_state(found, entries=entries), KINDS).changes
        assert change.action is action


def test_what_is_known_already_is_not_compared_again():
    state = DesiredState(HERE, "us", {M: desired(MODEL, tree("a"))}, 1)
    found = Observed(M, "Model", tree("a"), remembers(MODEL, tree("a")))
    [change] = diff.diff(state, live_state(found), KINDS).changes
    moved = live_state(replace(found, tree=tree("b")))
    assert diff.diff(state, moved, KINDS, known={M: change}).changes == (change,)
    assert diff.diff(state, moved, KINDS).changes != (change,)


EMPTY = DesiredState(HERE, "us", {}, 1)


@pytest.mark.parametrize(
    ("kind", "owner", "action"),
    [
        (MODEL, "us", Action.DELETE),
        (WORKFLOW, "us", Action.DELETE),
        (CONCEPT, "us", Action.FORGET),
        (APP, "us", None),
        (MODEL, "them", None),
        (MODEL, None, None),
    ],
)
def test_prune_takes_what_is_ours_and_no_longer_declared(kind, owner, action):
    record = remembers(kind, {}, owner=owner) if owner else None
    live = live_state(Observed(named(kind), kind.name, {}, record))
    assert [c.action for c in diff.diff(EMPTY, live, KINDS, prune=True).changes] == ([action] if action else [])
    assert diff.diff(EMPTY, live, KINDS).changes == ()


@pytest.mark.parametrize(("delete_app", "action"), [(False, Action.FORGET), (True, Action.DELETE)])
def test_destroy_forgets_the_app_unless_told_by_name(delete_app, action):
    state = DesiredState(HERE, "us", {named(APP): desired(APP, {})}, 1)
    live = live_state(Observed(named(APP), "App", {}, remembers(APP, {})))
    [change] = diff.destroy(state, live, KINDS, delete_app=delete_app).changes
    assert change.action is action


@pytest.mark.parametrize(("owner", "gone"), [("us", 1), ("them", 0), (None, 0)])
def test_destroy_takes_what_is_declared_and_ours(owner, gone):
    state = DesiredState(HERE, "us", {M: model_item(0.5)}, 1)
    record = remembers(MODEL, {}, owner=owner) if owner else None
    assert len(diff.destroy(state, live_state(Observed(M, "Model", {}, record)), KINDS).changes) == gone


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
