"""Clarifai's own clients against an emulator that was taught its scores: no net, and no address but this machine's."""

import hashlib
import itertools
import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc

from reconciler.emulator.server import Emulator

DOG = {"dog": 0.99, "cat": 0.02, "people": 0.5, "water": 0.2}
TRUCK = {"people": 0.01, "water": 0.9, "palm": 0.3, "man": 0.1}


def png(number: int) -> bytes:
    """A tiny picture, another one for every number."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes([number, 7, 7]) * 3) * 2
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the caller's account reaches a client, and files are made in an empty folder."""
    for name in [name for name in os.environ if name.startswith(("CLARIFAI_", "RECONCILER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[Any]:
    """Two pictures: their bytes, files and URLs; what is known of them; an URL where nothing is."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    content = {"dog": png(1), "truck": png(2)}
    for name, picture in content.items():
        (folder / f"{name}.png").write_bytes(picture)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    taught = {
        hashlib.sha256(content["dog"]).hexdigest(): {"concepts": DOG, "embedding": [1, 0], "faces": []},
        hashlib.sha256(content["truck"]).hexdigest(): {"concepts": TRUCK, "embedding": [0, 1], "faces": []},
    }
    scores = tmp_path / "scores.json"
    scores.write_text(json.dumps(taught))
    yield SimpleNamespace(
        folder=folder,
        content=content,
        file={name: str(folder / f"{name}.png") for name in content},
        url={name: f"{base}/{name}.png" for name in content},
        missing=f"{base}/not-there.png",
        scores=scores,
    )
    server.shutdown()
    server.server_close()


@pytest.fixture
def serving(clean: None, pictures: Any) -> Iterator[Callable[..., Emulator]]:
    """Start emulators that end with the test."""
    running: list[Emulator] = []

    def start(**options: Any) -> Emulator:
        running.append(Emulator(teach=pictures.scores, **options).start())
        return running[-1]

    yield start
    for emulator in running:
        emulator.stop(grace=0)


@pytest.fixture
def emulator(serving: Callable[..., Emulator]) -> Emulator:
    """An emulator that knows one key."""
    return serving(tokens={"right-key": "me-local"})


class Sdk:
    """The objects of the package `clarifai`, each told where the emulator is."""

    def __init__(self, emulator: Emulator, pat: str) -> None:
        self.where = {"base_url": emulator.base, "pat": pat}
        self.user_id = emulator.user_id

    @property
    def user(self) -> Any:
        from clarifai.client.user import User

        return User(user_id=self.user_id, **self.where)

    def app(self, app_id: str = "app", **fields: Any) -> Any:
        return self.user.create_app(app_id, **fields)

    def model(self, **names: Any) -> Any:
        from clarifai.client.model import Model

        return Model(**names, **self.where)

    def workflow(self, **names: Any) -> Any:
        from clarifai.client.workflow import Workflow

        return Workflow(**names, **self.where)


@pytest.fixture
def sdk_with(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Sdk]:
    """The SDK with a key; it waits for no longer than a moment."""
    from clarifai.client import input as inputs

    monkeypatch.setattr(inputs, "BackoffIterator", lambda count: itertools.repeat(0.02))
    return partial(Sdk, emulator)


@pytest.fixture
def sdk(sdk_with: Callable[[str], Sdk]) -> Sdk:
    """The SDK with the right key."""
    return sdk_with("right-key")


class Grpc:
    """`V2Stub` as Clarifai's gRPC samples use it: a channel, a key in the metadata, full messages."""

    def __init__(self, emulator: Emulator) -> None:
        host, _, port = emulator.address.rpartition(":")
        self.channel = ClarifaiChannel.get_insecure_grpc_channel(base=host, port=int(port))
        self.stub = service_pb2_grpc.V2Stub(self.channel)
        self.app = resources_pb2.UserAppIDSet(user_id="me", app_id="app")
        self.main = resources_pb2.UserAppIDSet(user_id="clarifai", app_id="main")

    def __call__(self, rpc: str, *, key: str = "right-key", request: str = "", **fields: Any) -> Any:
        message = getattr(service_pb2, request or f"{rpc}Request")
        if "user_app_id" in message.DESCRIPTOR.fields_by_name:
            fields.setdefault("user_app_id", self.app)
        return getattr(self.stub, rpc)(message(**fields), metadata=(("authorization", f"Key {key}"),), timeout=20)

    def ok(self, rpc: str, **fields: Any) -> Any:
        reply = self(rpc, **fields)
        assert reply.status.code == 10000, reply.status
        return reply

    def until(self, holds: Callable[[], bool], seconds: float = 20) -> None:
        """Ask again until something has happened."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.01)

    def posted(self, *inputs: Any) -> list[str]:
        """Post inputs and wait for their downloads; their ids."""
        ids = [each.id for each in self.ok("PostInputs", inputs=inputs).inputs]
        for each in ids:
            self.until(lambda each=each: self.input_code(each) == 30000)  # type: ignore[misc]
        return ids

    def input_code(self, input_id: str) -> int:
        """The status of an input, or of the reply that has none."""
        reply = self("GetInput", input_id=input_id)
        return int(reply.input.status.code or reply.status.code)


@pytest.fixture
def call(emulator: Emulator) -> Iterator[Grpc]:
    """The gRPC client, with an app whose default workflow is Empty."""
    client = Grpc(emulator)
    client.ok("PostApps", apps=[resources_pb2.App(id="app", default_workflow_id="Empty")])
    yield client
    client.channel.close()
