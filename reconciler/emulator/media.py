"""Keep the bytes of inputs once, under their SHA-256.

Belongs here: storing, finding and letting go of bytes, and the address under which replies show them. Not here:
fetching them from somewhere (`downloads.py`), what they mean (`processing.py`).

Media are rows outside all apps; the inputs that use one point at it, and a medium nobody points at is swept away.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import urlsplit

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.store import Key, Row, Store

KIND: Final = "media"
_SIZES: Final = ("orig", "tiny", "small", "large")
_COPY: Final = re.compile(rf"/(?:{'|'.join(_SIZES)})/users/[^/]+/apps/[^/]+/inputs/[a-z]+/([0-9a-f]{{64}})")


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
    """The bytes of a stored input's picture, film, sound or text, in this order; None while it has none."""
    data = resources_pb2.Input.FromString(row.body).data
    for medium in (data.image, data.video, data.audio, data.text):
        if medium.HasField("hosted"):
            return get(store, medium.hosted.suffix.rpartition("/")[2])
    return None


def sweep(store: Store) -> None:
    """Drop what no input points at any more."""
    store.sweep(KIND)


def hosted(user: str, app: str, kind: str, digest: str) -> resources_pb2.HostedURL:
    """The service's own copy of an input's bytes, as it is stored: where it is served is known when it is shown."""
    suffix = f"users/{user}/apps/{app}/inputs/{kind}/{digest}"
    return resources_pb2.HostedURL(suffix=suffix, sizes=_SIZES, crossorigin="use-credentials")


def url(copy: resources_pb2.HostedURL) -> str:
    """The address of the copy in its original size (all sizes are the same here)."""
    return f"{copy.prefix}/{_SIZES[0]}/{copy.suffix}"


def digest_in(address: str) -> str:
    """The digest in the address of one of our own copies; empty for any other address."""
    try:
        found = _COPY.fullmatch(urlsplit(address).path)
    except ValueError:
        return ""
    return found.group(1) if found else ""
