"""The four tag lists of a model, each with an RPC of its own: toolkits, use cases, languages, check consents.

Belongs here: overwriting one list (facts 3.5). Not here: patching a model as a whole (`models.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clarifai_grpc.grpc.api import service_pb2

from reconciler.emulator import patching
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import model_views
from reconciler.emulator.operations.model_views import Model


def _overwrite(call: Call, request: Any, field: str, tags: Iterable[str]) -> list[str]:
    scope = call.writable(request.user_app_id)
    patching.check_action(request.action, (patching.OVERWRITE,))
    row = model_views.find(call, scope, request.model_id)
    model = Model.FromString(row.body)
    stored = getattr(model, field)
    del stored[:]
    stored.extend(tags)
    call.store.update(row, model.SerializeToString())
    return list(stored)


def patch_toolkits(call: Call, request: service_pb2.PatchModelToolkitsRequest) -> service_pb2.MultiModelToolkitResponse:
    """Replace a model's toolkits."""
    return service_pb2.MultiModelToolkitResponse(toolkits=_overwrite(call, request, "toolkits", request.toolkits))


def patch_use_cases(
    call: Call, request: service_pb2.PatchModelUseCasesRequest
) -> service_pb2.MultiModelUseCaseResponse:
    """Replace a model's use cases."""
    return service_pb2.MultiModelUseCaseResponse(usecases=_overwrite(call, request, "use_cases", request.usecases))


def patch_languages(
    call: Call, request: service_pb2.PatchModelLanguagesRequest
) -> service_pb2.MultiModelLanguageResponse:
    """Replace a model's languages."""
    return service_pb2.MultiModelLanguageResponse(languages=_overwrite(call, request, "languages", request.languages))


def patch_check_consents(
    call: Call, request: service_pb2.PatchModelCheckConsentsRequest
) -> service_pb2.MultiModelCheckConsentResponse:
    """Replace a model's check consents."""
    kept = _overwrite(call, request, "check_consents", request.check_consents)
    return service_pb2.MultiModelCheckConsentResponse(check_consents=kept)


OPERATIONS: Mapping[str, Operation] = {
    "PatchModelToolkits": patch_toolkits,
    "PatchModelUseCases": patch_use_cases,
    "PatchModelLanguages": patch_languages,
    "PatchModelCheckConsents": patch_check_consents,
}
