"""Model versions: make, get, list, patch in place, delete.

Belongs here: what a version may hold and how it comes to life, also for PostModels and PatchModels. Not here:
the model shell (`models.py`), finding and showing (`model_views.py`), params by type (`emulator/params.py`).
Facts 3.6, 4.1, 4.2, 14.1.6, 14.1.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, ids, links, model_types, paging, params, patching, statuses
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import concepts, model_views, pins, trainings
from reconciler.emulator.store import Row

ModelVersion = resources_pb2.ModelVersion

_SERVER_OWNED = (
    "id", "created_at", "modified_at", "completed_at", "status", "active_concept_count", "metrics",
    "total_input_count", "app_id", "user_id", "train_log",
)  # fmt: skip
_PATCHABLE = ("description", "visibility", "metadata", "license")
_IN_PLACE = ("output_info", "num_threads")
_CLEARABLE = ("description", "license")


def create(call: Call, model: Row, sent: ModelVersion, *, train: bool) -> Row:
    """Store a new version of a model and make it the newest.

    `train` says whether this call queues a training (PostModelVersions) or only writes a configuration down.
    """
    model_type = model_views.type_of(model)
    scope = model_views.scope_of(model)
    params.check(model_type, sent, scope.user)
    version = ModelVersion()
    version.CopyFrom(sent)
    _clear_server_owned(version)
    _settle_concepts(call, scope, version)
    if not version.visibility.gettable:
        version.visibility.gettable = resources_pb2.Visibility.PRIVATE
    version.status.CopyFrom(_first_status(model_type, version, train=train))
    now = call.store.tick()
    if version.status.code == codes.MODEL_TRAINED:
        version.completed_at.CopyFrom(call.timestamp(now))
    key = scope.key(model_views.VERSION, _new_version_id(sent.id), model.key.id)
    if call.store.get(key) is not None:
        raise errors.duplicate("model", f"model version {key.id}", call.duplicate_code)
    row = call.insert(key, version.SerializeToString(), created=now)
    call.store.update(model, model.body, modified=now)
    return row


def _clear_server_owned(version: Any) -> None:
    for name in _SERVER_OWNED:
        version.ClearField(name)


def _new_version_id(sent: str) -> str:
    if sent and (len(sent) != 32 or set(sent) - set("0123456789abcdef")):
        raise errors.invalid_model(f"model version id {sent!r} is not 32 lower-case hex characters")
    return sent or ids.new_id()


def _settle_concepts(call: Call, scope: Scope, version: ModelVersion) -> None:
    named = version.output_info.data.concepts
    seen: set[str] = set()
    for concept in named:
        if not concept.id or concept.id in seen:
            raise errors.invalid_concept(f"output_info.data.concepts holds {concept.id!r} twice or without an id")
        seen.add(concept.id)
        if not concept.value and call.switches.omitted_threshold == "one":
            concept.value = 1.0
    concepts.ensure(call, scope, named)


def _first_status(model_type: str, version: ModelVersion, *, train: bool) -> statuses.Status:
    """Operators are ready at once; a trainable type is queued, or not trained if nobody asked (facts 4.2, 5)."""
    if not model_types.trainable(model_type) or version.HasField("pretrained_model_config"):
        return statuses.state(codes.MODEL_TRAINED)
    return statuses.state(codes.MODEL_QUEUED_FOR_TRAINING if train else codes.MODEL_UNTRAINED)


def post_model_versions(call: Call, request: service_pb2.PostModelVersionsRequest) -> service_pb2.SingleModelResponse:
    """Make a version; for a trainable type this queues its training."""
    scope = call.writable(request.user_app_id)
    model = model_views.find(call, scope, request.model_id)
    sent = list(request.model_versions) or [ModelVersion()]
    for version in sent:
        if request.description and not version.description:
            version.description = request.description
        row = create(call, model, version, train=True)
    model = model_views.find(call, scope, request.model_id)
    return service_pb2.SingleModelResponse(model=model_views.render(call, model, row))


def get_model_version(
    call: Call, request: service_pb2.GetModelVersionRequest
) -> service_pb2.SingleModelVersionResponse:
    """One version; reading a queued one moves its training on."""
    scope = call.readable(request.user_app_id)
    model = model_views.find_readable(call, scope, request.model_id)
    row = model_views.find_version(call, model, request.version_id)
    shown = model_views.render_version(call, row, model_views.type_of(model))
    return service_pb2.SingleModelVersionResponse(model_version=shown)


def _named(call: Call, request: service_pb2.GetModelVersionRequest) -> Row:
    model = model_views.find_readable(call, call.readable(request.user_app_id), request.model_id)
    return model_views.find_version(call, model, request.version_id)


def list_model_versions(
    call: Call, request: service_pb2.ListModelVersionsRequest
) -> service_pb2.MultiModelVersionResponse:
    """Versions of a model, newest first."""
    scope = call.readable(request.user_app_id)
    model = model_views.find_readable(call, scope, request.model_id)
    hidden = call.memory.lag.hidden
    rows = [row for row in model_views.versions(call, model) if not hidden(row.key)]
    call.memory.lag.seen(scope.user, scope.app, model_views.VERSION)
    rows = _sorted(_filtered(rows, request), request)
    model_type = model_views.type_of(model)
    shown = [model_views.render_version(call, row, model_type) for row in paging.cut(call, request, rows)]
    return service_pb2.MultiModelVersionResponse(model_versions=shown)


def _filtered(rows: Sequence[Row], request: service_pb2.ListModelVersionsRequest) -> list[Row]:
    def keep(row: Row) -> bool:
        version = ModelVersion.FromString(row.body)
        named = {concept.id for concept in version.output_info.data.concepts}
        trained = version.status.code == codes.MODEL_TRAINED
        return set(request.concept_ids) <= named and (trained or not request.trained_only)

    return [row for row in rows if keep(row)]


def _sorted(rows: list[Row], request: service_pb2.ListModelVersionsRequest) -> list[Row]:
    key: Callable[[Row], Any] = lambda row: (row.created, row.seq)  # noqa: E731
    if request.sort_by_status_code:
        key = lambda row: (ModelVersion.FromString(row.body).status.code, row.created)  # noqa: E731
    elif request.sort_by_description:
        key = lambda row: (ModelVersion.FromString(row.body).description, row.created)  # noqa: E731
    elif request.sort_by_num_inputs:
        key = lambda row: (ModelVersion.FromString(row.body).total_input_count, row.created)  # noqa: E731
    return sorted(rows, key=key, reverse=not request.sort_ascending)


def patch_model_versions(
    call: Call, request: service_pb2.PatchModelVersionsRequest
) -> service_pb2.MultiModelVersionResponse:
    """Change versions in place, keeping their ids: description, visibility, metadata, license, output_info (U21)."""
    scope = call.writable(request.user_app_id)
    actions = (patching.MERGE, patching.OVERWRITE, patching.REMOVE)
    action = patching.check_action(request.action, actions)
    model = model_views.find(call, scope, request.model_id)
    model_type = model_views.type_of(model)
    answers = []
    for sent in request.model_versions:
        row = _patch(call, scope, model, sent, action)
        shown = model_views.render_version(call, row, model_type)
        answers.append(patching.answered(call.switches, shown, sent))
    return service_pb2.MultiModelVersionResponse(model_versions=answers)


def _patch(call: Call, scope: Scope, model: Row, sent: ModelVersion, action: str) -> Row:
    row = model_views.find_version(call, model, sent.id)
    version = ModelVersion.FromString(row.body)
    fields = _PATCHABLE if call.switches.version_patch == "ignored" else (*_PATCHABLE, *_IN_PLACE)
    patching.apply(version, sent, action, fields)
    if action == patching.OVERWRITE and call.switches.overwrite_absent == "cleared":
        patching.clear_absent(version, sent, _CLEARABLE)
    params.check(model_views.type_of(model), version, scope.user)
    _settle_concepts(call, scope, version)
    modified = 0 if call.switches.version_modified_at == "stays" else call.store.tick()
    return call.store.update(row, version.SerializeToString(), modified=modified)


def delete_model_version(call: Call, request: service_pb2.DeleteModelVersionRequest) -> status_pb2.BaseResponse:
    """Delete one version; workflow versions that pin it become deprecated (facts 3.6)."""
    scope = call.writable(request.user_app_id)
    model = model_views.find(call, scope, request.model_id)
    row = model_views.find_version(call, model, request.version_id)
    pins.release(call, links.to_version(scope.user, scope.app, model.key.id, row.key.id), f"model version {row.key.id}")
    trainings.forget(call, row)
    call.store.delete(row)
    newest = model_views.latest(call, model)
    call.store.update(model, model.body, modified=newest.created if newest else model.created)
    return status_pb2.BaseResponse()


def get_model_version_export(
    call: Call, request: service_pb2.GetModelVersionExportRequest
) -> service_pb2.SingleModelVersionExportResponse:
    """An export of a version; nothing makes exports here, so there is none: 11101 (facts 2.3)."""
    scope = call.readable(request.user_app_id)
    model_views.find_version(call, model_views.find_readable(call, scope, request.model_id), request.version_id)
    raise errors.missing(f"export of model version {request.version_id}")


POLLS = ("GetModelVersion",)
"""Reads that move a training on."""

OPERATIONS: Mapping[str, Operation] = {
    "GetModelVersionExport": get_model_version_export,
    "PostModelVersions": post_model_versions,
    "GetModelVersion": trainings.watched(_named, get_model_version),
    "ListModelVersions": list_model_versions,
    "PatchModelVersions": patch_model_versions,
    "DeleteModelVersion": delete_model_version,
}
