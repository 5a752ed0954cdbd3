"""Apps: get, list, search, post, patch, delete, and what is in them.

Belongs here: the app's own fields, its default workflow, its metadata. Not here: anything inside an app, except
that deleting the app wipes it all (facts 3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, ids, limits, media, metadata_action, paging, patching
from reconciler.emulator.access import PUBLIC_APP, PUBLIC_USER, Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import base_workflows, inputs
from reconciler.emulator.store import Row

App = resources_pb2.App

KIND = "app"
_OWN_FIELDS = ("name", "description", "sample_ms", "visibility", "data_tier_id", "notes", "image", "is_template")
_CREATE_ONLY = ("default_language", "embeddings_storage", "metadata")
_DETAILS = ("notes", "description", "image")
_CLEARABLE = ("description", "notes")


def get_app(call: Call, request: service_pb2.GetAppRequest) -> service_pb2.SingleAppResponse:
    """One app."""
    scope = call.readable(request.user_app_id)
    app = _counted(call, render(call, find(call, scope)), request.additional_fields)
    return service_pb2.SingleAppResponse(app=app)


def list_apps(call: Call, request: service_pb2.ListAppsRequest) -> service_pb2.MultiAppResponse:
    """The caller's apps, newest change first."""
    user = _readable_user(call, request.user_app_id)
    order, ascending = paging.order_of(request, "modified")
    rows = paging.page(call, request, [Scope(user, "")], KIND, order=order, ascending=ascending, keep=_filter(request))
    apps = [_counted(call, render(call, row), request.additional_fields) for row in rows]
    return service_pb2.MultiAppResponse(apps=apps)


def _counted(call: Call, app: App, additional: Sequence[str]) -> App:
    """The app, with what is in it if that was asked for."""
    if "counts" in additional or "all" in additional:
        app.extra_info.counts.CopyFrom(_counts(call, Scope(app.user_id, app.id)))
    return app


def search_apps(call: Call, request: service_pb2.PostAppsSearchesRequest) -> service_pb2.MultiAppResponse:
    """The caller's apps whose id or name holds a text."""
    user = _readable_user(call, request.user_app_id)
    wanted = request.app_query.name.strip("*").lower()
    rows = paging.page(
        call, request.pagination, [Scope(user, "")], KIND, keep=lambda row: wanted in f"{row.key.id} {row.name}".lower()
    )
    return service_pb2.MultiAppResponse(apps=[render(call, row) for row in rows])


def _readable_user(call: Call, user_app_id: resources_pb2.UserAppIDSet) -> str:
    user = call.user(user_app_id)
    if user not in (call.caller.user, PUBLIC_USER):
        raise errors.missing(f"user {user}")
    return user


def _filter(request: service_pb2.ListAppsRequest) -> Callable[[Row], bool] | None:
    text = (request.search or request.query).lower()
    name, identifier, gettable = request.name.lower(), request.id.lower(), request.visibility.gettable
    if not (text or name or identifier or gettable or request.template_only or request.starred_only):
        return None

    def keep(row: Row) -> bool:
        app = App.FromString(row.body)
        return (
            text in f"{app.id} {app.name} {app.description} {app.notes}".lower()
            and name in app.name.lower()
            and identifier in app.id.lower()
            and gettable in (0, app.visibility.gettable)
            and (not request.template_only or app.is_template.value)
            and not request.starred_only
        )

    return keep


def post_apps(call: Call, request: service_pb2.PostAppsRequest) -> service_pb2.MultiAppResponse:
    """Make apps for the owner of the key, whoever is asked for (facts 3.1)."""
    if not request.apps:
        raise errors.invalid("no apps were sent")
    rows = [_post(call, sent) for sent in request.apps]
    return service_pb2.MultiAppResponse(apps=[render(call, row) for row in rows])


def _post(call: Call, sent: App) -> Row:
    user = call.caller.user
    identifier = ids.check("app", sent.id or ids.new_id(), longest=call.switches.longest_id)
    if call.store.get(Scope(user, "").key(KIND, identifier)) is not None:
        raise errors.duplicate(KIND, f"app {identifier}", call.duplicate_code)
    app = App(id=identifier, name=identifier, default_language="en")
    app.visibility.gettable = resources_pb2.Visibility.PRIVATE
    app.embeddings_storage = App.POSTGRES
    limits.check_notes(sent.notes)
    patching.apply(app, sent, patching.OVERWRITE, (*_OWN_FIELDS, *_CREATE_ONLY))
    patching.host_image(call.switches, app)
    row = call.insert(
        Scope(user, "").key(KIND, identifier), app.SerializeToString(), created=call.store.tick(), name=app.name
    )
    app.default_workflow.CopyFrom(base_workflows.adopt(call, Scope(user, identifier), sent))
    return call.store.update(row, app.SerializeToString())


def patch_apps(call: Call, request: service_pb2.PatchAppsRequest) -> service_pb2.MultiAppResponse:
    """Overwrite fields of several apps; metadata only moves through `metadata_action`."""
    user = call.user(request.user_app_id)
    rows = [_patch(call, user, sent, request, _OWN_FIELDS) for sent in request.apps]
    answers = [patching.answered(call.switches, render(call, r), s) for r, s in zip(rows, request.apps, strict=True)]
    return service_pb2.MultiAppResponse(apps=answers)


def patch_app(call: Call, request: service_pb2.PatchAppRequest) -> service_pb2.SingleAppResponse:
    """Overwrite fields of one app, which `app.id` or else `user_app_id` names."""
    sent = App()
    sent.CopyFrom(request.app)
    sent.id = sent.id or request.user_app_id.app_id
    row = _patch(call, call.user(request.user_app_id), sent, request, _OWN_FIELDS)
    return service_pb2.SingleAppResponse(app=patching.answered(call.switches, render(call, row), sent))


