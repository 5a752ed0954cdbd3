"""Adoption, healing, leaving: how an object becomes ours, stays as declared, and stops being ours."""

import pytest

from reconciler.core.diagnostics import StalePlan
from reconciler.stages.guard import Rails

OTHERS = Rails(frozenset({("takeover", "*")}))
ADOPT = Rails(frozenset({("adopt", "*")}))


def info(**values):
    concepts = [{"id": name, "value": value} for name, value in values.items()]
    return {"params": {"concept_threshold_type": "GREATER_THAN"}, "data": {"concepts": concepts}}


@pytest.fixture
def base(documents):
    return [documents.app(), documents.concept("p")]


@pytest.fixture
def world(world, base):
    world.apply(*base)
    return world


def bare_model(world, name="m", **fields):
    """A model as a script of somebody's makes it."""
    world.ask("PostModels", models=[{"id": name, "model_type_id": "concept-thresholder", **fields}])
    world.ask("PostModelVersions", model_id=name, model_versions=[{"output_info": info(p=0.5)}])
    world.forget_calls()


# ---- adoption


def test_an_identical_model_is_adopted_with_its_version_marked(world, base, documents):
    bare_model(world)
    manifests = [*base, documents.thresholder("m", p=0.5)]
    planned = world.plan(*manifests)
    assert world.actions(planned) == {"models/m": "adopt"}
    world.carry_out(planned)
    assert world.writes == ["PatchModelVersions", "PatchModels", "PatchApps"]
    [version] = world.versions("m")
    assert "models/m" in version.metadata.fields["reconciler"].string_value
    assert world.plan(*manifests, refresh="full").plan.summary.empty


def test_an_identical_workflow_is_adopted_with_one_write(world, base, documents):
    bare_model(world, "m")
    manifests = [*base, documents.thresholder("m", p=0.5)]
    world.apply(*manifests)
    nodes = [{"id": "n", "model": {"id": "m", "model_version": {"id": world.versions("m")[0].id}}}]
    world.ask("PostWorkflows", workflows=[{"id": "w", "nodes": nodes}])
    world.forget_calls()
    manifests.append(documents.workflow("w", n="m"))
    assert world.actions(planned := world.plan(*manifests)) == {"workflows/w": "adopt"}
    assert world.carry_out(planned).complete
    assert world.writes == ["PatchWorkflows", "PatchApps"]
    assert world.plan(*manifests).plan.summary.empty


def test_an_object_that_differs_is_refused_by_name_with_the_flag(world, base, documents):
    bare_model(world)
    planned = world.plan(*base, documents.thresholder("m", p=0.75))
    [refusal] = planned.plan.refusals
    assert (refusal.rule, refusal.flag) == ("adopt", "--adopt models/m")
    assert "model_version.output_info.data.concepts.p.value" in refusal.message


def test_with_the_flag_it_is_taken_over_and_changed(world, base, documents):
    bare_model(world)
    manifests = [*base, documents.thresholder("m", p=0.75)]
    assert world.actions(world.plan(*manifests, rails=ADOPT)) == {"models/m": "update"}
    world.apply(*manifests, rails=ADOPT)
    assert len(world.versions("m")) == 2
    assert world.plan(*manifests).plan.summary.empty


def test_a_pristine_concept_is_adopted_whatever_the_manifest_says(world, base, documents):
    world.ask("PostConcepts", concepts=[{"id": "dog"}])
    manifests = [*base, documents.concept("dog", name="Dog", definition="barks")]
    planned = world.plan(*manifests)
    assert not planned.plan.refusals
    assert world.carry_out(planned).complete
    assert world.ask("GetConcept", concept_id="dog").concept.name == "Dog"
    assert world.plan(*manifests).plan.summary.empty


def test_a_concept_that_somebody_named_is_refused(world, base, documents):
    world.ask("PostConcepts", concepts=[{"id": "dog", "name": "Hund"}])
    [refusal] = world.plan(*base, documents.concept("dog", name="Dog")).plan.refusals
    assert refusal.flag == "--adopt concepts/dog"


def test_a_relation_that_exists_is_adopted_without_a_write_of_its_own(world, base, documents):
    world.ask("PostConcepts", concepts=[{"id": "q"}])
    relation = {"object_concept": {"id": "q"}, "predicate": "synonym"}
    world.ask("PostConceptRelations", concept_id="p", concept_relations=[relation])
    world.forget_calls()
    manifests = [*base, documents.concept("q"), documents.relation("q", "synonym", "p")]
    world.apply(*manifests)
    assert world.writes == ["PatchApps"]
    assert world.plan(*manifests).plan.summary.empty


