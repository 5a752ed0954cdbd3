"""The emulator as the command line uses it: embedded for `--local`, or as a service in the foreground.

Belongs here: the one function that loads the emulator. Does not belong here: flags.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.core.diagnostics import ReconcilerError

DATABASE = Path(".reconciler/local.db")
USER = "me-local"
HOST = "local emulator"


def _emulator() -> tuple[Any, Any, Any]:
    """The emulator's modules `server`, `switches` and `teaching`; loaded by those commands only that run it."""
    from reconciler.emulator import server, switches
    from reconciler.emulator.execution import teaching

    return server, switches, teaching


@contextmanager
def local_service(user_id: str, database: Path = DATABASE) -> Iterator[str]:
    """An emulator in this process for as long as the block lasts; its address."""
    server, _, _ = _emulator()
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        emulator = server.Emulator(database, user_id=user_id, keep_calls=0).start()
    except OSError as reason:
        raise ReconcilerError(f"--local cannot write {database}: {reason.strerror or reason}") from None
    except (server.StoreError, sqlite3.Error) as reason:
        hint = "another run may hold it: wait for that one, or remove the file to begin anew"
        raise ReconcilerError(f"--local cannot use {database}: {reason}", hint=hint) from None
    try:
        yield emulator.base
    finally:
        emulator.stop()


def serve(switches: Iterable[str], **options: Any) -> int:
    """Run an emulator in the foreground until it is told to stop."""
    server, known, _ = _emulator()
    try:
        chosen = known.Switches.parse(switches)
    except ValueError as reason:
        raise ReconcilerError(str(reason), hint="--list-switches shows them all") from None
    code: int = server.serve(switches=chosen, **options)
    return code


def teach(database: str, file: str) -> int:
    """Write taught scores into a database of the emulator; how many pictures they are about."""
    server, _, teaching = _emulator()
    try:
        return int(teaching.teach(database, Path(file)))
    except teaching.TaughtFileError as wrong:
        raise ReconcilerError(str(wrong)) from None
    except (server.StoreError, sqlite3.Error, OSError) as reason:
        raise ReconcilerError(f"cannot teach {database}: {reason}") from None


def switches() -> list[Any]:
    """Every switch of the emulator, with values, default and meaning."""
    _, known, _ = _emulator()
    return list(known.Switches.listing())
