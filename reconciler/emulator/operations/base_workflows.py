"""The default workflow of an app: found for a patch, copied from clarifai/main for a new app.

Belongs here: which workflow a `default_workflow` means. Not here: editing workflows (`workflows.py`).
Facts 3.1, U16.
"""

from __future__ import annotations

from typing import Final

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import access, errors, ids, links
from reconciler.emulator.access import PUBLIC, Scope
from reconciler.emulator.context import Call
from reconciler.emulator.store import Row

EMPTY: Final = "Empty"
_SERVICE_DEFAULT: Final = "Universal"


def reference(scope: Scope, identifier: str) -> resources_pb2.Workflow:
    """A workflow by its address alone."""
    return resources_pb2.Workflow(id=identifier, user_id=scope.user, app_id=scope.app)


def locate(call: Call, scope: Scope, app: resources_pb2.App) -> resources_pb2.Workflow:
    """The workflow an app message names as its default: by address, else the app's own, else clarifai/main's."""
    named = app.default_workflow
    identifier = named.id or app.default_workflow_id
    if named.user_id or named.app_id:
        user = scope.user if named.user_id in ("", "me") else named.user_id
        if named.app_id == access.PUBLIC_APP and not named.user_id:
            user = access.PUBLIC_USER
        app_id = named.app_id or (access.PUBLIC_APP if user == access.PUBLIC_USER else scope.app)
        places = [Scope(user, app_id)]
    else:
        places = [scope, PUBLIC]
    for place in places:
        readable = place.user in (scope.user, access.PUBLIC_USER)
        if readable and call.store.get(place.key("workflow", identifier)) is not None:
            return reference(place, identifier)
    raise errors.missing(f"workflow {identifier}")


def adopt(call: Call, scope: Scope, sent: resources_pb2.App) -> resources_pb2.Workflow:
    """The default workflow of a new app: a copy of the base workflow it names, else of the service's choice."""
    wanted = resources_pb2.App()
    wanted.CopyFrom(sent)
    if not (wanted.default_workflow.id or wanted.default_workflow_id):
        wanted.default_workflow_id = _SERVICE_DEFAULT
    found = locate(call, scope, wanted)
    how = call.switches.base_workflow_copy
    if how == "never" or (how == "except-empty" and found.id == EMPTY):
        return found
    _copy(call, Scope(found.user_id, found.app_id), scope, found.id)
    return reference(scope, found.id)


def _copy(call: Call, source: Scope, target: Scope, identifier: str) -> None:
    workflow = resources_pb2.Workflow(id=identifier)
    workflow.visibility.gettable = resources_pb2.Visibility.PRIVATE
    now = call.store.tick()
    call.insert(target.key("workflow", identifier), workflow.SerializeToString(), created=now)
    newest = _latest(call, source, identifier)
    version = resources_pb2.WorkflowVersion(workflow_id=identifier)
    version.visibility.gettable = resources_pb2.Visibility.PRIVATE
    if newest is not None:
        version.nodes.extend(resources_pb2.WorkflowVersion.FromString(newest.body).nodes)
    key = target.key("workflow_version", ids.new_id(), identifier)
    call.insert(key, version.SerializeToString(), created=now, links=links.of_nodes(version.nodes))


def _latest(call: Call, scope: Scope, identifier: str) -> Row | None:
    rows = call.store.select(scope.user, scope.app, "workflow_version", parent=identifier, ascending=False, limit=1)
    return next(rows, None)
