"""Expand, repoint, contract at the server; the rails that hold deletes back; what a plan costs."""

import pytest

from reconciler.core.diagnostics import Refused
from reconciler.core.outcome import Status
from reconciler.core.plan import Verb
from reconciler.stages import diff
from reconciler.stages.guard import Rails


@pytest.fixture
def base(documents):
    return [documents.app(), documents.concept("p")]


# ---- order


def test_moving_a_node_creates_repoints_and_only_then_deletes(world, base, documents):
    world.apply(*base, documents.thresholder("a", p=0.5), documents.workflow("w", n="a"))
    world.forget_calls()
    world.apply(*base, documents.thresholder("b", p=0.5), documents.workflow("w", n="b"), prune=True)
    assert world.writes == [
        "PatchApps", "PostModels", "PostModelVersions", "PatchWorkflows", "DeleteModels", "PatchApps",
    ]  # fmt: skip
    assert world.pins("w")["n"] == ("b", world.versions("b")[0].id)


@pytest.mark.parametrize("rpc", ["PostModels", "PostModelVersions", "PatchWorkflows", "PatchApps"])
def test_if_anything_fails_nothing_is_deleted(world, base, documents, rpc):
    world.apply(*base, documents.thresholder("a", p=0.5), documents.workflow("w", n="a"))
    world.emulator.faults.add(rpc, code=11102)
    result = world.carry_out(
        world.plan(*base, documents.thresholder("b", p=0.5), documents.workflow("w", n="b"), prune=True)
    )
    assert {o.status for o in result.outcomes if o.step.verb is Verb.DELETE} <= {Status.NOT_STARTED, Status.SKIPPED}
    assert "DeleteModels" not in world.writes
    assert world.pins("w")["n"][0] in [m.id for m in world.listed("ListModels")]


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_the_first_delete_that_fails_is_the_last_that_starts(world, base, documents, failing):
    models = [documents.thresholder(f"m{i}", p=0.5) for i in range(4)]
    world.apply(*base, *models)
    world.forget_calls()
    world.emulator.faults.add("DeleteModels", code=11102, skip=failing - 1)
    result = world.carry_out(world.plan(*base, prune=True, workers=1, rails=world.everything))
    assert world.writes.count("DeleteModels") == failing
    assert result.by_status()[Status.NOT_STARTED] == 4 - failing


def test_a_default_workflow_is_set_last_and_taken_off_before_its_deletion(world, documents):
    flow = [documents.concept("p"), documents.thresholder("m", p=0.5), documents.workflow("w", n="m")]
    world.apply(documents.app(default_workflow={"id": "w"}), *flow)
    assert world.writes[-3:] == ["PostWorkflows", "PatchApps", "PatchApps"]
    world.forget_calls()
    world.apply(documents.app(), *flow, destroying=True)
    assert world.writes == ["PatchApps", "PatchApps", "DeleteWorkflows", "DeleteModels", "PatchApps"]


def test_a_destroy_that_broke_at_its_last_write_is_finished_by_the_next(world, documents):
    manifests = [documents.app(), documents.concept("p"), documents.thresholder("m", p=0.5)]
    world.apply(*manifests)
    options = {"destroying": True, "prune": True, "rails": world.everything}
    planned = world.plan(*manifests, **options)
    world.emulator.faults.add("PatchApps", code=11102, skip=1, times=-1)
    assert not world.carry_out(planned).complete
    world.emulator.faults.clear()
    world.apply(*manifests, **options)
    assert not any(value.string_value for value in world.ask("GetApp").app.metadata.fields.values())


def test_a_default_workflow_that_is_no_longer_declared_is_taken_off_though_the_app_changes_as_well(world, documents):
    flow = [documents.thresholder("m", p=0.5), documents.workflow("w", n="m")]
    world.apply(documents.app(default_workflow={"id": "w"}, description="one"), documents.concept("p"), *flow)
    after = [documents.app(description="two"), documents.concept("p")]
    world.apply(*after, prune=True)
    assert world.ask("GetApp").app.default_workflow.id == "Empty"
    assert world.plan(*after, prune=True).plan.changes == ()


def test_an_input_comes_before_a_model_of_the_default_workflow_is_made_anew(world, documents):
    def declared(model_type, *more):
        model = documents.document("Model", "m", {"model_type_id": model_type})
        public = {"id": "general-image-recognition", "user_id": "clarifai", "app_id": "main"}
        flow = documents.workflow("w", n=public, cut="m")
        return [documents.app(default_workflow={"id": "w"}), model, flow, *more]

    world.apply(*declared("concept-synonym-mapper"))
    text = documents.document("Input", "text", {"data": {"text": {"raw": "hello"}}})
    result = world.apply(*declared("random-sample", text), rails=world.everything)
    done = [outcome.step.id for outcome in result.outcomes]
    assert done.index("inputs/text:create") < done.index("models/m:delete")


def test_a_default_workflow_can_be_replaced_by_another_in_one_apply(world, documents):
    base = [documents.concept("p"), documents.thresholder("m", p=0.5)]
    world.apply(documents.app(default_workflow={"id": "v"}), *base, documents.workflow("v", n="m"))
    world.apply(
        documents.app(default_workflow={"id": "w"}), *base, documents.workflow("w", n="m"), prune=True
    )  # fmt: skip
    assert world.ask("GetApp").app.default_workflow.id == "w"
    assert [w.id for w in world.listed("ListWorkflows")] == ["w"]


def test_two_workflows_follow_one_new_version(world, base, documents):
    flows = [documents.workflow("v", n="m"), documents.workflow("w", n="m")]
    world.apply(*base, documents.thresholder("m", p=0.5), *flows)
    world.apply(*base, documents.thresholder("m", p=0.6), *flows)
    newest = world.versions("m")[0].id
    assert {world.pins(name)["n"][1] for name in "vw"} == {newest}


