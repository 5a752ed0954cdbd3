"""Concepts inside the data of an input or an annotation, at any depth.

Belongs here: completing what was posted (id, name, value, app) and making concepts the app lacks (facts 3.9, 14.1.8,
U23). Not here: the concepts as resources (`concepts.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.operations import concepts

Concept = resources_pb2.Concept
Data = resources_pb2.Data


def walk(data: Data) -> Iterator[Concept]:
    """Every concept in the data, also those of regions, frames, segments and parts."""
    yield from data.concepts
    for place in (data.regions, data.frames, data.time_segments, data.parts):
        for each in place:
            yield from walk(each.data)


def settle(call: Call, scope: Scope, data: Data) -> None:
    """Fill in what the poster left out and make the concepts the app lacks."""
    found = list(walk(data))
    filled = _omitted_means_one(call, found)
    for concept in found:
        _identify(call, scope, concept)
        if filled and not concept.value:
            concept.value = 1.0
    concepts.ensure(call, scope, found)
    for concept in found:
        _complete(call, scope, concept)


def _omitted_means_one(call: Call, found: list[Concept]) -> bool:
    """Zero and no value look the same on the wire; whoever gave another concept a value is taken to mean zero (U23)."""
    chosen = call.switches.omitted_concept
    return chosen == "one" or (chosen == "one-unless-others" and not any(concept.value for concept in found))


def _identify(call: Call, scope: Scope, concept: Concept) -> None:
    """A concept posted by name alone is the app's concept of that name, else a new one with the name as id."""
    if concept.id or not concept.name:
        return
    named = (row.key.id for row in call.store.select(scope.user, scope.app, concepts.KIND) if row.name == concept.name)
    concept.id = next(named, concept.name)


def _complete(call: Call, scope: Scope, concept: Concept) -> None:
    if concept.app_id and concept.app_id != scope.app:
        return
    known = call.store.get(scope.key(concepts.KIND, concept.id))
    concept.name = known.name if known else concept.name
    concept.app_id = scope.app
