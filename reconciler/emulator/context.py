"""What an operation gets besides its request: the caller, the store, the switches, the clock.

Belongs here: the `Call` and how it finds its app. Not here: transport (`dispatch.py`) or resources (`operations/`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from reconciler.emulator import access, errors
from reconciler.emulator.access import PUBLIC_USER, Caller, Scope
from reconciler.emulator.lag import Lag
from reconciler.emulator.prediction.interface import Predictor
from reconciler.emulator.prediction.loading import load_predictor
from reconciler.emulator.rpcs import Rpc
from reconciler.emulator.store import Key, Row, Store
from reconciler.emulator.switches import Switches

IMPLIED_APP = "default-app"
"""The app a call without app id works in when its caller has none yet (switch `implied_app`)."""


@dataclass(slots=True)
class Memory:
    """What lives as long as the server and is not stored."""

    lag: Lag
    predictor: Predictor = field(default_factory=load_predictor)
    polls: dict[Key, int] = field(default_factory=dict)
    training: threading.Lock = field(default_factory=threading.Lock)
    """Held while a version learns: one at a time."""
    wake: threading.Event = field(default_factory=threading.Event)
    """Set by whoever leaves work for the background (`processing.py`)."""
    hosting: str = "https://data.emulator.invalid"
    """Where the bytes of inputs are served (`hosting.py`)."""


@dataclass(slots=True)
class Call:
    """One call being answered, inside its transaction."""

    rpc: Rpc
    caller: Caller
    store: Store
    switches: Switches
    memory: Memory
    home: Row | None = None
    """The app that the call is about, as it was found."""

    @property
    def listing(self) -> bool:
        """The call answers a list, where some services leave fields out."""
        return self.rpc.lists

    @property
    def duplicate_code(self) -> int:
        """The code for a taken id that the switches ask for; 0 = the documented one of the kind."""
        chosen = self.switches.duplicate_code
        return 0 if chosen == "by-kind" else int(chosen)

    def user(self, ids: resources_pb2.UserAppIDSet) -> str:
        """The user a call is about."""
        return access.user_of(self.caller, ids)

    def readable(self, ids: resources_pb2.UserAppIDSet) -> Scope:
        """The app of a reading call; it must exist and be the caller's or public."""
        user = self.user(ids)
        app = ids.app_id or self._implied_app(user)
        if self.caller.app and (user, app) != (self.caller.user, self.caller.app) and not self._open_to_all(user):
            raise errors.bad_key()
        self.home = self.store.get(Key(user, "", "app", app)) if user in (self.caller.user, PUBLIC_USER) else None
        if self.home is None:
            raise self._missing_app(user, app)
        return Scope(user, app, named=bool(ids.app_id))

    def writable(self, ids: resources_pb2.UserAppIDSet) -> Scope:
        """The app of a writing call; it must be the caller's own."""
        scope = self.readable(ids)
        if scope.user == PUBLIC_USER:
            raise errors.read_only(f"app {scope.user}/{scope.app}")
        return scope

    def check_runs(self, owner: str) -> None:
        """Refuse to run a model or a workflow of clarifai/main for an app key (facts 1.6)."""
        if self.caller.app and owner == PUBLIC_USER:
            raise errors.bad_key()

    def timestamp(self, ns: int) -> Timestamp:
        """A stored time as a message, as exact as this service's reads are (switch `timestamps`)."""
        stamped = Timestamp()
        self.stamp(stamped, ns)
        return stamped

    def stamp(self, place: Timestamp, ns: int) -> None:
        """Put a stored time into a message."""
        if self.switches.timestamps == "us-on-read" and self.rpc.reads:
            ns -= ns % 1000
        place.seconds, place.nanos = divmod(ns, 10**9)

    def insert(self, key: Key, body: bytes, *, created: int, name: str = "", links: tuple[str, ...] = ()) -> Row:
        """Store a new object and let lists lag behind it if they should."""
        self.memory.lag.note(key)
        return self.store.insert(key, body, created=created, name=name, links=links)

    def _open_to_all(self, user: str) -> bool:
        """Whether app keys, too, may have this of that user: clarifai/main, but for its models and workflows."""
        return user == PUBLIC_USER and not any(word in self.rpc.name for word in ("Model", "Workflow"))

    def _implied_app(self, user: str) -> str:
        if user == PUBLIC_USER:
            return access.PUBLIC_APP
        if self.caller.app:
            return self.caller.app
        if self.switches.implied_app == "refused":
            raise errors.invalid("user_app_id.app_id is missing")
        oldest = next(self.store.select(user, "", "app", order="created", limit=1), None)
        if oldest is not None:
            return oldest.key.id
        if user == self.caller.user:
            app = resources_pb2.App(id=IMPLIED_APP, name=IMPLIED_APP, default_language="en")
            self.store.insert(Key(user, "", "app", IMPLIED_APP), app.SerializeToString(), created=self.store.tick())
        return IMPLIED_APP

    def _missing_app(self, user: str, app: str) -> errors.Refusal:
        moved = self.store.get(Key(user, "", "moved_app", app))
        if moved is not None and user == self.caller.user:
            return errors.moved("app", app, moved.body.decode())
        by_resource = self.switches.missing_app == "by-resource" and "Model" in self.rpc.name
        return errors.missing_model() if by_resource else errors.missing(f"app {app}")


Operation = Callable[[Call, Any], Message]
"""What answers one RPC: its call and its request to its reply; a refusal is raised."""
