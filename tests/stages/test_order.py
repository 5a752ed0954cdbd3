"""Changes as steps: expand, repoint, contract; late fields; deletes last; the App after all."""

import pytest

from reconciler import manifests
from reconciler.core.address import Address, Scope
from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.plan import Verb
from reconciler.core.state import Desired, DesiredState, Entry, Inventory, LiveState, LiveVersion, Observed, Reference
from reconciler.stages.order import order

HERE = Scope("me", "app")
KINDS = manifests.by_plural()


def at(text):
    return Address.parse(text, HERE)


def change(text, action, *effects, **more):
    fields = tuple(FieldChange(("x",), 1, 2, Cause.EDIT, effect) for effect in effects)
    return ResourceChange(at(text), KINDS[at(text).kind].name, action, fields, **more)


def item(text, tree=None, *targets):
    references = tuple(Reference(("x",), at(target)) for target in targets)
    return Desired(at(text), KINDS[at(text).kind].name, tree or {}, frozenset(), references=references)


def seen(text, tree=None, newest=None):
    return Observed(at(text), KINDS[at(text).kind].name, tree or {}, newest=newest)


def flow(*models):
    return {"nodes": {f"n{i}": {"model": {"id": model}} for i, model in enumerate(models)}}


VERSION = {"model_version": {"output_info": {}}}


def steps(*changes, items=(), found=(), exists=True, listed=(), **more):
    state = DesiredState(HERE, "us", {i.address: i for i in items}, len(items))
    live = LiveState(HERE, exists, {o.address: o for o in found}, Inventory("us", {name: Entry() for name in listed}))
    return order(changes, state, live, KINDS, **more)


def ids(found):
    return [s.id for s in found if s.verb not in (Verb.OPEN, Verb.CLOSE)]


def edges(found):
    return {s.id: {name for name in s.after if not name.endswith("inventory")} for s in found}


def test_no_change_is_no_step():
    assert steps(change("models/m", Action.NO_OP)) == ()


@pytest.mark.parametrize(
    ("made", "verbs"),
    [
        (change("models/m", Action.CREATE), ["create", "create-version", "wait-for-version"]),
        (change("models/m", Action.UPDATE, Effect.NEW_VERSION), ["create-version", "wait-for-version"]),
        (change("models/m", Action.UPDATE, Effect.IN_PLACE), ["update"]),
        (
            change("models/m", Action.UPDATE, Effect.NEW_VERSION, Effect.IN_PLACE),
            ["create-version", "wait-for-version", "update"],
        ),
        (change("models/m", Action.UPDATE, Effect.IN_PLACE, mark=True), ["adopt", "update"]),
        (change("models/m", Action.ADOPT), ["adopt"]),
        (change("models/m", Action.DELETE), ["delete"]),
        (change("models/m", Action.REPLACE), ["delete", "create", "create-version", "wait-for-version"]),
        (change("concepts/c", Action.FORGET), ["forget"]),
        (change("apps/app", Action.UPDATE, Effect.LATE), ["update-late"]),
        (change("apps/app", Action.UPDATE, Effect.IN_PLACE, Effect.LATE), ["update", "update-late"]),
    ],
)
def test_a_change_is_a_chain_of_steps(made, verbs):
    found = steps(made, items=[item("models/m", VERSION)])
    assert ids(found) == [f"{made.address}:{verb}" for verb in verbs]
    for before, after in zip(ids(found), ids(found)[1:], strict=False):
        assert before in edges(found)[after]


def test_a_model_without_a_declared_version_is_only_a_shell():
    assert ids(steps(change("models/m", Action.CREATE), items=[item("models/m")])) == ["models/m:create"]


def test_a_default_workflow_is_set_in_a_step_of_its_own_after_the_workflow_exists():
    default = item("apps/app", {"default_workflow": {"id": "w"}}, "workflows/w")
    found = steps(
        change("apps/app", Action.CREATE),
        change("workflows/w", Action.CREATE),
        items=[default, item("workflows/w")],
        exists=False,
    )
    assert ids(found) == ["apps/app:create", "workflows/w:create", "apps/app:update-late"]


