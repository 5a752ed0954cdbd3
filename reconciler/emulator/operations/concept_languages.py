"""Names of a concept in other languages (facts 3.2).

Belongs here: ConceptLanguage get, list, post, patch. The app's default language is the concept itself, so it is
always there and cannot be posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator import errors, ids, paging, patching
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import concepts
from reconciler.emulator.store import Row

ConceptLanguage = resources_pb2.ConceptLanguage

KIND = "concept_language"
_PATCHABLE = ("name", "definition")


def _concept(call: Call, scope: Scope, identifier: str) -> Row:
    row = call.store.get(scope.key(concepts.KIND, identifier))
    if row is None:
        raise errors.missing(f"concept {identifier}")
    return row


def _default(row: Row) -> ConceptLanguage:
    concept = resources_pb2.Concept.FromString(row.body)
    return ConceptLanguage(id=concept.language, name=concept.name, definition=concept.definition)


def get_concept_language(
    call: Call, request: service_pb2.GetConceptLanguageRequest
) -> service_pb2.SingleConceptLanguageResponse:
    """A concept's name in one language."""
    scope = call.readable(request.user_app_id)
    default = _default(_concept(call, scope, request.concept_id))
    if request.language == default.id:
        return service_pb2.SingleConceptLanguageResponse(concept_language=default)
    row = call.store.get(scope.key(KIND, request.language, request.concept_id))
    if row is None:
        raise errors.missing(f"language {request.language} of concept {request.concept_id}")
    return service_pb2.SingleConceptLanguageResponse(concept_language=ConceptLanguage.FromString(row.body))


def list_concept_languages(
    call: Call, request: service_pb2.ListConceptLanguagesRequest
) -> service_pb2.MultiConceptLanguageResponse:
    """A concept's names in all languages, the app's default first."""
    scope = call.readable(request.user_app_id)
    default = _default(_concept(call, scope, request.concept_id))
    rows = call.store.select(scope.user, scope.app, KIND, parent=request.concept_id)
    known = (ConceptLanguage.FromString(row.body) for row in rows)
    shown = paging.cut(call, request, chain([default], known))
    return service_pb2.MultiConceptLanguageResponse(concept_languages=shown)


def post_concept_languages(
    call: Call, request: service_pb2.PostConceptLanguagesRequest
) -> service_pb2.MultiConceptLanguageResponse:
    """Name a concept in more languages, all or none."""
    scope = call.writable(request.user_app_id)
    default = _default(_concept(call, scope, request.concept_id))
    for sent in request.concept_languages:
        key = scope.key(KIND, ids.check("language", sent.id), request.concept_id)
        if sent.id == default.id or call.store.get(key) is not None:
            raise errors.duplicate(concepts.KIND, f"language {sent.id}", call.duplicate_code)
        call.insert(key, sent.SerializeToString(), created=call.store.tick())
    return service_pb2.MultiConceptLanguageResponse(concept_languages=request.concept_languages)


def patch_concept_languages(
    call: Call, request: service_pb2.PatchConceptLanguagesRequest
) -> service_pb2.MultiConceptLanguageResponse:
    """Overwrite names or definitions in languages that are there."""
    scope = call.writable(request.user_app_id)
    patching.check_action(request.action, (patching.OVERWRITE,))
    patched = []
    for sent in request.concept_languages:
        row = call.store.get(scope.key(KIND, sent.id, request.concept_id))
        if row is None:
            raise errors.missing(f"language {sent.id} of concept {request.concept_id}")
        language = ConceptLanguage.FromString(row.body)
        patching.apply(language, sent, request.action, _PATCHABLE)
        call.store.update(row, language.SerializeToString())
        patched.append(language)
    return service_pb2.MultiConceptLanguageResponse(concept_languages=patched)


OPERATIONS: Mapping[str, Operation] = {
    "GetConceptLanguage": get_concept_language,
    "ListConceptLanguages": list_concept_languages,
    "PostConceptLanguages": post_concept_languages,
    "PatchConceptLanguages": patch_concept_languages,
}
