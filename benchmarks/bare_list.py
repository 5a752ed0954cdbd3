"""The floor under every plan: list what an app holds over gRPC and do nothing with it.

`python -m benchmarks.bare_list BASE`. Same lists, same page size, same end (an empty page) as the tool.
"""

from __future__ import annotations

import sys

import grpc
from clarifai_grpc.grpc.api import resources_pb2, service_pb2

PER_PAGE = 500
LISTS = ("Models", "Workflows", "Concepts")


def main(base: str) -> int:
    """How many objects there are."""
    found = 0
    scope = resources_pb2.UserAppIDSet(user_id="me-local", app_id="bench")
    with grpc.insecure_channel(base.removeprefix("http://"), [("grpc.max_receive_message_length", -1)]) as channel:
        for name in LISTS:
            make, reply = getattr(service_pb2, f"List{name}Request"), getattr(service_pb2, _reply(name))
            call = channel.unary_unary(
                f"/clarifai.api.V2/List{name}",
                request_serializer=make.SerializeToString,
                response_deserializer=reply.FromString,
            )
            page = 1
            while items := getattr(
                call(make(user_app_id=scope, page=page, per_page=PER_PAGE), metadata=(("authorization", "Key any"),)),
                name.lower(),
            ):
                found += len(items)
                page += 1
    return found


def _reply(name: str) -> str:
    return f"Multi{name.removesuffix('s')}Response"


if __name__ == "__main__":
    print(main(sys.argv[1]))
