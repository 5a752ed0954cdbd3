"""PatchAnnotationsStatus and ListAnnotationWorkers: reviewing many annotations, and who made them.

Belongs here: what works on annotations by their author. Not here: single annotations (`annotations.py`). Facts 3.10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import paging, patching
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.errors import Refusal
from reconciler.emulator.operations import annotation_views
from reconciler.emulator.store import Row

Annotation = resources_pb2.Annotation
Worker = resources_pb2.Worker


def patch_annotations_status(
    call: Call, request: service_pb2.PatchAnnotationsStatusRequest
) -> service_pb2.PatchAnnotationsStatusResponse:
    """Give all annotations of some users, of a task, of some statuses another status; says how many and whose."""
    scope = call.writable(request.user_app_id)
    patching.check_action(request.action, (patching.OVERWRITE,))
    if request.status_code not in annotation_views.STATUSES:
        raise Refusal(codes.ANNOTATION_INVALID_ARGUMENT, f"{request.status_code} is no status of an annotation")
    found = [(row, each) for row, each in _by_people(call, scope) if _asked_for(each, request)]
    for row, annotation in found:
        annotation_views.set_status(annotation, request.status_code)
        annotation.trusted = request.status_code == annotation_views.SUCCESS
        name = annotation_views.POSTED if row.name == annotation_views.WRITTEN else row.name
        call.store.update(row, annotation.SerializeToString(), modified=call.store.tick(), name=name)
    users = list(dict.fromkeys(annotation.user_id for _, annotation in found))
    return service_pb2.PatchAnnotationsStatusResponse(user_ids=users, updated_count=len(found))


def _by_people(call: Call, scope: Scope) -> list[tuple[Row, Annotation]]:
    rows = call.store.select(scope.user, scope.app, annotation_views.KIND)
    kept = [row for row in rows if row.name in (annotation_views.POSTED, annotation_views.WRITTEN)]
    return [(row, Annotation.FromString(row.body)) for row in kept]


def _asked_for(annotation: Annotation, request: service_pb2.PatchAnnotationsStatusRequest) -> bool:
    return (
        (not request.user_ids or annotation.user_id in request.user_ids)
        and request.task_id in ("", annotation.task_id)
        and (not request.status_codes or annotation.status.code in request.status_codes)
    )


def list_annotation_workers(
    call: Call, request: service_pb2.ListAnnotationWorkersRequest
) -> service_pb2.MultiWorkerResponse:
    """Everyone and everything that made annotations in an app, oldest first."""
    scope = call.readable(request.user_app_id)
    workers = {worker.SerializeToString(): worker for worker in _workers(call, scope, request.trusted_only)}
    return service_pb2.MultiWorkerResponse(workers=paging.cut(call, request, workers.values()))


def _workers(call: Call, scope: Scope, trusted_only: bool) -> Iterator[Worker]:
    for row in call.store.select(scope.user, scope.app, annotation_views.KIND):
        annotation = Annotation.FromString(row.body)
        if annotation.trusted or not trusted_only:
            yield annotation.worker


OPERATIONS: Mapping[str, Operation] = {
    "PatchAnnotationsStatus": patch_annotations_status,
    "ListAnnotationWorkers": list_annotation_workers,
}
