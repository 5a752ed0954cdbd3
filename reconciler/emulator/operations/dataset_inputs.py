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
from reconciler.emulator.store import Key, Row

DatasetInput = resources_pb2.DatasetInput


def list_dataset_inputs(
    call: Call, request: service_pb2.ListDatasetInputsRequest
) -> service_pb2.MultiDatasetInputResponse:
    """The inputs of a dataset, oldest first."""
    scope = call.readable(request.user_app_id)
    datasets.find(call, scope, request.dataset_id)
    rows = paging.cut(call, request, datasets.members(call, scope, request.dataset_id))
    shown = [_render(call, row, request.dataset_id) for row in rows]
    return service_pb2.MultiDatasetInputResponse(dataset_inputs=shown)


def get_dataset_input(
    call: Call, request: service_pb2.GetDatasetInputRequest
) -> service_pb2.SingleDatasetInputResponse:
    """One input of a dataset; absent from it: 11101."""
    scope = call.readable(request.user_app_id)
    datasets.find(call, scope, request.dataset_id)
    row = _member(call, scope, request.dataset_id, request.input_id)
    return service_pb2.SingleDatasetInputResponse(dataset_input=_render(call, row, request.dataset_id))


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
            added = _add(call, scope, request.dataset_id, sent.input.id)
            shown.append(_render(call, added, request.dataset_id))
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
        if datasets.target(request.dataset_id) not in call.store.targets(row):
            _join(call, row, request.dataset_id)
    return service_pb2.MultiDatasetInputResponse()


def _add(call: Call, scope: Scope, dataset: str, identifier: str) -> Row:
    row = input_views.find(call, scope, identifier)
    if datasets.target(dataset) in call.store.targets(row):
        raise Refusal(codes.DATASET_INPUT_DUPLICATE, f"duplicate: input {identifier} already exists in the dataset")
    _join(call, row, dataset)
    return row


def _join(call: Call, row: Row, dataset: str) -> None:
    """Put an input that is there already into a dataset, and note when."""
    call.store.link(row, datasets.target(dataset))
    key = _joined(row, dataset)
    known = call.store.get(key)
    if known is not None:
        call.store.delete(known)
    call.store.insert(key, b"", created=call.store.tick())


def _joined(row: Row, dataset: str) -> Key:
    return Key(row.key.user, row.key.app, datasets.JOINED, row.key.id, dataset)


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


def _render(call: Call, row: Row, dataset: str) -> DatasetInput:
    """An input of a dataset with the time when it came in: when it was made, or later, by itself.

    A note that is older than the input is of an input that had the id before.
    """
    joined = call.store.get(_joined(row, dataset))
    since = row.created if joined is None else max(row.created, joined.created)
    return DatasetInput(created_at=call.timestamp(since), input=input_views.render(call, row))


OPERATIONS: Mapping[str, Operation] = {
    "ListDatasetInputs": list_dataset_inputs,
    "GetDatasetInput": get_dataset_input,
    "PostDatasetInputs": post_dataset_inputs,
    "DeleteDatasetInputs": delete_dataset_inputs,
}
