"""Connections that break: what clients of the gRPC library see, and what was stored."""

import socket
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.server import Emulator, PortTaken


@pytest.fixture
def api(start):
    return start(connection_faults=True)


def post(api, identifier="p", **options):
    return api("PostConcepts", concepts=[resources_pb2.Concept(id=identifier)], **options)


def stored(api):
    return [c.id for c in api.ok("ListConcepts").concepts]


def test_the_relay_lets_everything_through(api, client):
    pictures = [api.picture(f"i{n}", n) for n in range(20)]
    assert api("PostInputs", inputs=pictures).status.code == 10000
    assert len(client(api.address).ok("ListInputs", per_page=100).inputs) == 20


@pytest.mark.parametrize(("when", "expected"), [("before", []), ("after", ["p"])])
def test_a_connection_is_reset(api, when, expected):
    api.emulator.faults.add("PostConcepts", "reset", when=when)
    with pytest.raises(grpc.RpcError) as error:
        post(api)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "injected" not in error.value.details()  # no word came from the server: the connection is gone
    assert stored(api) == expected


def test_a_reset_hits_one_connection(api, client):
    api.emulator.faults.add("GetUser", "slow", seconds=0.3)
    api.emulator.faults.add("PostConcepts", "reset")
    with ThreadPoolExecutor(1) as pool:
        in_flight = pool.submit(client(api.address).ok, "GetUser")
        api.until(lambda: api.emulator.calls.counts["GetUser"] == 1)
        with pytest.raises(grpc.RpcError):
            post(api)
        assert not in_flight.done()
        assert in_flight.result().user.id == "me-local"


def test_the_client_is_really_sent_rst(api):
    """A bare HTTP/2 request by hand: what comes back last is ECONNRESET and no orderly end."""
    api.emulator.faults.add("GetUser", "reset")
    host, _, port = api.address.rpartition(":")
    settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    fields = [(":method", "POST"), (":scheme", "http"), (":path", "/clarifai.api.V2/GetUser"), (":authority", "x"),
              ("content-type", "application/grpc"), ("te", "trailers")]  # fmt: skip
    block = b"".join(
        b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in fields
    )
    headers = len(block).to_bytes(3, "big") + bytes([1, 4, 0, 0, 0, 1]) + block
    data = (5).to_bytes(3, "big") + bytes([0, 1, 0, 0, 0, 1]) + bytes(5)
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(settings + headers + data)
        with pytest.raises(ConnectionResetError):
            b"".join(iter(lambda: raw.recv(4096), b""))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_goes_away_finishes_the_call_and_the_next_finds_another(api, when):
    api.emulator.faults.add("PostConcepts", "goaway", when=when, times=3)
    assert [post(api, name).status.code for name in "abcd"] == [10000] * 4
    assert stored(api) == ["a", "b", "c", "d"]
    assert api.emulator.calls.counts["PostConcepts"] == 4


def test_a_server_that_goes_away_at_once_breaks_the_call(api):
    api.emulator.faults.add("PostConcepts", "goaway", when="after", seconds=0.0)
    with pytest.raises(grpc.RpcError) as error:
        post(api)
    assert error.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    assert stored(api) == ["p"]


def test_a_taken_port_is_a_clean_error(api):
    second = Emulator(port=int(api.address.rpartition(":")[2]), connection_faults=True)
    with pytest.raises(PortTaken, match="the port is taken"):
        second.start()
    second.stop()