def patch_apps_details(call: Call, request: service_pb2.PatchAppsDetailsRequest) -> service_pb2.MultiAppResponse:
    """Overwrite notes, description and image only."""
    user = call.user(request.user_app_id)
    rows = [_patch(call, user, sent, request, _DETAILS) for sent in request.apps]
    return service_pb2.MultiAppResponse(apps=[render(call, row) for row in rows])


def _patch(
    call: Call,
    user: str,
    sent: App,
    request: service_pb2.PatchAppsRequest | service_pb2.PatchAppRequest | service_pb2.PatchAppsDetailsRequest,
    fields: tuple[str, ...],
) -> Row:
    scope = call.writable(resources_pb2.UserAppIDSet(user_id=user, app_id=ids.check("app", sent.id)))
    row = find(call, scope)
    app = App.FromString(row.body)
    patching.check_action(request.action, (patching.OVERWRITE, patching.REMOVE))
    limits.check_notes(sent.notes)
    if request.action == patching.REMOVE:
        patching.drop_image(app, sent, beside=("metadata",))
    else:
        patching.apply(app, sent, patching.OVERWRITE, fields)
        patching.host_image(call.switches, app)
        if call.switches.overwrite_absent == "cleared":
            patching.clear_absent(app, sent, _CLEARABLE)
    if not isinstance(request, service_pb2.PatchAppsDetailsRequest):
        changed = _patch_default_workflow(call, scope, app, sent)
        _patch_metadata(call, app, sent, request)
        if changed and request.reindex:
            inputs.reindex(call, scope)
    return call.store.update(row, app.SerializeToString(), modified=call.store.tick(), name=app.name)


def _patch_default_workflow(call: Call, scope: Scope, app: App, sent: App) -> bool:
    """True if the app runs another workflow on its inputs from now on."""
    if not (sent.default_workflow.id or sent.default_workflow_id):
        return False
    found = base_workflows.locate(call, scope, sent)
    changed = bool(found != app.default_workflow)
    app.default_workflow.CopyFrom(found)
    return changed


def _patch_metadata(
    call: Call, app: App, sent: App, request: service_pb2.PatchAppsRequest | service_pb2.PatchAppRequest
) -> None:
    if request.HasField("metadata_action") and call.switches.metadata_action == "obeyed":
        app.metadata.CopyFrom(metadata_action.patch_metadata(app.metadata, sent.metadata, request.metadata_action))


def delete_app(call: Call, request: service_pb2.DeleteAppRequest) -> status_pb2.BaseResponse:
    """Delete an app with everything in it; there is no undo and no force flag."""
    if not request.user_app_id.app_id:
        raise errors.invalid("user_app_id.app_id is missing")
    scope = call.writable(request.user_app_id)
    call.store.wipe(scope.user, scope.app)
    media.sweep(call.store)
    call.store.delete(find(call, scope))
    return status_pb2.BaseResponse()


def get_resource_counts(
    call: Call, request: service_pb2.GetResourceCountsRequest
) -> service_pb2.GetResourceCountsResponse:
    """How much an app holds."""
    counts = _counts(call, call.readable(request.user_app_id))
    return service_pb2.GetResourceCountsResponse(
        datasets=counts.datasets,
        models=counts.models,
        workflows=counts.workflows,
        inputs=counts.inputs,
        pipelines=counts.pipelines,
    )


def _counts(call: Call, scope: Scope) -> resources_pb2.AppResourceCounts:
    def count(kind: str) -> int:
        return call.store.count(scope.user, scope.app, kind)

    return resources_pb2.AppResourceCounts(
        datasets=count("dataset"),
        models=count("model"),
        workflows=count("workflow"),
        inputs=count("input"),
        pipelines=count("pipeline"),
    )


def find(call: Call, scope: Scope) -> Row:
    """The stored app of a scope."""
    row = call.store.get(Scope(scope.user, "").key(KIND, scope.app))
    if row is None:
        raise errors.missing(f"app {scope.app}")
    return row


def default_workflow(call: Call, scope: Scope) -> resources_pb2.Workflow:
    """Which workflow an app runs on its inputs: id, app_id and user_id."""
    stored = App.FromString(find(call, scope).body).default_workflow
    if stored.id:
        return stored
    return resources_pb2.Workflow(id=base_workflows.EMPTY, user_id=PUBLIC_USER, app_id=PUBLIC_APP)


def set_default_workflow(call: Call, scope: Scope, home: Scope, identifier: str) -> None:
    """Point an app at another default workflow, which lives in `home`."""
    row = find(call, scope)
    app = App.FromString(row.body)
    app.default_workflow.CopyFrom(base_workflows.reference(home, identifier))
    call.store.update(row, app.SerializeToString())


def render(call: Call, row: Row) -> App:
    """An app as replies show it."""
    app = App.FromString(row.body)
    app.id, app.user_id = row.key.id, row.key.user
    app.created_at.CopyFrom(call.timestamp(row.created))
    app.modified_at.CopyFrom(call.timestamp(row.modified))
    app.metadata.SetInParent()
    if call.listing and call.switches.list_metadata == "dropped":
        app.ClearField("metadata")
    app.default_workflow_id = app.default_workflow.id
    return app


OPERATIONS: Mapping[str, Operation] = {
    "GetApp": get_app,
    "ListApps": list_apps,
    "PostAppsSearches": search_apps,
    "PostApps": post_apps,
    "PatchApps": patch_apps,
    "PatchApp": patch_app,
    "PatchAppsDetails": patch_apps_details,
    "DeleteApp": delete_app,
    "GetResourceCounts": get_resource_counts,
}
