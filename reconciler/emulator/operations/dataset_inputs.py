"""The inputs of datasets: get, list, post, delete.

Belongs here: membership, also by search. Not here: datasets (`datasets.py`), inputs (`inputs.py`).
Facts 11: each posted input has a status of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, paging
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.errors import Refusal
from reconciler.emulator.operations import batches, datasets, input_views, searches
from reconciler.emulator.store import Row

DatasetInput = resources_pb2.DatasetInput


def list_dataset_inputs(
    call: Call, request: service_pb2.ListDatasetInputsRequest
) -> service_pb2.MultiDatasetInputResponse:
    """The inputs of a dataset, oldest first."""
    scope = call.readable(request.user_app_id)
    datasets.find(call, scope, request.dataset_id)
    rows = paging.cut(call, request, datasets.members(call, scope, request.dataset_id))
    return service_pb2.MultiDatasetInputResponse(dataset_inputs=[_render(call, row) for row in rows])


def get_dataset_input(
    call: Call, request: service_pb2.GetDatasetInputRequest
) -> service_pb2.SingleDatasetInputResponse:
    """One input of a dataset; absent from it: 11101."""
    scope = call.readable(request.user_app_id)
    datasets.find(call, scope, request.dataset_id)
    row = _member(call, scope, request.dataset_id, request.input_id)
    return service_pb2.SingleDatasetInputResponse(dataset_input=_render(call, row))


def post_dataset_inputs(
    call: Call, request: service_pb2.PostDatasetInputsRequest
) -> service_pb2.MultiDatasetInputResponse:
    """Add inputs to a dataset: named ones, or all that a search finds."""
    scope = call.writable(request.user_app_id)
    datasets.find(call, scope, request.dataset_id)
    if request.HasField("search"):
        return _post_found(call, scope, request)
    batches.check("dataset inputs", len(request.dataset_inputs), codes.CONN_INVALID_REQUEST)
    shown: list[DatasetInput] = []
    refused: list[Refusal | None] = []
    for sent in request.dataset_inputs:
        try:
            shown.append(_render(call, _add(call, scope, request.dataset_id, sent.input.id)))
            refused.append(None)
        except Refusal as refusal:
            shown.append(_echo(sent, refusal))
            refused.append(refusal)
    return service_pb2.MultiDatasetInputResponse(status=batches.top(refused), dataset_inputs=shown)


def _echo(sent: DatasetInput, refusal: Refusal) -> DatasetInput:
    echo = DatasetInput()
    echo.input.id = sent.input.id
    input_views.set_status(echo.input, refusal.code, refusal.details)
    return echo


def _post_found(
    call: Call, scope: Scope, request: service_pb2.PostDatasetInputsRequest
) -> service_pb2.MultiDatasetInputResponse:
    """Add what a search finds; what is in already stays. The live service does this in the background."""
    for row in searches.found_inputs(call, scope, request.search):
        call.store.link(row, datasets.target(request.dataset_id))
    return service_pb2.MultiDatasetInputResponse()


def _add(call: Call, scope: Scope, dataset: str, identifier: str) -> Row:
    row = input_views.find(call, scope, identifier)
    if datasets.target(dataset) in call.store.targets(row):
        raise Refusal(codes.DATASET_INPUT_DUPLICATE, f"duplicate: input {identifier} already exists in the dataset")
    call.store.link(row, datasets.target(dataset))
    return row


def _member(call: Call, scope: Scope, dataset: str, identifier: str) -> Row:
    row = input_views.find(call, scope, identifier)
    if datasets.target(dataset) not in call.store.targets(row):
        raise errors.missing(f"input {identifier} of dataset {dataset}")
    return row


def delete_dataset_inputs(call: Call, request: service_pb2.DeleteDatasetInputsRequest) -> status_pb2.BaseResponse:
    """Take inputs out of a dataset, all or none; the inputs themselves stay."""
    scope = call.writable(request.user_app_id)
    datasets.find(call, scope, request.dataset_id)
    _remove(call, request.dataset_id, [_member(call, scope, request.dataset_id, each) for each in request.input_ids])
    return status_pb2.BaseResponse()


def _remove(call: Call, dataset: str, rows: Iterable[Row]) -> None:
    for row in rows:
        call.store.unlink(row, datasets.target(dataset))


def _render(call: Call, row: Row) -> DatasetInput:
    shown = input_views.render(call, row)
    return DatasetInput(created_at=shown.created_at, input=shown)


OPERATIONS: Mapping[str, Operation] = {
    "ListDatasetInputs": list_dataset_inputs,
    "GetDatasetInput": get_dataset_input,
    "PostDatasetInputs": post_dataset_inputs,
    "DeleteDatasetInputs": delete_dataset_inputs,
}
