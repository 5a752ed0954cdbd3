"""The public models that a net stands for: recognition, embedding, clustering, faces (facts 4.6, 14.2).

Belongs here: a predictor's answer as `Data`. Not here: the nets (`prediction/`), models trained here (`trained.py`).
Every net takes a picture, or the pictures of regions one by one, as image-crop leaves them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import ids
from reconciler.emulator.access import PUBLIC_APP
from reconciler.emulator.execution.picture import Picture
from reconciler.emulator.execution.task import Behaviour, Task
from reconciler.emulator.execution.values import Data, unsupported
from reconciler.emulator.prediction.interface import Region, Score
from reconciler.emulator.prediction.names import PEOPLE, concept_id

Embedding = Sequence[float]

_PLANES: Final = 12
"""Every public cluster is one side of each of so many planes: 4096 of them."""


def recognise(task: Task, data: Data) -> Data:
    """What is in the picture: concepts of clarifai/main, best first."""
    return each_picture(task, data, lambda picture: Data(concepts=_concepts(task, picture.concepts())))


def embed(task: Task, data: Data) -> Data:
    """What the picture looks like, as numbers."""
    return each_picture(task, data, lambda picture: Data(embeddings=[_embedding(picture.embedding())]))


def cluster(task: Task, data: Data) -> Data:
    """The place of an embedding among all embeddings: the same id for those that look alike."""
    return each_embedding(task, data, lambda embedding: Data(clusters=[_public_cluster(embedding)]))


def detect_faces(task: Task, data: Data) -> Data:
    """One region for each face, its value the detector's own score."""
    if not data.HasField("image"):
        raise unsupported("a detector needs an image")
    faces = task.reader.picture(data.image).faces()
    regions = [_region(task, face) for face in faces]
    return Data(regions=[region for region in regions if region.value >= task.limits.min_value])


PUBLIC: Final[Mapping[str, Behaviour]] = {
    "general-image-recognition": recognise,
    "general-image-embedding": embed,
    "general-clusterering": cluster,
    "face-detection": detect_faces,
}
"""Models of clarifai/main by their readable id."""


# -- one answer for each picture or embedding --------------------------------------------------------------------


def each_picture(task: Task, data: Data, answer: Callable[[Picture], Data]) -> Data:
    """The answer to the data's picture, or for each region with a picture of its own the answer to that."""
    if any(region.data.HasField("image") for region in data.regions):
        return _each_region(
            data.regions,
            lambda part: answer(task.reader.picture(part.image)) if part.HasField("image") else None,
        )
    if not data.HasField("image"):
        raise unsupported(f"{task.pinned.named} needs an image")
    return answer(task.reader.picture(data.image))


def each_embedding(task: Task, data: Data, answer: Callable[[Embedding], Data]) -> Data:
    """The answer to the data's embedding, or of each region's, or to what its pictures look like."""
    if data.embeddings:
        return answer(data.embeddings[0].vector)
    if any(region.data.embeddings for region in data.regions):
        return _each_region(data.regions, lambda part: answer(part.embeddings[0].vector) if part.embeddings else None)
    return each_picture(task, data, lambda picture: answer(picture.embedding()))


def _each_region(regions: Iterable[resources_pb2.Region], answer: Callable[[Data], Data | None]) -> Data:
    result = Data()
    for region in regions:
        said = answer(region.data)
        if said is not None and said.ListFields():
            added = result.regions.add(id=region.id, region_info=region.region_info, value=region.value)
            added.data.CopyFrom(said)
    return result


# -- the answers as messages -------------------------------------------------------------------------------------


def _concepts(task: Task, scores: Iterable[Score]) -> list[resources_pb2.Concept]:
    return task.limits.cut(
        resources_pb2.Concept(id=concept_id(s.name), name=s.name, value=s.value, app_id=PUBLIC_APP) for s in scores
    )


def _embedding(vector: Embedding) -> resources_pb2.Embedding:
    return resources_pb2.Embedding(vector=vector, num_dimensions=len(vector))


def _region(task: Task, face: Region) -> resources_pb2.Region:
    values = {score.name: score.value for score in face.scores}
    value = values.get(PEOPLE, max(values.values(), default=1.0))
    region = resources_pb2.Region(id=ids.new_id(), value=value)
    box = region.region_info.bounding_box
    box.top_row, box.left_col, box.bottom_row, box.right_col = face.top, face.left, face.bottom, face.right
    region.data.concepts.extend(_concepts(task, face.scores))
    return region


def _public_cluster(embedding: Embedding) -> resources_pb2.Cluster:
    """Which side of some fixed planes the embedding lies on; neighbours share most sides, often all."""
    heights = [sum(a * b for a, b in zip(plane, embedding, strict=True)) for plane in _planes(len(embedding))]
    sides = "".join("+" if height > 0 else "-" for height in heights)
    identifier = hashlib.md5(sides.encode(), usedforsecurity=False).hexdigest()
    return resources_pb2.Cluster(id=identifier, projection=heights[:2])


@cache
def _planes(dimensions: int) -> list[list[float]]:
    chance = random.Random(dimensions)  # noqa: S311  nothing secret: the same planes for ever
    return [[chance.gauss(0, 1) for _ in range(dimensions)] for _ in range(_PLANES)]
