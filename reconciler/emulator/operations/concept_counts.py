"""GetConceptCounts: how many inputs show a concept, and how many do not.

Belongs here: counting labels, which are the concepts of inputs and of trusted annotations. Not here: what models put
out, which is no label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import paging
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import annotation_views, concepts, input_views, labels
from reconciler.emulator.store import Row

ConceptCount = resources_pb2.ConceptCount

_POSITIVE: Final = 0.5
_PLACES: Final = {
    str(input_views.READY): "processed",
    str(input_views.PENDING): "to_process",
    str(codes.INPUT_DOWNLOAD_IN_PROGRESS): "processing",
}


def get_concept_counts(
    call: Call, request: service_pb2.GetConceptCountsRequest
) -> service_pb2.MultiConceptCountResponse:
    """Counts for the concepts of an app, in pages, by the state of the inputs."""
    scope = call.readable(request.user_app_id)
    rows = paging.page(call, request, [scope], concepts.KIND, order="created", ascending=True)
    counts = {row.key.id: ConceptCount(id=row.key.id, name=row.name) for row in rows}
    for message in counts.values():
        message.concept_type_count.SetInParent()
        message.detail_concept_count.SetInParent()
    for row in list(call.store.select(scope.user, scope.app, input_views.KIND)):
        for identifier, shows in _labels(call, scope, row).items():
            if identifier in counts:
                _count(counts[identifier], _PLACES.get(row.name, "errors"), shows)
    return service_pb2.MultiConceptCountResponse(concept_counts=counts.values())


def _count(message: ConceptCount, place: str, shows: bool) -> None:
    for counted in (message.concept_type_count, getattr(message.detail_concept_count, place)):
        counted.positive += shows
        counted.negative += not shows


def _labels(call: Call, scope: Scope, row: Row) -> dict[str, bool]:
    """The app's concepts an input is labelled with; one annotation that says yes outweighs those that say no."""
    found: dict[str, bool] = defaultdict(bool)
    for concept in _concepts(call, row):
        if concept.app_id in ("", scope.app):
            found[concept.id] |= concept.value >= _POSITIVE
    return found


def _concepts(call: Call, row: Row) -> Iterator[resources_pb2.Concept]:
    for each in annotation_views.of_input(call.store, row):
        trusted = resources_pb2.Annotation.FromString(each.body).trusted
        if trusted and each.name != annotation_views.OUTPUT:
            yield from labels.walk(annotation_views.data_of(call.store, each))


OPERATIONS: Mapping[str, Operation] = {"GetConceptCounts": get_concept_counts}
