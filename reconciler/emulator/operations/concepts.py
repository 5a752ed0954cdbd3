"""Concepts: get, list, post, patch, search; there is no way to delete one (facts 3.2).

Belongs here: concepts of an app, also those that turn up because a model version names them. Not here: relations
(`relations.py`).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping

from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator import errors, ids, paging, patching
from reconciler.emulator.access import PUBLIC, Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.store import Row

Concept = resources_pb2.Concept

KIND = "concept"
_PATCHABLE = ("name", "definition", "metadata", "visibility", "keypoint_info", "image")
_ORDERS = {"oldest-first": ("created", True), "newest-first": ("created", False), "by-id": ("id", True)}


def get_concept(call: Call, request: service_pb2.GetConceptRequest) -> service_pb2.SingleConceptResponse:
    """One concept; an absent one is 11101 (U18)."""
    scope = call.readable(request.user_app_id)
    row = call.store.get(scope.key(KIND, request.concept_id))
    if row is None:
        if call.switches.missing_concept == "40003":
            raise errors.invalid_concept(f"concept {request.concept_id} does not exist")
        raise errors.missing(f"concept {request.concept_id}")
    return service_pb2.SingleConceptResponse(concept=render(call, row))


def list_concepts(call: Call, request: service_pb2.ListConceptsRequest) -> service_pb2.MultiConceptResponse:
    """Concepts of an app; `id` filters loosely, ignoring case."""
    scope = call.readable(request.user_app_id)
    wanted = request.id.lower()
    order, ascending = _ORDERS[call.switches.concept_order]
    rows = paging.page(
        call, request, [scope], KIND, order=order, ascending=ascending,
        keep=(lambda row: wanted in row.key.id.lower()) if wanted else None,
    )  # fmt: skip
    return service_pb2.MultiConceptResponse(concepts=[render(call, row) for row in rows])


def search_concepts(call: Call, request: service_pb2.PostConceptsSearchesRequest) -> service_pb2.MultiConceptResponse:
    """Concepts of the app, then of clarifai/main, whose id or name matches; a name may be in another language.

    `*` stands for anything, otherwise the text may be anywhere.
    """
    scope = call.readable(request.user_app_id)
    wanted, language = request.concept_query.name.lower(), request.concept_query.language
    pattern = wanted if "*" in wanted else f"*{wanted}*"

    def names(row: Row) -> tuple[str, ...]:
        home = Scope(row.key.user, row.key.app)
        other = call.store.get(home.key("concept_language", language, row.key.id)) if language else None
        if other is not None:
            return (resources_pb2.ConceptLanguage.FromString(other.body).name,)
        return row.name, row.key.id

    def matches(row: Row) -> bool:
        return any(fnmatch.fnmatchcase(text.lower(), pattern) for text in names(row))

    homes = [scope] if scope.public else [scope, PUBLIC]
    rows = paging.page(call, request.pagination, homes, KIND, order="created", ascending=True, keep=matches)
    return service_pb2.MultiConceptResponse(concepts=[render(call, row) for row in rows])


def post_concepts(call: Call, request: service_pb2.PostConceptsRequest) -> service_pb2.MultiConceptResponse:
    """Make concepts, all or none; a taken id is 40003 with "duplicate" in the details (facts 2.3)."""
    scope = call.writable(request.user_app_id)
    if not request.concepts:
        raise errors.invalid_concept("no concepts were sent")
    rows = []
    for sent in request.concepts:
        ids.check("concept", sent.id, longest=call.switches.longest_id)
        if call.store.get(scope.key(KIND, sent.id)) is not None:
            raise errors.duplicate(KIND, f"concept {sent.id}", call.duplicate_code)
        rows.append(_insert(call, scope, sent))
    return service_pb2.MultiConceptResponse(concepts=[render(call, row) for row in rows])


def patch_concepts(call: Call, request: service_pb2.PatchConceptsRequest) -> service_pb2.MultiConceptResponse:
    """Overwrite fields of concepts that this very app owns; any other concept is 11101."""
    scope = call.writable(request.user_app_id)
    patching.check_action(request.action, (patching.OVERWRITE,))
    patched = []
    for sent in request.concepts:
        row = call.store.get(scope.key(KIND, sent.id))
        if row is None:
            raise errors.missing(f"concept {sent.id}")
        concept = Concept.FromString(row.body)
        patching.apply(concept, sent, request.action, _PATCHABLE)
        patching.host_image(call.switches, concept)
        row = call.store.update(row, concept.SerializeToString(), name=concept.name)
        patched.append(patching.answered(call.switches, render(call, row), sent))
    return service_pb2.MultiConceptResponse(concepts=patched)


def ensure(call: Call, scope: Scope, sent: Iterable[Concept]) -> None:
    """Make the concepts an app lacks, named by their ids, or refuse them (U22). Others' concepts stay theirs."""
    for concept in sent:
        if not concept.id or (concept.app_id and concept.app_id != scope.app):
            continue
        if call.store.get(scope.key(KIND, concept.id)) is not None:
            continue
        if call.switches.unknown_concepts == "refused":
            raise errors.invalid_concept(f"concept {concept.id} does not exist in app {scope.app}")
        ids.check("concept", concept.id, longest=call.switches.longest_id)
        _insert(call, scope, Concept(id=concept.id, name=concept.name))


def _insert(call: Call, scope: Scope, sent: Concept) -> Row:
    concept = Concept(id=sent.id, name=sent.name or sent.id, language=_language(call, scope))
    concept.visibility.gettable = resources_pb2.Visibility.PRIVATE
    patching.apply(concept, sent, patching.OVERWRITE, _PATCHABLE)
    patching.host_image(call.switches, concept)
    key = scope.key(KIND, sent.id)
    return call.insert(key, concept.SerializeToString(), created=call.store.tick(), name=concept.name)


def _language(call: Call, scope: Scope) -> str:
    key = Scope(scope.user, "").key("app", scope.app)
    row = call.home if call.home is not None and call.home.key == key else call.store.get(key)
    return (resources_pb2.App.FromString(row.body).default_language if row else "") or "en"


def render(call: Call, row: Row) -> Concept:
    """A concept as replies show it: value 1, and no metadata key unless there is some (facts 3.2)."""
    concept = Concept.FromString(row.body)
    concept.value = 1.0
    concept.user_id, concept.app_id = row.key.user, row.key.app
    concept.created_at.CopyFrom(call.timestamp(row.created))
    how = call.switches.concept_metadata
    if how == "dropped" or (how == "dropped-in-lists" and call.listing) or not concept.metadata.fields:
        concept.ClearField("metadata")
    return concept


OPERATIONS: Mapping[str, Operation] = {
    "GetConcept": get_concept,
    "ListConcepts": list_concepts,
    "PostConceptsSearches": search_concepts,
    "PostConcepts": post_concepts,
    "PatchConcepts": patch_concepts,
}
