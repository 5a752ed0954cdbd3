"""What the service descriptor says about each RPC: its messages, whether it needs a key, whether it reads.

Belongs here: facts read from the `clarifai.api.V2` descriptor. Not here: what an RPC does (`operations/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clarifai_grpc.grpc.api import service_pb2
from google.api import annotations_pb2
from google.protobuf import message_factory
from google.protobuf.message import Message

NO_AUTH = 1
PAT_AUTH = 5


@dataclass(frozen=True, slots=True)
class Rpc:
    """One method of the service."""

    name: str
    path: str
    request: type[Message]
    reply: type[Message]
    client_streaming: bool
    server_streaming: bool
    auth: int
    reads: bool
    """All of its HTTP bindings are GET: the call cannot change anything."""
    lists: bool
    """It answers many objects, of which some services leave fields out."""


def _describe(method: Any) -> Rpc:
    options = {option.name: value for option, value in method.GetOptions().ListFields()}
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verbs = {binding.WhichOneof("pattern") for binding in (rule, *rule.additional_bindings)}
    return Rpc(
        name=method.name,
        path=f"/{method.containing_service.full_name}/{method.name}",
        request=message_factory.GetMessageClass(method.input_type),
        reply=message_factory.GetMessageClass(method.output_type),
        client_streaming=method.client_streaming,
        server_streaming=method.server_streaming,
        auth=options.get("cl_auth_type", 0),
        reads=verbs == {"get"},
        lists=method.name.startswith("List") or method.name.endswith("Searches"),
    )


RPCS: Mapping[str, Rpc] = {
    method.name: _describe(method) for method in service_pb2.DESCRIPTOR.services_by_name["V2"].methods
}
"""Every RPC of the service by name, in the order of the proto."""