def test_an_app_that_exists_is_adopted_when_it_is_as_declared(world, documents):
    world.ask("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "b", "description": "d"}])
    world.enter("b")
    manifests = [documents.app("b", description="d")]
    assert world.actions(planned := world.plan(*manifests)) == {"apps/b": "adopt"}
    assert world.carry_out(planned).complete
    assert world.plan(*manifests).plan.summary.empty


def test_metadata_of_others_survives_adoption_and_updates(world, base, documents):
    bare_model(world, metadata={"team": "x", "deep": {"a": 1}})
    for value in (0.5, 0.6):
        world.apply(*base, documents.thresholder("m", p=value), rails=ADOPT)
    shown = world.ask("GetModel", model_id="m").model.metadata
    assert shown["team"] == "x"
    assert dict(shown["deep"]) == {"a": 1}


# ---- another owner


@pytest.fixture
def crowded(world, documents):
    """Another set has a model, a workflow and a concept in the same app."""
    world.apply(
        documents.concept("q"), documents.thresholder("m", q=0.5), documents.workflow("w", n="m"),
        owner="them", app_id="app",
    )  # fmt: skip
    return world


def theirs(documents):
    return [
        documents.concept("q", name="Q"),
        documents.thresholder("m", q=0.75),
        documents.workflow("w", n={"id": "m"}),
    ]


def test_objects_of_another_owner_are_refused_by_name_with_the_flag(crowded, base, documents):
    planned = crowded.plan(*base, *theirs(documents))
    flags = {str(r.address): r.flag for r in planned.plan.refusals}
    assert flags == {name: f"--allow takeover={name}" for name in ("concepts/q", "models/m", "workflows/w")}
    assert all("'them'" in r.message for r in planned.plan.refusals)


def test_with_the_flag_they_are_taken_over(crowded, base, documents):
    crowded.apply(*base, *theirs(documents), rails=OTHERS)
    assert crowded.plan(*base, *theirs(documents)).plan.summary.empty


def test_what_was_taken_over_is_refused_to_its_former_owner(crowded, base, documents):
    crowded.apply(*base, *theirs(documents), rails=OTHERS)
    planned = crowded.plan(*theirs(documents), owner="them", app_id="app")
    assert {str(r.address) for r in planned.plan.refusals} == {"concepts/q", "models/m", "workflows/w"}


def test_prune_sees_one_owner(crowded, base):
    assert crowded.plan(*base, prune=True).plan.summary.empty


def test_two_owners_live_in_one_app_without_seeing_each_other(crowded, base, documents):
    crowded.apply(*base, documents.thresholder("other", p=0.5))
    mine = crowded.plan(*base, documents.thresholder("other", p=0.5))
    for planned in (mine, crowded.plan(*theirs(documents)[1:2], documents.concept("q"), owner="them", app_id="app")):
        assert not planned.plan.refusals
    assert mine.plan.summary.empty


# ---- healing


def test_a_model_that_never_got_its_version_gets_one(world, base, documents):
    manifests = [*base, documents.thresholder("m", p=0.5), documents.workflow("w", n="m")]
    world.emulator.faults.add("PostModelVersions", code=11102)
    assert world.carry_out(world.plan(*manifests)).exit_code == 6
    assert world.versions("m") == []
    world.apply(*manifests)
    assert len(world.versions("m")) == 1
    assert world.plan(*manifests).plan.summary.empty


def test_an_operator_without_a_written_version_gets_one_even_after_a_failure(world, base, documents):
    manifests = [*base, documents.document("Model", "crop", {"model_type_id": "image-crop"})]
    world.emulator.faults.add("PostModelVersions", code=11102)
    assert not world.carry_out(world.plan(*manifests)).complete
    world.apply(*manifests)
    assert len(world.versions("crop")) == 1
    assert world.plan(*manifests, refresh="full").plan.summary.empty


def test_a_managed_version_that_was_deleted_is_posted_again_and_followed(world, base, documents):
    world.apply(*base, documents.thresholder("m", p=0.4))
    manifests = [*base, documents.thresholder("m", p=0.5), documents.workflow("w", n="m")]
    world.apply(*manifests)
    gone = world.versions("m")[0].id
    world.ask("DeleteModelVersion", model_id="m", version_id=gone)
    world.apply(*manifests)
    assert world.pins("w")["n"] == ("m", world.versions("m")[0].id) != ("m", gone)
    assert world.plan(*manifests).plan.summary.empty


def test_a_model_all_of_whose_versions_are_gone_gets_a_new_one(world, base, documents):
    manifests = [*base, documents.thresholder("m", p=0.5)]
    world.apply(*manifests)
    world.ask("DeleteModelVersion", model_id="m", version_id=world.versions("m")[0].id)
    assert world.actions(world.plan(*manifests)) == {"models/m": "update"}
    world.apply(*manifests)
    assert world.plan(*manifests).plan.summary.empty


def test_a_newer_version_of_others_with_equal_values_is_left_alone(world, base, documents):
    manifests = [*base, documents.thresholder("m", p=0.5), documents.workflow("w", n="m")]
    world.apply(*manifests)
    world.ask("PostModelVersions", model_id="m", model_versions=[{"output_info": info(p=0.5)}])
    for refresh in ("stamp", "full"):
        assert world.plan(*manifests, refresh=refresh).plan.summary.empty


def test_a_newer_version_of_others_with_other_values_is_answered_by_ours(world, base, documents):
    manifests = [*base, documents.thresholder("m", p=0.5), documents.workflow("w", n="m")]
    world.apply(*manifests)
    world.ask("PostModelVersions", model_id="m", model_versions=[{"output_info": info(p=0.9)}])
    planned = world.plan(*manifests)
    [field] = [f for c in planned.plan.changes if str(c.address) == "models/m" for f in c.fields]
    assert (field.cause, field.before, field.after) == ("drift", 0.9, 0.5)
    assert world.carry_out(planned).complete
    assert world.pins("w")["n"][1] == world.versions("m")[0].id
    assert world.plan(*manifests).plan.summary.empty


@pytest.mark.parametrize(
    ("rpc", "fields"),
    [
        ("DeleteWorkflow", {"workflow_id": "w"}),
        ("DeleteModel", {"model_id": "m"}),
        ("DeleteConceptRelations", {"concept_id": "p"}),
    ],
)
def test_what_was_deleted_behind_our_back_is_made_again_and_called_drift(world, base, documents, rpc, fields):
    manifests = [
        *base, documents.concept("q"), documents.relation("p", "synonym", "q"),
        documents.thresholder("m", p=0.5), documents.workflow("w", n="m"),
    ]  # fmt: skip
    world.apply(*manifests)
    if rpc == "DeleteConceptRelations":
        fields = fields | {"ids": [world.listed("ListConceptRelations")[0].id]}
    world.ask(rpc, **fields)
    planned = world.plan(*manifests)
    [created] = [c for c in planned.plan.changes if c.action == "create"]
    assert created.cause == "drift"
    assert world.carry_out(planned).complete
    assert world.plan(*manifests).plan.summary.empty


def test_a_field_that_somebody_changed_is_repaired(world, base, documents):
    model = documents.thresholder("m", p=0.5)
    model["spec"]["description"] = "ours"
    world.apply(*base, model)
    world.ask("PatchModels", models=[{"id": "m", "description": "theirs", "notes": "n"}], action="merge")
    planned = world.plan(*base, model)
    [field] = planned.plan.changes[0].fields
    assert (field.cause, field.before, field.after) == ("drift", "theirs", "ours")
    assert world.carry_out(planned).complete
    shown = world.ask("GetModel", model_id="m").model
    assert (shown.description, shown.notes) == ("ours", "n")


# ---- leaving


def test_a_concept_no_longer_declared_is_forgotten_not_deleted(world, base, documents):
    world.apply(*base, documents.concept("q"))
    planned = world.plan(*base, prune=True)
    assert world.actions(planned) == {"concepts/q": "forget"}
    assert world.carry_out(planned).complete
    assert [c.id for c in world.listed("ListConcepts")] == ["p", "q"]
    assert world.plan(*base, prune=True).plan.summary.empty


def test_without_prune_what_is_no_longer_declared_is_only_listed(world, base, documents):
    world.apply(*base, documents.thresholder("m", p=0.5))
    plan = world.plan(*base).plan
    assert plan.summary.empty
    assert [str(a) for a in plan.undeclared] == ["models/m"]


def test_an_app_is_never_pruned(world, documents):
    assert world.actions(world.plan(documents.concept("p"), app_id="app", owner="app", prune=True)) == {}


def test_a_create_only_field_of_an_app_is_refused_and_no_flag_helps(world, documents):
    planned = world.plan(documents.app(default_language="de"), documents.concept("p"), rails=world.everything)
    [refusal] = planned.plan.refusals
    assert (refusal.rule, refusal.flag) == ("replace", None)


def replaced(documents):
    writer = {"annotation_status": "ANNOTATION_SUCCESS", "annotation_user_id": "me"}
    version = {"output_info": {"params": writer}}
    return documents.document("Model", "m", {"model_type_id": "annotation-writer", "model_version": version})


def test_another_type_of_a_model_is_refused_and_a_new_id_proposed(world, base, documents):
    world.apply(*base, documents.thresholder("m", p=0.5))
    [refusal] = world.plan(*base, replaced(documents)).plan.refusals
    assert (refusal.rule, refusal.flag) == ("replace", "--allow replace=models/m")
    assert "m-2" in refusal.message


def test_an_allowed_replace_deletes_creates_and_repoints(world, base, documents):
    flow = documents.workflow("w", n="m")
    world.apply(*base, documents.thresholder("m", p=0.5), flow)
    world.forget_calls()
    world.apply(*base, replaced(documents), flow, rails=Rails(frozenset({("replace", "models/m")})))
    named = [rpc for rpc in world.writes if rpc != "PatchApps"]
    assert named == ["DeleteModels", "PostModels", "PostModelVersions", "PatchWorkflows"]
    assert world.plan(*base, replaced(documents), flow).plan.summary.empty


def test_protect_is_remembered_in_the_live_object_after_its_line_is_gone(world, base, documents):
    world.apply(*base, documents.thresholder("m", {"protect": True}, p=0.5))
    [refusal] = world.plan(*base, prune=True).plan.refusals
    assert (refusal.rule, refusal.flag) == ("protected", "--allow protected=models/m")
    world.apply(*base, prune=True, rails=Rails(frozenset({("protected", "models/m")})))
    assert world.listed("ListModels") == []


# ---- somebody else in between


@pytest.fixture
def described(base, documents):
    def make(text):
        model = documents.thresholder("m", p=0.5)
        model["spec"]["description"] = text
        return [*base, model]

    return make


def test_an_edit_of_an_owned_field_between_plan_and_apply_stops_that_step(world, described):
    world.apply(*described("one"))
    planned = world.plan(*described("two"))
    world.ask("PatchModels", models=[{"id": "m", "description": "theirs"}], action="merge")
    world.forget_calls()
    result = world.carry_out(planned)
    assert "PatchModels" not in world.writes
    assert (result.exit_code, "changed since the plan" in result.outcomes[0].message) == (StalePlan.exit_code, True)
    assert world.ask("GetModel", model_id="m").model.description == "theirs"


def test_an_edit_of_a_field_that_is_not_ours_does_not_stop_anything(world, described):
    world.apply(*described("one"))
    planned = world.plan(*described("two"))
    world.ask("PatchModels", models=[{"id": "m", "notes": "theirs"}], action="merge")
    assert world.carry_out(planned).complete
    shown = world.ask("GetModel", model_id="m").model
    assert (shown.description, shown.notes) == ("two", "theirs")


def test_an_object_deleted_between_plan_and_apply_stops_that_step(world, described):
    world.apply(*described("one"))
    planned = world.plan(*described("two"))
    world.ask("DeleteModel", model_id="m")
    assert "was deleted since the plan" in world.carry_out(planned).outcomes[0].message


def test_a_newer_version_between_plan_and_apply_stops_that_step(world, base, documents):
    world.apply(*base, documents.thresholder("m", p=0.5))
    planned = world.plan(*base, documents.thresholder("m", p=0.6))
    world.ask("PostModelVersions", model_id="m", model_versions=[{"output_info": info(p=0.9)}])
    world.forget_calls()
    assert world.carry_out(planned).exit_code == StalePlan.exit_code
    assert "PostModelVersions" not in world.writes


def test_a_model_that_lost_our_record_between_plan_and_apply_gets_no_version(world, base, documents):
    world.apply(*base, documents.thresholder("m", p=0.5))
    planned = world.plan(*base, documents.thresholder("m", p=0.6))
    world.ask("PatchModels", models=[{"id": "m", "metadata": {"reconciler": ""}}], action="merge")
    world.forget_calls()
    assert world.carry_out(planned).exit_code == StalePlan.exit_code
    assert "PostModelVersions" not in world.writes


def test_an_object_changed_between_plan_and_delete_is_not_deleted(world, base, described):
    world.apply(*described("one"))
    planned = world.plan(*base, prune=True)
    world.ask("PatchModels", models=[{"id": "m", "description": "precious"}], action="merge")
    assert not world.carry_out(planned).complete
    assert [m.id for m in world.listed("ListModels")] == ["m"]


def test_an_id_taken_between_plan_and_create_is_a_failure_and_the_object_untouched(world, base, documents):
    planned = world.plan(*base, documents.thresholder("m", p=0.5))
    bare_model(world, notes="theirs")
    before = world.ask("GetModelOutputInfo", model_id="m").model
    world.forget_calls()
    assert not world.carry_out(planned).complete
    assert set(world.writes) <= {"PatchApps", "PostModels"}
    assert world.ask("GetModelOutputInfo", model_id="m").model == before
