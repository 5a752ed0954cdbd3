"""Which RPC shows what: the concepts of a model, wherever a service shows them."""

import pytest

EVERY = ("output-info-rpc", "everywhere", "old-place", "listed-apart")


def asked(world, work):
    world.forget_calls()
    work()
    return world.emulator.calls.counts["ListModelConcepts"]


@pytest.mark.parametrize("shown", EVERY)
def test_thresholds_are_read_wherever_the_service_shows_them(worlds, documents, shown):
    world = worlds(output_info=shown)
    manifests = documents.app(), documents.concept("p"), documents.thresholder("m", p=0.5)
    world.apply(*manifests)
    assert world.plan(*manifests, refresh="full").plan.changes == ()
    theirs = {"params": {"concept_threshold_type": "GREATER_THAN"}, "data": {"concepts": [{"id": "p", "value": 0.75}]}}
    (version,) = world.versions("m")
    world.ask(
        "PatchModelVersions",
        model_id="m",
        action="overwrite",
        model_versions=[{"id": version.id, "output_info": theirs}],
    )
    (change,) = world.plan(*manifests, refresh="full").plan.changes
    assert [".".join(field.path) for field in change.fields] == ["model_version.output_info.data.concepts.p.value"]


@pytest.mark.parametrize("shown", EVERY)
def test_their_own_list_is_asked_only_where_nothing_else_shows_them(worlds, documents, shown):
    world = worlds(output_info=shown)
    manifests = documents.app(), documents.concept("p"), documents.thresholder("m", p=0.5)
    world.apply(*manifests)
    assert (asked(world, lambda: world.plan(*manifests, refresh="full")) > 0) == (shown == "listed-apart")


def test_a_model_without_concepts_has_none_to_list(worlds, documents):
    world = worlds(output_info="listed-apart")
    manifests = documents.app(), documents.document("Model", "m", {"model_type_id": "image-crop"})
    world.apply(*manifests)
    assert asked(world, lambda: world.plan(*manifests, refresh="full")) == 0
