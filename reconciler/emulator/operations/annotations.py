"""Annotations: get, list, post, patch, delete.

Belongs here: annotations that clients handle. Not here: filters (`annotation_filters.py`), reviews and workers
(`annotation_reviews.py`), what workflows write (`emulator/outcomes.py`). Facts 3.10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import ids, paging, patching, work
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.errors import Refusal
from reconciler.emulator.operations import annotation_filters, annotation_views, batches, input_views, inputs, labels
from reconciler.emulator.store import Row

Annotation = resources_pb2.Annotation

_ACTIONS: Final = (patching.MERGE, patching.OVERWRITE, patching.REMOVE)
_PATCHABLE: Final = ("data", "annotation_info", "task_id")
_NEW_DATA: Final = ("regions", "frames", "time_segments", "text", "image", "video", "audio", "tracks")


def get_annotation(call: Call, request: service_pb2.GetAnnotationRequest) -> service_pb2.SingleAnnotationResponse:
    """One annotation of an input."""
    scope = call.readable(request.user_app_id)
    row = annotation_views.find(call, scope, request.input_id, request.annotation_id)
    return service_pb2.SingleAnnotationResponse(annotation=annotation_views.render(call, row, with_output=True))


def list_annotations(call: Call, request: service_pb2.ListAnnotationsRequest) -> service_pb2.MultiAnnotationResponse:
    """Annotations of an app or of some inputs; only trusted ones unless more is asked for."""
    scope = call.readable(request.user_app_id)
    keep = annotation_filters.of(call, request)
    found = (
        row
        for row in annotation_filters.candidates(call, scope, request)
        if not call.memory.lag.hidden(row.key) and keep(row)
    )
    rows = paging.cut(call, request, found)
    call.memory.lag.seen(scope.user, scope.app, annotation_views.KIND)
    shown = [annotation_views.render(call, row, with_output=request.return_model_output) for row in rows]
    return service_pb2.MultiAnnotationResponse(annotations=shown)


def post_annotations(call: Call, request: service_pb2.PostAnnotationsRequest) -> service_pb2.MultiAnnotationResponse:
    """Add annotations to inputs, each with a status of its own."""
    scope = call.writable(request.user_app_id)
    batches.check("annotations", len(request.annotations), codes.ANNOTATION_INVALID_ARGUMENT)
    shown: list[Annotation] = []
    refused: list[Refusal | None] = []
    for sent in request.annotations:
        try:
            shown.append(annotation_views.render(call, _post(call, scope, sent)))
            refused.append(None)
        except Refusal as refusal:
            shown.append(_echo(sent, refusal))
            refused.append(refusal)
    call.memory.wake.set()
    return service_pb2.MultiAnnotationResponse(status=batches.top(refused), annotations=shown)


def _echo(sent: Annotation, refusal: Refusal) -> Annotation:
    echo = Annotation()
    echo.CopyFrom(sent)
    annotation_views.set_status(echo, refusal.code)
    echo.status.details = refusal.details
    return echo


def _post(call: Call, scope: Scope, sent: Annotation) -> Row:
    home = input_views.find(call, scope, sent.input_id)
    identifier = ids.check("annotation", sent.id or ids.new_id(), longest=call.switches.longest_id)
    key = scope.key(annotation_views.KIND, identifier, sent.input_id)
    if call.store.get(key) is not None:
        raise _invalid(f"duplicate: annotation {identifier} already exists")
    annotation = Annotation(data=sent.data, task_id=sent.task_id, embed_model_version_id=sent.embed_model_version_id)
    if sent.HasField("annotation_info"):
        annotation.annotation_info.CopyFrom(sent.annotation_info)
    annotation_views.set_user(annotation, _author(call, sent))
    _set_status(annotation, sent.status.code or annotation_views.SUCCESS)
    _settle(call, scope, annotation)
    row = call.insert(
        key, annotation.SerializeToString(), created=call.store.tick(), name=annotation_views.POSTED
    )  # fmt: skip
    if any(field.name in _NEW_DATA for field, _ in annotation.data.ListFields()):
        call.store.link(home, work.RERUN)
    return row


def _author(call: Call, sent: Annotation) -> str:
    """Whose annotation it is. Only the app's owner may say somebody else, and only the owner can write here."""
    named = sent.worker.user.id or sent.user_id
    return call.caller.user if named in ("", "me") else named


def _set_status(annotation: Annotation, code: int) -> None:
    if code not in annotation_views.STATUSES:
        raise _invalid(f"{code} is no status of an annotation")
    annotation_views.set_status(annotation, code)
    annotation.trusted = code == annotation_views.SUCCESS


def _settle(call: Call, scope: Scope, annotation: Annotation) -> None:
    if len(annotation.data.regions) > 1:
        raise _invalid(f"an annotation holds at most one region, not {len(annotation.data.regions)}")
    for region in annotation.data.regions:
        region.id = region.id or ids.new_id()
    labels.settle(call, scope, annotation.data)


