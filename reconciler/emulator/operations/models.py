"""Models: get, list with filters, search, post, patch, rename, delete.

Belongs here: the model shell. Not here: its versions (`model_versions.py`), tag lists (`model_tags.py`), showing
(`model_views.py`). Facts 3.5, 4.1, 14.1.6.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, ids, limits, links, model_types, paging, patching
from reconciler.emulator.access import PUBLIC, Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import model_filters, model_versions, model_views, pins, trainings
from reconciler.emulator.store import Row

Model = resources_pb2.Model

PATCHABLE = (
    "name", "display_name", "visibility", "metadata", "description", "notes", "toolkits", "use_cases", "languages",
    "check_consents", "image", "default_eval_info", "task", "presets", "workflow_recommended", "license_type",
    "source", "creator",
)  # fmt: skip
_ON_CREATE = (*PATCHABLE, "bookmark_origin", "deploy_restriction")
_CLEARABLE = ("description", "notes")


def get_model(call: Call, request: service_pb2.GetModelRequest) -> service_pb2.SingleModelResponse:
    """A model with its newest version, or with the one that is named."""
    return _get(call, request, with_data=False)


def get_model_output_info(call: Call, request: service_pb2.GetModelRequest) -> service_pb2.SingleModelResponse:
    """The same, with the version's concepts and thresholds (facts 0.8)."""
    return _get(call, request, with_data=call.switches.output_info != "listed-apart")


def _get(call: Call, request: service_pb2.GetModelRequest, *, with_data: bool) -> service_pb2.SingleModelResponse:
    row, version = named(call, request)
    model = model_views.render(call, row, version, with_data=with_data)
    if call.switches.old_model_ids == "as-sent":
        model.id = request.model_id
    target = links.to_model(row.key.user, row.key.app, row.key.id)
    return service_pb2.SingleModelResponse(model=model, workflow_count=pins.workflow_count(call, target))


def named(
    call: Call, request: service_pb2.GetModelRequest | service_pb2.ListModelConceptsRequest
) -> tuple[Row, Row | None]:
    """The model and the version a request names; without a version id the newest, if there is any."""
    scope = call.readable(request.user_app_id)
    row = model_views.find_readable(call, scope, request.model_id)
    if request.version_id:
        return row, model_views.find_version(call, row, request.version_id)
    return row, model_views.latest(call, row)


def _watched(call: Call, request: service_pb2.GetModelRequest) -> Row | None:
    return named(call, request)[1]


def list_models(call: Call, request: service_pb2.ListModelsRequest) -> service_pb2.MultiModelResponse:
    """Models of an app, most recent version first."""
    scope = call.readable(request.user_app_id)
    order, ascending = paging.order_of(request, "modified")
    scopes = _listed(call, scope, told=request.dont_fetch_from_main)
    keep = model_filters.of(call, request, scopes)
    rows = paging.page(call, request, scopes, model_views.KIND, order=order, ascending=ascending, keep=keep)
    newest = model_views.latest_of(call, rows)
    reply = service_pb2.MultiModelResponse()
    for row, version in zip(rows, newest, strict=True):
        model_views.render(call, row, version, into=reply.models.add())
    if "counts" in request.additional_fields or "all" in request.additional_fields:
        for model, row in zip(reply.models, rows, strict=True):
            model.version_count = len(model_views.versions(call, row))
    return reply


def _listed(call: Call, scope: Scope, *, told: bool = False) -> list[Scope]:
    """The apps a list of models covers: the one named, and in older behaviour clarifai/main (facts 3.5).

    A call that names no app, as with an app key, keeps the older behaviour unless it is told otherwise.
    """
    leaks = call.switches.main_models
    leaking = leaks == "leak" or ((leaks == "leak-unless-told" or not scope.named) and not told)
    return [scope, PUBLIC] if leaking and not scope.public else [scope]


def search_models(call: Call, request: service_pb2.PostModelsSearchesRequest) -> service_pb2.MultiModelResponse:
    """Models by a name with wildcards and by type; no name means any."""
    scope = call.readable(request.user_app_id)
    pattern = request.model_query.name.lower() or "*"
    wanted = request.model_query.model_type_id

    def keep(row: Row) -> bool:
        fits = any(fnmatch.fnmatchcase(text.lower(), pattern) for text in (row.key.id, row.name))
        return fits and wanted in ("", model_views.type_of(row))

    rows = paging.page(call, request.pagination, _listed(call, scope, told=scope.named), model_views.KIND, keep=keep)
    newest = model_views.latest_of(call, rows)
    models = [model_views.render(call, row, version) for row, version in zip(rows, newest, strict=True)]
    return service_pb2.MultiModelResponse(models=models)


def post_models(call: Call, request: service_pb2.PostModelsRequest) -> service_pb2.SingleModelResponse:
    """Make models, all or none. The reply holds one model, the first, however many were posted (facts 2.5)."""
    scope = call.writable(request.user_app_id)
    sent = [*request.models, *([request.model] if request.HasField("model") else [])]
    if not sent:
        raise errors.Refusal(21203, "no models were sent")
    made = [_post(call, scope, each) for each in sent]
    return service_pb2.SingleModelResponse(model=made[0])


