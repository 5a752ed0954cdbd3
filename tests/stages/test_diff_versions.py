"""Models live in versions: which one counts, when another is made, and what follows of it."""

from dataclasses import replace

import pytest

from reconciler.core.canonical import CANON
from reconciler.core.change import Action, Cause, Effect, FieldChange
from reconciler.core.ownership import target_mark, target_record
from reconciler.core.state import Desired, Entry, LiveVersion, Mark, Observed, Reference
from reconciler.core.tree import ABSENT, Unknown, put
from reconciler.stages import diff
from tests.stages.comparing import (
    KINDS,
    MODEL,
    SHELL,
    WORKFLOW,
    M,
    W,
    causes,
    change_of,
    declared,
    desired,
    live_state,
    model_item,
    model_live,
    model_tree,
    nodes,
    one,
    remembers,
    version,
)

PIN = ("nodes", "a", "model", "model_version", "id")
VALUE = ("model_version", "output_info", "data", "concepts", "p", "value")
TOP = ("model_version", "output_info", "params", "top")
UNMADE = "has no version made by this manifest set: creation was not finished, or it was deleted"

# ---- which version counts, and what follows


def flow_item():
    pinned = put(nodes("a"), ("nodes", "a", "model", "id"), "x")
    item = desired(WORKFLOW, put(pinned, PIN, Unknown(str(M), "version_id")))
    reference = Reference(PIN, M, "version_id")
    return Desired(item.address, item.kind, item.tree, item.written, references=(reference,))


def flow_live(pin):
    pinned = put(put(nodes("a"), ("nodes", "a", "model", "id"), "x"), PIN, pin)
    return Observed(W, "Workflow", pinned, remembers(WORKFLOW, pinned))


def both(value, model, pin):
    changes = diff.diff(declared(flow_item(), model_item(value)), live_state(model, flow_live(pin)), KINDS).changes
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


def test_a_newer_version_of_others_with_other_values_is_drift():
    change = one(0.5, model_live(version("v2", 0.9), managed=version("v1", 0.5, 0.5)))
    assert set(causes(change).values()) == {Cause.DRIFT}
    assert change.new_version


def test_a_newer_version_of_a_type_that_trains_starts_no_training():
    trained = {**model_tree(0.5), "model_type_id": "visual-classifier"}
    model = model_live(version("v2", 0.9), managed=version("v1", 0.5, 0.5))
    record = target_record(desired(MODEL, trained), trained, MODEL, "us")
    live = replace(model, tree={"model_type_id": "visual-classifier"}, record=record)
    assert change_of(desired(MODEL, trained), live).action is Action.NO_OP


def test_a_newer_version_of_others_with_equal_values_is_nothing():
    assert one(0.5, model_live(version("v2", 0.5), managed=version("v1", 0.5, 0.5))).action is Action.NO_OP


def test_a_model_without_any_version_gets_one():
    change = one(0.5, model_live(None))
    assert change.new_version
    assert "creation was not finished" in change.reasons[0]


def test_an_operator_of_whose_version_nothing_is_written_gets_one_all_the_same():
    item = Desired(M, "Model", SHELL | {"model_version": {}}, frozenset({("model_type_id",)}))
    assert change_of(item, Observed(M, "Model", SHELL, remembers(MODEL, SHELL))).new_version


def test_a_version_without_mark_but_with_our_values_gets_the_mark():
    change = one(0.5, model_live(version("v1", 0.5)))
    assert (change.action, change.fields, change.mark) == (Action.ADOPT, (), True)


def test_a_version_that_the_list_has_settled_is_not_compared_again():
    listed = model_live(version("v1", 0.9, 0.5), complete=False)
    assert one(0.5, listed).action is Action.NO_OP


def test_a_list_does_not_show_what_the_author_removed_from_a_version():
    """It may leave parts out: what becomes of them is decided once the version was read."""
    before = desired(MODEL, put(model_tree(0.5), TOP, 3))
    mark = target_mark(before, before.tree, MODEL, "us", "")
    listed = model_live(LiveVersion("v1", before.tree["model_version"], mark), complete=False)
    assert one(0.5, listed).fields == ()
    assert [f.path for f in one(0.5, replace(listed, complete=True)).fields] == [TOP]


def test_a_mark_in_another_canonical_form_is_renewed():
    mark = version("v", 0.5, 0.5).mark
    old = Mark(mark.owner, mark.address, mark.parent, mark.digest, mark.fields, canon=CANON + 1)
    item = model_item(0.5)
    change = one(0.5, model_live(LiveVersion("v", item.tree["model_version"], old)))
    assert (change.action, change.mark) == (Action.ADOPT, True)


def test_a_node_pins_our_version_not_a_newer_one_of_others_that_is_equal():
    found = both(0.5, model_live(version("v2", 0.5), managed=version("v1", 0.5, 0.5)), "v1")
    assert {c.action for c in found.values()} == {Action.NO_OP}


