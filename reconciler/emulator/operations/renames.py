"""PatchModelIds, PatchWorkflowIds, PatchAppsIds: give things other ids and keep every pointer right.

Belongs here: the rename and what has to follow it. Afterwards the old id answers 10050 with where it went
(facts 2.1). Each RPC takes exactly one pair of ids (facts 3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator import errors, ids, links, patching
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import apps, model_views, relations, workflow_versions, workflows
from reconciler.emulator.store import Row


def _pair(call: Call, request: Any, kind: str) -> tuple[str, str]:
    patching.check_action(request.action, (patching.OVERWRITE,))
    if len(request.ids) != 1:
        raise errors.invalid(f"exactly one pair of ids is expected, not {len(request.ids)}")
    pair = request.ids[0]
    return pair.id, ids.check(kind, pair.new_id, longest=call.switches.longest_id)


def _move(call: Call, scope: Scope, row: Row, new_id: str) -> None:
    """Rename a row, remember where it went, free the new id of an older move."""
    if call.store.get(scope.key(row.key.kind, new_id)) is not None:
        raise errors.duplicate(row.key.kind, f"{row.key.kind} {new_id}", call.duplicate_code)
    for identifier in (row.key.id, new_id):
        known = call.store.get(scope.key(f"moved_{row.key.kind}", identifier))
        if known is not None:
            call.store.delete(known)
    call.store.rename(row, new_id)
    call.store.insert(scope.key(f"moved_{row.key.kind}", row.key.id), new_id.encode(), created=call.store.tick())


def patch_model_ids(call: Call, request: service_pb2.PatchModelIdsRequest) -> service_pb2.MultiModelResponse:
    """Rename a model; its versions and the nodes that pin it follow."""
    scope = call.writable(request.user_app_id)
    old, new = _pair(call, request, "model")
    row = model_views.find(call, scope, old)
    _move(call, scope, row, new)
    call.store.move_children(scope.user, scope.app, model_views.VERSION, old, new)
    for holder in call.store.linked(links.to_model(scope.user, scope.app, old), workflow_versions.KIND):
        version = resources_pb2.WorkflowVersion.FromString(holder.body)
        for node in version.nodes:
            if (node.model.user_id, node.model.app_id, node.model.id) == (scope.user, scope.app, old):
                node.model.id = new
        _rewrite(call, holder, version)
    moved = model_views.find(call, scope, new)
    shown = model_views.render(call, moved, model_views.latest(call, moved))
    return service_pb2.MultiModelResponse(models=[shown])


def patch_workflow_ids(call: Call, request: service_pb2.PatchWorkflowIdsRequest) -> service_pb2.MultiWorkflowResponse:
    """Rename a workflow; its versions and the app's default follow."""
    scope = call.writable(request.user_app_id)
    old, new = _pair(call, request, "workflow")
    default = apps.default_workflow(call, scope)
    _move(call, scope, workflows.find(call, scope, old), new)
    call.store.move_children(scope.user, scope.app, workflow_versions.KIND, old, new)
    if (default.user_id, default.app_id, default.id) == (scope.user, scope.app, old):
        apps.set_default_workflow(call, scope, scope, new)
    return service_pb2.MultiWorkflowResponse(workflows=[workflows.render(call, workflows.find(call, scope, new))])


def patch_apps_ids(call: Call, request: service_pb2.PatchAppsIdsRequest) -> service_pb2.MultiAppResponse:
    """Rename an app with everything in it and every pointer into it."""
    old, new = _pair(call, request, "app")
    scope = call.writable(resources_pb2.UserAppIDSet(user_id=request.user_app_id.user_id, app_id=old))
    home, target = Scope(scope.user, ""), Scope(scope.user, new)
    row = apps.find(call, scope)
    default = apps.default_workflow(call, scope)
    _move(call, home, row, new)
    call.store.move_app(scope.user, old, new)
    if (default.user_id, default.app_id) == (scope.user, old):
        apps.set_default_workflow(call, target, target, default.id)
    for holder in list(_everywhere(call, scope.user, workflow_versions.KIND)):
        _repoint_nodes(call, holder, old, new)
    for holder in list(_everywhere(call, scope.user, relations.KIND)):
        relations.move_ends(call, holder, old, new)
    return service_pb2.MultiAppResponse(apps=[apps.render(call, apps.find(call, target))])


def _everywhere(call: Call, user: str, kind: str) -> Iterator[Row]:
    for app in list(call.store.select(user, "", apps.KIND)):
        yield from list(call.store.select(user, app.key.id, kind))


def _repoint_nodes(call: Call, holder: Row, old: str, new: str) -> None:
    version = resources_pb2.WorkflowVersion.FromString(holder.body)
    hit = [n for n in version.nodes if (n.model.user_id, n.model.app_id) == (holder.key.user, old)]
    for node in hit:
        node.model.app_id = node.model.model_version.app_id = new
    if hit:
        _rewrite(call, holder, version)


def _rewrite(call: Call, holder: Row, version: resources_pb2.WorkflowVersion) -> None:
    call.store.update(holder, version.SerializeToString(), links=links.of_nodes(version.nodes))


OPERATIONS: Mapping[str, Operation] = {
    "PatchModelIds": patch_model_ids,
    "PatchWorkflowIds": patch_workflow_ids,
    "PatchAppsIds": patch_apps_ids,
}