def test_an_app_can_be_declared_with_what_it_holds_in_any_order(world, base, documents):
    manifests = [documents.workflow("w", n="m"), documents.thresholder("m", p=0.5), *reversed(base)]
    world.apply(*manifests)
    assert world.plan(*manifests).plan.summary.empty


# ---- rails


@pytest.fixture
def five(world, base, documents):
    """An app that owns five models, a concept and itself: seven objects."""
    world.models = [documents.thresholder(f"m{i}", p=0.5) for i in range(5)]
    world.apply(*base, *world.models)
    return world


def test_an_empty_manifest_set_is_refused_and_allowed_with_the_flag(five):
    allowed = frozenset({("delete", "models/*"), ("delete", "apps/*")})
    planned = five.plan(five.nothing(), prune=True, rails=Rails(allowed))
    [refusal] = planned.plan.refusals
    assert (refusal.rule, refusal.flag) == ("empty", "--allow empty=apps/app")
    five.apply(five.nothing(), prune=True, rails=Rails(allowed | {("empty", "apps/app")}))
    assert five.listed("ListModels") == []
    assert five.ask("GetApp").app.id == "app"


def test_three_deletes_of_more_than_a_third_are_refused_each_by_name(five, base):
    planned = five.plan(*base, *five.models[3:], prune=True)
    assert [r.flag for r in planned.plan.refusals] == [f"--allow delete=models/m{i}" for i in range(3)]
    assert "3 of 7 owned objects" in planned.plan.refusals[0].message


def test_two_deletes_pass_without_being_asked_about(five, base):
    five.apply(*base, *five.models[2:], prune=True)
    assert len(five.listed("ListModels")) == 3


def test_refused_deletes_that_are_allowed_by_name_are_done(five, base):
    rails = Rails(frozenset(("delete", f"models/m{i}") for i in range(3)))
    five.apply(*base, *five.models[3:], prune=True, rails=rails)
    assert [m.id for m in five.listed("ListModels")] in (["m3", "m4"], ["m4", "m3"])


def test_a_model_that_a_workflow_of_others_uses_is_not_pruned(world, base, documents):
    world.apply(*base, documents.thresholder("m", p=0.5))
    world.ask("PostWorkflows", workflows=[{"id": "alien", "nodes": [{"id": "n", "model": {"id": "m"}}]}])
    [refusal] = world.plan(*base, prune=True).plan.refusals
    assert (refusal.rule, refusal.flag) == ("in-use", "--allow in-use=models/m")
    assert "workflows/alien" in refusal.message
    world.apply(*base, prune=True, rails=Rails(frozenset({("in-use", "models/m")})))
    assert world.listed("ListModels") == []


def test_the_default_workflow_of_an_app_that_is_not_ours_is_not_pruned(world, documents):
    world.ask("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app", "default_workflow_id": "Empty"}])
    rest = [documents.concept("p"), documents.thresholder("m", p=0.5)]
    world.apply(*rest, documents.workflow("w", n="m"), owner="us", app_id="app")
    world.ask("PatchApps", user_app_id={"user_id": "me-local"},
              apps=[{"id": "app", "default_workflow": {"id": "w"}}], action="overwrite")  # fmt: skip
    planned = world.plan(*rest, owner="us", app_id="app", prune=True)
    [refusal] = planned.plan.refusals
    assert (refusal.rule, refusal.flag) == ("in-use", "--allow in-use=workflows/w")
    world.apply(*rest, owner="us", app_id="app", prune=True, rails=Rails(frozenset({("in-use", "workflows/w")})))
    assert world.listed("ListWorkflows") == []


def test_a_refused_plan_cannot_be_applied(five, base):
    planned = five.plan(*base, prune=True)
    five.forget_calls()
    with pytest.raises(Refused):
        five.carry_out(planned)
    assert five.writes == []


# ---- the cost of a plan


MANY = 1000


def many(documents, count):
    return [documents.app(), documents.concept("p"), *(documents.thresholder(f"m{i}", p=0.5) for i in range(count))]


def test_an_unchanged_app_of_a_thousand_models_costs_its_pages(world, documents):
    manifests = many(documents, MANY)
    world.apply(*manifests)
    world.forget_calls()
    assert world.plan(*manifests).plan.summary.empty
    counts = world.emulator.calls.counts
    assert counts["ListModels"] <= MANY // 500 + 1
    assert sum(counts.values()) <= (2 + 1) + (1 + 1) + (0 + 1) + (0 + 1) + 4


def test_when_one_object_is_looked_at_twice_the_others_are_compared_once(world, documents, monkeypatch):
    manifests = [documents.workflow("w", n="m0"), *many(documents, 20)]
    world.apply(*manifests)
    compared = []
    compare = diff._compare
    monkeypatch.setattr(
        diff, "_compare", lambda item, *rest: (compared.append(item.address.id), compare(item, *rest))[1]
    )
    changed = [documents.workflow("w", n="m1"), *manifests[1:]]
    assert [change.address.id for change in world.plan(*changed).plan.changes] == ["w"]
    assert {name: compared.count(name) for name in ("m0", "m1", "m19", "w")} == {"m0": 1, "m1": 1, "m19": 1, "w": 2}


def test_without_metadata_in_lists_a_plan_costs_one_read_for_each_object(worlds, documents):
    world = worlds(list_metadata="dropped", version_metadata="dropped-in-lists")
    manifests = many(documents, 50)
    world.apply(*manifests)
    world.forget_calls()
    assert world.plan(*manifests).plan.summary.empty
    assert world.emulator.calls.counts["GetModelOutputInfo"] == 50
    assert sum(world.emulator.calls.counts.values()) <= 50 + 5 + 4
