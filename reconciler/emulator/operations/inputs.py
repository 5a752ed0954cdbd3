"""Inputs: get, list, stream, patch, delete, count.

Belongs here: inputs that are there. Not here: posting (`input_posts.py`), jobs (`input_jobs.py`), what happens to
them in the background (`emulator/processing.py`). Facts 3.9, 7.3, 14.1.10, 14.1.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, media, paging, patching, work
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.execution import embeddings
from reconciler.emulator.operations import annotation_views, batches, input_jobs, input_posts, input_views, labels
from reconciler.emulator.store import Row, Store

Input = resources_pb2.Input

_STREAM_SIZE: Final = 20
_ACTIONS: Final = (patching.MERGE, patching.OVERWRITE, patching.REMOVE)
_READY: Final = input_views.READY
_PENDING: Final = input_views.PENDING
_PROCESSING: Final = codes.INPUT_DOWNLOAD_IN_PROGRESS


def get_input(call: Call, request: service_pb2.GetInputRequest) -> service_pb2.SingleInputResponse:
    """One input; clients poll this until it is 30000, or 11101 after a delete."""
    scope = call.readable(request.user_app_id)
    row = input_views.find(call, scope, request.input_id)
    return service_pb2.SingleInputResponse(input=input_views.render(call, row))


def list_inputs(call: Call, request: service_pb2.ListInputsRequest) -> service_pb2.MultiInputResponse:
    """Inputs of an app, also only some ids or those of one status."""
    scope = call.readable(request.user_app_id)
    wanted = str(request.status.code) if request.status.code else ""
    if request.ids:
        named = (call.store.get(scope.key(input_views.KIND, each)) for each in dict.fromkeys(request.ids))
        rows = paging.cut(call, request, (row for row in named if row and wanted in ("", row.name)))
    else:
        rows = paging.page(
            call, request, [scope], input_views.KIND, order="created",
            ascending=call.switches.input_order == "oldest-first",
            keep=(lambda row: row.name == wanted) if wanted else None,
        )  # fmt: skip
    return service_pb2.MultiInputResponse(inputs=[input_views.render(call, row) for row in rows])


def stream_inputs(call: Call, request: service_pb2.StreamInputsRequest) -> service_pb2.MultiInputResponse:
    """The inputs behind `last_id`, by time of adding or by id."""
    scope = call.readable(request.user_app_id)
    size = min(request.per_page or _STREAM_SIZE, paging.LARGEST_SIZE)
    last = input_views.find(call, scope, request.last_id) if request.last_id else None
    rows = call.store.select(
        scope.user, scope.app, input_views.KIND, order="id" if request.order_by_id else "created",
        ascending=not request.descending, limit=size, after=last,
    )  # fmt: skip
    return service_pb2.MultiInputResponse(inputs=[input_views.render(call, row) for row in list(rows)])


def patch_inputs(call: Call, request: service_pb2.PatchInputsRequest) -> service_pb2.MultiInputResponse:
    """Change concepts, metadata and places of inputs, all or none; the medium itself never changes."""
    scope = call.writable(request.user_app_id)
    action = patching.check_action(request.action, _ACTIONS)
    batches.check("inputs", len(request.inputs), codes.INPUT_INVALID_REQUEST)
    answers = []
    for sent in request.inputs:
        row = patch_data(call, scope, input_views.find(call, scope, sent.id), sent.data, action)
        answers.append(patching.answered(call.switches, input_views.render(call, row), sent))
    return service_pb2.MultiInputResponse(inputs=answers)


def patch_data(call: Call, scope: Scope, row: Row, sent: resources_pb2.Data, action: str) -> Row:
    """Change the data of an input, which is that of its input-level annotation as well."""
    patch = Input()
    patch.data.CopyFrom(sent)
    for field in input_views.MEDIA_FIELDS:
        patch.data.ClearField(field)
    if action != patching.REMOVE:
        labels.settle(call, scope, patch.data)
    message = Input.FromString(row.body)
    patching.apply(message, patch, action, ("data",))
    return input_views.save(call.store, row, message, modified=call.store.tick())


def delete_input(call: Call, request: service_pb2.DeleteInputRequest) -> status_pb2.BaseResponse:
    """Delete an input with its annotations; absent: 11101."""
    scope = call.writable(request.user_app_id)
    _delete(call, [input_views.find(call, scope, request.input_id)])
    return status_pb2.BaseResponse()


def delete_inputs(call: Call, request: service_pb2.DeleteInputsRequest) -> status_pb2.BaseResponse:
    """Delete several inputs. Those that are gone already are no reason to keep the others; only strangers are 11101."""
    scope = call.writable(request.user_app_id)
    batches.check("ids", len(request.ids), codes.INPUT_INVALID_REQUEST)
    found = (call.store.get(scope.key(input_views.KIND, each)) for each in dict.fromkeys(request.ids))
    rows = [row for row in found if row is not None]
    if not rows:
        raise errors.missing(f"input {request.ids[0]}")
    _delete(call, rows)
    return status_pb2.BaseResponse()


def _delete(call: Call, rows: list[Row]) -> None:
    if call.switches.delete_delay:
        for row in rows:
            call.store.update(row, row.body, modified=call.store.tick())
            call.store.link(row, work.DELETE)
        call.memory.wake.set()
        return
    for row in rows:
        drop(call.store, row)
    media.sweep(call.store)


def drop(store: Store, row: Row) -> None:
    """Remove an input and everything about it."""
    input_jobs.settle(store, row, codes.INPUT_DOWNLOAD_FAILED)
    for kind in (annotation_views.KIND, annotation_views.OUTPUT_DATA):
        store.wipe_children(row.key.user, row.key.app, kind, row.key.id)
    embeddings.forget(store, Scope(row.key.user, row.key.app), row.key.id)
    store.delete(row)


def get_input_count(call: Call, request: service_pb2.GetInputCountRequest) -> service_pb2.SingleInputCountResponse:
    """How many inputs are processed, waiting, failed, and how far a reindexing is (facts 7.3)."""
    scope = call.readable(request.user_app_id)
    by_status = call.store.count_by_name(scope.user, scope.app, input_views.KIND)
    known = {str(code): by_status.get(str(code), 0) for code in (_READY, _PENDING, _PROCESSING)}

    def marked(mark: str) -> int:
        return call.store.count_linked(mark, scope.user, scope.app, input_views.KIND)

    counts = resources_pb2.InputCount(
        processed=known[str(_READY)],
        to_process=known[str(_PENDING)],
        processing=known[str(_PROCESSING)],
        errors=sum(by_status.values()) - sum(known.values()),
        reindexed=marked(work.REINDEXED),
        to_reindex=marked(work.REINDEX),
        reindex_errors=marked(work.REINDEX_FAILED),
    )
    return service_pb2.SingleInputCountResponse(counts=counts)


def reindex(call: Call, scope: Scope) -> None:
    """Let the app's new default workflow run on every input that is there, and count anew (facts 7.3)."""
    for row in list(call.store.select(scope.user, scope.app, input_views.KIND)):
        for mark in (work.REINDEXED, work.REINDEX_FAILED):
            call.store.unlink(row, mark)
        if row.name == str(_READY):
            call.store.link(row, work.REINDEX)
    call.memory.wake.set()


OPERATIONS: Mapping[str, Operation] = {
    "GetInput": get_input,
    "ListInputs": list_inputs,
    "StreamInputs": stream_inputs,
    "PostInputs": input_posts.post_inputs,
    "PatchInputs": patch_inputs,
    "DeleteInput": delete_input,
    "DeleteInputs": delete_inputs,
    "GetInputCount": get_input_count,
}
