"""GetUser and the scopes of a key: who the caller is."""

from __future__ import annotations

from collections.abc import Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator import errors
from reconciler.emulator.access import PUBLIC_USER
from reconciler.emulator.context import Call, Operation


def get_user(call: Call, request: service_pb2.GetUserRequest) -> service_pb2.SingleUserResponse:
    """The caller (`me`), or clarifai; other accounts are private (facts 1.5)."""
    wanted = call.user(request.user_app_id)
    if wanted not in (call.caller.user, PUBLIC_USER):
        raise errors.missing(f"user {wanted}")
    gettable = resources_pb2.Visibility.PUBLIC if wanted == PUBLIC_USER else resources_pb2.Visibility.PRIVATE
    user = resources_pb2.User(id=wanted, visibility=resources_pb2.Visibility(gettable=gettable))
    return service_pb2.SingleUserResponse(user=user)


OPERATIONS: Mapping[str, Operation] = {"GetUser": get_user}
