"""Concept relations: list with flipping, post, delete; there is no patch (facts 3.3).

Belongs here: relations of an app's graphs. Not here: the concepts (`concepts.py`).
Stored are hyponyms and synonyms; a hypernym is a hyponym seen from the other side (U13).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import access, errors, ids, links, paging
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import concepts, knowledge_graphs
from reconciler.emulator.store import Key, Row

Relation = resources_pb2.ConceptRelation

KIND = "relation"
_FLIPPED = {"hypernym": "hyponym", "hyponym": "hypernym", "synonym": "synonym"}


def list_relations(
    call: Call, request: service_pb2.ListConceptRelationsRequest
) -> service_pb2.MultiConceptRelationResponse:
    """Relations of an app, or those in which one concept takes part, shown with it as the subject."""
    scope = call.readable(request.user_app_id)
    if request.predicate and request.predicate not in _FLIPPED:
        raise errors.invalid_concept(f"unknown predicate {request.predicate!r}")
    found = _about(call, scope, request) if request.concept_id else _all(call, scope, request)
    shown = paging.cut(call, request, (each for each in found if _in_graph(each, request.knowledge_graph_id)))
    call.memory.lag.seen(scope.user, scope.app, KIND)
    return service_pb2.MultiConceptRelationResponse(concept_relations=[_fill(call, each) for each in shown])


def _in_graph(relation: Relation, wanted: str) -> bool:
    return not wanted or relation.knowledge_graph_id == wanted


def _all(call: Call, scope: Scope, request: service_pb2.ListConceptRelationsRequest) -> Iterator[Relation]:
    """Each relation once, in its stored direction, except that hypernyms may be asked for by name."""
    for row in call.store.select(scope.user, scope.app, KIND, order="created"):
        if call.memory.lag.hidden(row.key):
            continue
        relation = Relation.FromString(row.body)
        if request.predicate in ("", relation.predicate):
            yield relation
        elif request.predicate == _FLIPPED[relation.predicate]:
            yield _flip(relation)


def _about(call: Call, scope: Scope, request: service_pb2.ListConceptRelationsRequest) -> Iterator[Relation]:
    for row in call.store.linked(links.to_concept(scope, request.concept_id), KIND):
        if call.memory.lag.hidden(row.key):
            continue
        relation = Relation.FromString(row.body)
        shown = relation if _is(relation.subject_concept, scope, request.concept_id) else _flip(relation)
        if request.predicate in ("", shown.predicate):
            yield shown


def _is(concept: resources_pb2.Concept, scope: Scope, identifier: str) -> bool:
    return concept.id == identifier and (concept.user_id, concept.app_id) == (scope.user, scope.app)


def _flip(relation: Relation) -> Relation:
    flipped = Relation()
    flipped.CopyFrom(relation)
    flipped.subject_concept.CopyFrom(relation.object_concept)
    flipped.object_concept.CopyFrom(relation.subject_concept)
    flipped.predicate = _FLIPPED[relation.predicate]
    return flipped


def post_relations(
    call: Call, request: service_pb2.PostConceptRelationsRequest
) -> service_pb2.MultiConceptRelationResponse:
    """Relate the subject `concept_id` to other concepts, all or none; a relation that exists is refused."""
    scope = call.writable(request.user_app_id)
    if not request.concept_relations:
        raise errors.invalid_concept("no concept relations were sent")
    made = [_post(call, scope, request.concept_id, sent) for sent in request.concept_relations]
    return service_pb2.MultiConceptRelationResponse(concept_relations=[_fill(call, each) for each in made])


def _post(call: Call, scope: Scope, subject: str, sent: Relation) -> Relation:
    if sent.predicate not in _FLIPPED:
        raise errors.invalid_concept(f"unknown predicate {sent.predicate!r}, known are {', '.join(_FLIPPED)}")
    if not knowledge_graphs.exists(call, scope, sent.knowledge_graph_id):
        raise errors.missing(f"knowledge graph {sent.knowledge_graph_id}")
    relation = Relation(id=ids.new_id(), predicate=sent.predicate, knowledge_graph_id=sent.knowledge_graph_id)
    relation.subject_concept.CopyFrom(_endpoint(call, scope, resources_pb2.Concept(id=subject)))
    relation.object_concept.CopyFrom(_endpoint(call, scope, sent.object_concept))
    relation.visibility.gettable = resources_pb2.Visibility.PRIVATE
    identity = _identity(relation)
    if next(call.store.select(scope.user, scope.app, KIND, parent=identity, limit=1), None) is not None:
        raise errors.duplicate(KIND, f"relation {identity}", call.duplicate_code)
    flips = relation.predicate == "hypernym" and call.switches.hypernym == "hyponym"
    stored = _flip(relation) if flips else relation
    key = scope.key(KIND, relation.id, identity)
    call.insert(key, stored.SerializeToString(), created=call.store.tick(), links=_targets(stored))
    return relation


def _targets(relation: Relation) -> tuple[str, ...]:
    ends = (relation.subject_concept, relation.object_concept)
    return tuple(links.to_concept(Scope(end.user_id, end.app_id), end.id) for end in ends)


def move_ends(call: Call, row: Row, old_app: str, new_app: str) -> None:
    """Let a stored relation follow an app of the same user that got another id."""
    relation = Relation.FromString(row.body)
    hit = [e for e in (relation.subject_concept, relation.object_concept) if e.app_id == old_app]
    hit = [end for end in hit if end.user_id == row.key.user]
    for end in hit:
        end.app_id = new_app
    if hit:
        call.store.delete(row)
        key = Key(row.key.user, row.key.app, KIND, row.key.id, _identity(relation))
        call.store.insert(key, relation.SerializeToString(), created=row.created, links=_targets(relation))


def _endpoint(call: Call, scope: Scope, sent: resources_pb2.Concept) -> resources_pb2.Concept:
    """A concept at one end with its full address; it must exist here or, if another app is named, there."""
    user = sent.user_id if sent.user_id not in ("", "me") else scope.user
    app = sent.app_id or scope.app
    if app == access.PUBLIC_APP and not sent.user_id and call.store.get(Key(user, "", "app", app)) is None:
        user = access.PUBLIC_USER  # facts 3.2: `app_id: main` alone means clarifai/main
    row = call.store.get(Key(user, app, concepts.KIND, sent.id))
    if row is None or user not in (scope.user, access.PUBLIC_USER):
        raise errors.missing(f"concept {sent.id} of {user}/{app}")
    return resources_pb2.Concept(id=sent.id, user_id=user, app_id=app)


def _identity(relation: Relation) -> str:
    """What makes two relations the same: graph, kind and ends, whichever way they were posted."""
    seen = _flip(relation) if relation.predicate == "hypernym" else relation
    ends = [f"{end.user_id}/{end.app_id}/{end.id}" for end in (seen.subject_concept, seen.object_concept)]
    if seen.predicate == "synonym":
        ends.sort()
    return f"{seen.knowledge_graph_id}|{seen.predicate}|{ends[0]}|{ends[1]}"


def _fill(call: Call, relation: Relation) -> Relation:
    """The relation with both concepts as their own replies show them."""
    for end in (relation.subject_concept, relation.object_concept):
        row = call.store.get(Key(end.user_id, end.app_id, concepts.KIND, end.id))
        if row is not None:
            end.CopyFrom(concepts.render(call, row))
    if call.switches.relation_object_user == "empty":
        relation.object_concept.ClearField("user_id")
    return relation


def delete_relations(call: Call, request: service_pb2.DeleteConceptRelationsRequest) -> status_pb2.BaseResponse:
    """Delete relations by id; `concept_id` may be either end of them (facts 14.1.12)."""
    scope = call.writable(request.user_app_id)
    if not request.ids:
        raise errors.invalid_concept("no relation ids were sent")
    rows = {row.key.id: row for row in call.store.linked(links.to_concept(scope, request.concept_id), KIND)}
    for identifier in request.ids:
        row = rows.get(identifier)
        if row is None or not _deletable(call, row, request.concept_id):
            raise errors.missing(f"relation {identifier} of concept {request.concept_id}")
        call.store.delete(row)
    return status_pb2.BaseResponse()


def _deletable(call: Call, row: Row, concept: str) -> bool:
    if call.switches.relation_delete == "either-side":
        return True
    return Relation.FromString(row.body).subject_concept.id == concept


OPERATIONS: Mapping[str, Operation] = {
    "ListConceptRelations": list_relations,
    "PostConceptRelations": post_relations,
    "DeleteConceptRelations": delete_relations,
}
