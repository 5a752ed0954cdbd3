"""Run the emulator: embedded in a program or a test, or blocking for a command line.

Belongs here: the gRPC server's life. Not here: what calls do (`dispatch.py`, `operations/`).
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

import grpc

from reconciler.emulator import catalogue
from reconciler.emulator.access import Keyring
from reconciler.emulator.admin import Admin, AdminPortTaken
from reconciler.emulator.calls import Calls
from reconciler.emulator.connection_faults import Relay
from reconciler.emulator.context import Memory
from reconciler.emulator.dispatch import Dispatcher, Handlers
from reconciler.emulator.execution import teaching
from reconciler.emulator.fault_effects import Powers
from reconciler.emulator.fault_plane import Faults
from reconciler.emulator.faults import Hook
from reconciler.emulator.hosting import Hosting
from reconciler.emulator.lag import Lag
from reconciler.emulator.operations.table import LONG, OPERATIONS
from reconciler.emulator.prediction.loading import load_predictor
from reconciler.emulator.prediction.taught_file import TaughtFileError, read
from reconciler.emulator.prediction.vision import limit_blas_threads
from reconciler.emulator.processing import Processor
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.store import Store, StoreError
from reconciler.emulator.switches import Switches

_THREADS: Final = 64
DEFAULT_PORT: Final = 18080

_NO_RELAY: Final = "start the emulator with connection faults: Emulator(connection_faults=True), --connection-faults"
_NOT_ALONE: Final = "this emulator shares its process with others; start it by `reconciler emulator`"


class PortTaken(OSError):
    """The address is in use or may not be bound."""


class Emulator:
    """A local Clarifai service for as long as a `with` block lasts.

    `database` is a file that survives, or `:memory:`. `tokens` maps keys to user ids (or `user/app` for app keys);
    without it every non-empty key belongs to `user_id`. `teach` is a file of taught answers; the database keeps them.
    `connection_faults` puts a relay before the server, which `reset` and `goaway` need; `own_process` allows `killed`.
    `admin_port` opens the interface to the faults for clients in any language; 0 is a free port.
    """

    def __init__(
        self,
        database: Path | str = ":memory:",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        user_id: str = "me-local",
        tokens: Mapping[str, str] | None = None,
        switches: Switches | None = None,
        keep_calls: int | None = None,
        teach: Path | None = None,
        connection_faults: bool = False,
        own_process: bool = False,
        admin_port: int | None = None,
    ) -> None:
        self.user_id = user_id
        self.calls = Calls(keep_calls)
        relayed = {} if connection_faults else {"reset": _NO_RELAY, "goaway": _NO_RELAY}
        self.faults = Faults(relayed if own_process else {**relayed, "killed": _NOT_ALONE})
        self._relayed = connection_faults
        self._relay: Relay | None = None
        self._admin = None if admin_port is None else Admin(self.faults, self.calls, admin_port)
        self._switches = switches or Switches()
        self._host, self._port = host, port
        taught = None if teach is None else read(teach)
        self._store = Store(database)
        catalogue.seed(self._store)
        if taught is not None:
            teaching.put(self._store, taught)
        memory = Memory(Lag(self._switches), teaching.predictor(self._store, load_predictor()))
        self._memory = memory
        self._processor = Processor(self._store, self._switches, memory)
        self._hosting = Hosting(self._store, host)
        self._dispatcher = Dispatcher(
            self._store,
            self._switches,
            Keyring(user_id, tokens),
            OPERATIONS,
            self.calls,
            memory,
            self.faults,
            Powers(self._reset, self._drain),
            long=LONG,
        )
        self._server: grpc.Server | None = None

    @property
    def hooks(self) -> list[Hook]:
        """What watches every call around its commit; add your own."""
        return self._dispatcher.hooks

    @property
    def address(self) -> str:
        """`host:port` of the running server."""
        return f"{self._host}:{self._port}"

    @property
    def base(self) -> str:
        """The address as `CLARIFAI_API_BASE` wants it (facts 1.2)."""
        return f"http://{self.address}"

    @property
    def admin(self) -> str | None:
        """The address of the interface to the faults, if it was opened."""
        return None if self._admin is None else self._admin.base

    def start(self) -> Emulator:
        """Begin to listen; afterwards `address` holds the real port."""
        if self._relayed:
            self._server, inner = self._listen("127.0.0.1:0")
            try:
                self._relay = Relay(self._host, self._port, inner)
            except OSError:
                self._server.stop(0).wait()
                raise self._taken() from None
            self._port = self._relay.port
            self._relay.start()
        else:
            self._server, self._port = self._listen(self.address)
        self._memory.hosting = self._hosting.start()
        if self._admin is not None:
            self._admin.start()
        self._processor.start()
        return self

    def _listen(self, address: str) -> tuple[grpc.Server, int]:
        """A server that answers, and its port."""
        megabytes = self._switches.max_message_mb << 20
        options = [
            ("grpc.max_receive_message_length", megabytes),
            ("grpc.max_send_message_length", megabytes),
            ("grpc.so_reuseport", 0),  # else a second server would silently share the port
        ]
        server = grpc.server(ThreadPoolExecutor(_THREADS, "emulator"), options=options)
        server.add_generic_rpc_handlers((Handlers(self._dispatcher),))
        try:
            port = server.add_insecure_port(address)
        except RuntimeError:
            raise self._taken() from None
        server.start()
        return server, port

    def _taken(self) -> PortTaken:
        return PortTaken(f"cannot listen on {self.address}: the port is taken or not allowed")

    def _reset(self, peer: str) -> None:
        if self._relay is not None:
            self._relay.reset(peer)

    def _drain(self, seconds: float) -> None:
        """Let new connections find a new server; the old one says GOAWAY and ends once its calls have."""
        if self._relay is not None and self._server is not None:
            old, (self._server, self._relay.target) = self._server, self._listen("127.0.0.1:0")
            old.stop(seconds)

    def snapshot(self) -> Store:
        """All that is stored now, to come back to with `restore`; close it when it is no longer needed."""
        return self._store.copy()

    def restore(self, snapshot: Store) -> None:
        """Go back to a snapshot. For the time between two tests: calls must not be under way."""
        self._dispatcher.history.close()
        self._memory.polls.clear()
        self._memory.lag.forget()
        self._store.replace(snapshot)
        self._memory.wake.set()

    def stop(self, grace: float = 0.2) -> None:
        """Let calls in flight end within `grace` seconds and the background what it is at, then close the database."""
        if self._server is not None:
            self._server.stop(grace).wait()
            self._server = None
        if self._relay is not None:
            self._relay.stop()
            self._relay = None
        if self._admin is not None:
            self._admin.stop()
        self._processor.stop()
        self._hosting.stop()
        self._dispatcher.history.close()
        self._store.close()

    def __enter__(self) -> Emulator:
        """Start with the block."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop with the block."""
        self.stop()


