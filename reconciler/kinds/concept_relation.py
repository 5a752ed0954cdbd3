"""ConceptRelation: `subject predicate object`, identified by its own content (facts 3.3).

There is no update and no own id worth keeping: a relation exists or it does not. Its address is the key form of facts
3.3, in which a hypernym is a flipped hyponym, a synonym has no direction, and an endpoint of another app is the object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.address import MAIN, Address, Scope
from reconciler.core.kind import Fields, Keeps, Kind, Problem, Subject, user_app
from reconciler.core.remote import Call, Crud
from reconciler.core.state import Reference
from reconciler.core.tree import Tree, get

PREDICATES = ("hyponym", "hypernym", "synonym")
_FLIPPED = {"hyponym": "hypernym", "hypernym": "hyponym", "synonym": "synonym"}

_JOINTS = re.compile(rf"(?=\.(?:{'|'.join(PREDICATES)})\.)")

_End = tuple[Scope, str]


def _end(concept: dict[str, Any], scope: Scope) -> _End:
    """The app and id of an endpoint; an empty user of an app `main` that is not ours is clarifai (facts U14)."""
    app_id = concept.get("app_id") or scope.app_id
    fallback = MAIN.user_id if app_id == MAIN.app_id and scope.app_id != MAIN.app_id else scope.user_id
    return Scope(concept.get("user_id") or fallback, app_id), concept.get("id", "")


def _key(tree: Tree, scope: Scope) -> tuple[_End, str, _End]:
    """(subject, predicate, object) in the one form that equal relations share."""
    subject, object_ = _end(tree.get("subject_concept", {}), scope), _end(tree.get("object_concept", {}), scope)
    predicate = tree.get("predicate", "")
    if predicate not in _FLIPPED:
        return subject, predicate, object_
    foreign = (subject[0] != scope, object_[0] != scope)
    if foreign[0] != foreign[1]:
        flip = foreign[0]
    else:
        flip = predicate == "hypernym" or (predicate == "synonym" and object_ < subject)
    return (object_, _FLIPPED[predicate], subject) if flip else (subject, predicate, object_)


def _identity(tree: Tree, scope: Scope) -> str:
    subject, predicate, (object_scope, object_id) = _key(tree, scope)
    place = "" if object_scope == scope else f"@{object_scope}"
    graph = f"#{tree['knowledge_graph_id']}" if tree.get("knowledge_graph_id") else ""
    return f"{subject[1]}.{predicate}.{object_id}{place}{graph}"


def _concept(message: Any) -> dict[str, Any]:
    return {"id": message.id, "app_id": message.app_id, "user_id": message.user_id}


def _identify(message: Any, scope: Scope) -> str:
    tree = {
        "subject_concept": _concept(message.subject_concept),
        "object_concept": _concept(message.object_concept),
        "predicate": message.predicate,
        "knowledge_graph_id": message.knowledge_graph_id,
    }
    return _identity(tree, scope)


def _brief(tree: Tree, address: Address) -> Tree:
    """In key form; only an end in another app says where it is."""
    subject, predicate, object_ = _key(tree, address.scope)
    ends = {name: _written(end, address.scope) for name, end in (("subject", subject), ("object", object_))}
    brief = {"subject_concept": ends["subject"], "predicate": predicate, "object_concept": ends["object"]}
    return {**tree, **brief}


def _written(end: _End, scope: Scope) -> Tree:
    place, concept = end
    return {"id": concept} | ({} if place == scope else {"app_id": place.app_id, "user_id": place.user_id})


def _references(tree: Tree, scope: Scope) -> Iterable[Reference]:
    for name in ("subject_concept", "object_concept"):
        end_scope, concept = _end(tree.get(name, {}), scope)
        if concept:
            yield Reference((name, "id"), Address(end_scope, "concepts", concept), foreign=end_scope != scope)


def _check(tree: Tree, scope: Scope) -> Iterable[Problem]:
    for path in (("subject_concept", "id"), ("object_concept", "id")):
        if not get(tree, path):
            yield Problem(path, f"{'.'.join(path)} is missing")
    predicate = tree.get("predicate", "")
    if predicate not in PREDICATES:
        shown = f"predicate {predicate!r} is unknown" if predicate else "predicate is missing"
        yield Problem(("predicate",), shown, f"one of {', '.join(PREDICATES)}")
    elif len({*_key(tree, scope)[::2]}) == 1:
        yield Problem(("object_concept",), "a concept cannot be related to itself")


def _post(kind: Kind, subject: Subject) -> Call:
    own, predicate, (object_scope, object_id) = _key(subject.tree, subject.address.scope)
    target = {"id": object_id}
    if object_scope != subject.address.scope:
        target |= {"app_id": object_scope.app_id, "user_id": object_scope.user_id}
    relation = {"object_concept": target, "predicate": predicate}
    if subject.tree.get("knowledge_graph_id"):
        relation["knowledge_graph_id"] = subject.tree["knowledge_graph_id"]
    fields = {"user_app_id": user_app(subject.address.scope), "concept_id": own[1], "concept_relations": [relation]}
    return Call(kind.crud.post, fields)


def _delete(kind: Kind, subject: Subject) -> tuple[Call, ...]:
    """First with the subject as listed, then with the other side: which one the service wants is not known (U13)."""
    sides = [get(subject.tree, ("subject_concept", "id")), get(subject.tree, ("object_concept", "id"))]
    fields = {"user_app_id": user_app(subject.address.scope), "ids": [subject.service_id]}
    return tuple(Call(str(kind.crud.delete), {**fields, "concept_id": side}) for side in sides if side)


def _narrow(name: str) -> dict[str, str]:
    """The list of one subject's relations (it may stand on either side, facts 3.3).

    A concept's id may hold `.synonym.` too; then the name does not tell where the subject ends, and all are listed.
    """
    subjects = [name[: found.start()] for found in _JOINTS.finditer(name)]
    return {"concept_id": subjects[0]} if len(subjects) == 1 else {}


KIND = Kind(
    name="ConceptRelation",
    plural="relations",
    message=resources_pb2.ConceptRelation,
    summary="one edge of the app's knowledge graph; metadata.name is only a label",
    fields=Fields(
        writable=(
            "subject_concept.id",
            "subject_concept.app_id",
            "subject_concept.user_id",
            "predicate",
            "object_concept.id",
            "object_concept.app_id",
            "object_concept.user_id",
            "knowledge_graph_id",
        ),
        identity=("subject_concept", "predicate", "object_concept", "knowledge_graph_id"),
        words={"predicate": PREDICATES},
    ),
    crud=Crud.of("ConceptRelation", get=False, patch=False),
    keeps=Keeps.INVENTORY,
    references=_references,
    check=_check,
    brief=_brief,
    identify=_identify,
    narrow=_narrow,
    all_or_none=True,
    identify_declared=_identity,
    post=_post,
    delete=_delete,
)
