"""The emulator without sockets, threads and waiting: thousands of runs of the real client against it in a minute.

Belongs here: a gRPC channel that calls the dispatcher in this very thread, and time that passes only when somebody
sleeps. Requests and replies still travel as bytes, and transport errors are `grpc.RpcError`s, so everything of
`client/` but the connection itself is what a user runs. Does not belong here: what is done with it (`machine`).
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import grpc

from reconciler import pipeline
from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.client.retry import Patience
from reconciler.core.secret import Secret
from reconciler.emulator import work
from reconciler.emulator.faults import Interrupt
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.server import Emulator
from reconciler.emulator.switches import Switches
from reconciler.stages import apply, observe

CREDENTIAL = ("authorization", Secret("Key any"))
PATIENCE = Patience(attempts=3, throttled_attempts=4)
"""Less than a burst of faults is long, so that bursts get through to what is tested behind the retries."""

PER_PAGE = 3
"""So few that lists have more pages than one."""

BY_PATH = {rpc.path: rpc for rpc in RPCS.values()}


class Failed(grpc.RpcError):
    """The transport error of a call that ended without a reply."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code, self.details = lambda: code, lambda: details


class Context:
    """What the emulator asks of a call; a client that waits for ever gives up at once."""

    def __init__(self, metadata: Iterable[tuple[str, str]]) -> None:
        self._metadata = metadata

    def invocation_metadata(self) -> Iterable[tuple[str, str]]:
        return self._metadata

    def peer(self) -> str:
        return "in-process"

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False


class Channel:
    """As much of a `grpc.Channel` as the client uses."""

    def __init__(self, dispatcher: Any) -> None:
        self._dispatcher = dispatcher

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any) -> Any:
        rpc, answer = BY_PATH[path], self._dispatcher.answer

        def call(request: Any, timeout: float, metadata: Any) -> Any:
            sent = rpc.request.FromString(request_serializer(request))
            try:
                reply = answer(rpc, sent, Context(metadata))
            except Interrupt as interrupt:
                raise Failed(interrupt.code, interrupt.details) from None
            return response_deserializer(reply.SerializeToString())

        return call


class AtOnce:
    """An executor of which every task has ended when it was submitted: one worker, and no thread."""

    def __init__(self, workers: int = 1) -> None:
        """However many are asked for, the caller is the one that works."""

    def __enter__(self) -> "AtOnce":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is left to wait for."""

    def submit(self, task: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(task(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(self, task: Callable[..., Any], *args: Iterable[Any]) -> list[Any]:
        return list(map(task, *args))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is left to stop."""


@contextmanager
def without_threads() -> Iterator[None]:
    """The engine works in the caller's thread: the same each time, and half as long."""
    with ExitStack() as stack:
        for module in (pipeline, apply, observe):
            stack.enter_context(mock.patch.object(module, "ThreadPoolExecutor", AtOnce))
        yield


class InProcess:
    """A service in this thread, with a clock of its own: what works in the background gets on while others sleep."""

    workers = 1

    def __init__(self, **switches: Any) -> None:
        self.emulator = Emulator(switches=Switches(**switches))
        self._now = 0.0

    def client(self) -> GrpcApi:
        """A fresh handle, as the next process would have."""
        return client(Channel(self.emulator._dispatcher), self.now, self.sleep)

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        self.settle()

    def settle(self) -> None:
        """Let the background end what it has to do."""
        while self.emulator._processor._step():
            pass

    def close(self) -> None:
        self.emulator._store.close()


class OverSockets:
    """The same over real gRPC, with real threads on both sides."""

    workers = 4

    def __init__(self, **switches: Any) -> None:
        self.emulator = Emulator(switches=Switches(**switches)).start()
        self._channel = open_channel(parse_base(self.emulator.base))

    def client(self) -> GrpcApi:
        return client(self._channel, self.now, self.sleep)

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Long enough for the emulator's own threads to get on; nobody needs the rest."""
        time.sleep(min(seconds, 0.002))

    def settle(self) -> None:
        """Wait until the background has ended what it has to do, and no call that a fault struck is under way."""
        assert self.emulator.faults.settle()
        store, until = self.emulator._store, time.monotonic() + 10
        while time.monotonic() < until:
            with store.transaction():
                if not any(store.linked(mark, "input") for mark in (work.RUN, work.RERUN, work.DELETE)):
                    return
            time.sleep(0.001)
        raise AssertionError("inputs are still being processed")

    def close(self) -> None:
        self._channel.close()
        self.emulator.stop(grace=0)


Service = InProcess | OverSockets


def client(channel: Any, now: Callable[[], float], sleep: Callable[[float], None]) -> GrpcApi:
    limiter = Limiter(0, clock=now, sleep=sleep)
    return GrpcApi(
        channel, CREDENTIAL, limiter=limiter, patience=PATIENCE, timeout=5, per_page=PER_PAGE,
        ahead=False, clock=now, sleep=sleep,
    )  # fmt: skip
