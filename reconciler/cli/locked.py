"""A run that has the lock it was asked to take: who it says it is, how it waits, and the handle that asks the lock.

Belongs here: from settings to a lock that is held. Does not belong here: what a lock is (`locking`), or its commands
(`lock`).
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from reconciler.cli.reports import run_url
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.measured import Measured
    from reconciler.client.api import GrpcApi
    from reconciler.core.address import Scope
    from reconciler.core.lease import Holder
    from reconciler.locking.opening import Wish
    from reconciler.settings import Settings


@contextmanager
def locked(
    screen: Screen,
    settings: Settings,
    api: GrpcApi,
    scope: Scope,
    operation: str,
    measured: Measured | None = None,
) -> Iterator[tuple[GrpcApi, str]]:
    """(a handle whose writes the lock must let pass, the id of our lease); as before where there is no lock to take.

    `measured` hears how long that took, whether the lock was got or not.
    """
    if measured is not None:
        measured.about(scope)
    if not operation or settings.lock == "none":
        yield api, ""
        return
    from reconciler.locking.opening import lock_for

    with ExitStack() as held:
        started = monotonic()
        try:
            lock = held.enter_context(lock_for(wish(screen, settings, scope, operation), api))
        finally:
            if measured is not None:
                measured.waited(monotonic() - started)
        yield api.guarded(lock.write), lock.lease_id


def wish(screen: Screen, settings: Settings, scope: Scope, operation: str) -> Wish:
    """The lock that the settings ask for; ReconcilerError if there is no such lock."""
    from reconciler.locking.lock import Waiting
    from reconciler.locking.opening import Wish

    return Wish(
        where=where(settings),
        scope=scope,
        holder=holder(operation),
        call_seconds=settings.timeout,
        waiting=Waiting(settings.lock_timeout, screen.say),
        warn=screen.say,
    )


def where(settings: Settings) -> str:
    """The lock of the settings; ReconcilerError that blames whoever named one that does not exist."""
    from reconciler.locking.opening import check_where

    try:
        return check_where(settings.lock)
    except ValueError as reason:
        raise ReconcilerError(f"{settings.origins.get('lock', '--lock')} {settings.lock}: {reason}") from None


def holder(operation: str, environ: Mapping[str, str] = os.environ) -> Holder:
    """Who this run is, for those who find the lock taken."""
    from reconciler.cli.version import version_number
    from reconciler.core.lease import Holder

    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Holder(operation, _who(environ), version_number(), now, run_url(environ))


def _who(environ: Mapping[str, str]) -> str:
    """user@host, and on whose behalf a CI system runs."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    actor = environ.get("GITHUB_ACTOR") or environ.get("GITLAB_USER_LOGIN")
    here = f"{user}@{socket.gethostname()}"
    return f"{here} for {actor}" if actor else here
