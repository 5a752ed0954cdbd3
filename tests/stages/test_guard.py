"""Each rule of the guard: what it refuses, the flag it names, and that the flag lifts it."""

from dataclasses import replace

import pytest

from reconciler import manifests
from reconciler.core.address import Address, Scope
from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.declaration import Lifecycle
from reconciler.core.plan import Limit
from reconciler.core.state import Desired, DesiredState, Entry, Inventory, LiveState, LiveVersion, Observed, Record
from reconciler.core.tree import ABSENT
from reconciler.stages.guard import RULES, Case, Rails, guard, not_ours

HERE = Scope("me", "app")
KINDS = manifests.by_plural()


def at(text):
    return Address.parse(text, HERE)


def observed(text, owner="us", tree=None, protect=False):
    address = at(text)
    record = Record(owner, address.qualified, {}, protect) if owner else None
    return Observed(address, KINDS[address.kind].name, tree or {}, record)


def trained(text, model_type, status=21100):
    version = LiveVersion("v", {}, None, status=status)
    return replace(observed(text, tree={"model_type_id": model_type}), newest=version, managed=version)


def live(*found, others=None):
    return LiveState(HERE, True, {o.address: o for o in found}, Inventory("us", {}), others or {})


def declared(text, tree=None, protect=False):
    address = at(text)
    return Desired(address, KINDS[address.kind].name, tree or {}, frozenset(), Lifecycle(protect=protect))


def change(text, action, *paths, effect=Effect.IN_PLACE):
    fields = tuple(FieldChange(tuple(p.split(".")), "a", "b", Cause.EDIT, effect) for p in paths)
    return ResourceChange(at(text), KINDS[at(text).kind].name, action, fields)


def case(*changes, found=(), items=(), documents=1, counts=None, others=None, **rails):
    state = DesiredState(HERE, "us", {i.address: i for i in items}, documents)
    allowed = frozenset(tuple(a.split("=")) for a in rails.pop("allowed", ()))
    return Case(changes, state, live(*found, others=others), KINDS, Rails(allowed, **rails), counts=counts or {})


def refused(*changes, **more):
    return [(r.rule, str(r.address), r.flag) for r in guard(case(*changes, **more))]


def node(model):
    return {"nodes": {"n": {"model": {"id": model}}}}


# ---- flags


@pytest.mark.parametrize(
    ("pattern", "allows"),
    [
        ("models/m", True), ("models/*", True), ("*", True), ("me/app/models/m", True), ("me/*", True),
        ("models/n", False), ("workflows/*", False), ("you/app/models/m", False),
    ],
)  # fmt: skip
def test_a_flag_names_an_address_or_a_glob_of_its_own_rule(pattern, allows):
    rails = Rails(frozenset({("delete", pattern)}))
    assert rails.allows("delete", at("models/m")) is allows
    assert not rails.allows("replace", at("models/m"))


# ---- one rule each


ONE_EACH = {
    "empty": {"documents": 0, "found": [observed("apps/app")]},
    "takeover": {"changes": [change("models/m", Action.UPDATE)], "found": [observed("models/m", owner="them")]},
    "adopt": {
        "changes": [change("models/m", Action.UPDATE, "description")],
        "found": [observed("models/m", owner=None)],
    },
    "replace": {
        "changes": [change("models/m", Action.REPLACE, "model_type_id", effect=Effect.REPLACE)],
        "found": [observed("models/m")],
    },
    "protected": {"changes": [change("models/m", Action.DELETE)], "found": [observed("models/m", protect=True)]},
    "in-use": {
        "changes": [change("models/m", Action.DELETE)],
        "found": [observed("models/m"), observed("workflows/w", owner=None, tree=node("m"))],
    },
    "delete": {
        "changes": [change(f"models/m{i}", Action.DELETE) for i in range(3)],
        "found": [observed(f"models/m{i}") for i in range(5)],
    },
    "default-workflow": {
        "changes": [change("apps/app", Action.UPDATE, "default_workflow.id", effect=Effect.LATE)],
        "found": [observed("apps/app")],
        "counts": {"inputs": 3},
    },
    "train": {
        "changes": [change("models/m", Action.UPDATE, "model_version", effect=Effect.NEW_VERSION)],
        "found": [trained("models/m", "embedding-classifier")],
    },
}


