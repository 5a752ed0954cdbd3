"""Names of the things that stored objects point at, so that pointers can be followed backwards.

Belongs here: how a link target is spelled. Not here: what happens when a target goes (`operations/`).
"""

from __future__ import annotations

from collections.abc import Iterable

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.access import Scope


def to_model(user: str, app: str, model: str) -> str:
    """A model, whatever its version."""
    return f"model:{user}/{app}/{model}"


def to_version(user: str, app: str, model: str, version: str) -> str:
    """One version of a model."""
    return f"version:{user}/{app}/{model}/{version}"


def to_concept(scope: Scope, concept: str) -> str:
    """A concept at either end of a relation of this app."""
    return f"concept:{scope.user}/{scope.app}/{concept}"


def to_bookmarks(scope: Scope) -> str:
    """The list of an app's bookmarked models, which most reads leave out."""
    return f"bookmarks:{scope.user}/{scope.app}"


def of_nodes(nodes: Iterable[resources_pb2.WorkflowNode]) -> tuple[str, ...]:
    """What the nodes of a workflow version pin."""
    found: dict[str, None] = {}
    for node in nodes:
        m = node.model
        found[to_model(m.user_id, m.app_id, m.id)] = None
        found[to_version(m.user_id, m.app_id, m.id, m.model_version.id)] = None
    return tuple(found)