def _post(call: Call, scope: Scope, sent: Model) -> Model:
    identifier = ids.check_model(sent.id or ids.new_id(), longest=call.switches.longest_id)
    if call.store.get(scope.key(model_views.KIND, identifier)) is not None:
        raise errors.duplicate("model", f"model {identifier}", call.duplicate_code)
    model = Model(id=identifier, name=identifier, model_type_id=sent.model_type_id or model_types.DEFAULT_TYPE)
    if call.switches.unknown_types == "refused" and model_types.find(model.model_type_id) is None:
        raise errors.invalid_model(f"model type {model.model_type_id} does not exist")
    limits.check_notes(sent.notes)
    model.visibility.gettable = resources_pb2.Visibility.PRIVATE
    patching.apply(model, sent, patching.OVERWRITE, _ON_CREATE)
    patching.host_image(call.switches, model)
    key = scope.key(model_views.KIND, identifier)
    bookmark = (links.to_bookmarks(scope),) if model.HasField("bookmark_origin") else ()
    row = call.insert(key, model.SerializeToString(), created=call.store.tick(), name=model.name, links=bookmark)
    version = _first_version(call, row, sent)
    return model_views.render(call, model_views.find(call, scope, identifier), version)


def _first_version(call: Call, row: Row, sent: Model) -> Row | None:
    """The version PostModels makes by itself, if the service does that (U1, facts 4.1)."""
    how = call.switches.first_version
    configured = sent.HasField("output_info") or sent.HasField("model_version")
    bare_operator = how == "always" and not model_types.trainable(model_views.type_of(row))
    if how == "never" or not (configured or bare_operator):
        return None
    version = resources_pb2.ModelVersion()
    version.CopyFrom(sent.model_version)
    if sent.HasField("output_info"):
        version.output_info.MergeFrom(sent.output_info)
    return model_versions.create(call, row, version, train=False)


def patch_models(call: Call, request: service_pb2.PatchModelsRequest) -> service_pb2.MultiModelResponse:
    """Change model-level fields in place; sent output_info makes a new version (facts 3.5, 14.1.6)."""
    scope = call.writable(request.user_app_id)
    actions = (patching.MERGE, patching.OVERWRITE, patching.REMOVE)
    action = patching.check_action(request.action, actions)
    answers = []
    for sent in request.models:
        row = _patch(call, model_views.find(call, scope, sent.id), sent, action)
        shown = model_views.render(call, row, model_views.latest(call, row))
        answers.append(patching.answered(call.switches, shown, sent))
    return service_pb2.MultiModelResponse(models=answers)


def _patch(call: Call, row: Row, sent: Model, action: str) -> Row:
    model = Model.FromString(row.body)
    if action == patching.REMOVE:
        patching.drop_image(model, sent)
        return call.store.update(row, model.SerializeToString())
    limits.check_notes(sent.notes)
    patching.apply(model, sent, action, PATCHABLE)
    patching.host_image(call.switches, model)
    if action == patching.OVERWRITE and call.switches.overwrite_absent == "cleared":
        patching.clear_absent(model, sent, _CLEARABLE)
    row = call.store.update(row, model.SerializeToString(), name=model.name)
    if sent.HasField("output_info"):
        _new_version(call, row, sent, action)
    return model_views.find(call, model_views.scope_of(row), row.key.id)


def _new_version(call: Call, row: Row, sent: Model, action: str) -> None:
    newest = model_views.latest(call, row)
    version = resources_pb2.ModelVersion()
    if newest is not None:
        known = resources_pb2.ModelVersion.FromString(newest.body)
        version.output_info.CopyFrom(known.output_info)
        version.input_info.CopyFrom(known.input_info)
    patching.apply(version, resources_pb2.ModelVersion(output_info=sent.output_info), action, ("output_info",))
    model_versions.create(call, row, version, train=False)


def delete_model(call: Call, request: service_pb2.DeleteModelRequest) -> status_pb2.BaseResponse:
    """Delete a model with all its versions, also while one is queued for training."""
    scope = call.writable(request.user_app_id)
    _delete(call, model_views.find(call, scope, request.model_id))
    return status_pb2.BaseResponse()


def delete_models(call: Call, request: service_pb2.DeleteModelsRequest) -> status_pb2.BaseResponse:
    """Delete several models, all or none, or every model of the app."""
    scope = call.writable(request.user_app_id)
    if request.delete_all:
        rows = list(call.store.select(scope.user, scope.app, model_views.KIND))
    else:
        rows = [model_views.find(call, scope, identifier) for identifier in dict.fromkeys(request.ids)]
    for row in rows:
        _delete(call, row)
    return status_pb2.BaseResponse()


def _delete(call: Call, row: Row) -> None:
    key = row.key
    pins.release(call, links.to_model(key.user, key.app, key.id), f"model {key.id}")
    for version in model_views.versions(call, row):
        trainings.forget(call, version)
    call.store.wipe_children(key.user, key.app, model_views.VERSION, key.id)
    call.store.delete(row)


def list_model_concepts(call: Call, request: service_pb2.ListModelConceptsRequest) -> service_pb2.MultiConceptResponse:
    """The concepts of a model's version, with their thresholds, in pages."""
    row, version = named(call, request)
    if version is None:
        return service_pb2.MultiConceptResponse()
    shown = model_views.render_version(call, version, model_views.type_of(row), with_data=True)
    wanted = request.search.lower()
    fitting = [c for c in shown.output_info.data.concepts if wanted in c.id.lower() or wanted in c.name.lower()]
    return service_pb2.MultiConceptResponse(concepts=paging.cut(call, request, fitting))


POLLS = ("GetModel", "GetModelOutputInfo")
"""Reads that move a training on."""

OPERATIONS: Mapping[str, Operation] = {
    "GetModel": trainings.watched(_watched, get_model),
    "GetModelOutputInfo": trainings.watched(_watched, get_model_output_info),
    "ListModels": list_models,
    "PostModelsSearches": search_models,
    "PostModels": post_models,
    "PatchModels": patch_models,
    "DeleteModel": delete_model,
    "DeleteModels": delete_models,
    "ListModelConcepts": list_model_concepts,
}
