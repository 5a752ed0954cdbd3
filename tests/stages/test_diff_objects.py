"""What becomes of whole objects, and what the plan is told of it: reasons, both sides, the place in the manifest."""

from dataclasses import replace

import pytest

from reconciler.core.address import Address
from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.diagnostics import Location
from reconciler.core.ownership import target_mark, target_record
from reconciler.core.state import Entry, LiveVersion, Observed
from reconciler.core.tree import put
from reconciler.stages import diff
from tests.stages.comparing import (
    APP,
    CONCEPT,
    HERE,
    INPUT,
    KINDS,
    MODEL,
    SHELL,
    WORKFLOW,
    A,
    M,
    W,
    change_of,
    compare,
    declared,
    desired,
    live_state,
    model_item,
    model_tree,
    named,
    nodes,
    remembers,
    tree,
)

ANNOTATIONS = INPUT.goes_along
EMPTY = declared()


def test_an_object_the_inventory_does_not_list_is_entered():
    found = Observed(M, "Model", tree("a"), remembers(MODEL, tree("a")))
    for entries in ({}, {"models/x": Entry(pending=True)}):
        assert change_of(desired(MODEL, tree("a")), found, entries=entries).action is Action.ADOPT


def test_what_is_known_already_is_not_compared_again():
    state = declared(desired(MODEL, tree("a")))
    found = Observed(M, "Model", tree("a"), remembers(MODEL, tree("a")))
    [change] = diff.diff(state, live_state(found), KINDS).changes
    moved = live_state(replace(found, tree=tree("b")))
    assert diff.diff(state, moved, KINDS, known={M: change}).changes == (change,)
    assert diff.diff(state, moved, KINDS).changes != (change,)


# ---- what is told of a change


PLACE = Location("manifests/x.yaml", 3, 1)


@pytest.mark.parametrize(
    ("entry", "cause", "reasons"),
    [
        (None, Cause.EDIT, ()),
        (Entry(pending=True), Cause.EDIT, ()),
        (Entry(), Cause.DRIFT, ("was deleted behind our back",)),
    ],
)
def test_an_absent_object_is_created_and_is_drift_only_if_it_was_there(entry, cause, reasons):
    item = desired(WORKFLOW, tree("a"), location=PLACE)
    change = change_of(item, entries={str(W): entry} if entry else {})
    expected = ResourceChange(W, "Workflow", Action.CREATE, after=tree("a"), location=PLACE, cause=cause)
    assert change == replace(expected, reasons=reasons)


def test_what_is_as_declared_is_told_with_its_place_alone():
    change = compare(WORKFLOW, tree("a"), tree("a"), tree("a"), location=PLACE)
    assert change == ResourceChange(W, "Workflow", Action.NO_OP, location=PLACE)


def test_an_update_tells_both_sides_of_what_is_owned():
    have = nodes("a") | {"description": "b", "metadata": {"theirs": 1}}
    want = nodes("a") | tree("a")
    assert compare(WORKFLOW, want, have, want, location=PLACE) == ResourceChange(
        W,
        "Workflow",
        Action.UPDATE,
        fields=(FieldChange(("description",), "b", "a", Cause.DRIFT, Effect.IN_PLACE),),
        before=nodes("a") | tree("b"),
        after=want,
        location=PLACE,
    )


@pytest.mark.parametrize(
    ("was", "reason"), [(None, "taken over as it is"), (tree("b"), "our record is brought up to date")]
)
def test_an_adoption_says_whether_there_was_a_record(was, reason):
    change = compare(MODEL, tree("a"), tree("a"), was)
    assert (change.action, change.reasons, change.record) == (Action.ADOPT, (reason,), True)


@pytest.mark.parametrize(
    ("count", "reason"), [(0, "its versions are lost"), (1, "1 version is lost"), (3, "3 versions are lost")]
)
def test_a_replaced_model_says_how_many_versions_go_with_it(count, reason):
    item = desired(MODEL, {"model_type_id": "b"})
    live = Observed(M, "Model", {"model_type_id": "a"}, remembers(MODEL, {}), version_count=count)
    change = change_of(item, live)
    assert (change.action, change.reasons) == (Action.REPLACE, (reason,))