def serve(
    database: Path | str = "clarifai-emulator.db",
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    user_id: str = "me-local",
    tokens: Mapping[str, str] | None = None,
    switches: Switches | None = None,
    taught: Path | None = None,
    connection_faults: bool = False,
    admin_port: int | None = None,
    announce: Callable[[str], None] = lambda line: print(line, flush=True),
) -> int:
    """Run in the foreground until SIGTERM or SIGINT and return the exit code.

    Announces exactly one line once the server answers. A port or a file that cannot be used is one line on stderr
    and code 1.
    """
    limit_blas_threads()
    emulator: Emulator | None = None
    with hearing(signal.SIGTERM, signal.SIGINT) as wait:
        try:
            emulator = Emulator(
                database, host=host, port=port, user_id=user_id, tokens=tokens, switches=switches, keep_calls=0,
                teach=taught, connection_faults=connection_faults, own_process=True, admin_port=admin_port,
            )  # fmt: skip
            emulator.start()
            admin = f", faults {emulator.admin}" if emulator.admin else ""
            announce(f"Clarifai emulator ready on {emulator.base} (user {user_id}, database {database}{admin})")
            wait()
        except (PortTaken, AdminPortTaken, StoreError, TaughtFileError) as error:
            print(f"emulator: {error}", file=sys.stderr)
            return 1
        finally:
            if emulator is not None:
                emulator.stop()
    return 0


@contextmanager
def hearing(*numbers: signal.Signals) -> Iterator[Callable[[], object]]:
    """What waits for one of these signals, also one that came before; for the main thread.

    Nothing that Python's handlers tell a waiting thread is safe here: `Event.set` takes a lock that the wait which it
    interrupts may hold, and a handler runs only once the wait is over, if the signal comes just before that blocks.
    The interpreter itself writes the byte that is read here, at once.
    """
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in numbers}
    descriptor = signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)
    try:
        yield lambda: receiving.recv(1)
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        receiving.close()
        sending.close()


def implemented_rpcs() -> dict[str, bool]:
    """Every RPC of the service and whether the emulator really does it (the others answer 10040)."""
    return {name: name in OPERATIONS for name in RPCS}
