"""What the service descriptor says about an RPC: whether it reads, what it takes, where a list's elements are.

Belongs here: everything that is derived from the protos, and the building of requests. Does not belong here: sending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from clarifai_grpc.grpc.api import service_pb2
from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct

from reconciler.client.retry import RpcClass
from reconciler.core.diagnostics import did_you_mean

SERVICE = "clarifai.api.V2"
_V2 = service_pb2.DESCRIPTOR.services_by_name["V2"]

MADE_WITH_AN_ID = frozenset(
    {
        "PostApps",
        "PostComputeClusters",
        "PostConceptLanguages",
        "PostConceptRelations",  # no id of its own, but the same edge twice is refused (facts 3.3)
        "PostConcepts",
        "PostDatasets",
        "PostDeployments",
        "PostInputs",
        "PostKnowledgeGraphs",
        "PostModels",
        "PostNodepools",
        "PostPipelines",
        "PostSecrets",
        "PostWorkflows",
    }
)
"""Creates whose repetition the service refuses as a duplicate. Any other Post would make a second object."""


@lru_cache(maxsize=512)
def method(rpc: str) -> MethodDescriptor:
    """The descriptor of a unary RPC; ValueError (a programmer's mistake) for any other name."""
    found = _V2.methods_by_name.get(rpc)
    if found is None:
        hint = did_you_mean(rpc, _V2.methods_by_name)
        raise ValueError(f"{SERVICE} has no RPC {rpc!r}" + (f"; {hint}" if hint else ""))
    if found.client_streaming or found.server_streaming:
        raise ValueError(f"{rpc} is a stream; only unary RPCs can be called")
    return found


def _only_gets(found: MethodDescriptor) -> bool:
    extension: Any = annotations_pb2.http  # the stubs know no extension of method options
    rule: Any = found.GetOptions().Extensions[extension]
    return {binding.WhichOneof("pattern") for binding in (rule, *rule.additional_bindings)} == {"get"}


@lru_cache(maxsize=512)
def rpc_class(rpc: str) -> RpcClass:
    """READ iff all HTTP bindings are GET, whatever the name; a Post that makes a new object each time has no id."""
    if _only_gets(method(rpc)):
        return RpcClass.READ
    without_id = rpc.startswith("Post") and rpc not in MADE_WITH_AN_ID
    return RpcClass.WRITE_WITHOUT_ID if without_id else RpcClass.WRITE_WITH_ID


def reads() -> list[str]:
    """Every unary RPC that can only read, in the order of the service."""
    unary = (m for m in _V2.methods if not m.client_streaming and not m.server_streaming)
    return [m.name for m in unary if _only_gets(m)]


def reply_class(rpc: str) -> type[Message]:
    """The message class an RPC answers with."""
    return GetMessageClass(method(rpc).output_type)


def is_paged(rpc: str) -> bool:
    """Whether the RPC takes a page number; ListKnowledgeGraphs, for one, does not."""
    return "page" in method(rpc).input_type.fields_by_name


@lru_cache(maxsize=512)
def items_field(rpc: str) -> str:
    """The reply field that holds the elements: `ListModels` -> `models`, else the first list of messages."""
    lists = [field.name for field in method(rpc).output_type.fields if field.is_repeated]
    if not lists:
        raise ValueError(f"{rpc} does not answer with a list")
    wanted = rpc.removeprefix("List").lower()
    return next((name for name in lists if name.replace("_", "") == wanted), lists[0])


# ---- requests


def build_request(rpc: str, fields: Mapping[str, Any]) -> Message:
    """The request of an RPC from plain values; ValueError names a field that does not exist or does not fit."""
    request = GetMessageClass(method(rpc).input_type)()
    _fill(request, fields, rpc)
    return request


class _Field(NamedTuple):
    """A field of a message, with what its descriptor takes long to tell."""

    descriptor: FieldDescriptor
    map_entry: Descriptor | None
    """What the entries of a map are; None where it is no map."""
    repeated: bool
    message: bool
    enum: bool


@lru_cache(maxsize=512)
def _fields(message: Descriptor) -> Mapping[str, _Field]:
    return {field.name: _described(field) for field in message.fields}


def _described(field: FieldDescriptor) -> _Field:
    of = field.message_type
    entry = of if of is not None and of.GetOptions().map_entry else None
    return _Field(field, entry, field.is_repeated, of is not None, field.enum_type is not None)


def _fill(message: Message, fields: Mapping[str, Any], place: str) -> None:
    known = _fields(message.DESCRIPTOR)
    for name, value in fields.items():
        if value is not None:
            _set(message, known.get(name) or _unknown(message, name, place), value, f"{place}.{name}")


def _unknown(message: Message, name: str, place: str) -> NoReturn:
    hint = did_you_mean(name, _fields(message.DESCRIPTOR))
    raise ValueError(f"{place}: {message.DESCRIPTOR.name} has no field {name!r}" + (f"; {hint}" if hint else ""))


def _set(message: Message, field: _Field, value: Any, place: str) -> None:
    name = field.descriptor.name
    try:
        if field.map_entry is not None:
            _set_map(getattr(message, name), field.map_entry, value, place)
        elif field.repeated:
            _set_list(getattr(message, name), field, value, place)
        elif field.message:
            _set_message(getattr(message, name), value, place)
        else:
            setattr(message, name, _scalar(field, value))
    except (TypeError, AttributeError) as misfit:
        raise ValueError(f"{place}: {type(value).__name__} does not fit ({misfit})") from misfit


def _set_map(target: Any, entry: Descriptor, values: Mapping[Any, Any], place: str) -> None:
    for key, value in values.items():
        if entry.fields_by_name["value"].message_type is None:
            target[key] = value
        else:
            _set_message(target[key], value, f"{place}[{key!r}]")


def _set_list(target: Any, field: _Field, values: Iterable[Any], place: str) -> None:
    if isinstance(values, str | bytes | Mapping):
        raise TypeError("a list is needed")
    for position, value in enumerate(values):
        if not field.message:
            target.append(_scalar(field, value))
        else:
            _set_message(target.add(), value, f"{place}[{position}]")


def _set_message(target: Message, value: Any, place: str) -> None:
    """Fill a message field from a message, a dict or, for google.protobuf's own types, a plain value.

    An empty dict makes the field present: over binary gRPC the service can tell `metadata: {}` from none (facts 10).
    """
    target.SetInParent()
    name = target.DESCRIPTOR.full_name
    if isinstance(value, Message):
        target.CopyFrom(value)
    elif name == "google.protobuf.Struct":
        target.CopyFrom(_struct(value))
    elif name == "google.protobuf.Value":
        target.CopyFrom(_struct({"value": value}).fields["value"])
    elif isinstance(value, datetime):
        target.FromDatetime(value)  # type: ignore[attr-defined]
    elif isinstance(value, Mapping):
        _fill(target, value, place)
    else:  # a wrapper such as BoolValue
        _fill(target, {"value": value}, place)


def _struct(value: Mapping[str, Any]) -> Struct:
    """A Struct of nested plain values. Tuples become lists: `Struct.update` takes them for strings or refuses them."""
    struct = Struct()
    struct.update({str(name): _plain(item) for name, item in value.items()})
    return struct


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _scalar(field: _Field, value: Any) -> Any:
    if not field.enum or not isinstance(value, str):
        return value
    enum: Any = field.descriptor.enum_type
    known = enum.values_by_name.get(value)
    if known is None:
        raise TypeError(did_you_mean(value, enum.values_by_name) or f"no such {enum.name}")
    return known.number
