"""Keep the bytes of inputs once, under their SHA-256.

Belongs here: storing, finding and letting go of bytes, and the address under which replies show them. Not here:
fetching them from somewhere (`downloads.py`), what they mean (`processing.py`).

Media are rows outside all apps; the inputs that use one point at it, and a medium nobody points at is swept away.
"""

from __future__ import annotations

import hashlib
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.store import Key, Row, Store

KIND: Final = "media"
PREFIX: Final = "https://data.emulator.invalid"
"""Where the service says its own copies are; the name never resolves, since nothing serves them."""

_SIZES: Final = ("orig", "tiny", "small", "large")


def target(digest: str) -> str:
    """What an input points at to keep its bytes."""
    return f"{KIND}:{digest}"


def put(store: Store, data: bytes) -> str:
    """Store bytes if they are new and return their digest."""
    digest = hashlib.sha256(data).hexdigest()
    key = Key("", "", KIND, digest)
    if store.get(key) is None:
        store.insert(key, data, created=store.tick())
    return digest


def get(store: Store, digest: str) -> bytes | None:
    """The bytes of a digest."""
    row = store.get(Key("", "", KIND, digest))
    return None if row is None else row.body


def of(store: Store, row: Row) -> bytes | None:
    """The bytes a stored input points at, None while it has none."""
    for each in store.targets(row):
        if each.startswith(f"{KIND}:"):
            return get(store, each.removeprefix(f"{KIND}:"))
    return None


def sweep(store: Store) -> None:
    """Drop what no input points at any more."""
    store.sweep(KIND)


def hosted(user: str, app: str, kind: str, digest: str) -> resources_pb2.HostedURL:
    """The service's own copy of an input's bytes, as replies describe it."""
    suffix = f"users/{user}/apps/{app}/inputs/{kind}/{digest}"
    return resources_pb2.HostedURL(prefix=PREFIX, suffix=suffix, sizes=_SIZES, crossorigin="use-credentials")


def url(copy: resources_pb2.HostedURL) -> str:
    """The address of the copy in its original size."""
    return f"{copy.prefix}/{_SIZES[0]}/{copy.suffix}"


def digest_in(address: str) -> str:
    """The digest in the address of one of our own copies; empty for any other address."""
    return address.rpartition("/")[2] if address.startswith(f"{PREFIX}/") else ""
