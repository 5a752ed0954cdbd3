"""The floor under every plan: list what an app holds over gRPC and do nothing with it.

`python -m benchmarks.bare_list BASE`. Same lists, same page size, same end (an empty page) as the tool.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import grpc
from clarifai_grpc.grpc.api import resources_pb2, service_pb2

PER_PAGE = 500
LISTS = ("Models", "Workflows", "Concepts")
SCOPE = {"user_id": "me-local", "app_id": "bench"}
KEY = (("authorization", "Key any"),)


def pages(channel: grpc.Channel, name: str, per_page: int) -> Iterator[Any]:
    """The pages of one list until an empty one."""
    make, reply = getattr(service_pb2, f"List{name}Request"), getattr(service_pb2, f"Multi{name[:-1]}Response")
    call = channel.unary_unary(
        f"/clarifai.api.V2/List{name}",
        request_serializer=make.SerializeToString,
        response_deserializer=reply.FromString,
    )
    page, scope = 1, resources_pb2.UserAppIDSet(**SCOPE)
    while items := getattr(call(make(user_app_id=scope, page=page, per_page=per_page), metadata=KEY), name.lower()):
        yield items
        page += 1


def main(base: str) -> int:
    """How many objects there are."""
    with grpc.insecure_channel(base.removeprefix("http://"), [("grpc.max_receive_message_length", -1)]) as channel:
        return sum(len(page) for name in LISTS for page in pages(channel, name, PER_PAGE))


if __name__ == "__main__":
    print(main(sys.argv[1]))
