"""A service of a few lines on a real socket: it answers what a test tells it to and remembers what it was asked."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from reconciler.client.api import GrpcApi
from reconciler.client.channel import Target, open_channel
from reconciler.client.limiter import Limiter
from reconciler.client.rpcs import SERVICE, build_request, reply_class
from reconciler.core.secret import Secret
from tests.canary import CANARY

TOKEN = CANARY

Answer = Callable[[Any, grpc.ServicerContext], Any]


@dataclass
class FakeTime:
    """A clock that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    oversleep: float = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + self.oversleep


class Service(grpc.GenericRpcHandler):
    """Answers each RPC with its next scripted answer; the last one stays."""

    def __init__(self) -> None:
        self.script: dict[str, list[Answer]] = {}
        self.requests: dict[str, list[Any]] = defaultdict(list)
        self.metadata: list[dict[str, str]] = []
        self.port = 0
        self._lock = threading.Lock()

    def answers(self, rpc: str, *answers: Answer) -> None:
        self.script[rpc] = list(answers)

    @staticmethod
    def replies(rpc: str, code: int = 10000, description: str = "Ok", details: str = "", **fields: Any) -> Answer:
        """An OK reply with this status inside."""
        reply: Any = reply_class(rpc)(**fields)
        reply.status.code = code
        reply.status.description = description
        reply.status.details = details
        reply.status.req_id = "f" * 32
        return lambda request, context: reply

    @staticmethod
    def aborts(code: str, text: str = "no") -> Answer:
        """A gRPC error; the request has been counted by then, as a commit would have been."""
        return lambda request, context: context.abort(grpc.StatusCode[code], text)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        service, rpc = details.method.strip("/").split("/")
        if service != SERVICE or rpc not in self.script:
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._answer(rpc, request, context),
            request_deserializer=type(build_request(rpc, {})).FromString,
            response_serializer=lambda reply: reply.SerializeToString(),
        )

    def _answer(self, rpc: str, request: Any, context: grpc.ServicerContext) -> Any:
        with self._lock:
            self.requests[rpc].append(request)
            self.metadata.append(dict(context.invocation_metadata()))
            answers = self.script[rpc]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request, context)


def start(
    handler: grpc.GenericRpcHandler, credentials: grpc.ServerCredentials | None = None
) -> tuple[grpc.Server, int]:
    server = grpc.server(ThreadPoolExecutor(32), handlers=(handler,))
    address = "127.0.0.1:0"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    return server, port


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a service with the given credentials, None for plain text; its port."""
    running = []

    def serving(handler: grpc.GenericRpcHandler, credentials: grpc.ServerCredentials | None = None) -> int:
        server, port = start(handler, credentials)
        running.append(server)
        return port

    yield serving
    for server in running:
        server.stop(None).wait()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    server, service.port = start(service, None)
    yield service
    server.stop(None).wait()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def api(service: Service, time: FakeTime) -> Iterator[GrpcApi]:
    target = Target("127.0.0.1", service.port, tls=False)
    channel = open_channel(target)
    credential = ("authorization", Secret(f"Key {TOKEN}"))
    free = Limiter(0)
    yield GrpcApi(channel, credential, target=str(target), limiter=free, clock=time.clock, sleep=time.sleep)
    channel.close()