def test_everything_waits_for_a_new_app_and_a_new_app_for_nothing():
    found = steps(
        change("concepts/c", Action.CREATE),
        change("apps/app", Action.CREATE),
        items=[item("concepts/c"), item("apps/app")],
        exists=False,
    )
    assert ids(found) == ["apps/app:create", "concepts/c:create"]
    assert edges(found)["apps/app:create"] == set()


def test_a_consumer_waits_for_the_last_making_step_of_its_producer():
    found = steps(
        change("workflows/w", Action.UPDATE, Effect.IN_PLACE),
        change("models/m", Action.UPDATE, Effect.NEW_VERSION),
        items=[item("workflows/w", flow("m"), "models/m"), item("models/m", VERSION)],
        found=[seen("models/m"), seen("workflows/w", flow("m"))],
    )
    assert edges(found)["workflows/w:update"] == {"models/m:wait-for-version"}


# ---- expand, repoint, contract


@pytest.fixture
def moved():
    """A node goes from model a to model b; a is deleted, b is new."""
    return steps(
        change("models/a", Action.DELETE),
        change("workflows/w", Action.UPDATE, Effect.IN_PLACE),
        change("models/b", Action.CREATE),
        items=[item("workflows/w", flow("b"), "models/b"), item("models/b", VERSION)],
        found=[seen("models/a"), seen("workflows/w", flow("a"))],
        listed=["models/a", "workflows/w"],
    )


def test_a_moved_node_is_expanded_repointed_contracted(moved):
    assert ids(moved) == [
        "models/b:create", "models/b:create-version", "models/b:wait-for-version", "workflows/w:update",
        "models/a:delete",
    ]  # fmt: skip


def test_a_delete_waits_for_every_other_step(moved):
    assert edges(moved)["models/a:delete"] == set(ids(moved)) - {"models/a:delete"}


def test_the_inventory_is_written_before_and_after(moved):
    assert (moved[0].verb, moved[-1].verb) == (Verb.OPEN, Verb.CLOSE)
    assert all(moved[0].id in s.after for s in moved[1:-1])
    assert set(moved[-1].after) == {s.id for s in moved[:-1]} - {moved[0].id}


def test_users_are_deleted_before_what_they_use():
    found = steps(
        change("models/m", Action.DELETE),
        change("workflows/w", Action.DELETE),
        found=[seen("models/m"), seen("workflows/w", flow("m"))],
    )
    assert ids(found) == ["workflows/w:delete", "models/m:delete"]


def test_a_model_used_by_another_models_version_is_deleted_after_it():
    based = {"input_info": {"base_embed_model": {"id": "m", "user_id": "me", "app_id": "app"}}}
    found = steps(
        change("models/m", Action.DELETE),
        change("models/n", Action.DELETE),
        found=[seen("models/m"), seen("models/n", newest=LiveVersion("v", based, None))],
    )
    assert ids(found) == ["models/n:delete", "models/m:delete"]


def test_relations_are_deleted_and_concepts_forgotten_after_everything_else():
    found = steps(
        change("concepts/c", Action.FORGET),
        change("relations/c.synonym.d", Action.DELETE),
        change("models/m", Action.UPDATE, Effect.IN_PLACE),
        items=[item("models/m")],
        found=[seen("concepts/c"), seen("relations/c.synonym.d", {"subject_concept": {"id": "c"}}), seen("models/m")],
    )
    assert ids(found)[0] == "models/m:update"
    assert all("models/m:update" in edges(found)[name] for name in ids(found)[1:])


def test_a_replaced_model_is_made_again_before_its_users_are_repointed():
    found = steps(
        change("models/m", Action.REPLACE),
        change("workflows/w", Action.UPDATE, Effect.IN_PLACE),
        change("models/gone", Action.DELETE),
        items=[item("models/m", VERSION), item("workflows/w", flow("m"), "models/m")],
        found=[seen("models/m"), seen("workflows/w", flow("m")), seen("models/gone")],
    )
    assert ids(found) == [
        "models/m:delete", "models/m:create", "models/m:create-version", "models/m:wait-for-version",
        "workflows/w:update", "models/gone:delete",
    ]  # fmt: skip