@pytest.mark.parametrize(
    ("kind", "want", "have", "reasons"),
    [
        (APP, {"default_language": "de"}, {"default_language": "en"}, ()),
        (INPUT, {"data": {"text": {"raw": "b"}}}, {"data": {"text": {"raw": "a"}}}, (f"deletes {ANNOTATIONS}",)),
    ],
    ids=["App", "Input"],
)
def test_another_replaced_object_says_what_goes_along(kind, want, have, reasons):
    change = compare(kind, want, have, have)
    assert (change.action, change.reasons) == (Action.REPLACE, reasons)


def test_a_public_model_is_the_same_under_its_other_id():
    """The same version id means the same model."""
    want, have = (
        {"nodes": {"a": {"model": {"id": name, "model_version": {"id": "v"}}}}} for name in ("general", "aaa03c23b3")
    )
    assert compare(WORKFLOW, want, have, want).action is Action.NO_OP


def test_each_declared_tree_is_handed_on():
    items = desired(MODEL, tree("a")), desired(WORKFLOW, nodes("a"))
    assert diff.diff(declared(*items), live_state(), KINDS).wants == {M: tree("a"), W: nodes("a")}


# ---- inputs, which the service works on after it took them


@pytest.mark.parametrize(
    ("status", "action", "waiting", "reasons"),
    [
        (0, Action.NO_OP, False, ()),
        (30000, Action.NO_OP, False, ()),
        (30001, Action.UPDATE, True, (diff.NOT_READY,)),
        (30002, Action.REPLACE, False, ("its processing failed: no such picture",)),
    ],
)
def test_an_input_is_waited_for_and_made_anew_where_its_processing_failed(status, action, waiting, reasons):
    labelled = {"data": {"concepts": {"cat": {"value": 1}}}}
    live = Observed(named(INPUT), "Input", labelled, remembers(INPUT, labelled), status=status, said="no such picture")
    change = change_of(desired(INPUT, labelled), live)
    assert (change.action, change.waiting, change.reasons) == (action, waiting, reasons)


# ---- secrets


SECRETS = ("model_version", "output_info", "params", "secrets")
SECRET = (*SECRETS, "key")


def with_secret(value):
    return put(model_tree(0.5), SECRET, value)


def serving(want):
    """A live model whose version carries our mark of this tree."""
    item = desired(MODEL, want)
    live = LiveVersion("v1", want["model_version"], target_mark(item, want, MODEL, "us", ""))
    return Observed(M, "Model", SHELL, target_record(item, want, MODEL, "us"), newest=live, managed=live)


def test_a_new_object_names_where_its_secrets_are():
    assert change_of(desired(MODEL, with_secret("s"))).sensitive == (SECRET,)


def test_a_changed_secret_is_marked_and_nothing_else_is():
    edited = put(with_secret("new"), ("model_version", "output_info", "params", "top"), 3)
    change = change_of(desired(MODEL, edited), serving(with_secret("old")))
    assert {f.path: f.sensitive for f in change.fields} == {SECRET: True, (*SECRETS[:-1], "top"): False}
    assert change.sensitive == (SECRET,)


def test_a_secret_that_the_author_removed_is_not_shown_either():
    """It stands on no side that is owned, only in the field."""
    change = change_of(model_item(0.5), serving(with_secret("old")))
    assert [(f.path, f.cause, f.sensitive) for f in change.fields] == [(SECRET, Cause.REMOVED, True)]
    assert change.sensitive == (SECRET,)


def test_a_secret_map_that_others_filled_is_named_key_by_key():
    written = desired(MODEL, put(model_tree(0.5), SECRETS, {}))
    mark = target_mark(replace(written, written=written.written | {SECRETS}), written.tree, MODEL, "us", "")
    live = serving(with_secret("theirs"))
    filled = replace(live.newest, mark=mark)
    change = change_of(model_item(0.5), replace(live, newest=filled, managed=filled))
    assert [(f.path, f.cause) for f in change.fields] == [(SECRETS, Cause.RELEASED)]
    assert change.sensitive == (SECRET,)


