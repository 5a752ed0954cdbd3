"""Apply a patch message to a stored message: the words merge, overwrite and remove.

Belongs here: the general rules for any message (facts 3.0, 10, U12). Not here: which fields a resource lets be
patched (`operations/`), App.metadata (`metadata_action.py`).

- merge: messages merge deeply; list entries with an `id` merge by id, other entries are added; a Struct gains or
  replaces keys deeply, and an empty Struct empties it (presence counts, so absent is not empty).
- overwrite: every field sent replaces the stored one, fields not sent stay. Sub-messages are walked, so that
  replacing `data.concepts` does not lose `data.image`; lists and Structs are replaced whole.
- remove: list entries go by id or by value, Struct keys by name.
Scalars that are empty cannot be told from absent ones over proto3 and never change anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from reconciler.emulator.errors import Refusal
from reconciler.emulator.switches import Switches

MERGE, OVERWRITE, REMOVE = "merge", "overwrite", "remove"

_HOST = "https://images.emulator.invalid/"


def check_action(action: str, allowed: Iterable[str]) -> str:
    """The action if the RPC knows it, else an 11102 refusal that lists those it knows."""
    words = tuple(allowed)
    if action not in words:
        raise Refusal(codes.CONN_INVALID_REQUEST, f"action is {action!r}, supported are {', '.join(words)}")
    return action


def apply(stored: Any, patch: Any, action: str, fields: Iterable[str]) -> bool:
    """Change the named top-level fields of `stored` as `patch` and `action` say; True if anything changed."""
    before = stored.SerializeToString(deterministic=True)
    wanted = set(fields)
    for field, value in patch.ListFields():
        if field.name in wanted:
            _field(stored, field, value, action)
    return bool(stored.SerializeToString(deterministic=True) != before)


def drop_image(stored: Any, patch: Any, *, beside: Iterable[str] = ()) -> None:
    """Apply `remove` to an app, a model or a workflow: of those it drops the image, and nothing else with it.

    Facts 3.0: the image goes if its present address is sent; other fields in the same request are refused with 11102.
    `beside` are fields that have an action of their own.
    """
    allowed = {"id", "user_id", "app_id", "image", *beside}
    more = [field.name for field, _ in patch.ListFields() if field.name not in allowed]
    if more:
        details = f"action is 'remove', which only drops the image: {', '.join(more)} cannot be in the same request"
        raise Refusal(codes.CONN_INVALID_REQUEST, details)
    apply(stored, patch, REMOVE, ("image",))


def answered(switches: Switches, full: Any, sent: Any) -> Any:
    """What a patch answers: the whole object, or only its id and the fields that were sent (U27)."""
    if switches.patch_reply == "full":
        return full
    answer = type(full)(id=full.id)
    for field, _ in sent.ListFields():
        source = getattr(full, field.name)
        if field.is_repeated or field.message_type is not None:
            getattr(answer, field.name).MergeFrom(source)
        else:
            setattr(answer, field.name, source)
    return answer


def host_image(switches: Switches, stored: Any) -> None:
    """Swap a just written `image.url` for the address of the service's own copy (facts 3.12).

    The address is stable for a URL and never resolves: no copy is made here.
    """
    url = stored.image.url
    if url and switches.image_url == "hosted" and not url.startswith(_HOST):
        stored.image.url = f"{_HOST}{hashlib.sha256(url.encode()).hexdigest()}"


def clear_absent(stored: Any, patch: Any, fields: Iterable[str]) -> None:
    """Empty the scalars an overwrite did not send (switch `overwrite_absent`, U12)."""
    for name in fields:
        if not getattr(patch, name):
            stored.ClearField(name)


def _field(stored: Any, field: Any, value: Any, action: str) -> None:
    if field.is_repeated:
        _repeated(getattr(stored, field.name), value, action, is_message=field.message_type is not None)
    elif field.message_type is None:
        _scalar(stored, field.name, value, action)
    elif isinstance(value, Struct):
        _struct(getattr(stored, field.name), value, action)
    elif field.message_type.full_name.startswith("google.protobuf."):
        getattr(stored, field.name).CopyFrom(value)
    else:
        _message(getattr(stored, field.name), value, action)


def _message(stored: Any, patch: Message, action: str) -> None:
    stored.SetInParent()
    for field, value in patch.ListFields():
        _field(stored, field, value, action)


def _scalar(stored: Any, name: str, value: Any, action: str) -> None:
    if action != REMOVE:
        setattr(stored, name, value)
    elif getattr(stored, name) == value:
        stored.ClearField(name)


def _repeated(stored: Any, patch: Any, action: str, *, is_message: bool) -> None:
    if action == OVERWRITE:
        del stored[:]
        stored.extend(patch)
    elif action == REMOVE:
        gone = [_identity(entry) for entry in patch]
        kept = [entry for entry in stored if _identity(entry) not in gone]
        del stored[:]
        stored.extend(kept)
    elif is_message:
        _merge_entries(stored, patch)
    else:
        stored.extend(entry for entry in patch if entry not in stored)


def _merge_entries(stored: Any, patch: Any) -> None:
    by_id = {entry.id: entry for entry in stored if getattr(entry, "id", "")}
    for entry in patch:
        known = by_id.get(getattr(entry, "id", ""))
        if known is None:
            stored.append(entry)
        else:
            _message(known, entry, MERGE)


def _identity(entry: Any) -> Any:
    return getattr(entry, "id", "") or (entry.SerializeToString() if isinstance(entry, Message) else entry)


def _struct(stored: Struct, patch: Struct, action: str) -> None:
    if action == REMOVE:
        for key in patch.fields:
            stored.fields.pop(key, None)
    elif action == OVERWRITE or not patch.fields:
        stored.CopyFrom(patch)
        stored.SetInParent()
    else:
        merge_struct(stored, patch)


def merge_struct(stored: Struct, patch: Struct) -> None:
    """Add or replace the patch's keys deeply; everything else in the stored Struct stays."""
    for key, value in patch.fields.items():
        known = stored.fields[key]
        if value.WhichOneof("kind") == "struct_value" and known.WhichOneof("kind") == "struct_value":
            merge_struct(known.struct_value, value.struct_value)
        else:
            known.CopyFrom(value)
