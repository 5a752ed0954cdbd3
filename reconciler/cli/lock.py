"""`reconciler lock show`, `lock selftest`, `force-unlock`: a lock looked at, tried, and released by hand."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from reconciler.cli.command import command
from reconciler.cli.options import AppFlags, LockFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import CheckFailed, ReconcilerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.client.api import GrpcApi
    from reconciler.core.address import Scope
    from reconciler.core.lease import Entry
    from reconciler.locking.lease_lock import LeaseStore

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at the lock of an app, or try it out.")

LockId = Annotated[str, Argument(metavar="LOCK_ID", help="The ID that a refusal, or `lock show`, names.")]
Force = Annotated[bool, Option("--force", help="Do not ask.")]
Takers = Annotated[int, Option(metavar="N", min=2, max=16, help="How many race for the lock at a time.")]
Rounds = Annotated[int, Option(metavar="N", min=1, max=1000, help="How often.")]


@dataclass(frozen=True, slots=True)
class _Place:
    """The lock that a command is about."""

    api: GrpcApi
    scope: Scope
    where: str


@contextmanager
def _place(screen: Screen, app: AppFlags, service: ServiceFlags, lock: LockFlags) -> Iterator[_Place]:
    from reconciler.cli.inputs import scope_of
    from reconciler.cli.locked import where
    from reconciler.cli.session import connected, settings_of

    flags = ManifestFlags(user_id=app.user_id, app_id=app.app_id)
    settings = settings_of(screen, flags, service, value="plan", lock=lock)
    if screen.format not in ("text", "json"):
        raise ReconcilerError(f"--format {screen.format}: this command knows text and json")
    if not settings.app_id:
        raise ReconcilerError("which app?", hint="give --app-id, or set CLARIFAI_APP_ID")
    with connected(screen, settings) as (api, _):
        # Who asks about a lock means one: the app's own, unless another was named.
        yield _Place(api, scope_of(settings, api), "app" if settings.lock == "none" else where(settings))


@command
def show(screen: Screen, app: AppFlags, service: ServiceFlags, locks: LockFlags) -> int:
    """Who holds the lock of an app, if anybody."""
    import time

    from reconciler.core.lease import in_force
    from reconciler.locking.opening import store_for

    with _place(screen, app, service, locks) as place:
        from reconciler.client.api import ReadOnlyApi

        store = store_for(place.where, place.scope, ReadOnlyApi(place.api))
        found = in_force(_entries(store, place.scope), time.time())
        screen.out(_as_json(store, found) if screen.machine else _as_text(store, found))
    return 0


def _entries(store: LeaseStore, scope: Scope) -> tuple[Entry, ...]:
    from reconciler.core.remote import NotFound

    try:
        return store.entries()
    except NotFound:
        raise ReconcilerError(f"there is no app {scope}", hint="is it spelled as its id?") from None


def _as_text(store: LeaseStore, found: Entry | None) -> str:
    from reconciler.locking.lock import lock_info

    if found is None:
        return f"{store.path} is not locked."
    return f"{store.path} is locked.\n{lock_info(store.name(found.number), store.path, found.lease.holder)}"


def _as_json(store: LeaseStore, found: Entry | None) -> str:
    body = None if found is None else {"id": store.name(found.number), **asdict(found.lease.holder)}
    return json.dumps({"path": store.path, "lock": body}, indent=2)


@command
def force_unlock(
    screen: Screen, lock_id: LockId, app: AppFlags, service: ServiceFlags, locks: LockFlags, force: Force = False
) -> int:
    """Release a lock whose run is gone for good; asks first.

    A run that is still at work stops only at its next look at the lock, which may be minutes away.
    """
    if not force and not screen.interactive:
        raise ReconcilerError(
            "force-unlock asks first, but there is no terminal to ask on", hint="--force does not ask"
        )
    from reconciler.locking.clocks import Clocks
    from reconciler.locking.opening import store_for, unlock

    with _place(screen, app, service, locks) as place:
        store = store_for(place.where, place.scope, place.api)
        number = _number(lock_id)
        question = f"Do you really want to unlock {store.name(number)} of {store.path}? Its run must be gone for good."
        if not force and not screen.confirms(question):
            raise ReconcilerError("not confirmed; nothing was changed")
        _entries(store, place.scope)
        found = unlock(store, number, Clocks())
    if found is None:
        raise ReconcilerError(f"{store.name(number)} is not held", hint="`lock show` names the lock that is")
    screen.out(f"{store.name(number)} has been unlocked. It was held by {found.lease.holder.who or 'unknown'}.")
    return 0


def _number(lock_id: str) -> int:
    """The number of a lease, from its whole id or by itself."""
    from reconciler.core.app_lease import PREFIX
    from reconciler.core.lease import lease_number

    number = int(lock_id) if lock_id.isascii() and lock_id.isdigit() else lease_number(lock_id, PREFIX)
    if number is None:
        raise ReconcilerError(f"{lock_id} is no lock", hint=f"it looks like {PREFIX}-000042")
    return number


@command
def selftest(
    screen: Screen, app: AppFlags, service: ServiceFlags, locks: LockFlags, takers: Takers = 4, rounds: Rounds = 5
) -> int:
    """Let several takers race for a lock in the app.

    It must have one winner each time; nothing is left behind. The lock rests on the service's refusal of an id that is
    taken. This checks that, on your own account.
    """
    from reconciler.locking import selftest as race
    from reconciler.locking.opening import store_for

    with _place(screen, app, service, locks) as place:
        # A name of its own: the real lock is neither taken nor seen.
        store = store_for(place.where, place.scope, place.api, f"reconciler-try-{uuid.uuid4().hex[:6]}")
        _entries(store, place.scope)
        winners = []
        try:
            for number, won in enumerate(race.rounds(store, takers, rounds), start=1):
                winners.append(won)
                if not (screen.machine or screen.quiet):
                    screen.out(f"round {number}: {won} of {takers} got in")
        finally:
            race.clear(store)
    if screen.machine:
        screen.out(json.dumps({"path": store.path, "takers": takers, "winners": winners}))
    if any(won != 1 for won in winners):
        raise CheckFailed(
            f"the lock does not hold: {sum(won > 1 for won in winners)} rounds with several winners, "
            f"{sum(won == 0 for won in winners)} with none",
            hint="use the lock of another store: --lock URL",
        )
    if not screen.machine:
        screen.out(f"The lock holds: {len(winners)} rounds, one winner each.")
    return 0


group.command()(show)
group.command()(selftest)
