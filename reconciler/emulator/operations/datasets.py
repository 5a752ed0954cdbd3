"""Datasets: get, list, post, patch, delete.

Belongs here: the dataset itself. Not here: which inputs are in it (`dataset_inputs.py`), its versions
(`dataset_versions.py`). Facts 11: posts and patches are all or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, ids, limits, paging, patching
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import input_views
from reconciler.emulator.store import Row

Dataset = resources_pb2.Dataset
DatasetVersion = resources_pb2.DatasetVersion

KIND: Final = "dataset"
VERSION: Final = "dataset_version"
JOINED: Final = "dataset_joined"
"""Says when an input that was there already was put into the dataset."""
_ACTIONS: Final = (patching.MERGE, patching.OVERWRITE, patching.REMOVE)
_PATCHABLE: Final = (
    "description", "metadata", "visibility", "default_annotation_filter", "default_processing_info", "notes", "image",
)  # fmt: skip


def target(identifier: str) -> str:
    """What the inputs of a dataset point at."""
    return f"{KIND}:{identifier}"


def find(call: Call, scope: Scope, identifier: str) -> Row:
    """A dataset of one app; absent: 11101."""
    row = call.store.get(scope.key(KIND, identifier))
    if row is None:
        raise errors.missing(f"dataset {identifier}")
    return row


def get_dataset(call: Call, request: service_pb2.GetDatasetRequest) -> service_pb2.SingleDatasetResponse:
    """One dataset with its newest version."""
    row = find(call, call.readable(request.user_app_id), request.dataset_id)
    return service_pb2.SingleDatasetResponse(dataset=render(call, row))


def list_datasets(call: Call, request: service_pb2.ListDatasetsRequest) -> service_pb2.MultiDatasetResponse:
    """Datasets of an app, newest change first."""
    scope = call.readable(request.user_app_id)
    order, ascending = paging.order_of(request, "modified")
    rows = paging.page(call, request, [scope], KIND, order=order, ascending=ascending, keep=_filter(request))
    return service_pb2.MultiDatasetResponse(datasets=[render(call, row) for row in rows])


def _filter(request: service_pb2.ListDatasetsRequest) -> Callable[[Row], bool] | None:
    words = [word.lower() for word in (request.search, request.id) if word]
    if not (words or request.starred_only or request.bookmark):
        return None

    def keep(row: Row) -> bool:
        dataset = Dataset.FromString(row.body)
        text = f"{row.key.id} {dataset.description} {dataset.notes}".lower()
        return not (request.starred_only or request.bookmark) and all(word in text for word in words)

    return keep


def post_datasets(call: Call, request: service_pb2.PostDatasetsRequest) -> service_pb2.MultiDatasetResponse:
    """Make datasets, all or none."""
    scope = call.writable(request.user_app_id)
    if not request.datasets:
        raise errors.invalid("no datasets were sent")
    rows = [_post(call, scope, sent) for sent in request.datasets]
    return service_pb2.MultiDatasetResponse(datasets=[render(call, row) for row in rows])


def _post(call: Call, scope: Scope, sent: Dataset) -> Row:
    identifier = ids.check(KIND, sent.id or ids.new_id(), longest=call.switches.longest_id)
    if call.store.get(scope.key(KIND, identifier)) is not None:
        raise errors.duplicate(KIND, f"dataset {identifier}", call.duplicate_code)
    limits.check_notes(sent.notes)
    dataset = Dataset()
    dataset.visibility.gettable = resources_pb2.Visibility.PRIVATE
    patching.apply(dataset, sent, patching.OVERWRITE, _PATCHABLE)
    patching.host_image(call.switches, dataset)
    return call.insert(scope.key(KIND, identifier), dataset.SerializeToString(), created=call.store.tick())


def patch_datasets(call: Call, request: service_pb2.PatchDatasetsRequest) -> service_pb2.MultiDatasetResponse:
    """Change datasets, all or none."""
    scope = call.writable(request.user_app_id)
    action = patching.check_action(request.action, _ACTIONS)
    answers = []
    for sent in request.datasets:
        row = find(call, scope, sent.id)
        limits.check_notes(sent.notes)
        dataset = Dataset.FromString(row.body)
        patching.apply(dataset, sent, action, _PATCHABLE)
        patching.host_image(call.switches, dataset)
        row = call.store.update(row, dataset.SerializeToString(), modified=call.store.tick())
        answers.append(patching.answered(call.switches, render(call, row), sent))
    return service_pb2.MultiDatasetResponse(datasets=answers)


def delete_datasets(call: Call, request: service_pb2.DeleteDatasetsRequest) -> status_pb2.BaseResponse:
    """Delete datasets with their versions, all or none; the inputs stay."""
    scope = call.writable(request.user_app_id)
    for row in [find(call, scope, each) for each in dict.fromkeys(request.dataset_ids)]:
        for held in members(call, scope, row.key.id):
            call.store.unlink(held, target(row.key.id))
        for kind in (VERSION, JOINED):
            call.store.wipe_children(scope.user, scope.app, kind, row.key.id)
        call.store.delete(row)
    return status_pb2.BaseResponse()


def members(call: Call, scope: Scope, identifier: str) -> list[Row]:
    """The inputs of a dataset, oldest first."""
    rows = call.store.linked(target(identifier), input_views.KIND)
    return [row for row in rows if (row.key.user, row.key.app) == (scope.user, scope.app)]


def render(call: Call, row: Row) -> Dataset:
    """A dataset as replies show it."""
    dataset = Dataset.FromString(row.body)
    dataset.id, dataset.user_id, dataset.app_id = row.key.id, row.key.user, row.key.app
    dataset.created_at.CopyFrom(call.timestamp(row.created))
    dataset.modified_at.CopyFrom(call.timestamp(row.modified))
    dataset.metadata.SetInParent()
    key = row.key
    newest = call.store.select(key.user, key.app, VERSION, parent=key.id, ascending=False, limit=1)
    for version in newest:
        dataset.version.CopyFrom(render_version(call, version))
    return dataset


def render_version(call: Call, row: Row) -> DatasetVersion:
    """A version of a dataset as replies show it."""
    version = DatasetVersion.FromString(row.body)
    version.id, version.dataset_id = row.key.id, row.key.parent
    version.user_id, version.app_id = row.key.user, row.key.app
    version.created_at.CopyFrom(call.timestamp(row.created))
    version.modified_at.CopyFrom(call.timestamp(row.modified))
    version.metadata.SetInParent()
    return version


OPERATIONS: Mapping[str, Operation] = {
    "GetDataset": get_dataset,
    "ListDatasets": list_datasets,
    "PostDatasets": post_datasets,
    "PatchDatasets": patch_datasets,
    "DeleteDatasets": delete_datasets,
}
