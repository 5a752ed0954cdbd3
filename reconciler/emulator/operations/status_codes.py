"""ListStatusCodes and GetStatusCode: the service's own dictionary, readable without a key."""

from __future__ import annotations

from collections.abc import Mapping

from clarifai_grpc.grpc.api import service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2

from reconciler.emulator import errors, statuses
from reconciler.emulator.context import Call, Operation


def list_status_codes(call: Call, request: service_pb2.ListStatusCodesRequest) -> service_pb2.MultiStatusCodeResponse:
    """Every code of the StatusCode enum, in order of its number."""
    numbers = sorted(number for number in status_code_pb2.StatusCode.values() if number)
    return service_pb2.MultiStatusCodeResponse(statuses=[statuses.state(number) for number in numbers])


def get_status_code(call: Call, request: service_pb2.GetStatusCodeRequest) -> service_pb2.SingleStatusCodeResponse:
    """One code by number or name. The reply has no other field, so its own status *is* the answer."""
    wanted = request.status_code_id
    numbers = {str(value.number): value.number for value in status_code_pb2.StatusCode.DESCRIPTOR.values}
    numbers.update({value.name: value.number for value in status_code_pb2.StatusCode.DESCRIPTOR.values})
    if not numbers.get(wanted):
        raise errors.missing(f"status code {wanted}")
    return service_pb2.SingleStatusCodeResponse(status=statuses.state(numbers[wanted]))


OPERATIONS: Mapping[str, Operation] = {"ListStatusCodes": list_status_codes, "GetStatusCode": get_status_code}
