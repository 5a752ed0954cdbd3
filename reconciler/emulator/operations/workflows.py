"""Workflows: get, list, post, patch, delete.

Belongs here: the workflow and the rule when a patch makes a new version. Not here: its versions as resources
(`workflow_versions.py`), nodes (`nodes.py`), the app's choice of a default (`base_workflows.py`).
Facts 3.8, 6, U7, U9, U10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import errors, ids, limits, links, paging, patching
from reconciler.emulator.access import PUBLIC, Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import apps, base_workflows, nodes, workflow_versions
from reconciler.emulator.store import Row

Workflow = resources_pb2.Workflow
WorkflowVersion = resources_pb2.WorkflowVersion

KIND = "workflow"
_PATCHABLE = ("description", "notes", "visibility", "metadata", "use_cases", "check_consents", "image")
_CLEARABLE = ("description", "notes")


def get_workflow(call: Call, request: service_pb2.GetWorkflowRequest) -> service_pb2.SingleWorkflowResponse:
    """A workflow with its newest nodes; an empty id means the app's default workflow."""
    scope = call.readable(request.user_app_id)
    row = find_or_default(call, scope, request.workflow_id)
    return service_pb2.SingleWorkflowResponse(workflow=render(call, row))


def find_or_default(call: Call, scope: Scope, identifier: str) -> Row:
    """A workflow by its id; an empty id means the app's default workflow."""
    if identifier:
        return _find_anywhere(call, scope, identifier)
    default = apps.default_workflow(call, scope)
    return find(call, Scope(default.user_id, default.app_id), default.id)


def scope_of(row: Row) -> Scope:
    """The app a workflow lives in."""
    return Scope(row.key.user, row.key.app)


def find(call: Call, scope: Scope, identifier: str) -> Row:
    """A workflow of one app; absent: 11101 (facts 2.3)."""
    row = call.store.get(scope.key(KIND, identifier))
    if row is not None:
        return row
    moved = call.store.get(scope.key("moved_workflow", identifier))
    if moved is not None:
        raise errors.moved("workflow", identifier, moved.body.decode())
    raise errors.missing(f"workflow {identifier}")


def _find_anywhere(call: Call, scope: Scope, identifier: str) -> Row:
    """A workflow of the app; a call that names no app may also mean clarifai/main's (facts 14.1.5)."""
    own = call.store.get(scope.key(KIND, identifier))
    if own is None and not scope.named and call.store.get(PUBLIC.key(KIND, identifier)) is not None:
        return find(call, PUBLIC, identifier)
    return find(call, scope, identifier)


def list_workflows(call: Call, request: service_pb2.ListWorkflowsRequest) -> service_pb2.MultiWorkflowResponse:
    """Workflows of an app, newest change first."""
    scope = call.readable(request.user_app_id)
    order, ascending = paging.order_of(request, "modified")
    rows = paging.page(call, request, [scope], KIND, order=order, ascending=ascending, keep=_filter(request))
    return service_pb2.MultiWorkflowResponse(workflows=[render(call, row) for row in rows])


def _filter(request: service_pb2.ListWorkflowsRequest) -> Callable[[Row], bool] | None:
    words = [word.lower() for word in (request.search, request.query, request.search_term, request.id) if word]
    gettable = request.visibility.gettable
    if not (words or gettable or request.bookmark or request.starred_only or request.featured_only):
        return None

    def keep(row: Row) -> bool:
        workflow = Workflow.FromString(row.body)
        text = f"{workflow.id} {workflow.description} {workflow.notes}".lower()
        never = request.bookmark or request.starred_only or request.featured_only
        return not never and gettable in (0, workflow.visibility.gettable) and all(word in text for word in words)

    return keep


def post_workflows(call: Call, request: service_pb2.PostWorkflowsRequest) -> service_pb2.MultiWorkflowResponse:
    """Make workflows, all or none, each with its first version."""
    scope = call.writable(request.user_app_id)
    if not request.workflows:
        raise errors.invalid_workflow("no workflows were sent")
    rows = [_post(call, scope, sent) for sent in request.workflows]
    return service_pb2.MultiWorkflowResponse(workflows=[render(call, row) for row in rows])


def _post(call: Call, scope: Scope, sent: Workflow) -> Row:
    identifier = ids.check("workflow", sent.id or ids.new_id(), longest=call.switches.longest_id)
    if call.store.get(scope.key(KIND, identifier)) is not None:
        raise errors.duplicate(KIND, f"workflow {identifier}", call.duplicate_code)
    limits.check_notes(sent.notes)
    workflow = Workflow(id=identifier)
    workflow.visibility.gettable = resources_pb2.Visibility.PRIVATE
    patching.apply(workflow, sent, patching.OVERWRITE, _PATCHABLE)
    patching.host_image(call.switches, workflow)
    settled = nodes.settle(call, scope, sent.nodes)
    now = call.store.tick()
    row = call.insert(scope.key(KIND, identifier), workflow.SerializeToString(), created=now)
    _add_version(call, row, settled, sent.version, now)
    return row