def parts(rule):
    more = dict(ONE_EACH[rule])
    return more.pop("changes", []), more


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_refuses_and_its_own_flag_lifts_it(rule):
    changes, more = parts(rule)
    refusals = refused(*changes, **more)
    assert {found for found, _, _ in refusals} == {rule}
    for _, address, flag in refusals:
        assert flag == (f"--adopt {address}" if rule == "adopt" else f"--allow {rule}={address}")
    allowed = [f"{rule}={address}" for _, address, _ in refusals]
    assert refused(*changes, allowed=allowed, **more) == []


@pytest.mark.parametrize("rule", RULES)
def test_the_flags_of_all_other_rules_lift_nothing(rule):
    changes, more = parts(rule)
    others = [f"{other}=*" for other in RULES if other != rule]
    assert {found for found, _, _ in refused(*changes, allowed=others, **more)} == {rule}


# ---- how much may be deleted


@pytest.mark.parametrize(
    ("doomed", "owned", "refusals"),
    [(2, 2, 0), (2, 5, 0), (3, 10, 0), (3, 9, 3), (4, 13, 4), (4, 14, 0), (30, 100, 0), (31, 100, 31), (3, 3, 3)],
)
def test_fewer_than_three_or_up_to_thirty_percent_may_be_deleted(doomed, owned, refusals):
    changes = [change(f"models/m{i}", Action.DELETE) for i in range(doomed)]
    found = [observed(f"models/m{i}") for i in range(owned)]
    assert len(refused(*changes, found=found)) == refusals
    assert refused(*changes, found=found, destroying=True) == []


def test_objects_of_others_do_not_raise_the_share():
    found = [observed(f"models/m{i}") for i in range(4)] + [observed(f"models/x{i}", owner="them") for i in range(90)]
    assert len(refused(*(change(f"models/m{i}", Action.DELETE) for i in range(3)), found=found)) == 3


def test_deletes_allowed_by_name_do_not_count():
    changes, more = parts("delete")
    assert refused(*changes, allowed=["delete=models/m0"], **more) == []


def test_forgetting_is_no_deletion():
    changes = [change(f"concepts/c{i}", Action.FORGET) for i in range(5)]
    assert refused(*changes, found=[observed(f"concepts/c{i}") for i in range(5)]) == []


# ---- whose it is


def test_an_identical_object_without_record_may_be_adopted():
    assert refused(change("models/m", Action.ADOPT), found=[observed("models/m", owner=None)]) == []


def test_a_record_of_another_owner_is_refused_even_if_nothing_else_differs():
    [found] = refused(change("models/m", Action.ADOPT), found=[observed("models/m", owner="them")])
    assert found[0] == "takeover"


@pytest.mark.parametrize(("tree", "free"), [({"name": "c"}, True), ({}, True), ({"name": "C"}, False),
                                            ({"name": "c", "definition": "d"}, False),
                                            ({"name": "c", "metadata": {"a": 1}}, False)])  # fmt: skip
def test_a_concept_as_the_service_makes_it_may_be_taken(tree, free):
    found = [observed("concepts/c", owner=None, tree=tree)]
    assert (refused(change("concepts/c", Action.UPDATE, "name"), found=found) == []) is free


def test_what_is_left_as_it_is_needs_no_permission():
    assert refused(change("models/m", Action.NO_OP), found=[observed("models/m")]) == []


@pytest.mark.parametrize(
    ("default", "free"), [("Empty", True), ("w", False), (None, False)], ids=["unset", "set", "of nobody knows whom"]
)
def test_an_app_that_differs_in_an_unset_default_workflow_may_be_taken(default, free):
    field = FieldChange(("default_workflow", "id"), default, "v", Cause.EDIT, Effect.LATE)
    differing = replace(change("apps/app", Action.UPDATE), fields=(field,))
    assert (refused(differing, found=[observed("apps/app", owner=None)]) == []) is free


# ---- protection


