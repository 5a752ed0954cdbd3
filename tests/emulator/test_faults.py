"""Ordered faults: what the client sees, and what was stored."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.errors import Refusal
from reconciler.emulator.faults import CODES, Fault


def post(api, identifier="p", **options):
    return api("PostConcepts", concepts=[resources_pb2.Concept(id=identifier)], **options)


def stored(api):
    return [c.id for c in api.ok("ListConcepts").concepts]


def test_a_throttled_reply_is_in_band_and_stores_nothing(api):
    api.emulator.faults.add("PostConcepts", code=11005)
    status = post(api).status
    assert (status.code, status.description) == (11005, "Making too many requests")
    assert stored(api) == []


def test_a_reply_after_the_commit_hides_a_success(api):
    api.emulator.faults.add("PostConcepts", code=99009, when="after")
    assert post(api).status.code == 99009
    assert stored(api) == ["p"]


@pytest.mark.parametrize(("when", "expected"), [("before", []), ("after", ["p"])])
@pytest.mark.parametrize(("effect", "code"), CODES.items())
def test_transport_errors_before_or_after_the_commit(api, when, expected, effect, code):
    api.emulator.faults.add("PostConcepts", effect, when=when)
    with pytest.raises(grpc.RpcError) as error:
        post(api)
    assert error.value.code() == code
    assert stored(api) == expected


@pytest.mark.parametrize(("when", "expected"), [("before", []), ("after", ["p"])])
def test_a_hang_ends_with_the_clients_patience(api, when, expected):
    api.emulator.faults.add("PostConcepts", "hang", when=when)
    with pytest.raises(grpc.RpcError) as error:
        post(api, timeout=0.2)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert stored(api) == expected


def test_a_lost_request_is_not_even_seen(api):
    api.emulator.faults.add("PostConcepts", "lost")
    with pytest.raises(grpc.RpcError) as error:
        post(api, timeout=0.2)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert api.emulator.calls.counts["PostConcepts"] == 0
    assert stored(api) == []


def test_a_late_request_is_carried_out_when_nobody_waits_any_more(api):
    api.emulator.faults.add("PostConcepts", "late")
    with pytest.raises(grpc.RpcError) as error:
        post(api, timeout=0.2)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert api.emulator.faults.settle()
    assert stored(api) == ["p"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_call_goes_on(api, when):
    api.emulator.faults.add("PostConcepts", "slow", when=when, seconds=0.15)
    began = time.monotonic()
    assert post(api).status.code == 10000
    assert time.monotonic() - began >= 0.15


@pytest.mark.parametrize(("effect", "code"), [("duplicate", 10000), ("resent", 40003)])
def test_a_request_that_is_delivered_twice_is_carried_out_twice_and_answered_once(api, effect, code):
    api.emulator.faults.add("PostConcepts", effect)
    assert post(api).status.code == code  # an id is taken the second time
    assert stored(api) == ["p"]
    assert api.emulator.calls.counts["PostConcepts"] == 1


def test_what_has_no_id_of_its_own_is_there_twice(api):
    api.model("m")
    api.emulator.faults.add("PostModelVersions", "duplicate")
    answered = api.version("m")
    versions = api.ok("ListModelVersions", model_id="m").model_versions
    assert len(versions) == 2
    assert versions[1].id == answered.id  # the first delivery was answered, the newest comes first
    assert api.emulator.calls.executed["PostModelVersions"] == 2


def concepts(*names):
    return [resources_pb2.Concept(id=name) for name in names]


@pytest.mark.parametrize(("keep", "left"), [(-1, ["a"]), (0, []), (2, ["a", "b"]), (9, ["a", "b", "c"])])
def test_half_a_batch_is_done(api, keep, left):
    api.emulator.faults.add("PostConcepts", "mixed", keep=keep)
    reply = api("PostConcepts", concepts=concepts("a", "b", "c"))
    assert (reply.status.code, reply.status.description) == (10010, "Mixed Success")
    assert [c.id for c in reply.concepts] == left
    assert stored(api) == left


def test_items_with_a_status_say_which_half(api):
    api.emulator.faults.add("PostInputs", "mixed", code=30002)
    reply = api("PostInputs", inputs=[api.text("a"), api.text("b")])
    assert reply.status.code == 10010
    assert [(each.id, each.status.code) for each in reply.inputs] == [("a", 30001), ("b", 30002)]
    assert api.input_code("b") == 11101


def test_half_of_a_delete(api):
    api.model("a")
    api.model("b")
    api.emulator.faults.add("DeleteModels", "mixed")
    assert api.code("DeleteModels", ids=["a", "b"]) == 10010
    assert [m.id for m in api.ok("ListModels").models] == ["b"]


@pytest.mark.parametrize(("keep", "left"), [(-1, ["a"]), (0, []), (2, ["a", "b"])])
def test_a_page_loses_its_tail(api, keep, left):
    api.concepts("a", "b", "c", "d")
    api.emulator.faults.add("ListConcepts", "truncated", keep=keep)
    assert [c.id for c in api.ok("ListConcepts", page=1, per_page=3).concepts] == left
    assert [c.id for c in api.ok("ListConcepts", page=2, per_page=3).concepts] == ["d"]


def test_a_page_without_elements_has_no_tail_to_lose(api):
    api.emulator.faults.add("ListConcepts", "truncated")
    assert stored(api) == []
    assert api.emulator.faults.journal == []
    api.concepts("a")
    assert stored(api) == []
    assert stored(api) == ["a"]


@pytest.mark.parametrize(("writes", "left"), [(1, ["a", "b"]), (2, ["a"]), (9, [])])
def test_a_stale_read_does_not_see_the_last_writes(api, writes, left):
    api.emulator.faults.add("ListConcepts", "stale", writes=writes)
    for name in "abc":
        api.concepts(name)
    assert stored(api) == left
    assert stored(api) == ["a", "b", "c"]


def test_a_stale_read_misses_an_edit_and_a_delete(api):
    api.thresholder("m")
    api.emulator.faults.add("Get*", "stale", times=2)
    api.ok("PatchModels", models=[resources_pb2.Model(id="m", description="new")], action="overwrite")
    assert api.ok("GetModel", model_id="m").model.description == ""
    api.ok("DeleteModels", ids=["m"])
    assert api.code("GetModelOutputInfo", model_id="m") == 10000
    assert api.code("GetModel", model_id="m") == 21200


def test_no_read_is_stale_before_there_was_a_write(api):
    api.emulator.faults.add("ListConcepts", "stale")
    assert stored(api) == []
    assert api.emulator.faults.journal == []


def test_a_stale_look_at_a_training_leaves_the_training_alone(start):
    api = start(train_polls=2)
    api.model("m", "embedding-classifier")
    api.emulator.faults.add("GetModelVersion", "stale", skip=1)
    version = api.version("m")
    ask = {"model_id": "m", "version_id": version.id}
    first = api.ok("GetModelVersion", **ask).model_version.status.code
    assert api.code("GetModelVersion", **ask) == 21200
    second = api.ok("GetModelVersion", **ask).model_version.status.code
    assert [first, second] == [21103, 21101]


def test_times_skip_and_wildcards(api):
    api.emulator.faults.add("Post*", code=11005, skip=1, times=2)
    codes = [post(api, f"p{i}").status.code for i in range(4)]
    assert codes == [10000, 11005, 11005, 10000]


def test_a_fault_without_end_lasts_until_cleared(api):
    api.emulator.faults.add("*", code=11005, times=-1)
    assert {post(api).status.code for _ in range(5)} == {11005}
    api.emulator.faults.clear()
    assert post(api).status.code == 10000


def test_a_reply_is_lost_only_of_what_was_carried_out(api):
    api.concepts("p")
    api.emulator.faults.add("PostConcepts", "unavailable", when="after")
    assert post(api).status.code == 40003
    with pytest.raises(grpc.RpcError):
        post(api, "q")


def test_the_first_fault_that_fits_strikes_alone(api):
    api.emulator.faults.add("PostConcepts", code=11003)
    api.emulator.faults.add("PostConcepts", code=11005)
    assert [post(api).status.code for _ in range(3)] == [11003, 11005, 10000]


def test_exactly_one_of_many_calls_at_once_is_struck(api):
    api.emulator.faults.add("PostConcepts", skip=7)
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda n: post(api, f"p{n}").status.code, range(32)))
    assert sorted(codes) == [10000] * 31 + [11005]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"effect": "explode"}, "unknown effect 'explode'"),
        ({"effect": "unavailble"}, "did you mean 'unavailable'?"),
        ({"rpc": "PostModel"}, "no RPC is called 'PostModel' (did you mean 'PostModels'?)"),
        ({"rpc": "Post*", "effect": "stale"}, "stale means nothing for Post*"),
        ({"rpc": "GetModel", "effect": "truncated"}, "truncated means nothing for GetModel"),
        ({"rpc": "ListModels", "effect": "mixed"}, "mixed means nothing for ListModels"),
        ({"effect": "duplicate", "when": "after"}, "duplicate has no when=after"),
        ({"when": "later"}, "when='later' is neither before nor after"),
        ({"times": -2, "skip": -1}, "skip=-1 makes no sense; times=-2 makes no sense"),
        ({"seconds": float("nan")}, "seconds=nan makes no sense"),
        ({"times": "two"}, "times='two' is not a number"),
        ({"times": True}, "times=True is not a number"),
        ({"rpc": 7}, "rpc=7 is not text"),
        ({"time": 2}, "unknown field 'time' (did you mean 'times'?)"),
    ],
)
def test_a_fault_that_could_never_strike_is_refused(fields, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Fault.parse(fields)


def test_a_fault_is_the_same_after_its_way_through_json():
    fault = Fault("PostModels", "slow", when="after", seconds=3.0, times=-1, skip=4)
    assert Fault.parse(fault.fields()) == fault
    assert Fault.parse({"effect": "slow", "seconds": 3}) == Fault(effect="slow", seconds=3.0)


@pytest.mark.parametrize("effect", ["reset", "goaway", "killed"])
def test_what_this_emulator_cannot_do_is_refused(api, effect):
    with pytest.raises(ValueError, match=f"{effect} cannot be: .*start"):
        api.emulator.faults.add("*", effect)


def test_a_hook_of_your_own_sees_calls_around_the_commit(api):
    class Watcher:
        def __init__(self):
            self.seen = []

        def before(self, rpc, request, gone: threading.Event):
            self.seen.append(("before", rpc))

        def after(self, rpc, request, reply, gone):
            self.seen.append(("after", rpc, reply.status.code))
            raise Refusal(10020, "after all")

    watcher = Watcher()
    api.emulator.hooks.append(watcher)
    assert api.code("GetApp") == 10020
    assert watcher.seen == [("before", "GetApp"), ("after", "GetApp", 10000)]