def test_a_node_may_pin_the_version_that_is_about_to_be_adopted():
    found = both(0.5, model_live(version("v1", 0.5)), "v1")
    assert (found[M].action, found[W].action) == (Action.ADOPT, Action.NO_OP)


def test_a_pin_that_was_looked_up_is_compared_though_nobody_wrote_it():
    item = flow_item()
    unwritten = replace(item, written=item.written - {PIN})
    flow = replace(flow_live("v1"), record=target_record(unwritten, item.tree, WORKFLOW, "us"))
    live = live_state(model_live(version("v2", 0.5, 0.5)), flow)
    _, change = diff.diff(declared(unwritten, model_item(0.5)), live, KINDS).changes
    assert [(f.path, f.before, f.after) for f in change.fields] == [(PIN, "v1", "v2")]


def test_a_reference_that_nobody_wrote_and_that_pins_nothing_is_not_compared():
    path = ("nodes", "a", "model", "id")
    item = desired(WORKFLOW, nodes("a"))
    referring = replace(item, written=item.written - {path}, references=(Reference(path, M),))
    live = Observed(
        W, "Workflow", put(nodes("a"), path, "other"), target_record(referring, referring.tree, WORKFLOW, "us")
    )
    assert change_of(referring, live).action is Action.NO_OP


def test_a_newer_version_of_others_shows_what_they_changed():
    [field] = one(0.5, model_live(version("v2", 0.9), managed=version("v1", 0.5, 0.5))).fields
    assert (field.path, field.before, field.after) == (VALUE, 0.9, 0.5)


def test_an_equal_newer_version_of_others_does_not_hide_what_the_author_removed():
    """Ours still has the param; nothing but the mark of ours remembers that we set it."""
    before = desired(MODEL, put(model_tree(0.5), TOP, 3))
    ours = LiveVersion("v1", before.tree["model_version"], target_mark(before, before.tree, MODEL, "us", ""))
    [field] = one(0.5, model_live(version("v2", 0.5), managed=ours)).fields
    assert (field.path, field.before, field.cause, field.effect) == (TOP, 3, Cause.REMOVED, Effect.NEW_VERSION)


def test_record_and_mark_are_remembered_side_by_side():
    item = desired(MODEL, model_tree(0.5) | {"description": "a"})
    model = model_live(version("v1", 0.9, 0.5))
    record = target_record(item, item.tree, MODEL, "us")
    change = change_of(item, replace(model, tree=SHELL | {"description": "b"}, record=record))
    assert causes(change) == {"description": Cause.DRIFT, ".".join(VALUE): Cause.DRIFT}


# ---- a version that is missing


TRAINED = {"model_type_id": "visual-classifier"}
READY, TRAINS, FAILED = 21100, 21101, 21106
"""Statuses of a version (facts 2.2); 0 means that none was told."""


def trained_item(**more):
    return desired(MODEL, model_tree(0.5) | TRAINED | more)


def shell(item, tree, **more):
    return Observed(M, "Model", tree, target_record(item, item.tree, MODEL, "us"), **more)


THRESHOLDER = model_item(0.5)
UNHEARD_OF = desired(MODEL, model_tree(0.5) | {"model_type_id": "not-typed-by-us"})


@pytest.mark.parametrize(
    ("item", "entry", "owner", "cause"),
    [
        (THRESHOLDER, Entry(), "us", Cause.DRIFT),
        (trained_item(), Entry(), "us", Cause.DRIFT),
        (UNHEARD_OF, Entry(), "us", Cause.DRIFT),
        (THRESHOLDER, Entry(pending=True), "us", Cause.EDIT),
        (THRESHOLDER, None, "us", Cause.EDIT),
        (THRESHOLDER, Entry(), "them", Cause.EDIT),
        (THRESHOLDER, Entry(), None, Cause.EDIT),
    ],
    ids=["ours", "trained", "of an unknown type", "never finished", "not listed", "theirs", "nobody's"],
)
def test_a_version_that_is_gone_is_drift_only_where_there_was_one_of_ours(item, entry, owner, cause):
    observed = shell(item, {"model_type_id": item.tree["model_type_id"]})
    record = replace(observed.record, owner=owner) if owner else None
    change = change_of(item, replace(observed, record=record), entries={"models/x": entry} if entry else {})
    assert [(f.before, f.cause, f.effect) for f in change.fields] == [(ABSENT, cause, Effect.NEW_VERSION)]
    assert change.action is Action.UPDATE
    assert change.reasons == (UNMADE,)


@pytest.mark.parametrize("item", [trained_item(), UNHEARD_OF])
def test_a_version_that_is_declared_only_now_is_no_drift(item):
    tree = {"model_type_id": item.tree["model_type_id"]}
    before = desired(MODEL, tree)
    change = change_of(item, shell(before, tree))
    assert [(f.cause, f.effect) for f in change.fields] == [(Cause.EDIT, Effect.NEW_VERSION)]
    assert change.record, "from now on it is remembered that there is one"