def _invalid(details: str) -> Refusal:
    return Refusal(codes.ANNOTATION_INVALID_ARGUMENT, details)


def patch_annotations(call: Call, request: service_pb2.PatchAnnotationsRequest) -> service_pb2.MultiAnnotationResponse:
    """Change data, info, status or task of annotations, all or none."""
    scope = call.writable(request.user_app_id)
    action = patching.check_action(request.action, _ACTIONS)
    batches.check("annotations", len(request.annotations), codes.ANNOTATION_INVALID_ARGUMENT)
    answers = []
    for sent in request.annotations:
        row = annotation_views.find(call, scope, sent.input_id, sent.id)
        row = _patch(call, scope, row, sent, action)
        shown = annotation_views.render(call, row)
        answers.append(patching.answered(call.switches, shown, sent))
        if action == patching.REMOVE and request.delete_if_empty_data:
            _delete_if_empty(call, row)
    return service_pb2.MultiAnnotationResponse(annotations=answers)


def _patch(call: Call, scope: Scope, row: Row, sent: Annotation, action: str) -> Row:
    if row.name == annotation_views.OUTPUT:
        raise _invalid("what a model put out cannot be changed")
    annotation = Annotation.FromString(row.body)
    if row.name == annotation_views.INPUT_LEVEL:
        inputs.patch_data(call, scope, input_views.find(call, scope, sent.input_id), sent.data, action)
        patching.apply(annotation, sent, action, _PATCHABLE[1:])
    else:
        _patch_data(call, scope, annotation, sent, action)
    if sent.status.code and action != patching.REMOVE:
        _set_status(annotation, sent.status.code)
    # Whoever changes what a workflow wrote makes it theirs: a later run does not take it back.
    name = annotation_views.POSTED if row.name == annotation_views.WRITTEN else row.name
    return call.store.update(row, annotation.SerializeToString(), modified=call.store.tick(), name=name)


def _patch_data(call: Call, scope: Scope, annotation: Annotation, sent: Annotation, action: str) -> None:
    patch = Annotation()
    patch.CopyFrom(sent)
    if action != patching.REMOVE:
        labels.settle(call, scope, patch.data)
    patching.apply(annotation, patch, action, _PATCHABLE)
    _settle(call, scope, annotation)


def _delete_if_empty(call: Call, row: Row) -> None:
    """Delete an annotation that was left with nothing, but never the input-level one (facts 3.10)."""
    if row.name != annotation_views.INPUT_LEVEL and not annotation_views.data_of(call.store, row).ListFields():
        annotation_views.drop(call.store, row)


def delete_annotation(call: Call, request: service_pb2.DeleteAnnotationRequest) -> status_pb2.BaseResponse:
    """Delete one annotation of an input."""
    scope = call.writable(request.user_app_id)
    _delete(call, annotation_views.find(call, scope, request.input_id, request.annotation_id))
    return status_pb2.BaseResponse()


def delete_annotations(call: Call, request: service_pb2.DeleteAnnotationsRequest) -> status_pb2.BaseResponse:
    """Delete pairs of ids, or every annotation of some inputs but the input-level ones, all or none."""
    scope = call.writable(request.user_app_id)
    if not request.input_ids or (request.ids and len(request.ids) != len(request.input_ids)):
        raise _invalid("input_ids are needed, and ids must have their number and order")
    for row in _named(call, scope, request):
        _delete(call, row)
    return status_pb2.BaseResponse()


def _named(call: Call, scope: Scope, request: service_pb2.DeleteAnnotationsRequest) -> list[Row]:
    if request.ids:
        pairs = dict.fromkeys(zip(request.input_ids, request.ids, strict=True))
        return [annotation_views.find(call, scope, input_id, identifier) for input_id, identifier in pairs]
    homes = [input_views.find(call, scope, each) for each in dict.fromkeys(request.input_ids)]
    rows = [row for home in homes for row in annotation_views.of_input(call.store, home)]
    return [row for row in rows if row.name != annotation_views.INPUT_LEVEL]


def _delete(call: Call, row: Row) -> None:
    """Delete an annotation; the input-level one takes the labels of its input along."""
    if row.name == annotation_views.INPUT_LEVEL:
        home = annotation_views.input_of(call.store, row)
        if home is not None:
            message = resources_pb2.Input.FromString(home.body)
            message.data.ClearField("concepts")
            input_views.save(call.store, home, message, modified=call.store.tick())
    annotation_views.drop(call.store, row)


OPERATIONS: Mapping[str, Operation] = {
    "GetAnnotation": get_annotation,
    "ListAnnotations": list_annotations,
    "PostAnnotations": post_annotations,
    "PatchAnnotations": patch_annotations,
    "DeleteAnnotation": delete_annotation,
    "DeleteAnnotations": delete_annotations,
}
