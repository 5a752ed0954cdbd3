"""App: the application itself. Never replaced, never pruned; its default workflow is set last (facts 3.1)."""

from __future__ import annotations

from collections.abc import Iterable

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.address import MAIN, Address, Scope
from reconciler.core.kind import Fields, Keeps, Kind, Subject, item_data, user_app
from reconciler.core.remote import Call, Crud
from reconciler.core.state import Reference
from reconciler.core.tree import ABSENT, Tree, get, put

EMPTY = {"id": "Empty", "app_id": MAIN.app_id, "user_id": MAIN.user_id}
"""The base workflow without nodes; sent with every new app, else the service copies `Universal` (facts 3.1)."""


def _references(tree: Tree, scope: Scope) -> Iterable[Reference]:
    """The default workflow; one of clarifai/main is copied into the app by the service, so it is no edge of ours."""
    workflow = get(tree, ("default_workflow",))
    if not isinstance(workflow, dict) or not workflow.get("id"):
        return
    app_id = workflow.get("app_id") or scope.app_id
    user_id = workflow.get("user_id") or (MAIN.user_id if app_id == MAIN.app_id != scope.app_id else scope.user_id)
    target = Scope(user_id, app_id)
    yield Reference(("default_workflow", "id"), Address(target, "workflows", workflow["id"]), foreign=target != scope)


def _brief(tree: Tree, address: Address) -> Tree:
    """Without a name that is the id, and without `Empty`, which is what an app is made with."""
    workflow = get(tree, ("default_workflow",))
    if workflow == EMPTY or (workflow is not ABSENT and not workflow.get("id")):
        tree = put(tree, ("default_workflow",), ABSENT)
    elif workflow is not ABSENT and not any(reference.foreign for reference in _references(tree, address.scope)):
        tree = put(tree, ("default_workflow",), {"id": workflow["id"]})
    return put(tree, ("name",), ABSENT) if tree.get("name") == address.id else tree


def _post(kind: Kind, subject: Subject) -> Call:
    """The owner comes from the token, so only the user is named; the default workflow follows in a step of its own."""
    tree = {name: value for name, value in subject.tree.items() if name != "default_workflow"}
    app = item_data(kind, subject, tree) | {"default_workflow": dict(EMPTY)}
    return Call("PostApps", {"user_app_id": {"user_id": subject.address.scope.user_id}, "apps": [app]})


def _delete(kind: Kind, subject: Subject) -> tuple[Call, ...]:
    return (Call("DeleteApp", {"user_app_id": user_app(subject.address.scope)}),)


KIND = Kind(
    name="App",
    plural="apps",
    message=resources_pb2.App,
    summary="the application that holds everything else; metadata.name is its id",
    fields=Fields(
        writable=(
            "name",
            "default_language",
            "default_workflow.id",
            "default_workflow.app_id",
            "default_workflow.user_id",
            "default_workflow_id",
            "description",
            "notes",
            "metadata",
            "sample_ms",
            "visibility.gettable",
            "image.url",
            "embeddings_storage",
        ),
        identity=("default_workflow.app_id", "default_workflow.user_id"),
        create_only=("default_language", "embeddings_storage"),
        late=("default_workflow",),
        write_only=("image.url",),
        moved={"default_workflow_id": "default_workflow.id"},
        defaults={"default_language": "en", "visibility.gettable": "PRIVATE", "embeddings_storage": "POSTGRES"},
    ),
    crud=Crud("GetApp", None, "PostApps", "PatchApps", "DeleteApp", "app", "apps"),
    keeps=Keeps.APP,
    references=_references,
    brief=_brief,
    post=_post,
    delete=_delete,
    unset_late={"default_workflow": EMPTY},
    replaceable=False,
)
