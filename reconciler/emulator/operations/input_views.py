"""Inputs as they are stored and shown.

Belongs here: finding an input, its status, what a reply shows of it. Not here: the RPCs (`inputs.py`), taking a new
one in (`input_posts.py`). Facts 3.9.

The row's name is the number of its status, so that counting and filtering by status read no message.
"""

from __future__ import annotations

from typing import Any, Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import errors, media, statuses
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.store import Row, Store

Input = resources_pb2.Input

KIND: Final = "input"
MEDIA_FIELDS: Final = ("image", "video", "audio", "text")
PENDING: Final = codes.INPUT_DOWNLOAD_PENDING
READY: Final = codes.INPUT_DOWNLOAD_SUCCESS


def find(call: Call, scope: Scope, identifier: str) -> Row:
    """An input of one app; absent: 11101 (facts 2.3)."""
    row = call.store.get(scope.key(KIND, identifier))
    if row is None:
        raise errors.missing(f"input {identifier}")
    return row


def save(store: Store, row: Row, message: Input, *, modified: int = 0) -> Row:
    """Store a changed input."""
    return store.update(row, message.SerializeToString(), modified=modified, name=str(message.status.code))


def set_status(message: Input, code: int, details: str = "") -> None:
    """Give an input a status."""
    message.status.CopyFrom(statuses.state(code))
    message.status.details = details


def kind_of(message: Input) -> str:
    """Which medium an input is: image, video, audio or text; the picture of a picture with text."""
    return next((field for field in MEDIA_FIELDS if message.data.HasField(field)), "")


def render(call: Call, row: Row) -> Input:
    """An input as replies show it: never its bytes, never its datasets (facts 3.9)."""
    message = Input.FromString(row.body)
    message.id = row.key.id
    message.created_at.CopyFrom(call.timestamp(row.created))
    message.modified_at.CopyFrom(call.timestamp(row.modified))
    for field in MEDIA_FIELDS:
        if message.data.HasField(field):
            _show_copy(call, getattr(message.data, field))
    return message


def _show_copy(call: Call, shown: Any) -> None:
    """The address of the service's own copy once there is one (switch `image_url`)."""
    if not shown.HasField("hosted"):
        return
    shown.hosted.prefix = call.memory.hosting
    if not shown.url or call.switches.image_url == "hosted":
        shown.url = media.url(shown.hosted)
