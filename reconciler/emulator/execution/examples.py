"""What an app's inputs teach: their labels and their embeddings (facts 5, 7.10).

Belongs here: which inputs count and what they are labelled with. Not here: learning from it (`training.py`).
Inputs count once they are processed (30000). Labels are the concepts of an input and of its annotations of status
24150: a value from one half up says yes, below it no. What models put out is no label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator.access import Scope
from reconciler.emulator.execution import embeddings
from reconciler.emulator.execution.reader import Reader
from reconciler.emulator.execution.values import NotRun, RunFailed
from reconciler.emulator.store import Row, Store

_YES: Final = 0.5
_MODEL_OUTPUT: Final = "output"  # name of the annotation rows that hold what a model put out


@dataclass(frozen=True, slots=True)
class Labelled:
    """An input with the concepts it was said to show and those it was said not to."""

    input_id: str
    shows: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()


def gather(store: Store, scope: Scope, dataset: str = "") -> list[Labelled]:
    """Every processed input of an app or of one of its datasets, oldest first, labelled or not."""
    rows = store.linked(f"dataset:{dataset}", "input") if dataset else store.select(scope.user, scope.app, "input")
    here = [row for row in rows if (row.key.user, row.key.app) == (scope.user, scope.app)]
    return [_labelled(store, row) for row in here if _is_processed(row)]


def _is_processed(row: Row) -> bool:
    return bool(resources_pb2.Input.FromString(row.body).status.code == codes.INPUT_DOWNLOAD_SUCCESS)


def _labelled(store: Store, row: Row) -> Labelled:
    shows: set[str] = set()
    lacks: set[str] = set()
    for concept in _labels(store, row):
        if concept.app_id in ("", row.key.app):
            (shows if concept.value >= _YES else lacks).add(concept.id)
    return Labelled(row.key.id, frozenset(shows), frozenset(lacks - shows))


def _labels(store: Store, row: Row) -> Iterator[resources_pb2.Concept]:
    yield from resources_pb2.Input.FromString(row.body).data.concepts
    for held in store.select(row.key.user, row.key.app, "annotation", parent=row.key.id):
        annotation = resources_pb2.Annotation.FromString(held.body)
        if held.name != _MODEL_OUTPUT and annotation.status.code == codes.ANNOTATION_SUCCESS:
            yield from annotation.data.concepts


def embedding(store: Store, reader: Reader, labelled: Labelled, embedder_version: str) -> list[float] | None:
    """What an input looks like: as it was stored, else looked at now; None for what is no picture.

    `NotRun` if nothing here can look. Call it outside of any transaction.
    """
    with store.transaction():
        known = embeddings.get(store, reader.scope, labelled.input_id, embedder_version)
    if known is not None:
        return known
    stored = reader.stored(labelled.input_id)
    if stored is None or not stored.data.HasField("image"):
        return None
    try:
        seen = reader.picture(stored.data.image).embedding()
    except NotRun:
        raise
    except RunFailed:
        return None
    with store.transaction():
        if store.get(reader.scope.key("input", labelled.input_id)) is not None:
            embeddings.put(store, reader.scope, labelled.input_id, embedder_version, seen)
    return seen
