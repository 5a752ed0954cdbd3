"""Ordered faults: what the client sees, and what was stored."""

import threading

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.errors import Refusal


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
@pytest.mark.parametrize(
    ("effect", "code"),
    [("unavailable", grpc.StatusCode.UNAVAILABLE), ("deadline", grpc.StatusCode.DEADLINE_EXCEEDED)],
)
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


def test_times_skip_and_wildcards(api):
    api.emulator.faults.add("Post*", code=11005, skip=1, times=2)
    codes = [post(api, f"p{i}").status.code for i in range(4)]
    assert codes == [10000, 11005, 11005, 10000]


def test_a_fault_without_end_lasts_until_cleared(api):
    api.emulator.faults.add("*", code=11005, times=-1)
    assert {post(api).status.code for _ in range(5)} == {11005}
    api.emulator.faults.clear()
    assert post(api).status.code == 10000


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
