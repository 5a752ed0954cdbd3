"""The life of the server: ports, signals, files that survive, many clients."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.server import Emulator, PortTaken, hearing, serve

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from reconciler.emulator.server import serve; sys.exit(serve(sys.argv[1], port=0))"


@pytest.fixture
def process(tmp_path):
    """Start `serve` in a process of its own: `process()` gives it and its address."""
    running = []

    def begin():
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        started = subprocess.Popen(
            [sys.executable, "-c", RUN, str(tmp_path / "db")], stdout=subprocess.PIPE, text=True, env=environment
        )
        running.append(started)
        line = started.stdout.readline()
        return started, line

    yield begin
    for started in running:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        started.communicate()


def address_in(line):
    return line.split("http://")[1].split()[0]


def test_start_and_stop_again():
    with Emulator() as emulator:
        assert emulator.base == f"http://{emulator.address}"
        assert not emulator.address.endswith(":0")
    with Emulator() as again:
        assert again.address


def test_a_taken_port_is_a_clean_error(api):
    port = int(api.address.rpartition(":")[2])
    second = Emulator(port=port)
    with pytest.raises(PortTaken, match="the port is taken"):
        second.start()
    second.stop()


def test_serve_says_a_taken_port_in_one_line(api, capsys):
    port = int(api.address.rpartition(":")[2])
    assert serve(":memory:", port=port) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_serve_puts_signal_handlers_back(api):
    before = signal.getsignal(signal.SIGTERM)
    serve(":memory:", port=int(api.address.rpartition(":")[2]))
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(process, client, number):
    started, line = process()
    assert line.startswith("Clarifai emulator ready on http://127.0.0.1:")
    assert "(user me-local, database " in line
    assert client(address_in(line)).code("GetUser") == 10000
    started.send_signal(number)
    assert started.wait(10) == 0
    assert started.stdout.read() == ""


@pytest.mark.timeout(60, method="thread")
def test_a_signal_that_falls_into_the_waiting_ends_it_whatever_it_interrupts():
    """Some microseconds before and after the wait began: with an Event, one of two thousand hangs for ever."""
    with hearing(signal.SIGALRM) as wait:
        for turn in range(10_000):
            signal.setitimer(signal.ITIMER_REAL, (1 + turn % 60) / 1e6)
            assert wait() == bytes([signal.SIGALRM])


def test_acknowledged_writes_survive_a_kill(process, client):
    started, line = process()
    api = client(address_in(line))
    api.app()
    acknowledged = []
    killer = threading.Timer(0.4, started.kill)
    killer.start()
    with contextlib.suppress(grpc.RpcError):
        for number in range(100_000):
            api.ok("PostConcepts", concepts=[resources_pb2.Concept(id=f"c{number}")])
            acknowledged.append(f"c{number}")
    started.wait(10)
    assert acknowledged

    _, line = process()
    again = client(address_in(line))
    kept, page = [], 1
    while concepts := again.ok("ListConcepts", per_page=1000, page=page).concepts:
        kept += [concept.id for concept in concepts]
        page += 1
    assert kept[: len(acknowledged)] == acknowledged
    assert len(kept) <= len(acknowledged) + 1  # one write may have been stored and not yet answered


def test_a_file_keeps_everything(start, tmp_path):
    first = start(database=tmp_path / "db")
    first.thresholder("m")
    first.emulator.stop()
    second = start(database=tmp_path / "db", empty=True)
    data = second.ok("GetModelOutputInfo", model_id="m").model.model_version.output_info.data
    assert [concept.id for concept in data.concepts] == ["p"]


def test_back_to_a_snapshot(start):
    api = start(train_polls=1)
    api.thresholder("m")
    kept = api.emulator.snapshot()
    for name in ("first", "second"):
        api.emulator.restore(kept)
        api.concepts(name)
        assert name in [concept.id for concept in api.ok("ListConcepts").concepts]
        assert len(api.ok("ListConcepts").concepts) == 2  # p came with the thresholder
        assert len({v.id for v in [api.version("m"), *api.ok("ListModelVersions", model_id="m").model_versions]}) == 2
    api.emulator.restore(kept)
    assert [concept.id for concept in api.ok("ListConcepts").concepts] == ["p"]
    assert len(api.ok("ListModelVersions", model_id="m").model_versions) == 1
    kept.close()


def test_sixteen_clients_at_once(api, client):
    def work(number):
        own = client(api.address)
        for step in range(10):
            own.ok("PostModels", models=[resources_pb2.Model(id=f"m{number}-{step}", model_type_id="prompter")])
            own.ok("PostModelVersions", model_id=f"m{number}-{step}", model_versions=[resources_pb2.ModelVersion()])
            own.ok("ListModels")
        return number

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(work, range(16))) == list(range(16))
    models = api.ok("ListModels", per_page=1000).models
    assert len(models) == 160
    assert len({model.model_version.id for model in models}) == 160


def test_one_of_many_equal_posts_wins(api, client):
    def work(_):
        return client(api.address).code("PostConcepts", concepts=[resources_pb2.Concept(id="same")])

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(work, range(16)))
    assert sorted(codes) == [10000] + [40003] * 15
