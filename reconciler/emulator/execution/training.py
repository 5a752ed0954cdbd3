"""Train a version of a custom model on the app's labelled inputs (facts 5).

Belongs here: what each trainable type learns, and how a training ends: 21100 with what was learned, or a code that
says what is missing. Not here: when it runs (`operations/trainings.py`), the arithmetic (`prediction/learning.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import catalogue, ids, params
from reconciler.emulator.access import PUBLIC_APP, PUBLIC_USER
from reconciler.emulator.execution import behaviour, examples, packing
from reconciler.emulator.execution.examples import Labelled
from reconciler.emulator.execution.reader import Pinned, Reader
from reconciler.emulator.execution.values import NotRun
from reconciler.emulator.prediction import learning
from reconciler.emulator.prediction.interface import PredictionError
from reconciler.emulator.prediction.learning import Reason, Untrainable
from reconciler.emulator.store import Store

ModelVersion = resources_pb2.ModelVersion

_CODES: Final[Mapping[Reason, int]] = {
    Reason.NO_DATA: codes.MODEL_TRAINING_NO_DATA,
    Reason.NO_POSITIVES: codes.MODEL_TRAINING_NO_POSITIVES,
    Reason.ONE_VS_N_SINGLE_CLASS: codes.MODEL_TRAINING_ONE_VS_N_SINGLE_CLASS,
}
_CLUSTERS: Final = 32
"""Most clusters of a clusterer whose train_info.params name no `coarse_clusters`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended: a status code and, after 21100, what was learned."""

    code: int
    details: str = ""
    learned: bytes = b""
    concepts: Sequence[str] = ()
    inputs: int = 0


@dataclass(frozen=True, slots=True)
class Lesson:
    """What there is to learn from: labelled inputs, each with its embedding."""

    version: ModelVersion
    concepts: Sequence[str]
    inputs: Sequence[tuple[Labelled, list[float]]]


def train(store: Store, reader: Reader, pinned: Pinned) -> Outcome:
    """Let one version learn. Never raises for want of data or nets; call it outside of any transaction."""
    try:
        lesson = _lesson(store, reader, pinned)
        teach = _TEACHERS.get(behaviour.type_of(pinned))
        if teach is None:
            raise NotRun(f"the emulator trains {', '.join(_TEACHERS)}, not {behaviour.type_of(pinned)}")
        learned = teach(lesson)
    except Untrainable as error:
        return Outcome(_CODES[error.reason], str(error))
    except NotRun as error:
        return Outcome(codes.MODEL_TRAINING_FAILED, error.details)
    except PredictionError as error:
        return Outcome(codes.MODEL_TRAINING_FAILED, str(error))
    return Outcome(codes.MODEL_TRAINED, "", learned, lesson.concepts, len(lesson.inputs))


def _lesson(store: Store, reader: Reader, pinned: Pinned) -> Lesson:
    version = pinned.version
    clusters = behaviour.type_of(pinned) == "clusterer"
    with store.transaction():
        found = examples.gather(store, pinned.scope, _dataset(version))
    used = [each for each in found if clusters or each.shows or each.lacks]
    concepts = [concept.id for concept in version.output_info.data.concepts]
    concepts = concepts or sorted(frozenset().union(*(each.shows for each in used)))
    _check_labels(used, [] if clusters else concepts)
    embedder = _embedder(version)
    seen = [(each, examples.embedding(store, reader, each, embedder)) for each in used]
    return Lesson(version, concepts, [(each, numbers) for each, numbers in seen if numbers is not None])


def _check_labels(used: Sequence[Labelled], concepts: Sequence[str]) -> None:
    """Say what the labels lack before anybody looks at pictures."""
    if not used:
        raise Untrainable(Reason.NO_DATA, "no processed input of the app is labelled")
    bare = [concept for concept in concepts if not any(concept in each.shows for each in used)]
    if bare:
        raise Untrainable(Reason.NO_POSITIVES, f"no input is labelled with {', '.join(bare)}")


def _dataset(version: ModelVersion) -> str:
    named = version.train_info.params.fields
    return version.train_info.dataset.id or (named["dataset_id"].string_value if "dataset_id" in named else "")


def _embedder(version: ModelVersion) -> str:
    """The version of the base embedder, which has to be one that the emulator has a net for."""
    base = version.input_info.base_embed_model
    if base.id:
        identifier = catalogue.OLD_MODEL_IDS.get(base.id, base.id)
        public = base.user_id in ("", PUBLIC_USER) and base.app_id in ("", PUBLIC_APP)
        if not public or identifier != params.EMBEDDER[0]:
            raise NotRun(f"the emulator has no net for the base embedder {base.id}")
    return base.model_version.id or version.output_info.output_config.embed_model_version_id or params.EMBEDDER[1]


# -- what each type learns ---------------------------------------------------------------------------------------


def _classifier(lesson: Lesson) -> bytes:
    """Logistic regression; `concepts_mutually_exclusive` lets the concepts share a total of one."""
    exclusive = lesson.version.output_info.output_config.concepts_mutually_exclusive
    taught = [learning.Example(numbers, each.shows) for each, numbers in lesson.inputs]
    return learning.train(taught, lesson.concepts, exclusive=exclusive)


def _neighbours(lesson: Lesson) -> bytes:
    """The labelled inputs themselves: whoever asks is compared with them."""
    wanted = set(lesson.concepts)
    return packing.pack(
        [sorted(wanted & each.shows) for each, _ in lesson.inputs], [numbers for _, numbers in lesson.inputs]
    )


def _clusters(lesson: Lesson) -> bytes:
    """The centres of clusters of everything in the app, and how much each holds."""
    rows = [numbers for _, numbers in lesson.inputs]
    if not rows:
        raise Untrainable(Reason.NO_DATA, "no processed input of the app is a picture")
    named = lesson.version.train_info.params.fields
    most = int(named["coarse_clusters"].number_value) if "coarse_clusters" in named else 0
    centres = learning.cluster(rows, most or _CLUSTERS)
    places = [learning.nearest(row, centres, 1)[0].place for row in rows]
    notes = [{"id": ids.new_id(), "count": places.count(place)} for place in range(len(centres))]
    return packing.pack(notes, centres)


_TEACHERS: Final[Mapping[str, Callable[[Lesson], bytes]]] = {
    "embedding-classifier": _classifier,
    "knn-concept": _neighbours,
    "clusterer": _clusters,
}
