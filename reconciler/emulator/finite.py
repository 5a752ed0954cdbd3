"""Refuse numbers that JSON has not: one NaN in a stored Struct, and no client could show a list with it any more.

Belongs here: NaN and Infinity in the Structs of a request (facts 12: replies must survive `MessageToDict`). Not here:
params of a type (`params.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value

from reconciler.emulator.errors import Refusal

_VALUE = Value.DESCRIPTOR.full_name


def check(request: Message) -> None:
    """Refuse a request whose metadata or params hold NaN or Infinity: 11100."""
    for number in _numbers(request):
        if not math.isfinite(number):
            raise Refusal(codes.CONN_BAD_REQUEST_FORMAT, f"{number} is no number of JSON")


def _numbers(message: Any) -> Iterator[float]:
    if message.DESCRIPTOR.full_name == _VALUE and message.WhichOneof("kind") == "number_value":
        yield message.number_value
        return
    for field, value in message.ListFields():
        if field.message_type is None or not _holds_values(field.message_type):
            continue
        if isinstance(value, Message):
            yield from _numbers(value)
        else:
            for each in value.values() if field.message_type.GetOptions().map_entry else value:
                yield from _numbers(each)


@cache  # bounded by the messages of the API
def _holds_values(kind: Descriptor) -> bool:
    """Whether a Struct may be somewhere inside a message of this type."""
    seen, ahead = {kind}, [kind]
    while ahead:
        for field in ahead.pop().fields:
            inner = field.message_type
            if inner is not None and inner not in seen:
                seen.add(inner)
                ahead.append(inner)
    return Struct.DESCRIPTOR in seen or Value.DESCRIPTOR in seen
