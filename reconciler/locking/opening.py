"""From what was asked for to a lock: `none`, `app`, or the URL of a store.

Belongs here: the choice. Loads a library only for the URL that needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Self

from reconciler.core.address import Scope
from reconciler.core.app_lease import PREFIX
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.lease import Entry, Holder, force_release
from reconciler.core.remote import Api
from reconciler.locking.app_leases import AppLeases, AppLock
from reconciler.locking.clocks import Clocks
from reconciler.locking.coordinators import SCHEME, CoordinatedLock
from reconciler.locking.lease_lock import LeaseLock, LeaseStore, carry
from reconciler.locking.lock import Lock, Waiting
from reconciler.locking.object_leases import SCHEMES, ObjectLeases, open_store

NONE, APP = "none", "app"


class NoLock:
    """For runs that something else keeps apart, such as the concurrency group of a CI system."""

    lease_id = ""

    def __enter__(self) -> Self:
        """Nothing to take."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Nothing to let go."""

    def write(self, rpc: str) -> AbstractContextManager[None]:
        """Everything passes."""
        return nullcontext()


@dataclass(frozen=True)
class Wish:
    """What a run wants of a lock."""

    where: str
    """`none`, `app` or a URL."""
    scope: Scope
    holder: Holder = field(default_factory=Holder)
    call_seconds: float = 30.0
    waiting: Waiting = field(default_factory=Waiting)
    clocks: Clocks = field(default_factory=Clocks)
    warn: Callable[[str], None] = print


def check_where(where: str) -> str:
    """The name of a lock as it was given; ValueError if there is no such lock."""
    scheme, found, _ = where.partition("://")
    known = where in (NONE, APP) or (found and (scheme.startswith(SCHEME) or scheme in SCHEMES))
    if not known:
        urls = ", ".join(f"{name}://" for name in SCHEMES if name != "memory")
        raise ValueError(f"a lock is none, app, or a URL: {urls}, {SCHEME}…://")
    return where


def lock_for(wish: Wish, api: Api) -> Lock:
    """The lock that was asked for, not yet taken. `api` may write; it is asked for nothing but leases."""
    if wish.where == NONE:
        return NoLock()
    if wish.where.startswith(SCHEME):
        url = wish.where.removeprefix(SCHEME)
        return CoordinatedLock(
            url, f"reconciler/{wish.scope}", wish.holder, wish.call_seconds, wish.waiting, wish.clocks
        )
    lease = LeaseLock(
        store_for(wish.where, wish.scope, api),
        wish.holder,
        wish.call_seconds,
        waiting=wish.waiting,
        clocks=wish.clocks,
        warn=wish.warn,
        unlock=unlock_command(wish),
    )
    return AppLock(lease) if wish.where == APP else lease


def unlock_command(wish: Wish) -> str:
    """What releases such a lock by force; the id is added."""
    where = "" if wish.where == APP else f" --lock {wish.where.partition('?')[0]}"
    return f"reconciler force-unlock --user-id {wish.scope.user_id} --app-id {wish.scope.app_id}{where}"


def store_for(where: str, scope: Scope, api: Api, prefix: str = PREFIX) -> LeaseStore:
    """Where the leases of a lock are kept; ReconcilerError for a lock that is no lease."""
    if where == APP:
        return AppLeases(api, scope, prefix)
    if where == NONE or where.startswith(SCHEME):
        raise ReconcilerError(
            f"--lock {where.partition('?')[0]} keeps no leases",
            hint="such a lock ends with the process that holds it, or soon after; use the tools of its system",
        )
    return ObjectLeases(open_store(where), scope, where.partition("?")[0], prefix)


def unlock(store: LeaseStore, number: int, clocks: Clocks) -> Entry | None:
    """Release a lease by force; None if it is not held."""
    found: Entry | None = carry(force_release(number), store, clocks.wall)
    return found
