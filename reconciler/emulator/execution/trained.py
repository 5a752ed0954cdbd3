"""The models that were trained here: what a version learned, applied to an embedding (facts 4.5, 5).

Belongs here: predicting. Not here: learning (`training.py`), arithmetic (`prediction/learning.py`). A version sees a
picture through its base embedder, unless a node before it gave an embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.execution import nets, packing
from reconciler.emulator.execution.task import Behaviour, Task
from reconciler.emulator.execution.values import Data, NotRun
from reconciler.emulator.prediction import learning
from reconciler.emulator.prediction.interface import Score, Unavailable

Embedding = Sequence[float]


def classify(task: Task, data: Data) -> Data:
    """Concepts of the app by a trained classifier."""
    learned = _learned(task)
    return _each(task, data, lambda embedding: _concepts(task, learning.classify(learned, embedding)))


def vote(task: Task, data: Data) -> Data:
    """Concepts of the app by the labelled inputs most like this one."""
    labels, stored = packing.unpack(_learned(task))

    def answer(embedding: Embedding) -> Data:
        near = learning.nearest(embedding, stored, task.reader.switches.knn_neighbours or 1)
        return _concepts(task, learning.vote(near, labels))

    return _each(task, data, answer)


def cluster(task: Task, data: Data) -> Data:
    """The cluster whose centre is the most like this input."""
    clusters, centres = packing.unpack(_learned(task))

    def answer(embedding: Embedding) -> Data:
        best = learning.nearest(embedding, centres, 1)[0]
        told = clusters[best.place]
        return Data(clusters=[resources_pb2.Cluster(id=told["id"], count=told["count"], score=best.similarity)])

    return _each(task, data, answer)


TRAINED: Final[Mapping[str, Behaviour]] = {
    "embedding-classifier": classify,
    "knn-concept": vote,
    "clusterer": cluster,
}
"""Types that can be trained here."""


def _learned(task: Task) -> bytes:
    content = task.reader.artefact(task.pinned)
    if content is None:
        raise NotRun(f"{task.pinned.named} was not trained by this emulator")
    return content


def _each(task: Task, data: Data, answer: Callable[[Embedding], Data]) -> Data:
    try:
        return nets.each_embedding(task, data, answer)
    except Unavailable as error:
        raise NotRun(str(error)) from error


def _concepts(task: Task, scores: Iterable[Score]) -> Data:
    home = task.pinned.scope
    found = []
    for score in scores:
        concept = task.reader.concept_of(home, score.name)
        concept.value = score.value
        found.append(concept)
    return Data(concepts=task.limits.cut(found))
