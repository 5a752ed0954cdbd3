"""The record of calls that other tests count with."""

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.calls import Calls
from reconciler.emulator.rpcs import RPCS


def test_calls_are_recorded_in_order_with_their_requests(api):
    api.concepts("p")
    api.code("GetConcept", concept_id="q")
    assert api.emulator.calls.names == ["PostConcepts", "GetConcept"]
    assert list(api.emulator.calls)[1].request.concept_id == "q"
    assert api.emulator.calls.counts == {"PostConcepts": 1, "GetConcept": 1}


def test_writes_are_the_calls_that_could_change_something(api):
    api.ok("ListModels")
    api.ok("PostConceptsSearches", concept_query=resources_pb2.ConceptQuery(name="x"))
    api.concepts("p")
    assert [entry.rpc for entry in api.emulator.calls.writes] == ["PostConceptsSearches", "PostConcepts"]


def test_reset_forgets(api):
    api.ok("GetApp")
    api.emulator.calls.reset()
    assert len(api.emulator.calls) == 0
    assert api.emulator.calls.entries == []


def test_a_bounded_record_still_counts_everything():
    calls = Calls(keep=1)
    for _ in range(3):
        calls.record("GetApp", RPCS["GetApp"].request())
    assert (len(calls.entries), calls.counts["GetApp"]) == (1, 3)


def test_rpcs_that_only_read_are_known_by_their_bindings():
    assert RPCS["GetModel"].reads
    assert RPCS["ListConceptRelations"].reads
    assert not RPCS["PostModelOutputs"].reads
    assert not RPCS["PatchApps"].reads