@pytest.mark.parametrize("remove", [diff.diff, diff.destroy])
def test_a_deleted_object_names_where_its_secrets_are(remove):
    live = Observed(M, "Model", with_secret("s"), remembers(MODEL, {}))
    [change] = remove(EMPTY, live_state(live), KINDS, prune=True).changes
    assert change.sensitive == (SECRET,)


# ---- renames


def renamed(kind, want, was, *, to="new", entries=None, written=None):
    """What is told of an object `to`, now declared, and of `x`, declared no longer."""
    item = replace(desired(kind, want), address=Address(HERE, kind.plural, to))
    item = item if written is None else replace(item, written=written)
    old = Observed(named(kind), kind.name, was, remembers(kind, was))
    return diff.diff(declared(item), live_state(old, entries=entries), KINDS, prune=True).changes


@pytest.mark.parametrize(
    ("kind", "want", "was"),
    [
        (WORKFLOW, tree("a"), tree("a")),
        (WORKFLOW, tree("a"), tree("a") | nodes("theirs")),
        (MODEL, model_tree(0.5), SHELL),
    ],
    ids=["equal", "what nobody declares does not count", "of a model only the shell was read"],
)
def test_a_new_object_that_is_like_a_deleted_one_is_called_a_rename(kind, want, was):
    made, deleted = renamed(kind, want, was)
    assert (made.action, deleted.action) == (Action.CREATE, Action.DELETE)
    assert made.reasons == (f"like {kind.plural}/x, which is deleted: a rename",)
    assert deleted.reasons[0] == "no longer declared"


def test_a_rename_is_told_after_the_other_reasons():
    made, _ = renamed(WORKFLOW, tree("a"), tree("a"), entries={"workflows/new": Entry()})
    assert made.reasons == ("was deleted behind our back", "like workflows/x, which is deleted: a rename")


@pytest.mark.parametrize(
    ("kind", "want", "was"),
    [
        (WORKFLOW, tree("a"), tree("b")),
        (WORKFLOW, tree("a"), {}),
        (MODEL, model_tree(0.5) | tree("a"), model_tree(0.5)),
        (CONCEPT, {"name": "a"}, {"name": "a"}),
    ],
    ids=["differs", "lacks it", "a model whose versions alone are alike", "stays in the app"],
)
def test_what_differs_or_stays_is_no_rename(kind, want, was):
    made, _ = renamed(kind, want, was)
    assert (made.action, made.reasons) == (Action.CREATE, ())


def test_an_object_of_which_nothing_is_declared_is_like_no_other():
    assert renamed(WORKFLOW, {}, {}, written=frozenset())[0].reasons == ()


def test_objects_of_two_kinds_are_no_twins():
    item = desired(WORKFLOW, tree("a"))
    old = Observed(M, "Model", tree("a"), remembers(MODEL, tree("a")))
    made, _ = diff.diff(declared(item), live_state(old), KINDS, prune=True).changes
    assert made.reasons == ()


def test_an_object_that_was_there_before_is_no_twin_of_a_deleted_one():
    old = Observed(W, "Workflow", tree("a"), remembers(WORKFLOW, tree("a")))
    kept = replace(old, address=Address(HERE, "workflows", "new"), tree=tree("b"))
    item = replace(desired(WORKFLOW, tree("a")), address=kept.address)
    updated, _ = diff.diff(declared(item), live_state(old, kept), KINDS, prune=True).changes
    assert (updated.action, updated.reasons) == (Action.UPDATE, ())


# ---- the app's default workflow


def reasons_beside(default, *items, live=()):
    """The reasons of each change in an app with this default workflow, by address."""
    app = Observed(A, "App", {} if default is None else {"default_workflow": {"id": default}}, None)
    found = diff.diff(declared(*items), live_state(app, *live, entries={}), KINDS, prune=True)
    return {str(change.address): change.reasons for change in found.changes}


