"""Replies that get lost, of any write: the run settles by looking, or the next one does; nothing is there twice.

Runs that are killed: `reliability/test_crash_matrix`.
"""

from collections import Counter

import pytest

from reconciler.core.outcome import Status, StepProgress
from reconciler.core.remote import OutcomeUnknown

NON_IDEMPOTENT = (
    "PostApps",
    "PostConcepts",
    "PostConceptRelations",
    "PostModels",
    "PostModelVersions",
    "PostWorkflows",
)


def marks(world, model):
    """How many versions of a model carry each digest of ours."""
    texts = [v.metadata.fields["reconciler"].string_value for v in world.versions(model)]
    return Counter(texts)


def converged(world, manifests):
    world.apply(*manifests)
    assert world.plan(*manifests).plan.summary.empty
    assert world.plan(*manifests, refresh="full").plan.summary.empty
    for model in world.listed("ListModels"):
        assert len(world.versions(model.id)) == 1
        assert set(marks(world, model.id).values()) == {1}
    named = [i.id for rpc in ("ListConcepts", "ListWorkflows", "ListModels") for i in world.listed(rpc)]
    assert len(named) == len(set(named))


@pytest.fixture
def world(world):
    world.enter("people-app")
    return world


@pytest.mark.parametrize("lost", ["unavailable", "deadline"])
@pytest.mark.parametrize("rpc", [*NON_IDEMPOTENT, "PatchApps"])
def test_a_lost_reply_is_settled_by_looking(world, walkthrough, rpc, lost):
    world.emulator.faults.add(rpc, lost, when="after")
    planned = world.plan(walkthrough)
    world.forget_calls()
    result = world.carry_out(planned)
    assert result.complete, [(o.step.id, o.message) for o in result.outcomes if o.message]
    sent = Counter(world.writes)
    assert {name: sent[name] for name in NON_IDEMPOTENT} == {
        "PostApps": 1, "PostConcepts": 1, "PostConceptRelations": 3,
        "PostModels": 5, "PostModelVersions": 5, "PostWorkflows": 1,
    }  # fmt: skip
    converged(world, [walkthrough])


@pytest.mark.parametrize("rpc", NON_IDEMPOTENT)
def test_a_request_that_never_arrived_is_sent_again_once_it_was_seen_to_be_missing(world, walkthrough, rpc):
    world.emulator.faults.add(rpc, "unavailable", when="before")
    world.apply(walkthrough)
    converged(world, [walkthrough])


@pytest.mark.parametrize("rpc", [*NON_IDEMPOTENT, "PatchApps"])
def test_replies_lost_for_a_whole_run_leave_no_duplicates(world, walkthrough, rpc):
    world.emulator.faults.add(rpc, "unavailable", when="after", times=-1)
    world.carry_out(world.plan(walkthrough))
    world.emulator.faults.clear()
    converged(world, [walkthrough])


def edited(documents, value):
    rest = [
        documents.app("people-app", default_workflow={"id": "w"}),
        documents.concept("p"),
        documents.workflow("w", n="m"),
    ]
    return [*rest, documents.thresholder("m", p=value) | {"metadata": {"name": "m"}}]