def _add_version(
    call: Call, row: Row, settled: Sequence[resources_pb2.WorkflowNode], sent: WorkflowVersion, now: int
) -> None:
    version = WorkflowVersion(workflow_id=row.key.id, nodes=settled)
    version.visibility.gettable = resources_pb2.Visibility.PRIVATE
    patching.apply(version, sent, patching.OVERWRITE, workflow_versions.PATCHABLE)
    key = Scope(row.key.user, row.key.app).key(workflow_versions.KIND, ids.new_id(), row.key.id)
    call.insert(key, version.SerializeToString(), created=now, links=links.of_nodes(version.nodes))


def patch_workflows(call: Call, request: service_pb2.PatchWorkflowsRequest) -> service_pb2.MultiWorkflowResponse:
    """Change workflows; other nodes make a new version, which is live at once."""
    scope = call.writable(request.user_app_id)
    actions = (patching.MERGE, patching.OVERWRITE, patching.REMOVE)
    action = patching.check_action(request.action, actions)
    answers = []
    for sent in request.workflows:
        row = _patch(call, scope, sent, action)
        answers.append(patching.answered(call.switches, render(call, row), sent))
    return service_pb2.MultiWorkflowResponse(workflows=answers)


def _patch(call: Call, scope: Scope, sent: Workflow, action: str) -> Row:
    row = find(call, scope, sent.id)
    workflow = Workflow.FromString(row.body)
    now = call.store.tick()
    if action == patching.REMOVE:
        patching.drop_image(workflow, sent)
        return call.store.update(row, workflow.SerializeToString(), modified=now)
    limits.check_notes(sent.notes)
    patching.apply(workflow, sent, action, _PATCHABLE)
    patching.host_image(call.switches, workflow)
    if action == patching.OVERWRITE and call.switches.overwrite_absent == "cleared":
        patching.clear_absent(workflow, sent, _CLEARABLE)
    _patch_nodes(call, scope, row, sent, action, now)
    return call.store.update(row, workflow.SerializeToString(), modified=now)


def _patch_nodes(call: Call, scope: Scope, row: Row, sent: Workflow, action: str, now: int) -> None:
    """Make a new version where this service does: when nodes differ, when they are sent, or always (U10)."""
    newest = workflow_versions.latest(call, row)
    stored = list(WorkflowVersion.FromString(newest.body).nodes) if newest else []
    wanted = stored
    if sent.nodes:
        how = call.switches.nodes_merge if action == patching.MERGE else call.switches.nodes_overwrite
        settled = nodes.merge(stored, sent.nodes) if how == "by-id" else list(sent.nodes)
        wanted = nodes.settle(call, scope, settled)
    rule = call.switches.workflow_version
    if rule == "every-patch" or (sent.nodes and (rule == "nodes-sent" or not nodes.same(stored, wanted))):
        _add_version(call, row, wanted, sent.version, now)


def delete_workflow(call: Call, request: service_pb2.DeleteWorkflowRequest) -> status_pb2.BaseResponse:
    """Delete a workflow with its versions; its models stay (facts 3.8)."""
    scope = call.writable(request.user_app_id)
    _delete(call, scope, find(call, scope, request.workflow_id))
    return status_pb2.BaseResponse()


def delete_workflows(call: Call, request: service_pb2.DeleteWorkflowsRequest) -> status_pb2.BaseResponse:
    """Delete several workflows, all or none, or every workflow of the app."""
    scope = call.writable(request.user_app_id)
    if request.delete_all:
        rows = list(call.store.select(scope.user, scope.app, KIND))
    else:
        rows = [find(call, scope, identifier) for identifier in dict.fromkeys(request.ids)]
    for row in rows:
        _delete(call, scope, row)
    return status_pb2.BaseResponse()


def _delete(call: Call, scope: Scope, row: Row) -> None:
    default = apps.default_workflow(call, scope)
    if (default.user_id, default.app_id, default.id) == (scope.user, scope.app, row.key.id):
        if call.switches.default_workflow_delete == "refused":
            raise errors.invalid_workflow(f"workflow {row.key.id} is the default workflow of app {scope.app}")
        apps.set_default_workflow(call, scope, PUBLIC, base_workflows.EMPTY)
    call.store.wipe_children(scope.user, scope.app, workflow_versions.KIND, row.key.id)
    call.store.delete(row)


def render(call: Call, row: Row) -> Workflow:
    """A workflow as replies show it: nodes and version are those of its newest version."""
    workflow = Workflow.FromString(row.body)
    workflow.id, workflow.user_id, workflow.app_id = row.key.id, row.key.user, row.key.app
    workflow.created_at.CopyFrom(call.timestamp(row.created))
    workflow.modified_at.CopyFrom(call.timestamp(row.modified))
    workflow.metadata.SetInParent()
    if call.listing and call.switches.list_metadata == "dropped":
        workflow.ClearField("metadata")
    newest = workflow_versions.latest(call, row)
    if newest is not None:
        workflow.version.CopyFrom(workflow_versions.render(call, newest))
        workflow.nodes.extend(workflow.version.nodes)
    return workflow


OPERATIONS: Mapping[str, Operation] = {
    "GetWorkflow": get_workflow,
    "ListWorkflows": list_workflows,
    "PostWorkflows": post_workflows,
    "PatchWorkflows": patch_workflows,
    "DeleteWorkflow": delete_workflow,
    "DeleteWorkflows": delete_workflows,
}
