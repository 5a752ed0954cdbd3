"""A running emulator and a small client that calls it over real gRPC by RPC name."""

import functools
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.server import Emulator
from reconciler.emulator.switches import Switches

APP = "app"


class Api:
    """Calls one emulator; `user_app_id` defaults to the caller's app `app`."""

    def __init__(self, address: str, emulator: Emulator | None = None, token: str = "any") -> None:
        self.emulator = emulator
        self.address = address
        self.metadata = (("authorization", f"Key {token}"),)
        # Else all clients of a process share one connection.
        options = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(address, options=options)

    def close(self) -> None:
        self._channel.close()

    def send(self, rpc: str, request: Any, *, metadata: Any = None, timeout: float = 20) -> Any:
        described = RPCS[rpc]
        method = self._channel.unary_unary(
            described.path, described.request.SerializeToString, described.reply.FromString
        )
        return method(request, metadata=self.metadata if metadata is None else metadata, timeout=timeout)

    def __call__(self, rpc: str, *, timeout: float = 20, **fields: Any) -> Any:
        described = RPCS[rpc]
        if "user_app_id" in described.request.DESCRIPTOR.fields_by_name:
            fields.setdefault("user_app_id", resources_pb2.UserAppIDSet(user_id="me", app_id=APP))
        return self.send(rpc, described.request(**fields), timeout=timeout)

    def ok(self, rpc: str, **fields: Any) -> Any:
        reply = self(rpc, **fields)
        assert reply.status.code == 10000, reply.status
        return reply

    def code(self, rpc: str, **fields: Any) -> int:
        return self(rpc, **fields).status.code

    # -- the objects most tests start from

    def app(self, identifier: str = APP, **fields: Any) -> Any:
        fields.setdefault("default_workflow_id", "Empty")
        return self.ok("PostApps", apps=[resources_pb2.App(id=identifier, **fields)]).apps[0]

    def concepts(self, *identifiers: str) -> None:
        self.ok("PostConcepts", concepts=[resources_pb2.Concept(id=i) for i in identifiers])

    def relate(self, subject: str, predicate: str, target: str, **object_fields: Any) -> Any:
        relation = resources_pb2.ConceptRelation(
            predicate=predicate, object_concept=resources_pb2.Concept(id=target, **object_fields)
        )
        return self("PostConceptRelations", concept_id=subject, concept_relations=[relation])

    def model(self, identifier: str, model_type_id: str = "prompter", **fields: Any) -> Any:
        message = resources_pb2.Model(id=identifier, model_type_id=model_type_id, **fields)
        return self.ok("PostModels", models=[message]).model

    def version(self, model_id: str, **fields: Any) -> Any:
        message = resources_pb2.ModelVersion(**fields)
        return self.ok("PostModelVersions", model_id=model_id, model_versions=[message]).model.model_version

    def workflow(self, identifier: str, *nodes: Any, **fields: Any) -> Any:
        message = resources_pb2.Workflow(id=identifier, nodes=nodes, **fields)
        return self.ok("PostWorkflows", workflows=[message]).workflows[0]

    def thresholder(self, identifier: str = "above", **params: Any) -> Any:
        """A model with one version whose concepts are p at 0.5."""
        self.model(identifier, "concept-thresholder")
        return self.version(identifier, output_info=self.thresholds(p=0.5, **params))

    def posted(self, *inputs: Any, **fields: Any) -> Any:
        """Post inputs and wait until each has come to its end; the reply as it was given."""
        reply = self("PostInputs", inputs=inputs, **fields)
        taken = [each.id for each in reply.inputs if each.status.code == 30001]
        self.until(lambda: not {30001, 30003} & {self.input_code(each) for each in taken})
        return reply

    def input_code(self, identifier: str) -> int:
        """The status of an input, 11101 if it is not there."""
        reply = self("GetInput", input_id=identifier)
        return reply.input.status.code or reply.status.code

    @staticmethod
    def until(holds: Callable[[], bool], seconds: float = 20) -> None:
        """Wait for something that happens in the background."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.01)

    # -- parts of requests; tests cannot import this file, so they live on the client

    @staticmethod
    def png(number: int = 0, width: int = 3, height: int = 2) -> bytes:
        """A tiny picture, another one for every number."""

        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        rows = (b"\0" + bytes([number & 255, number >> 8 & 255, number >> 16 & 255]) * width) * height
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + parts

    @classmethod
    def picture(cls, identifier: str = "", number: int = 0, **data: Any) -> Any:
        image = resources_pb2.Image(base64=cls.png(number))
        return resources_pb2.Input(id=identifier, data=resources_pb2.Data(image=image, **data))

    @staticmethod
    def at(url: str, identifier: str = "", *, again: bool = False, **data: Any) -> Any:
        image = resources_pb2.Image(url=url, allow_duplicate_url=again)
        return resources_pb2.Input(id=identifier, data=resources_pb2.Data(image=image, **data))

    @staticmethod
    def text(identifier: str = "", raw: str = "words", **data: Any) -> Any:
        return resources_pb2.Input(id=identifier, data=resources_pb2.Data(text=resources_pb2.Text(raw=raw), **data))

    @staticmethod
    def concept(identifier: str, value: float = 0.0, **fields: Any) -> Any:
        return resources_pb2.Concept(id=identifier, value=value, **fields)

    @staticmethod
    def thresholds(*, p: float = 0.5, **params: Any) -> Any:
        info = resources_pb2.OutputInfo()
        info.data.concepts.add(id="p", value=p)
        info.params.update({"concept_threshold_type": "GREATER_THAN", **params})
        return info

    @staticmethod
    def node(identifier: str, model_id: str, version_id: str = "", *sources: str, **fields: Any) -> Any:
        model = resources_pb2.Model(id=model_id)
        if version_id:
            model.model_version.id = version_id
        inputs = [resources_pb2.NodeInput(node_id=source) for source in sources]
        return resources_pb2.WorkflowNode(id=identifier, model=model, node_inputs=inputs, **fields)

    @staticmethod
    def here(app: str = APP, user: str = "me") -> Any:
        return resources_pb2.UserAppIDSet(user_id=user, app_id=app)


@pytest.fixture
def start() -> Iterator[Callable[..., Api]]:
    """Start emulators that end with the test: `start(enum_echo="number")`, `start(database=path)`."""
    running: list[tuple[Emulator, Api]] = []

    def begin(
        *,
        empty: bool = False,
        token: str = "any",
        tokens: Any = None,
        database: Any = ":memory:",
        connection_faults: bool = False,
        admin_port: int | None = None,
        **switches: Any,
    ):
        chosen = Switches(**switches)
        emulator = Emulator(
            database, tokens=tokens, switches=chosen, connection_faults=connection_faults, admin_port=admin_port
        ).start()
        api = Api(emulator.address, emulator, token)
        running.append((emulator, api))
        if not empty:
            api.app()
            emulator.calls.reset()
        return api

    yield begin
    for emulator, api in running:
        api.close()
        emulator.stop(grace=0)


@pytest.fixture
def api(start: Callable[..., Api]) -> Api:
    """A client of a fresh emulator with the app `app`."""
    return start()


@pytest.fixture
def client() -> Iterator[Callable[[str], Api]]:
    """More clients of a running emulator, also one in another process: `client(address)`."""
    made: list[Api] = []

    def connect(address: str) -> Api:
        made.append(Api(address))
        return made[-1]

    yield connect
    for api in made:
        api.close()


@pytest.fixture
def web(tmp_path) -> Iterator[str]:
    """The address of a web server over the folder `web` of the test, with `a.png`, `b.png` and `note.txt` in it."""
    folder = tmp_path / "web"
    folder.mkdir()
    for number, name in enumerate(("a.png", "b.png")):
        (folder / name).write_bytes(Api.png(1000 + number, width=7, height=5))
    (folder / "note.txt").write_text("a note")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