@pytest.mark.parametrize("rpc", ["PostModelVersions", "PatchWorkflows"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_edit_whose_reply_is_lost_makes_one_version(world, documents, rpc, when):
    world.apply(*edited(documents, 0.5))
    world.emulator.faults.add(rpc, "unavailable", when=when)
    world.apply(*edited(documents, 0.6))
    assert len(world.versions("m")) == 2
    assert world.pins("w")["n"] == ("m", world.versions("m")[0].id)
    assert world.plan(*edited(documents, 0.6)).plan.summary.empty


@pytest.mark.parametrize("rpc", ["DeleteModels", "DeleteWorkflows", "PatchApps"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_destroy_whose_replies_are_lost_is_complete(world, documents, rpc, when):
    manifests = edited(documents, 0.5)
    world.apply(*manifests)
    world.emulator.faults.add(rpc, "unavailable", when=when)
    world.apply(*manifests, destroying=True, prune=True, rails=world.everything)
    assert world.listed("ListModels") == world.listed("ListWorkflows") == []


def test_a_write_nobody_can_settle_is_unknown_and_nothing_is_deleted(world, documents):
    rest = [documents.app("people-app"), documents.concept("p")]
    world.apply(*rest, documents.thresholder("old", p=0.5))
    world.emulator.faults.add("PostModels", "unavailable", when="after", times=-1)
    planned = world.plan(*rest, documents.thresholder("new", p=0.5), prune=True)
    world.emulator.faults.add("GetModel*", "unavailable", times=-1)
    result = world.carry_out(planned)
    world.emulator.faults.clear()
    assert not result.complete
    assert "DeleteModels" not in world.writes
    assert {o.exit_code for o in result.outcomes} <= {None, OutcomeUnknown.exit_code}


def everything(documents, text, target="b"):
    """Something of each kind, with a field that can be edited in place."""
    model, flow = documents.thresholder("m", p=0.5), documents.workflow("w", n="m")
    model["spec"]["description"] = flow["spec"]["description"] = text
    return [
        documents.app("people-app", description=text),
        *(documents.concept(name) for name in ("p", "a", "b", "c")),
        documents.concept("d", definition=text),
        documents.relation("a", "hyponym", target),
        model,
        flow,
    ]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "rpc", ["PatchApps", "PatchConcepts", "PatchModels", "PatchWorkflows", "DeleteConceptRelations"]
)
def test_an_edit_in_place_whose_reply_is_lost_takes_effect_once(world, documents, rpc, when):
    world.apply(*everything(documents, "one"))
    world.emulator.faults.add(rpc, "unavailable", when=when)
    after = everything(documents, "two", target="c")
    world.forget_calls()
    world.apply(*after, prune=True)
    assert rpc in world.writes
    assert len(world.listed("ListConceptRelations")) == 1
    assert world.plan(*after, prune=True, refresh="full").plan.summary.empty


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("rpc", ["PatchModels", "PatchModelVersions", "PatchApps"])
def test_an_adoption_whose_reply_is_lost_is_complete(world, documents, rpc, when):
    base = [documents.app("people-app"), documents.concept("p")]
    world.apply(*base)
    version = documents.thresholder("m", p=0.5)["spec"]["model_version"]
    world.ask("PostModels", models=[{"id": "m", "model_type_id": "concept-thresholder"}])
    world.ask("PostModelVersions", model_id="m", model_versions=[version])
    world.emulator.faults.add(rpc, "unavailable", when=when)
    world.apply(*base, documents.thresholder("m", p=0.5))
    assert len(world.versions("m")) == 1
    assert world.plan(*base, documents.thresholder("m", p=0.5), refresh="full").plan.summary.empty


def test_versions_whose_requests_were_delivered_twice_are_told_and_change_nothing(world, documents):
    mapper = documents.document("Model", "mapper", {"model_type_id": "concept-synonym-mapper"})
    manifests = [
        documents.app("people-app"), documents.concept("p"), mapper, documents.thresholder("cut", p=0.5),
        documents.workflow("w", map="mapper", cut="cut"),
    ]  # fmt: skip
    world.emulator.faults.add("PostModelVersions", "duplicate", times=2)
    world.apply(*manifests)
    assert [len(world.versions(model)) for model in ("mapper", "cut")] == [2, 2]
    planned = world.plan(*manifests, refresh="full")
    assert planned.plan.summary.empty
    # A version that is read back is seen to be there twice at once, one that its reply confirmed by the next plan.
    told = [event for event in world.events if isinstance(event, StepProgress) and "delivered twice" in event.message]
    assert [str(event.step.address) for event in told] == ["models/cut"]
    assert ["models/mapper has a version twice" in note.summary for note in planned.plan.notes] == [True]


def test_a_pin_that_is_only_behind_is_no_twin(world, documents):
    world.apply(*edited(documents, 0.5))
    world.emulator.faults.add("PatchWorkflows", code=11102, times=-1)
    world.carry_out(world.plan(*edited(documents, 0.75)))
    world.emulator.faults.clear()
    planned = world.plan(*edited(documents, 0.75))
    assert not planned.plan.notes
    assert world.actions(planned) == {"workflows/w": "update"}


def test_what_cannot_be_looked_at_after_it_was_written_is_unknown(world, documents):
    world.emulator.faults.add("GetModelOutputInfo", code=11003, times=-1)
    result = world.carry_out(
        world.plan(documents.app("people-app"), documents.concept("p"), documents.thresholder("m", p=0.5))
    )
    ends = {o.step.id: o for o in result.outcomes}
    assert ends["models/m:create-version"].status is Status.UNKNOWN
    assert "was sent, and what came of it cannot be seen" in ends["models/m:create-version"].message
    assert result.exit_code == 6
    assert len(world.versions("m")) == 1
