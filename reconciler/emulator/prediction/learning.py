"""Custom models on embeddings: train and apply a classifier, find neighbours, form clusters.

Belongs here: the face of it in plain lists and bytes, the refusals a training may end with. The arithmetic is in
`regression.py` and `neighbours.py`, loaded when first needed: without NumPy every function raises `Unavailable`.
Not here: which inputs an app labelled, which state a version is in. All of it is deterministic: the same examples
in the same order give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.emulator.prediction.interface import Score, best_first, vision_extra


class Reason(Enum):
    """Why a training fails; the values end the names of Clarifai's codes `MODEL_TRAINING_...` (facts 2.2)."""

    NO_DATA = "NO_DATA"
    NO_POSITIVES = "NO_POSITIVES"
    ONE_VS_N_SINGLE_CLASS = "ONE_VS_N_SINGLE_CLASS"


class Untrainable(Exception):
    """The examples cannot make a model; the message says what is missing."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled input: its embedding, and the concepts it was said to show."""

    embedding: Sequence[float]
    concepts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored embedding, by its place in the list, and its cosine similarity to the one asked for."""

    place: int
    similarity: float


def train(examples: Sequence[Example], concepts: Sequence[str], *, exclusive: bool) -> bytes:
    """A classifier as bytes to be stored: logistic regression on centred embeddings of length one.

    `exclusive` (`concepts_mutually_exclusive`): the concepts share a total of one. Otherwise each is judged for
    itself, and an example that does not carry a concept counts against it. Examples without any of the concepts
    teach a classifier of the second sort what is none of them, and nothing to one of the first.
    """
    wanted = list(dict.fromkeys(concepts))
    used = [example for example in examples if not exclusive or example.concepts.intersection(wanted)]
    _refuse_untrainable(used, wanted, exclusive)
    with vision_extra():
        from reconciler.emulator.prediction import regression
    labels = [[float(concept in example.concepts) for concept in wanted] for example in used]
    return regression.train([example.embedding for example in used], labels, wanted, exclusive=exclusive)


def classify(model: bytes, embedding: Sequence[float]) -> list[Score]:
    """What a trained classifier says of an embedding, best first; `Score.name` is the concept as it was trained."""
    with vision_extra():
        from reconciler.emulator.prediction import regression
    return regression.classify(model, embedding)


def nearest(embedding: Sequence[float], stored: Sequence[Sequence[float]], count: int) -> list[Neighbour]:
    """The `count` stored embeddings most like one, the most similar first; equals in the order they are stored."""
    with vision_extra():
        from reconciler.emulator.prediction import neighbours
    return [Neighbour(place, similarity) for place, similarity in neighbours.nearest(embedding, stored, count)]


def vote(neighbours: Iterable[Neighbour], concepts: Sequence[Iterable[str]]) -> list[Score]:
    """A k-nearest-neighbours classifier: for each concept the share of the neighbours that carry it.

    `concepts` are the labels of all stored embeddings, in the order in which `nearest` was given them.
    """
    carried = [frozenset(concepts[neighbour.place]) for neighbour in neighbours]
    names = frozenset().union(*carried)
    return best_first(Score(name, sum(name in one for one in carried) / len(carried)) for name in names)


def cluster(stored: Sequence[Sequence[float]], count: int) -> list[list[float]]:
    """The centres of at most `count` clusters among stored embeddings (k-means), the one of the first input first."""
    with vision_extra():
        from reconciler.emulator.prediction import neighbours
    return neighbours.cluster(stored, count)


def _refuse_untrainable(examples: Sequence[Example], concepts: Sequence[str], exclusive: bool) -> None:
    if not examples or not concepts:
        raise Untrainable(Reason.NO_DATA, "no input is labelled with a concept of this model")
    bare = [concept for concept in concepts if not any(concept in example.concepts for example in examples)]
    if bare:
        raise Untrainable(Reason.NO_POSITIVES, f"no input is labelled with {', '.join(bare)}")
    # One concept that shares a total of one is always certain; one that every example carries has no other side.
    everywhere = len(concepts) == 1 and all(concepts[0] in example.concepts for example in examples)
    if everywhere or (exclusive and len(concepts) == 1):
        raise Untrainable(Reason.ONE_VS_N_SINGLE_CLASS, f"nothing to tell {concepts[0]} from")