# ---- the default workflow and the app


DEFAULT = seen("apps/app", {"default_workflow": {"id": "w"}})


def test_a_default_that_goes_is_taken_off_first():
    found = steps(change("workflows/w", Action.DELETE), found=[DEFAULT, seen("workflows/w")])
    assert ids(found) == ["apps/app:update-late", "workflows/w:delete"]
    assert found[1].title == "take the workflow off as default (Empty)"


def test_a_workflow_that_is_no_default_needs_no_such_step():
    assert ids(steps(change("workflows/v", Action.DELETE), found=[DEFAULT, seen("workflows/v")])) == [
        "workflows/v:delete"
    ]


def test_an_app_is_deleted_after_everything_in_it_and_takes_its_last_inventory_along():
    found = steps(
        change("apps/app", Action.DELETE),
        change("models/m", Action.DELETE),
        change("concepts/c", Action.FORGET),
        found=[seen("apps/app"), seen("models/m"), seen("concepts/c")],
        destroying=True,
    )
    assert (found[0].verb, found[-1].id) == (Verb.OPEN, "apps/app:delete")
    assert {s.verb for s in found[1:]} == {Verb.DELETE, Verb.FORGET}


def test_an_app_is_forgotten_after_everything_in_it():
    found = steps(
        change("apps/app", Action.FORGET),
        change("models/m", Action.DELETE),
        found=[seen("apps/app"), seen("models/m")],
        destroying=True,
    )
    assert ids(found) == ["models/m:delete", "apps/app:forget"]


# ---- the inventory


@pytest.mark.parametrize(
    ("made", "listed", "written"),
    [
        (change("models/m", Action.CREATE), [], True),
        (change("models/m", Action.DELETE), ["models/m"], True),
        (change("models/m", Action.UPDATE, Effect.IN_PLACE), ["models/m"], False),
        (change("models/m", Action.ADOPT), ["models/m"], False),
        (change("models/m", Action.ADOPT), [], True),
        (change("concepts/c", Action.UPDATE, Effect.IN_PLACE), ["concepts/c"], True),
        (change("apps/app", Action.UPDATE, Effect.IN_PLACE), [], False),
    ],
)
def test_the_inventory_is_written_only_if_it_changes(made, listed, written):
    found = steps(made, items=[item(str(made.address))], found=[seen(str(made.address))], listed=listed)
    assert any(s.verb is Verb.CLOSE for s in found) is written


def test_an_object_that_was_only_announced_is_entered_once_it_is_finished():
    made = change("models/m", Action.UPDATE, Effect.NEW_VERSION)
    live = LiveState(HERE, True, {}, Inventory("us", {"models/m": Entry(pending=True)}))
    state = DesiredState(HERE, "us", {at("models/m"): item("models/m", VERSION)}, 1)
    assert order([made], state, live, KINDS)[-1].verb is Verb.CLOSE


def test_a_new_app_carries_its_first_inventory():
    found = steps(change("apps/app", Action.CREATE), items=[item("apps/app")], exists=False)
    assert [s.verb for s in found] == [Verb.CREATE, Verb.CLOSE]


def test_the_same_changes_give_the_same_steps():
    changes = [change(f"models/m{i}", Action.CREATE) for i in range(20)]
    items = [item(f"models/m{i}") for i in range(20)]
    assert steps(*changes, items=items) == steps(*changes, items=items)


@pytest.mark.parametrize(
    ("listed", "verbs"), [((), ["forget"]), (("models/m",), ["open-inventory", "forget", "close-inventory"])]
)
def test_an_app_that_is_forgotten_takes_what_was_only_announced_along(listed, verbs):
    found = steps(change("apps/app", Action.FORGET), found=[seen("apps/app")], listed=listed, destroying=True)
    assert [s.verb.value for s in found] == verbs
