"""Which stored embeddings are alike: the nearest ones, and k-means clusters without chance.

Belongs here: the arithmetic on embeddings of length one, for which the dot product is the cosine similarity.
Not here: where they are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ROUNDS: Final = 100  # k-means ends long before, when no embedding changes its cluster


def nearest(embedding: Sequence[float], stored: Sequence[Sequence[float]], count: int) -> list[tuple[int, float]]:
    """Place and similarity of the `count` most similar, the best first."""
    if not stored or count < 1:
        return []
    similarities = np.asarray(stored, np.float64) @ np.asarray(embedding, np.float64)
    order = np.argsort(-similarities, kind="stable")[:count]
    return [(int(place), float(similarities[place])) for place in order]


def cluster(stored: Sequence[Sequence[float]], count: int) -> list[list[float]]:
    """Centres of length one, at most `count`, fewer if fewer embeddings differ."""
    if not stored or count < 1:
        return []
    rows = np.asarray(stored, np.float64)
    centres = _far_apart(rows, count)
    chosen = np.full(len(rows), -1)
    for _ in range(_ROUNDS):
        before, chosen = chosen, np.argmax(rows @ centres.T, axis=1)
        if np.array_equal(before, chosen):
            break
        centres = np.array([_centre(rows[chosen == place], centres[place]) for place in range(len(centres))])
    return [[float(value) for value in centre] for centre in centres]


def _far_apart(rows: Array, count: int) -> Array:
    """Where to begin: the first embedding, then always the one least like all that were chosen."""
    centres = [rows[0]]
    closest = rows @ rows[0]
    while len(centres) < count and closest.min() < 1 - 1e-9:
        centres.append(rows[int(np.argmin(closest))])
        closest = np.maximum(closest, rows @ centres[-1])
    return np.array(centres)


def _centre(members: Array, otherwise: Array) -> Array:
    total = members.sum(axis=0)
    length = np.linalg.norm(total)
    return total / length if length > 1e-9 else otherwise
