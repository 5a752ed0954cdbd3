"""Leases in the app itself, as Datasets: created, changed and deleted; and the lock of an app that is not there yet.

Does not belong here: how a lease looks as a Dataset (`core.app_lease`), when one counts (`core.lease`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from reconciler.core.address import Scope
from reconciler.core.app_lease import METADATA_KEY, PREFIX, leases_of, made
from reconciler.core.diagnostics import StalePlan
from reconciler.core.kind import user_app
from reconciler.core.lease import RETENTION, Entry, Lease, Made, lease_id
from reconciler.core.remote import AlreadyExists, Api, NotFound, OutcomeUnknown
from reconciler.locking.lease_lock import LeaseLock
from reconciler.locking.lock import Waiting

DESCRIPTION = "Lock of reconciler: one run at a time. The newest one stays."


@dataclass(frozen=True)
class AppLeases:
    """A `LeaseStore` in an app. `api` must be able to write; raises NotFound where there is no app."""

    api: Api
    scope: Scope
    prefix: str = PREFIX
    retention: float = RETENTION

    @property
    def path(self) -> str:
        """The app's full name."""
        return f"app {self.scope}"

    def name(self, number: int) -> str:
        """The id of a lease."""
        return lease_id(number, self.prefix)

    def entries(self) -> tuple[Entry, ...]:
        """Every lease."""
        return leases_of(self.api, self.scope, self.prefix)

    def create(self, lease: Lease) -> Made | None:
        """Make a lease, unless its number is taken: the service refuses the id then."""
        try:
            reply: Any = self.api.call("PostDatasets", **self._fields(lease, description=DESCRIPTION))
        except (AlreadyExists, OutcomeUnknown):
            return None
        return Made(made(reply.datasets[0])) if reply.datasets else None

    def replace(self, lease: Lease) -> None:
        """Store another state; one that is gone, with its app perhaps, stays gone."""
        fields = self._fields(lease) | {"action": "merge"}
        try:
            self.api.call("PatchDatasets", **fields)
        except OutcomeUnknown:
            self.api.call("PatchDatasets", **fields)
        except NotFound:
            return

    def _fields(self, lease: Lease, **more: str) -> dict[str, Any]:
        dataset: Mapping[str, Any] = {"id": self.name(lease.number), "metadata": {METADATA_KEY: lease.text()}, **more}
        return {"user_app_id": user_app(self.scope), "datasets": [dataset]}

    def delete(self, numbers: tuple[int, ...]) -> None:
        """Delete some, one by one where another run has deleted part of them: it is all or nothing (facts 2.5)."""
        groups = [list(numbers), *([number] for number in numbers)] if len(numbers) > 1 else [list(numbers)]
        for group in groups:
            try:
                names = [self.name(number) for number in group]
                self.api.call("DeleteDatasets", user_app_id=user_app(self.scope), dataset_ids=names)
            except (NotFound, OutcomeUnknown):
                continue
            if len(group) == len(numbers):
                return


@dataclass
class AppLock:
    """The lock of one app. While there is no app, creating it is what excludes others; then the lock is taken."""

    lease: LeaseLock
    _absent: bool = False
    _mutex: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def lease_id(self) -> str:
        """The id of our lease, once it is taken."""
        return self.lease.lease_id

    def __enter__(self) -> Self:
        """Take the lock; raises LockHeld. Without an app there is nothing to lock, and nothing to lock it in."""
        try:
            self.lease.take()
        except NotFound:
            self._absent = True
        return self

    def __exit__(self, *problem: object) -> None:
        """Release it."""
        self.lease.__exit__(*problem)

    @contextmanager
    def write(self, rpc: str) -> Iterator[None]:
        """Raises LockLost, or, of an app that was just made, LockHeld or StalePlan if others were faster."""
        if self._absent and rpc == "PostApps":
            yield
            return
        if self._absent:
            self._take_late()
        with self.lease.write(rpc):
            yield

    def _take_late(self) -> None:
        with self._mutex:
            if not self._absent:
                return
            self.lease.waiting = Waiting()  # what was planned for no app is not true of the one that is there then
            self.lease.take()
            self._absent = False
            assert self.lease.entry is not None
            if self.lease.entry.number != 1:
                self.lease.stop("another run has created and changed the app since the plan")
                raise StalePlan("another run has created the app and changed it since the plan", hint="plan again")
