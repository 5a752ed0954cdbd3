"""Versions of datasets: get, list, post, patch, delete.

Belongs here: the version as a resource, which is ready at once. Not here: its metrics and exports, which this
emulator does not make (10040).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, ids, paging, patching, statuses
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import datasets
from reconciler.emulator.store import Row

DatasetVersion = resources_pb2.DatasetVersion

_ACTIONS: Final = (patching.MERGE, patching.OVERWRITE, patching.REMOVE)
_PATCHABLE: Final = ("description", "metadata", "visibility")
_CREATED_WITH: Final = (*_PATCHABLE, "annotation_filter_config", "model_predict_config", "processing_info")


def list_dataset_versions(
    call: Call, request: service_pb2.ListDatasetVersionsRequest
) -> service_pb2.MultiDatasetVersionResponse:
    """Versions of a dataset, newest first."""
    scope = call.readable(request.user_app_id)
    datasets.find(call, scope, request.dataset_id)
    rows = paging.page(call, request, [scope], datasets.VERSION, parent=request.dataset_id, order="created")
    return service_pb2.MultiDatasetVersionResponse(
        dataset_versions=[datasets.render_version(call, row) for row in rows]
    )


def get_dataset_version(
    call: Call, request: service_pb2.GetDatasetVersionRequest
) -> service_pb2.SingleDatasetVersionResponse:
    """One version."""
    row = _find(call, call.readable(request.user_app_id), request.dataset_id, request.dataset_version_id)
    return service_pb2.SingleDatasetVersionResponse(dataset_version=datasets.render_version(call, row))


def post_dataset_versions(
    call: Call, request: service_pb2.PostDatasetVersionsRequest
) -> service_pb2.MultiDatasetVersionResponse:
    """Make versions of a dataset, all or none."""
    scope = call.writable(request.user_app_id)
    datasets.find(call, scope, request.dataset_id)
    if not request.dataset_versions:
        raise errors.invalid("no dataset versions were sent")
    rows = [_post(call, scope, request.dataset_id, sent) for sent in request.dataset_versions]
    return service_pb2.MultiDatasetVersionResponse(
        dataset_versions=[datasets.render_version(call, row) for row in rows]
    )


def _post(call: Call, scope: Scope, dataset: str, sent: DatasetVersion) -> Row:
    identifier = ids.check("dataset version", sent.id or ids.new_id(), longest=call.switches.longest_id)
    key = scope.key(datasets.VERSION, identifier, dataset)
    if call.store.get(key) is not None:
        raise errors.duplicate(datasets.VERSION, f"dataset version {identifier}", call.duplicate_code)
    version = DatasetVersion(status=statuses.state(codes.DATASET_VERSION_READY))
    version.visibility.gettable = resources_pb2.Visibility.PRIVATE
    patching.apply(version, sent, patching.OVERWRITE, _CREATED_WITH)
    return call.insert(key, version.SerializeToString(), created=call.store.tick())


def patch_dataset_versions(
    call: Call, request: service_pb2.PatchDatasetVersionsRequest
) -> service_pb2.MultiDatasetVersionResponse:
    """Change description, metadata, visibility of versions, all or none."""
    scope = call.writable(request.user_app_id)
    action = patching.check_action(request.action, _ACTIONS)
    answers = []
    for sent in request.dataset_versions:
        row = _find(call, scope, request.dataset_id, sent.id)
        version = DatasetVersion.FromString(row.body)
        patching.apply(version, sent, action, _PATCHABLE)
        row = call.store.update(row, version.SerializeToString(), modified=call.store.tick())
        answers.append(patching.answered(call.switches, datasets.render_version(call, row), sent))
    return service_pb2.MultiDatasetVersionResponse(dataset_versions=answers)


def delete_dataset_versions(call: Call, request: service_pb2.DeleteDatasetVersionsRequest) -> status_pb2.BaseResponse:
    """Delete versions, all or none."""
    scope = call.writable(request.user_app_id)
    wanted = dict.fromkeys(request.dataset_version_ids)
    for row in [_find(call, scope, request.dataset_id, each) for each in wanted]:
        call.store.delete(row)
    return status_pb2.BaseResponse()


def _find(call: Call, scope: Scope, dataset: str, identifier: str) -> Row:
    datasets.find(call, scope, dataset)
    row = call.store.get(scope.key(datasets.VERSION, identifier, dataset))
    if row is None:
        raise errors.missing(f"version {identifier} of dataset {dataset}")
    return row


OPERATIONS: Mapping[str, Operation] = {
    "ListDatasetVersions": list_dataset_versions,
    "GetDatasetVersion": get_dataset_version,
    "PostDatasetVersions": post_dataset_versions,
    "PatchDatasetVersions": patch_dataset_versions,
    "DeleteDatasetVersions": delete_dataset_versions,
}
