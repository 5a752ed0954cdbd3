"""Every RPC answers its own reply type, failures stay in band, bugs do not kill the server."""

import grpc
import pytest
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc

from reconciler.emulator.operations.table import OPERATIONS
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.server import implemented_rpcs


def call(channel, rpc, metadata):
    """The first reply to an empty request, whatever the RPC's streaming."""
    kinds = {(False, False): "unary_unary", (False, True): "unary_stream", (True, True): "stream_stream"}
    method = getattr(channel, kinds[rpc.client_streaming, rpc.server_streaming])(
        rpc.path, rpc.request.SerializeToString, rpc.reply.FromString
    )
    request = iter([rpc.request()]) if rpc.client_streaming else rpc.request()
    reply = method(request, metadata=metadata, timeout=20)
    return next(reply) if rpc.server_streaming else reply


def test_every_rpc_answers_its_own_reply_type(api):
    with grpc.insecure_channel(api.address) as channel:
        for rpc in RPCS.values():
            reply = call(channel, rpc, api.metadata)
            assert isinstance(reply, rpc.reply)
            assert reply.status.code, rpc.name
            assert len(reply.status.req_id) == 32
            assert reply.status.code != 99009, rpc.name
            if rpc.name not in OPERATIONS:
                assert reply.status.code == 10040, rpc.name


def test_a_stream_without_requests_is_answered_too(api):
    rpc = RPCS["PostModelVersionsUpload"]
    with grpc.insecure_channel(api.address) as channel:
        method = channel.stream_stream(rpc.path, rpc.request.SerializeToString, rpc.reply.FromString)
        replies = list(method(iter([]), metadata=api.metadata, timeout=20))
    assert [reply.status.code for reply in replies] == [10040]


def test_the_coverage_table_names_every_rpc():
    table = implemented_rpcs()
    assert set(table) == set(RPCS)
    assert table["PostModels"]
    assert not table["PostTasks"]
    assert sum(table.values()) == len(OPERATIONS)


def test_a_path_outside_the_service_is_unimplemented(api):
    with grpc.insecure_channel(api.address) as channel:
        method = channel.unary_unary("/clarifai.api.V2/Nope", lambda _: b"", lambda data: data)
        with pytest.raises(grpc.RpcError) as error:
            method(None, metadata=api.metadata, timeout=20)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_success_says_ok(api):
    status = api.ok("GetApp").status
    assert (status.description, status.http_status_code) == ("Ok", 200)


def test_a_bug_in_an_operation_is_in_band_and_rolled_back(api, monkeypatch, capfd):
    def broken(call, request):
        call.store.delete(call.store.get(call.readable(request.user_app_id).key("model", "m")))
        raise ZeroDivisionError("a bug")

    api.model("m")
    monkeypatch.setattr(api.emulator._dispatcher, "operations", {**OPERATIONS, "ListConcepts": broken})
    status = api("ListConcepts").status
    assert (status.code, status.http_status_code) == (99009, 500)
    assert "ZeroDivisionError: a bug" in capfd.readouterr().err
    assert [model.id for model in api.ok("ListModels").models] == ["m"]


def test_the_official_stub_works(api):
    port = int(api.address.rpartition(":")[2])
    stub = service_pb2_grpc.V2Stub(ClarifaiChannel.get_insecure_grpc_channel(base="127.0.0.1", port=port))
    request = service_pb2.GetAppRequest(user_app_id=resources_pb2.UserAppIDSet(user_id="me", app_id="app"))
    assert stub.GetApp(request, metadata=api.metadata).app.id == "app"


def test_messages_of_many_megabytes_pass(api):
    concepts = [resources_pb2.Concept(id=f"c{i}", definition="x" * (1 << 20)) for i in range(20)]
    api.ok("PostConcepts", concepts=concepts)
    assert len(api.ok("ListConcepts").concepts) == 20
