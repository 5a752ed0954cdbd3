"""Workflow versions: list, get, patch, delete. A new one appears only by patching the workflow (facts 0.2).

Belongs here: versions as resources. Not here: making them (`workflows.py`), marking them deprecated (`pins.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, paging, patching
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import nodes
from reconciler.emulator.store import Row

WorkflowVersion = resources_pb2.WorkflowVersion

KIND = "workflow_version"
PATCHABLE = ("description", "visibility", "metadata", "license")
_CLEARABLE = ("description", "license")


def latest(call: Call, workflow: Row) -> Row | None:
    """The newest version of a workflow."""
    key = workflow.key
    rows = call.store.select(key.user, key.app, KIND, parent=key.id, order="created", ascending=False, limit=1)
    return next(rows, None)


def list_workflow_versions(
    call: Call, request: service_pb2.ListWorkflowVersionsRequest
) -> service_pb2.MultiWorkflowVersionResponse:
    """Versions of a workflow, newest first."""
    scope = call.readable(request.user_app_id)
    _workflow(call, scope, request.workflow_id)
    rows = paging.page(call, request, [scope], KIND, parent=request.workflow_id, order="created")
    return service_pb2.MultiWorkflowVersionResponse(workflow_versions=[render(call, row) for row in rows])


def get_workflow_version(
    call: Call, request: service_pb2.GetWorkflowVersionRequest
) -> service_pb2.SingleWorkflowVersionResponse:
    """One version."""
    scope = call.readable(request.user_app_id)
    row = find(call, scope, request.workflow_id, request.workflow_version_id)
    return service_pb2.SingleWorkflowVersionResponse(workflow_version=render(call, row))


def patch_workflow_versions(
    call: Call, request: service_pb2.PatchWorkflowVersionsRequest
) -> service_pb2.MultiWorkflowVersionResponse:
    """Change description, visibility, metadata, license in place; nodes never change (facts 3.8)."""
    scope = call.writable(request.user_app_id)
    actions = (patching.MERGE, patching.OVERWRITE, patching.REMOVE)
    action = patching.check_action(request.action, actions)
    answers = []
    for sent in request.workflow_versions:
        row = find(call, scope, request.workflow_id, sent.id)
        version = WorkflowVersion.FromString(row.body)
        patching.apply(version, sent, action, PATCHABLE)
        if action == patching.OVERWRITE and call.switches.overwrite_absent == "cleared":
            patching.clear_absent(version, sent, _CLEARABLE)
        row = call.store.update(row, version.SerializeToString(), modified=call.store.tick())
        answers.append(patching.answered(call.switches, render(call, row), sent))
    return service_pb2.MultiWorkflowVersionResponse(workflow_versions=answers)


def delete_workflow_versions(call: Call, request: service_pb2.DeleteWorkflowVersionsRequest) -> status_pb2.BaseResponse:
    """Delete versions, all or none; the last one stays (U7)."""
    scope = call.writable(request.user_app_id)
    rows = [find(call, scope, request.workflow_id, i) for i in dict.fromkeys(request.workflow_version_ids)]
    held = len(list(call.store.select(scope.user, scope.app, KIND, parent=request.workflow_id)))
    if rows and len(rows) == held and call.switches.default_workflow_delete == "refused":
        raise errors.invalid_workflow(f"workflow {request.workflow_id} would be left without a version")
    for row in rows:
        call.store.delete(row)
    return status_pb2.BaseResponse()


def find(call: Call, scope: Scope, workflow: str, version: str) -> Row:
    """One version of a workflow; absent: 11101."""
    _workflow(call, scope, workflow)
    row = call.store.get(scope.key(KIND, version, workflow))
    if row is None:
        raise errors.missing(f"workflow version {version}")
    return row


def _workflow(call: Call, scope: Scope, identifier: str) -> None:
    if call.store.get(scope.key("workflow", identifier)) is None:
        raise errors.missing(f"workflow {identifier}")


def render(call: Call, row: Row) -> WorkflowVersion:
    """A version as replies show it."""
    version = WorkflowVersion.FromString(row.body)
    version.id, version.workflow_id = row.key.id, row.key.parent
    version.user_id, version.app_id = row.key.user, row.key.app
    version.created_at.CopyFrom(call.timestamp(row.created))
    version.modified_at.CopyFrom(call.timestamp(row.modified))
    version.metadata.SetInParent()
    if call.listing and call.switches.list_metadata == "dropped":
        version.ClearField("metadata")
    shown = nodes.show(call, version.nodes)
    version.ClearField("nodes")
    version.nodes.extend(shown)
    return version


OPERATIONS: Mapping[str, Operation] = {
    "ListWorkflowVersions": list_workflow_versions,
    "GetWorkflowVersion": get_workflow_version,
    "PatchWorkflowVersions": patch_workflow_versions,
    "DeleteWorkflowVersions": delete_workflow_versions,
}