def test_a_version_whose_training_failed_was_taken_by_nobody():
    failed = LiveVersion("v1", {}, None, status=FAILED, said="no examples")
    change = change_of(trained_item(), shell(trained_item(), TRAINED, newest=failed))
    assert {f.cause for f in change.fields} == {Cause.EDIT}


def test_a_lost_version_makes_no_drift_of_an_edit_elsewhere():
    edited = desired(MODEL, model_tree(0.5) | {"description": "b"})
    was = desired(MODEL, model_tree(0.5) | {"description": "a"})
    change = change_of(edited, shell(was, SHELL | {"description": "a"}))
    assert {f.path[0]: f.cause for f in change.fields} == {"description": Cause.EDIT, "model_version": Cause.DRIFT}


def test_an_edit_of_a_version_that_is_there_stays_an_edit():
    change = one(0.6, model_live(version("v1", 0.5, 0.5)))
    assert (causes(change), change.reasons) == ({".".join(VALUE): Cause.EDIT}, ())


def test_a_shell_of_which_no_version_is_wanted_needs_none():
    item = desired(MODEL, SHELL | {"description": "b"})
    change = change_of(item, shell(item, SHELL | {"description": "a"}))
    assert [f.path for f in change.fields] == [("description",)]
    assert change.reasons == ()


@pytest.mark.parametrize(
    ("newest", "cause", "reason"),
    [
        (None, Cause.DRIFT, UNMADE),
        (
            LiveVersion("v1", {}, None, status=FAILED, said="no examples"),
            Cause.EDIT,
            "the last training failed: no examples; applying starts another one, which is billed",
        ),
    ],
    ids=["none", "failed"],
)
def test_a_version_of_which_nothing_is_written_is_made_whole(newest, cause, reason):
    item = Desired(M, "Model", SHELL | {"model_version": {}, "description": "b"}, frozenset({("description",)}))
    observed = shell(item, SHELL | {"description": "a"}, newest=newest)
    change = change_of(item, observed, entries={"models/x": Entry(pending=True)})
    described, made = change.fields
    assert (described.path, described.cause) == (("description",), Cause.DRIFT)
    assert made == FieldChange(("model_version",), ABSENT, {}, cause, Effect.NEW_VERSION)
    assert change.reasons == (reason,)


@pytest.mark.parametrize("status", [0, READY, TRAINS])
def test_only_a_failed_training_is_started_again(status):
    newest = LiveVersion("v1", {}, None, status=status, said="as ever")
    item = Desired(M, "Model", SHELL | {"model_version": {}}, frozenset({("model_type_id",)}))
    change = change_of(item, shell(item, SHELL, newest=newest))
    assert (change.action, change.fields, change.mark) == (Action.ADOPT, (), True)


# ---- a version that the service is still at work on


def training(status=TRAINS):
    item = trained_item()
    mark = target_mark(item, item.tree, MODEL, "us", "")
    serving = LiveVersion("v1", item.tree["model_version"], mark, status=status)
    return shell(item, TRAINED, newest=serving, managed=serving)


def test_a_version_that_trains_is_waited_for():
    change = change_of(trained_item(), training())
    assert (change.action, change.waiting, change.fields) == (Action.UPDATE, True, ())
    assert change.reasons == (diff.NOT_READY,)


@pytest.mark.parametrize("status", [0, READY, FAILED])
def test_a_version_that_is_ready_or_has_failed_is_not_waited_for(status):
    change = change_of(trained_item(), training(status))
    assert (change.action, change.waiting) == (Action.NO_OP, False)


def test_a_model_is_adopted_and_waited_for_in_one():
    change = change_of(trained_item(), replace(training(), record=None))
    assert (change.action, change.waiting, change.record) == (Action.UPDATE, True, True)
    assert change.reasons == (diff.NOT_READY,)


def test_an_update_beside_a_training_gives_its_own_reasons_too():
    failed = LiveVersion("v2", trained_item().tree["model_version"], None, status=FAILED, said="no examples")
    change = change_of(trained_item(description="b"), replace(training(), newest=failed))
    assert change.waiting
    assert change.reasons[0] == diff.NOT_READY
    assert change.reasons[1:] == (
        "the last training failed: no examples; applying starts another one, which is billed",
    )


@pytest.mark.parametrize(
    ("path", "value", "action"), [(VALUE, 0.6, Action.UPDATE), (("model_type_id",), "text-classifier", Action.REPLACE)]
)
def test_nobody_waits_for_a_version_that_another_one_follows(path, value, action):
    change = change_of(desired(MODEL, put(trained_item().tree, path, value)), training())
    assert (change.action, change.waiting) == (action, False)
    assert diff.NOT_READY not in change.reasons


def test_a_model_of_which_no_version_is_wanted_is_not_waited_for():
    item = desired(MODEL, TRAINED)
    serving = LiveVersion("v1", {}, None, status=TRAINS)
    change = change_of(item, shell(item, TRAINED, newest=serving, managed=serving))
    assert (change.action, change.waiting) == (Action.NO_OP, False)