@pytest.mark.parametrize(
    ("line", "record", "destroying", "refusals"),
    [(True, True, False, 1), (False, True, False, 1), (False, False, False, 0), (True, False, False, 1),
     (False, True, True, 1), (False, False, True, 0)],
)  # fmt: skip
def test_protection_counts_in_the_manifest_and_in_the_live_object(line, record, destroying, refusals):
    found = [observed("models/m", protect=record)]
    items = [declared("models/m", protect=line)]
    changes = [change("models/m", Action.DELETE if destroying else Action.REPLACE)]
    rules = [r for r in refused(*changes, found=found, items=items, destroying=destroying) if r[0] == "protected"]
    assert len(rules) == refusals


# ---- in use


def test_what_a_manifest_will_no_longer_use_is_free():
    found = [observed("models/m"), observed("workflows/w", tree=node("m"))]
    items = [declared("workflows/w", tree=node("other"))]
    assert refused(change("models/m", Action.DELETE), found=found, items=items) == []


def test_what_goes_together_is_free():
    found = [observed("models/m"), observed("workflows/w", tree=node("m"))]
    assert refused(change("models/m", Action.DELETE), change("workflows/w", Action.DELETE), found=found) == []


DEFAULT = {"default_workflow": {"id": "w"}}


@pytest.mark.parametrize(("owner", "refusals"), [("us", 0), ("them", 1), (None, 1)])
def test_a_default_workflow_is_in_use_unless_the_app_is_ours_and_is_put_on_another(owner, refusals):
    found = [observed("workflows/w"), observed("apps/app", owner=owner, tree=DEFAULT)]
    assert len(refused(change("workflows/w", Action.DELETE), found=found)) == refusals


def test_a_default_that_stays_declared_is_in_use():
    found = [observed("workflows/w"), observed("apps/app", tree=DEFAULT)]
    items = [declared("apps/app", tree=DEFAULT)]
    [refusal] = guard(case(change("workflows/w", Action.DELETE), found=found, items=items))
    assert "apps/app as its default workflow" in refusal.message


# ---- apps


def test_no_flag_replaces_an_app():
    gone = change("apps/app", Action.REPLACE, "default_language", effect=Effect.REPLACE)
    found = [observed("apps/app")]
    assert refused(gone, found=found, allowed=[f"{rule}=*" for rule in RULES]) == [("replace", "apps/app", None)]


