"""What happens to inputs in the background: facts 7.1 to 7.10, 4.6, U25."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import examining, processing
from reconciler.emulator.execution.values import RunFailed

Annotation, Data, Input = resources_pb2.Annotation, resources_pb2.Data, resources_pb2.Input
ROOT = Path(__file__).resolve().parents[2]


def writing_workflow(api, identifier="w", status=24150, **writer):
    """Concepts of an input above a half go to a writer; nothing has to be seen."""
    above = api.thresholder(f"{identifier}-above")
    api.model(f"{identifier}-write", "annotation-writer")
    info = resources_pb2.OutputInfo()
    info.params.update({"annotation_status": status, "annotation_user_id": "me-local", **writer})
    write = api.version(f"{identifier}-write", output_info=info)
    nodes = [
        api.node("above", f"{identifier}-above", above.id),
        api.node("write", f"{identifier}-write", write.id, "above"),
    ]
    return api.workflow(identifier, *nodes)


def use(api, workflow, *, reindex=False):
    app = resources_pb2.App(id="app", default_workflow_id=workflow)
    api.ok("PatchApps", apps=[app], action="overwrite", reindex=reindex)


@pytest.fixture
def writing(start):
    """An app whose default workflow writes annotations: `writing(**switches)`."""

    def begin(status=24150, params=None, **switches):
        api = start(**switches)
        api.concepts("p")
        writing_workflow(api, status=status, **(params or {}))
        use(api, "w")
        return api

    return begin


def likely(api, identifier, value=0.9, **fields):
    return api.text(identifier, f"text {identifier}", concepts=[api.concept("p", value)], **fields)


def everything(api):
    found, page = [], 1
    while more := api.ok("ListAnnotations", user_ids=["me-local"], per_page=1000, page=page).annotations:
        found, page = [*found, *more], page + 1
    return found


def written(api):
    return [each for each in everything(api) if not each.input_level]


# -- what a writer leaves ---------------------------------------------------------------------------------------


def test_a_writer_of_the_default_workflow_writes_as_its_user(writing):
    api = writing(params={"task_id": "t", "annotation_info": {"k": 1}})
    api.posted(likely(api, "a"))
    (annotation,) = written(api)
    assert (annotation.input_id, annotation.input_level, annotation.trusted) == ("a", False, True)
    assert (annotation.user_id, annotation.worker.user.id) == ("me-local", "me-local")
    assert (annotation.status.code, annotation.task_id) == (24150, "t")
    assert dict(annotation.annotation_info) == {"k": 1}
    assert [(c.id, round(c.value, 2)) for c in annotation.data.concepts] == [("p", 0.9)]
    assert len(annotation.id) == 32


def test_a_branch_with_nothing_left_writes_nothing(writing):
    api = writing()
    api.posted(likely(api, "a", 0.4))
    assert written(api) == []
    assert api.input_code("a") == 30000


def test_pending_annotations_show_only_when_asked_for(writing):
    api = writing(status=24151)
    api.posted(likely(api, "a"))
    assert [each.input_level for each in api.ok("ListAnnotations").annotations] == [True]
    assert [each.status.code for each in written(api)] == [24151]


def test_inputs_that_were_there_before_are_left_alone(start):
    api = start()
    api.concepts("p")
    api.posted(likely(api, "a"))
    writing_workflow(api)
    use(api, "w")
    api.posted(likely(api, "b"))
    assert [each.input_id for each in written(api)] == ["b"]


def test_the_latest_version_of_the_workflow_runs(writing):
    api = writing()
    api.version("w-above", output_info=api.thresholds(p=0.95))
    newest = api.ok("ListModelVersions", model_id="w-above").model_versions[0]
    nodes = list(api.ok("GetWorkflow", workflow_id="w").workflow.nodes)
    nodes[0].model.model_version.id = newest.id
    api.ok("PatchWorkflows", workflows=[resources_pb2.Workflow(id="w", nodes=nodes)], action="overwrite")
    api.posted(likely(api, "a"))
    assert written(api) == []


# -- running again ----------------------------------------------------------------------------------------------


def test_reindexing_runs_a_new_default_workflow_on_old_inputs(start):
    api = start()
    api.concepts("p")
    api.posted(likely(api, "a"), likely(api, "b", 0.1))
    writing_workflow(api)
    use(api, "w", reindex=True)
    api.until(lambda: api.ok("GetInputCount").counts.reindexed == 2)
    assert [each.input_id for each in written(api)] == ["a"]
    counts = api.ok("GetInputCount").counts
    assert (counts.processed, counts.to_reindex, counts.reindex_errors) == (2, 0, 0)


def test_reindexing_needs_another_workflow(writing):
    api = writing()
    api.posted(likely(api, "a"))
    use(api, "w", reindex=True)
    assert api.ok("GetInputCount").counts.to_reindex == 0


def test_running_again_writes_nothing_twice(writing):
    api = writing()
    api.posted(likely(api, "a"))
    first = [each.id for each in written(api)]
    region = Annotation(input_id="a")
    region.data.regions.add().region_info.bounding_box.right_col = 0.5
    api.ok("PostAnnotations", annotations=[region])
    time.sleep(0.3)
    assert [each.id for each in written(api) if not each.data.regions] == first


def test_what_a_reindexing_no_longer_writes_goes_unless_it_was_reviewed(writing):
    api = writing(status=24151)
    api.posted(likely(api, "a"), likely(api, "b"))
    (mine,) = [each for each in written(api) if each.input_id == "a"]
    sent = Annotation(id=mine.id, input_id="a")
    sent.status.code = 24150
    api.ok("PatchAnnotations", annotations=[sent], action="merge")
    use(api, "Empty", reindex=True)
    api.until(lambda: api.ok("GetInputCount").counts.reindexed == 2)
    assert [each.id for each in written(api)] == [mine.id]


def test_labels_that_came_before_the_run_are_in_it_and_stay(writing):
    api = writing(input_delay=0.3)
    api.ok("PostInputs", inputs=[api.text("a")])
    label = Input(id="a", data=Data(concepts=[api.concept("p", 0.8)]))
    api.ok("PatchInputs", inputs=[label], action="merge")
    api.until(lambda: api.input_code("a") == 30000)
    assert [c.id for c in api.ok("GetInput", input_id="a").input.data.concepts] == ["p"]
    assert len(written(api)) == 1


def test_an_input_deleted_while_it_waits_leaves_nothing(writing):
    api = writing(input_delay=0.3)
    api.ok("PostInputs", inputs=[likely(api, "a")])
    api.ok("DeleteInput", input_id="a")
    api.posted(likely(api, "b"))
    assert [each.input_id for each in written(api)] == ["b"]


# -- what models put out ----------------------------------------------------------------------------------------


def taught(tmp_path, api, url):
    file = tmp_path / "taught.yaml"
    file.write_text(f"{url}:\n  concepts: {{people: 0.9, dog: 0.2}}\n  embedding: [0, 1]\n")
    return file


@pytest.fixture
def seeing(tmp_path):
    """An emulator that was taught a picture which exists nowhere, with the General workflow as default."""
    from reconciler.emulator.server import Emulator

    file = taught(tmp_path, None, "http://nowhere.invalid/a.jpg")
    with Emulator(teach=file) as emulator:
        yield emulator


def test_outputs_of_models_are_annotations_of_those_models(seeing, client):
    api = client(seeing.address)
    api.app(default_workflow_id="General")
    api.posted(api.at("http://nowhere.invalid/a.jpg", "a"))
    assert api.input_code("a") == 30000
    version = "aa7f35c01e0642fda5cf400f543e7c40"
    (bare,) = api.ok("ListAnnotations", model_version_ids=[version]).annotations
    assert (bare.model_version_id, bare.worker.model.model_version.id, bare.user_id) == (version, version, "")
    assert not bare.data.concepts
    (full,) = api.ok("ListAnnotations", model_version_ids=[version], return_model_output=True).annotations
    assert [c.name for c in full.data.concepts] == ["people", "dog"]
    assert not full.trusted
    assert len(api.ok("ListAnnotations").annotations) == 1
    both = api.ok("ListAnnotations", model_version_ids=[version], user_ids=["me"]).annotations
    assert len(both) == 2
    worker = api.ok("ListAnnotationWorkers").workers
    assert {each.WhichOneof("worker") for each in worker} == {"user", "model"}


# -- failures ---------------------------------------------------------------------------------------------------


def deprecated(api):
    """Take a model away that the default workflow of `writing` needs."""
    api.ok("DeleteModel", model_id="w-above")


def test_a_workflow_that_fails_fails_an_input_that_waits_for_annotations(writing):
    api = writing()
    deprecated(api)
    api.posted(likely(api, "a"))
    status = api.ok("GetInput", input_id="a").input.status
    assert status.code == 30002
    assert "default workflow w" in status.details
    assert api.ok("GetInputCount").counts.errors == 1


def test_an_unexpected_failure_is_told_and_ends_nothing(start, monkeypatch, capfd):
    def broken(*args):
        raise KeyError("surprise")

    monkeypatch.setattr(processing.Processor.__init__, "__defaults__", (broken,))
    api = start()
    writing_workflow(api)
    use(api, "w")
    api.posted(api.text("a"))
    assert api.input_code("a") == 99003
    assert "surprise" in capfd.readouterr().err
    use(api, "Empty")
    api.posted(api.text("b"))
    assert api.input_code("b") == 30000


def test_an_input_of_a_kind_the_workflow_does_not_take_is_still_an_input(start, monkeypatch):
    def unfit(*args):
        raise RunFailed(30101, "no text, please")

    monkeypatch.setattr(processing.Processor.__init__, "__defaults__", (unfit,))
    api = start()
    writing_workflow(api)
    use(api, "w")
    api.posted(api.text("a"))
    status = api.ok("GetInput", input_id="a").input.status
    assert (status.code, "no text, please" in status.details) == (30000, True)


def test_calls_are_answered_while_an_input_is_looked_at(start, monkeypatch):
    looked, go_on = threading.Event(), threading.Event()

    def slow(*args):
        looked.set()
        go_on.wait(10)
        return examining.Run([], [])

    monkeypatch.setattr(processing.Processor.__init__, "__defaults__", (slow,))
    api = start()
    writing_workflow(api)
    use(api, "w")
    api.ok("PostInputs", inputs=[api.text("a")])
    assert looked.wait(10)
    before = time.monotonic()
    assert api.input_code("a") == 30001
    assert time.monotonic() - before < 5
    go_on.set()
    api.until(lambda: api.input_code("a") == 30000)


def test_a_slow_download_holds_nobody_up(api, web):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        api.ok("PostInputs", inputs=[api.at(f"http://127.0.0.1:{port}/a.png", "slow")])
        api.posted(api.text("quick"), api.at(f"{web}/a.png", "other"))
        assert api.input_code("slow") == 30001


# -- kill -9 ----------------------------------------------------------------------------------------------------

RUN = "import sys; from reconciler.emulator.server import serve; sys.exit(serve(sys.argv[1], port=int(sys.argv[2])))"


class Server:
    """The emulator in a process of its own that can be killed and comes back at the same address."""

    def __init__(self, database):
        self.database, self.port = database, "0"
        self.begin()

    def begin(self):
        command = [sys.executable, "-c", RUN, str(self.database), self.port]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.address = self.process.stdout.readline().split("http://")[1].split()[0]
        self.port = self.address.rpartition(":")[2]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "db")
    yield running
    with contextlib.suppress(ProcessLookupError):
        running.kill()


def post_all(api, batches, acknowledged):
    """Post each batch until it is acknowledged; after a lost answer its inputs may be there already."""
    for batch in batches:
        while True:
            try:
                reply = api("PostInputs", inputs=batch)
            except grpc.RpcError:
                time.sleep(0.05)
                continue
            assert {each.status.code for each in reply.inputs} <= {30001, 30100}
            acknowledged.extend(each.id for each in reply.inputs)
            break


@pytest.mark.timeout(180)
def test_every_acknowledged_input_survives_two_kills_with_its_annotations_once(server, client):
    api = client(server.address)
    api.app()
    api.concepts("p")
    writing_workflow(api)
    use(api, "w")
    inputs = [likely(api, f"i{number:04}") for number in range(500)]
    inputs += [api.picture(f"j{number:04}", number, concepts=[api.concept("p", 0.9)]) for number in range(500)]
    random.Random(1).shuffle(inputs)
    batches = [inputs[at : at + 5] for at in range(0, len(inputs), 5)]
    acknowledged = []
    with ThreadPoolExecutor(8) as pool:
        clients = [client(server.address) for _ in range(8)]
        posting = [pool.submit(post_all, each, batches[i::8], acknowledged) for i, each in enumerate(clients)]
        for share in (200, 600):
            api.until(lambda share=share: len(acknowledged) >= share, seconds=60)
            server.kill()
            server.begin()
        for each in posting:
            each.result(120)
    assert sorted(acknowledged) == sorted(each.id for each in inputs)
    last = client(server.address)
    last.until(lambda: last.ok("GetInputCount").counts.processed == 1000, seconds=60)
    count = Counter(each.input_id for each in written(last))
    assert count == Counter({each.id: 1 for each in inputs})
    assert Counter(each.input_id for each in everything(last) if each.input_level) == count
