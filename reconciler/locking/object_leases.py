"""Leases as small objects in a store that creates an object only if it is absent: S3, Google Cloud, Azure, a folder.

By obstore, which is an extra: its `mode="create"` is If-None-Match, DoesNotExist or O_EXCL, as the store has it.
Belongs here: what a lease is in such a store. Does not belong here: credentials, which the library finds by itself.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from reconciler.core.address import Scope
from reconciler.core.app_lease import PREFIX
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.lease import Entry, Lease, Made, lease_id, lease_number

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMES = ("s3", "gs", "az", "file", "memory")


@dataclass(frozen=True)
class ObjectLeases:
    """A `LeaseStore` in the folder USER/APP of an object store. Lists of these stores never lag behind."""

    store: Any
    scope: Scope
    url: str
    prefix: str = PREFIX
    retention: float = 0.0

    @property
    def path(self) -> str:
        """Where the leases are."""
        return f"{self.url.rstrip('/')}/{self.scope}"

    def name(self, number: int) -> str:
        """The id of a lease."""
        return lease_id(number, self.prefix)

    def _key(self, number: int) -> str:
        return f"{self.scope}/{self.name(number)}"

    def entries(self) -> tuple[Entry, ...]:
        """Every lease; the time of its last change is that of its making until it is renewed, which says so itself."""
        import obstore

        listed = _done(lambda: [each for some in obstore.list(self.store, str(self.scope)) for each in some])
        found = []
        for each in listed:
            number = lease_number(each["path"].rpartition("/")[2], self.prefix)
            text = None if number is None else self._text(each["path"])
            if number is not None and text is not None:
                found.append(Entry(Lease.parse(number, text), each["last_modified"].timestamp()))
        return tuple(found)

    def _text(self, key: str) -> str | None:
        import obstore

        try:
            content: bytes = _done(lambda: bytes(obstore.get(self.store, key).bytes()))
        except FileNotFoundError:  # deleted since it was listed
            return None
        return content.decode("utf-8", errors="replace")

    def create(self, lease: Lease) -> Made | None:
        """Make a lease unless it is there; when, only a list tells."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        text = lease.text().encode()
        with contextlib.suppress(AlreadyExistsError):
            _done(lambda: obstore.put(self.store, self._key(lease.number), text, mode="create"))
        return None

    def replace(self, lease: Lease) -> None:
        """Store another state."""
        import obstore

        _done(lambda: obstore.put(self.store, self._key(lease.number), lease.text().encode()))

    def delete(self, numbers: tuple[int, ...]) -> None:
        """Delete some."""
        import obstore

        for key in map(self._key, numbers):
            with contextlib.suppress(FileNotFoundError):
                _done(partial(obstore.delete, self.store, [key]))


def _done(call: Callable[[], Any]) -> Any:
    """The result of a call; what the library says went wrong becomes an error of ours, but for what is looked for."""
    from obstore.exceptions import AlreadyExistsError, BaseError

    try:
        return call()
    except (AlreadyExistsError, FileNotFoundError):
        raise
    except (BaseError, OSError) as why:
        raise ReconcilerError(f"the lock's store does not answer: {_first_line(why)}") from None


def _first_line(why: BaseException) -> str:
    return (str(why).splitlines() or [type(why).__name__])[0][:300]


def open_store(url: str) -> Any:
    """The store of a URL; raises ReconcilerError for what the library cannot open."""
    try:
        from obstore.store import from_url
    except ImportError:
        hint = "pip install 'reconciler[lock-objects]'"
        raise ReconcilerError(f"--lock {url} needs the library obstore", hint=hint) from None
    try:
        return from_url(url)
    except Exception as why:  # whatever it is, the URL is what the user can change
        raise ReconcilerError(f"--lock {url}: {_first_line(why)}") from None
