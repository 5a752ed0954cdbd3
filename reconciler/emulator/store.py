"""Keep every object of the emulated service in one SQLite file.

Belongs here: rows, keys, order, transactions, the file's version. A row is an opaque message body under a key;
nothing here knows a field of any message. Not here: what an object means (`operations/`).

Durability: the commit happens before the reply is sent, and write-ahead logging hands the commit to the
operating system, so an acknowledged write survives `kill -9` (not a power cut: `synchronous=NORMAL`).
One connection and one lock: writes are serialised anyway, and a call holds the lock well under a millisecond.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

SCHEMA_VERSION: Final = 1

_SCHEMA = """
CREATE TABLE objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  user TEXT NOT NULL, app TEXT NOT NULL, kind TEXT NOT NULL, parent TEXT NOT NULL, id TEXT NOT NULL,
  name TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, body BLOB NOT NULL,
  UNIQUE (user, app, kind, parent, id)
);
CREATE INDEX objects_by_modified ON objects (user, app, kind, modified, seq);
CREATE INDEX objects_by_created ON objects (user, app, kind, created, seq);
CREATE INDEX objects_by_parent ON objects (user, app, kind, parent, created, seq);
CREATE TABLE links (
  source INTEGER NOT NULL REFERENCES objects (seq) ON DELETE CASCADE,
  target TEXT NOT NULL,
  PRIMARY KEY (target, source)
) WITHOUT ROWID;
CREATE INDEX links_by_source ON links (source);
"""

ORDERS: Final = ("modified", "created", "id", "name")


class StoreError(Exception):
    """The database file cannot be used; the message says why."""


class Key(NamedTuple):
    """Where an object lives. `parent` is the model of a version, the workflow of a version, else empty."""

    user: str
    app: str
    kind: str
    id: str
    parent: str = ""


class Row(NamedTuple):  # a page is a thousand of them, and a frozen dataclass takes four times as long to make
    """One stored object: its key, its place in time, its message bytes."""

    seq: int
    key: Key
    name: str
    created: int
    modified: int
    body: bytes


_COLUMNS = "seq, user, app, kind, id, parent, name, created, modified, body"


def _row(values: Sequence[Any]) -> Row:
    """A row from `_COLUMNS`."""
    return Row(values[0], Key(*values[1:6]), *values[6:])


_OF_ONE_KIND = "seq, id, parent, name, created, modified, body"
"""What differs between objects of one kind in one app: fewer columns are fewer strings to make."""


def _rows(user: str, app: str, kind: str, found: Iterable[Sequence[Any]]) -> Iterator[Row]:
    """The rows of objects of one kind in one app, from `_OF_ONE_KIND`; what a query adds behind them is left out."""
    for seq, identifier, parent, name, created, modified, body, *_ in found:
        yield Row(seq, Key(user, app, kind, identifier, parent), name, created, modified, body)


class Store:
    """The database. Every method runs inside `transaction()`; leaving it commits, an exception rolls back."""

    def __init__(self, database: Path | str, clock: Callable[[], int] = time.time_ns) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._depth = 0
        self._connection = _connect(str(database))
        latest = self._connection.execute("SELECT max(modified) FROM objects").fetchone()[0]
        self._last_tick = latest or 0

    def copy(self) -> Store:
        """All that is committed now, as a store of its own in memory."""
        other = Store(":memory:", self._clock)
        with self._lock:
            self._connection.backup(other._connection)
            other._last_tick = self._last_tick
        return other

    def replace(self, other: Store) -> None:
        """Become what another store holds."""
        with self._lock, other._lock:
            other._connection.backup(self._connection)
            self._last_tick = max(self._last_tick, other._last_tick)

    def close(self) -> None:
        """Write everything back into the one file and let it go."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what happens inside is stored, or none of it. One inside another of the same thread joins it."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    def tick(self) -> int:
        """Now, in nanoseconds, later than every tick before: creation order is total even on a coarse clock."""
        self._last_tick = max(self._clock(), self._last_tick + 1)
        return self._last_tick

    # -- one object ------------------------------------------------------------------------------------------

    def insert(
        self, key: Key, body: bytes, *, created: int, modified: int = 0, name: str = "", links: Iterable[str] = ()
    ) -> Row:
        """Store a new object. The caller has checked that the id is free."""
        modified = modified or created
        cursor = self._connection.execute(
            "INSERT INTO objects (user, app, kind, parent, id, name, created, modified, body)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (key.user, key.app, key.kind, key.parent, key.id, name or key.id, created, modified, body),
        )
        seq = int(cursor.lastrowid or 0)
        self._link(seq, links)
        return Row(seq, key, name or key.id, created, modified, body)

    def get(self, key: Key) -> Row | None:
        """The object at this key, or None."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM objects WHERE user=? AND app=? AND kind=? AND parent=? AND id=?",
            (key.user, key.app, key.kind, key.parent, key.id),
        ).fetchone()
        return _row(found) if found else None

    def update(
        self, row: Row, body: bytes, *, modified: int = 0, name: str = "", links: Iterable[str] | None = None
    ) -> Row:
        """Replace the body of a stored object; its place in time moves only if `modified` is given."""
        changed = Row(row.seq, row.key, name or row.name, row.created, modified or row.modified, body)
        self._connection.execute(
            "UPDATE objects SET body=?, modified=?, name=? WHERE seq=?",
            (body, changed.modified, changed.name, row.seq),
        )
        if links is not None:
            self._connection.execute("DELETE FROM links WHERE source=?", (row.seq,))
            self._link(row.seq, links)
        return changed

    def delete(self, row: Row) -> None:
        """Remove one object and the links it holds."""
        self._connection.execute("DELETE FROM objects WHERE seq=?", (row.seq,))

    def rename(self, row: Row, new_id: str) -> None:
        """Give an object another id."""
        self._connection.execute("UPDATE objects SET id=? WHERE seq=?", (new_id, row.seq))

    # -- many objects ----------------------------------------------------------------------------------------

    def select(
        self,
        user: str,
        app: str,
        kind: str,
        *,
        parent: str | None = None,
        order: str = "created",
        ascending: bool = True,
        limit: int = -1,
        offset: int = 0,
        after: Row | None = None,
    ) -> Iterator[Row]:
        """Objects of one kind in one app, in order; ties keep the order of creation. `after` begins behind a row."""
        if order not in ORDERS:
            raise ValueError(f"unknown order {order!r}")
        way = "ASC" if ascending else "DESC"
        where = "" if parent is None else " AND parent=?"
        values: list[object] = [user, app, kind, *([] if parent is None else [parent])]
        if after is not None:
            where += f" AND ({order}, seq) {'>' if ascending else '<'} (?, ?)"
            values += [after.key.id if order == "id" else getattr(after, order), after.seq]
        values += [limit, offset]
        sql = f"SELECT {_OF_ONE_KIND} FROM objects WHERE user=? AND app=? AND kind=?{where}"
        cursor = self._connection.execute(f"{sql} ORDER BY {order} {way}, seq {way} LIMIT ? OFFSET ?", values)
        return _rows(user, app, kind, cursor)

    def newest(self, user: str, app: str, kind: str, parents: Sequence[str]) -> dict[str, Row]:
        """The newest child of each of some objects, by parent, with one look; a parent without any is left out."""
        marks = ",".join("?" * len(parents))
        cursor = self._connection.execute(
            # Of a group, SQLite takes the other columns from the row that holds the maximum.
            f"SELECT {_OF_ONE_KIND}, max(created) FROM objects"
            f" WHERE user=? AND app=? AND kind=? AND parent IN ({marks}) GROUP BY parent",
            (user, app, kind, *parents),
        )
        return {row.key.parent: row for row in _rows(user, app, kind, cursor)}

    def linked(self, target: str, kind: str, *, limit: int = -1) -> list[Row]:
        """Objects of one kind that point at a target, oldest first."""
        columns = ", ".join("o." + c for c in _COLUMNS.split(", "))
        cursor = self._connection.execute(
            f"SELECT {columns} FROM links l JOIN objects o ON o.seq = l.source"
            " WHERE l.target=? AND o.kind=? ORDER BY l.source LIMIT ?",
            (target, kind, limit),
        )
        return [_row(values) for values in cursor]

    def link(self, row: Row, target: str) -> None:
        """Let an object point at one more target."""
        self._link(row.seq, (target,))

    def unlink(self, row: Row, target: str) -> None:
        """Let an object no longer point at a target."""
        self._connection.execute("DELETE FROM links WHERE source=? AND target=?", (row.seq, target))

    def targets(self, row: Row) -> list[str]:
        """Everything an object points at."""
        cursor = self._connection.execute("SELECT target FROM links WHERE source=? ORDER BY target", (row.seq,))
        return [str(target) for (target,) in cursor]

    def count_linked(self, target: str, user: str, app: str, kind: str) -> int:
        """How many objects of one kind in one app point at a target."""
        found = self._connection.execute(
            "SELECT count(*) FROM links l JOIN objects o ON o.seq = l.source"
            " WHERE l.target=? AND o.user=? AND o.app=? AND o.kind=?",
            (target, user, app, kind),
        ).fetchone()
        return int(found[0])

    def count_by_name(self, user: str, app: str, kind: str) -> dict[str, int]:
        """How many objects of one kind an app holds under each name."""
        cursor = self._connection.execute(
            "SELECT name, count(*) FROM objects WHERE user=? AND app=? AND kind=? GROUP BY name", (user, app, kind)
        )
        return {str(name): int(count) for name, count in cursor}

    def count(self, user: str, app: str, kind: str) -> int:
        """How many objects of one kind an app holds."""
        found = self._connection.execute(
            "SELECT count(*) FROM objects WHERE user=? AND app=? AND kind=?", (user, app, kind)
        ).fetchone()
        return int(found[0])

    def wipe(self, user: str, app: str) -> None:
        """Remove everything inside one app (not the app's own row)."""
        self._connection.execute("DELETE FROM objects WHERE user=? AND app=?", (user, app))

    def wipe_children(self, user: str, app: str, kind: str, parent: str) -> None:
        """Remove all children of one object, such as the versions of a model."""
        self._connection.execute(
            "DELETE FROM objects WHERE user=? AND app=? AND kind=? AND parent=?", (user, app, kind, parent)
        )

    def sweep(self, kind: str) -> None:
        """Remove objects outside all apps that nothing points at any more, such as the bytes of a deleted input."""
        self._connection.execute(
            "DELETE FROM objects WHERE user='' AND app='' AND kind=?"
            " AND NOT EXISTS (SELECT 1 FROM links WHERE target = ? || objects.id)",
            (kind, f"{kind}:"),
        )

    def move_children(self, user: str, app: str, kind: str, parent: str, new_parent: str) -> None:
        """Hang all children of one object under its new id."""
        self._connection.execute(
            "UPDATE objects SET parent=? WHERE user=? AND app=? AND kind=? AND parent=?",
            (new_parent, user, app, kind, parent),
        )

    def move_app(self, user: str, app: str, new_app: str) -> None:
        """Bring everything inside an app under the app's new id."""
        self._connection.execute("UPDATE objects SET app=? WHERE user=? AND app=?", (new_app, user, app))

    def _link(self, seq: int, targets: Iterable[str]) -> None:
        if links := [(seq, target) for target in targets]:
            self._connection.executemany("INSERT OR IGNORE INTO links (source, target) VALUES (?, ?)", links)


def _connect(database: str) -> sqlite3.Connection:
    """Open or make the file, refusing what this code did not write."""
    connection = None
    try:
        connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None, timeout=10)
        _prepare(connection, database)
    except (sqlite3.Error, StoreError) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"cannot open the database {database}: {error}") from error
    return connection


def _prepare(connection: sqlite3.Connection, database: str) -> None:
    # The lock comes first: of two processes that open a new file at the same time, only one makes the tables.
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the database {database} was written by a newer emulator"
            f" (schema {version}, this one knows {SCHEMA_VERSION})"
        )
    if version == 0:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"the database {database} belongs to another program")
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    # Every 16 MB the log is brought back into the file, while all writes wait: not every 170 writes, as by default.
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    connection.execute("PRAGMA foreign_keys=ON")
