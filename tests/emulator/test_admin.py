"""The HTTP interface to the faults, as curl or a program in another language uses it."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.admin import AdminPortTaken
from reconciler.emulator.server import Emulator

ROOT = Path(__file__).resolve().parents[2]
JSON = {"Content-Type": "application/json"}


class Http:
    """Asks one emulator, and gives number and JSON of the reply."""

    def __init__(self, base):
        self.place = base.removeprefix("http://")

    def __call__(self, method, path, body=None, headers=JSON):
        connection = http.client.HTTPConnection(self.place, timeout=10)
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, headers)
        reply = connection.getresponse()
        told = json.loads(reply.read())
        connection.close()
        return reply.status, told


@pytest.fixture
def api(start):
    return start(admin_port=0)


@pytest.fixture
def ask(api):
    return Http(api.emulator.admin)


def post(api, identifier="p"):
    return api("PostConcepts", concepts=[resources_pb2.Concept(id=identifier)]).status.code


def test_a_fault_is_ordered_shown_and_taken_back(api, ask):
    fault = {"rpc": "PostConcepts", "effect": "reply", "code": 11003, "times": 2}
    assert ask("POST", "/faults", fault) == (200, {"ordered": [fault], "storm": None})
    assert post(api) == 11003
    assert ask("GET", "/faults")[1]["ordered"] == [{"rpc": "PostConcepts", "effect": "reply", "code": 11003}]
    assert ask("DELETE", "/faults", headers={}) == (200, {"ordered": [], "storm": None})
    assert post(api) == 10000


def test_several_at_once(api, ask):
    ask("POST", "/faults", [{"rpc": "PostConcepts", "code": code} for code in (11003, 11005)])
    assert [post(api) for _ in range(3)] == [11003, 11005, 10000]


def test_a_storm_its_journal_and_its_replay(api, ask):
    number, told = ask("POST", "/faults/storm", {"seed": 3, "rate": 0.5, "kinds": ["reply"], "rpcs": "Post*"})
    assert (number, told["storm"]["seed"]) == (200, 3)
    codes = [post(api, f"a{n}") for n in range(8)]
    journal = ask("GET", "/faults/journal")[1]
    assert [entry["nth"] for entry in journal] == [n for n, code in enumerate(codes, 1) if code != 10000]
    assert ask("POST", "/faults/replay", journal) == (200, {"replayed": len(journal)})
    assert [post(api, f"b{n}") for n in range(8)] == codes


def test_calls_are_counted(api, ask):
    ask("POST", "/faults", {"rpc": "PostConcepts", "code": 11005})
    post(api)
    post(api)
    assert ask("GET", "/calls") == (200, {"arrived": {"PostConcepts": 2}, "executed": {"PostConcepts": 1}})
    assert ask("DELETE", "/calls") == (200, {"arrived": {}, "executed": {}})


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "number", "said"),
    [
        ("POST", "/faults", {"effect": "bang"}, JSON, 400, "unknown effect"),
        ("POST", "/faults", [1], JSON, 400, "a JSON object is needed, not 1"),
        ("POST", "/faults", "{", JSON, 400, "Expecting"),
        ("POST", "/faults", None, JSON, 400, "a JSON object is needed"),
        ("POST", "/faults", {"effect": "killed"}, JSON, 400, "killed cannot be"),
        ("POST", "/faults", {"effect": "reset"}, JSON, 400, "--connection-faults"),
        ("POST", "/faults/storm", {"seed": 1}, JSON, 400, "rate is missing"),
        ("POST", "/faults/replay", {}, JSON, 400, "a list of what struck"),
        ("POST", "/faults", {}, {"Content-Type": "text/plain"}, 415, "application/json"),
        ("GET", "/faults", None, {"Host": "evil.example:80"}, 403, "127.0.0.1"),
        ("DELETE", "/faults", None, {"Content-Length": "99999999"}, 413, "at most"),
        ("PUT", "/faults", None, JSON, 501, ""),
        ("GET", "/", None, {}, 404, "GET /faults/journal"),
    ],
)
def test_what_is_refused_and_changes_nothing(api, ask, method, path, body, headers, number, said):
    if method == "PUT":
        connection = http.client.HTTPConnection(ask.place, timeout=10)
        connection.request(method, path)
        assert connection.getresponse().status == number
        connection.close()
    else:
        told = ask(method, path, body, headers)
        assert told[0] == number
        assert said in told[1]["error"]
    assert api.emulator.faults.ordered == []
    assert post(api) == 10000


def test_nobody_can_ask_unless_it_was_opened(start):
    assert start().emulator.admin is None


def test_a_taken_port_is_a_clean_error(api):
    second = Emulator(admin_port=int(api.emulator.admin.rpartition(":")[2]))
    with pytest.raises(AdminPortTaken, match="the port is taken"):
        second.start()
    second.stop()


# -- a process of its own

RUN = "import sys; from reconciler.emulator.server import serve; sys.exit(serve(sys.argv[1], port=0, admin_port=0))"


@pytest.fixture
def process(tmp_path):
    """Start an emulator in a process: `process()` gives it, its address and that of its interface."""
    running = []

    def begin():
        started = subprocess.Popen(
            [sys.executable, "-c", RUN, str(tmp_path / "db")],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        running.append(started)
        address, admin = (part.split()[0].rstrip(")") for part in started.stdout.readline().split("http://")[1:])
        return started, address, Http(admin)

    yield begin
    for started in running:
        started.kill()
        started.communicate()


@pytest.mark.parametrize(("when", "kept"), [("before", ["a"]), ("after", ["a", "b"])])
def test_a_process_is_killed_at_a_call(process, client, when, kept):
    started, address, ask = process()
    api = client(address)
    api.app()
    assert ask("POST", "/faults", {"rpc": "PostConcepts", "effect": "killed", "when": when, "skip": 1})[0] == 200
    api.concepts("a")
    with pytest.raises(grpc.RpcError) as error:
        api.concepts("b")
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    assert started.wait(10) == -signal.SIGKILL
    _, again, _ = process()
    assert [c.id for c in client(again).ok("ListConcepts").concepts] == kept
