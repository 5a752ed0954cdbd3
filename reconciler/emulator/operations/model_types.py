"""GetModelType and ListModelTypes: the table of types as the service shows it (facts 3.7)."""

from __future__ import annotations

from collections.abc import Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator import errors, model_types, paging
from reconciler.emulator.context import Call, Operation


def get_model_type(call: Call, request: service_pb2.GetModelTypeRequest) -> service_pb2.SingleModelTypeResponse:
    """One type by its id or an older spelling of it."""
    found = model_types.find(request.model_type_id)
    if found is None:
        raise errors.missing(f"model type {request.model_type_id}")
    return service_pb2.SingleModelTypeResponse(model_type=found)


def list_model_types(call: Call, request: service_pb2.ListModelTypesRequest) -> service_pb2.MultiModelTypeResponse:
    """All types anybody may create models of."""
    shown: list[resources_pb2.ModelType] = paging.cut(call, request, model_types.LISTED)
    return service_pb2.MultiModelTypeResponse(model_types=shown)


OPERATIONS: Mapping[str, Operation] = {"GetModelType": get_model_type, "ListModelTypes": list_model_types}