STRANGERS = {
    "an app without record": ({"found": [observed("apps/app", owner=None)]}, "no record of ours"),
    "an app of others": ({"found": [observed("apps/app", owner="them")]}, "no record of ours"),
    "inputs": ({"counts": {"inputs": 3}}, "3 inputs"),
    "datasets": ({"counts": {"datasets": 1}}, "1 dataset"),
    "pipelines": ({"counts": {"pipelines": 2}}, "2 pipelines"),
    "a model": ({"found": [observed("apps/app"), observed("models/m", owner=None)]}, "models/m"),
    "a workflow": ({"found": [observed("apps/app"), observed("workflows/w", owner="them")]}, "workflows/w"),
    "another inventory": ({"others": {"them": Inventory("them", {"x": Entry()})}}, "objects of owner 'them'"),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_no_flag_deletes_an_app_that_holds(what):
    more, said = STRANGERS[what]
    more = {"found": [observed("apps/app")], **more}
    everything = [f"{rule}=*" for rule in RULES]
    doomed = change("apps/app", Action.DELETE)
    [refusal] = guard(case(doomed, allowed=everything, destroying=True, delete_app=True, **more))
    assert (refusal.rule, refusal.flag) == ("delete-app", None)
    assert said in refusal.message


def many(gone, kind="models", owned=10):
    """`gone` deletes out of `owned` objects of a kind."""
    doomed = [change(f"{kind}/m{i}", Action.DELETE) for i in range(gone)]
    return doomed, [observed(f"{kind}/m{i}") for i in range(owned)]


@pytest.mark.parametrize(
    ("gone", "limit", "allowed"),
    [
        (1, Limit(1, 0.0), False), (1, Limit(2, 0.0), True), (2, Limit(2, 0.0), False),
        (2, Limit(2, 0.2), True), (3, Limit(2, 0.2), False), (3, Limit(4, 0.2), True),
    ],
)  # fmt: skip
def test_a_kind_has_a_count_and_a_share_of_its_own(gone, limit, allowed):
    doomed, found = many(gone)
    others = [observed(f"workflows/w{i}") for i in range(90)]  # the share is one of the kind's objects only
    refusals = guard(case(*doomed, found=found + others, kinds={"Model": limit}))
    assert len(refusals) == (0 if allowed else gone)
    assert refused(*doomed, found=found, kinds={"Workflow": limit}) == []


def test_the_refusal_of_a_kind_says_all_of_it():
    doomed, found = many(3)
    found += [observed("workflows/w")]
    *_, refusal = guard(case(*doomed, found=found, kinds={"Model": Limit(2, 0.2)}))
    assert refusal.message == (
        "3 of 10 owned objects of kind Model would be deleted (limit: 1, or 20%; rails.kinds.Model in reconciler.yaml)"
    )
    assert refusal.flag == "--allow delete=models/m2"


def test_limits_of_the_run_hold_beside_those_of_a_kind_and_an_object_is_refused_once():
    doomed, found = many(5)
    whole, kind = Limit(1, 0.0), {"Model": Limit(9, 0.0)}
    assert len(guard(case(*doomed, found=found, limit=whole, kinds=kind))) == 5
    both = guard(case(*doomed, found=found, limit=whole, kinds={"Model": Limit(1, 0.0)}))
    assert len(both) == 5
    assert "(limit: 0; rails.kinds.Model in reconciler.yaml); 5 of 10 owned objects would" in both[0].message


def test_what_is_allowed_by_a_flag_does_not_count_against_its_kind():
    doomed, found = many(2)
    more = {"found": found, "kinds": {"Model": Limit(2, 0.0)}}
    assert len(guard(case(*doomed, **more))) == 2
    assert refused(*doomed, allowed=["delete=models/m0"], **more) == []
    assert refused(*doomed, destroying=True, **more) == []


@pytest.mark.parametrize(
    ("model_type", "status"), [("embedding-classifier", 21106), ("embedding-classifier", 21110), ("prompter", 21100)]
)
def test_a_failed_training_is_made_anew_and_an_operator_never_trains(model_type, status):
    made = change("models/m", Action.UPDATE, "model_version", effect=Effect.NEW_VERSION)
    assert refused(made, found=[trained("models/m", model_type, status)]) == []


@pytest.mark.parametrize(
    ("before", "cause", "inputs"),
    [("Empty", Cause.EDIT, 3), (ABSENT, Cause.EDIT, 3), ("other", Cause.DRIFT, 3), ("other", Cause.EDIT, 0)],
)
def test_the_default_workflow_is_set_and_repaired_without_a_flag(before, cause, inputs):
    field = FieldChange(("default_workflow", "id"), before, "mine", cause, Effect.LATE)
    setting = replace(change("apps/app", Action.UPDATE), fields=(field,))
    assert refused(setting, found=[observed("apps/app")], counts={"inputs": inputs}) == []


def test_the_refusal_of_another_default_workflow_says_how_many_inputs():
    (refusal,) = guard(case(*parts("default-workflow")[0], **parts("default-workflow")[1]))
    assert "it holds 3 inputs" in refusal.message
    assert "they keep what the former one made of them" in refusal.message
    assert "--reindex" in refusal.message


def test_running_them_again_is_refused_for_what_it_costs():
    (refusal,) = guard(case(*parts("default-workflow")[0], **parts("default-workflow")[1], reindex=True))
    assert "it holds 3 inputs: --reindex runs them all again, which is billed" in refusal.message


def test_an_app_of_ours_with_a_base_workflow_can_be_deleted():
    state = live(observed("apps/app"), observed("models/m"), observed("workflows/Universal", owner=None))
    assert not_ours(state, "us", {"inputs": 0, "models": 1}) is None


def test_a_workflow_that_only_has_the_name_of_a_base_workflow_saves_the_app():
    mine = observed("workflows/General", owner=None)
    mine = replace(mine, tree={"nodes": {"a": {"model": {"id": "m", "user_id": "us", "app_id": "app"}}}})
    assert "workflows/General" in not_ours(live(observed("apps/app"), mine), "us", {})


def test_many_strangers_are_counted_not_listed():
    state = live(observed("apps/app"), *(observed(f"models/m{i}", owner=None) for i in range(9)))
    assert "4 more" in not_ours(state, "us", {})


def test_models_that_only_the_counts_know_save_an_app():
    state = live(observed("apps/app"), observed("models/m"))
    assert not_ours(state, "us", {"models": 5}) == "4 models that no list shows"