def test_a_change_of_the_default_workflow_is_told_and_of_no_other_object():
    items = desired(WORKFLOW, tree("a")), desired(MODEL, tree("b"))
    assert reasons_beside("x", *items) == {"workflows/x": ("the app's default",), "models/x": ()}
    assert reasons_beside("y", *items) == {"workflows/x": (), "models/x": ()}
    assert reasons_beside(None, *items) == {"workflows/x": (), "models/x": ()}


def test_that_it_is_the_default_is_told_after_the_other_reasons():
    live = Observed(W, "Workflow", tree("a"), None)
    told = reasons_beside("x", desired(WORKFLOW, tree("a")), live=[live])
    assert told == {"workflows/x": ("taken over as it is", "the app's default")}


def test_a_default_workflow_that_stays_as_it_is_gives_no_reason():
    item = desired(WORKFLOW, tree("a"))
    app = Observed(A, "App", {"default_workflow": {"id": "x"}}, None)
    live = live_state(app, Observed(W, "Workflow", tree("a"), remembers(WORKFLOW, tree("a"))))
    assert [c.reasons for c in diff.diff(declared(item), live, KINDS).changes] == [()]


# ---- what goes


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
    state = declared(desired(APP, {}))
    live = live_state(Observed(named(APP), "App", {}, remembers(APP, {})))
    [change] = diff.destroy(state, live, KINDS, delete_app=delete_app).changes
    assert change.action is action


@pytest.mark.parametrize(("owner", "gone"), [("us", 1), ("them", 0), (None, 0)])
def test_destroy_takes_what_is_declared_and_ours(owner, gone):
    state = declared(model_item(0.5))
    record = remembers(MODEL, {}, owner=owner) if owner else None
    assert len(diff.destroy(state, live_state(Observed(M, "Model", {}, record)), KINDS).changes) == gone


@pytest.mark.parametrize(
    ("kind", "action", "reasons"),
    [
        (MODEL, Action.DELETE, ()),
        (WORKFLOW, Action.DELETE, ()),
        (INPUT, Action.DELETE, (f"with {ANNOTATIONS}",)),
        (CONCEPT, Action.FORGET, ("left in the app: the service cannot delete concepts",)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_goes_is_told_whole_and_with_what_goes_along(kind, action, reasons):
    have = {"metadata": {"theirs": 1}}
    live = live_state(Observed(named(kind), kind.name, have, remembers(kind, {})))
    expected = ResourceChange(named(kind), kind.name, action, reasons=reasons, before=have)
    assert diff.destroy(declared(desired(kind, {})), live, KINDS).changes == (expected,)
    pruned = replace(expected, reasons=("no longer declared", *reasons))
    assert diff.diff(EMPTY, live, KINDS, prune=True).changes == (pruned,)


def test_an_app_is_left_in_place_and_what_is_in_it_goes_as_ever():
    app = Observed(A, "App", {"description": "a"}, remembers(APP, {}))
    concept = Observed(named(CONCEPT), "Concept", {}, remembers(CONCEPT, {}))
    state, live = declared(desired(APP, {}), desired(CONCEPT, {})), live_state(app, concept)
    kept = ResourceChange(A, "App", Action.FORGET, reasons=("left in place",), before=app.tree)
    assert diff.destroy(state, live, KINDS).changes[0] == kept
    deleted, left = diff.destroy(state, live, KINDS, delete_app=True).changes
    assert deleted == replace(kept, action=Action.DELETE, reasons=())
    assert left.action is Action.FORGET


def test_destroy_takes_what_is_declared_no_longer_only_if_told_to():
    live = live_state(
        Observed(M, "Model", {}, remembers(MODEL, {})), Observed(W, "Workflow", {}, remembers(WORKFLOW, {}))
    )
    state = declared(desired(MODEL, {}))
    assert [c.address for c in diff.destroy(state, live, KINDS).changes] == [M]
    assert [c.address for c in diff.destroy(state, live, KINDS, prune=True).changes] == [M, W]
    assert diff.destroy(state, live, KINDS).wants == {}


def test_an_object_without_an_id_is_never_pruned():
    nameless = Observed(Address(HERE, "models", ""), "Model", {}, remembers(MODEL, {}))
    assert diff.undeclared(EMPTY, live_state(nameless)) == []
