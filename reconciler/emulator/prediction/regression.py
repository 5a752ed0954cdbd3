"""Logistic regression in NumPy: the classifier behind custom models, and how it is kept as bytes.

Belongs here: the arithmetic. Not here: which examples are fit to learn from (`learning.py`).

Embeddings are centred on the mean of the examples and brought to length one. The loss (cross-entropy and a small
square penalty) is convex, and rows of length one bound its curvature, so Nesterov's method with the step that
follows from the bound converges without anything to tune, and from zeros, without chance.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reconciler.emulator.prediction.interface import Score, best_first

Array = NDArray[np.float64]

_STEPS: Final = 300
_PENALTY: Final = 1e-3
_CURVATURE: Final = {True: 0.5, False: 0.25}  # of softmax and sigmoid, for rows of length one
_BIAS_ROW: Final = 1.0  # the constant input beside a row of length one doubles the bound


class _Model(NamedTuple):
    concepts: NDArray[np.str_]
    exclusive: NDArray[np.bool_]
    mean: NDArray[np.float32]
    weights: NDArray[np.float32]  # one row an input, the bias last; one column a concept


def train(
    embeddings: Sequence[Sequence[float]],
    labels: Sequence[Sequence[float]],
    concepts: Sequence[str],
    *,
    exclusive: bool,
) -> bytes:
    """Fit a classifier; `labels` are one row an example and one column a concept, 1 where it is carried."""
    inputs, targets = np.asarray(embeddings, np.float64), np.asarray(labels, np.float64)
    if exclusive:
        targets = targets / targets.sum(axis=1, keepdims=True)
    mean = inputs.mean(axis=0)
    weights = _fit(_prepare(inputs, mean), targets, exclusive)
    model = _Model(np.array(concepts), np.array(exclusive), mean.astype(np.float32), weights.astype(np.float32))
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **model._asdict())
    return file.getvalue()


def classify(model: bytes, embedding: Sequence[float]) -> list[Score]:
    """Scores of all concepts for one embedding, best first."""
    concepts, exclusive, mean, weights = _read(model)
    row = _prepare(np.asarray([embedding], np.float64), mean.astype(np.float64))
    values = _predict(row @ weights.astype(np.float64), bool(exclusive))[0]
    return best_first(Score(str(name), float(value)) for name, value in zip(concepts, values, strict=True))


def _read(model: bytes) -> _Model:
    with np.load(io.BytesIO(model), allow_pickle=False) as arrays:
        return _Model(*(arrays[field] for field in _Model._fields))


def _prepare(inputs: Array, mean: Array) -> Array:
    """Centred rows of length one (one equal to the mean stays zero), with a constant for the bias."""
    centred = inputs - mean
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    rows = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 1e-9)
    return np.hstack([rows, np.full((len(rows), 1), _BIAS_ROW)])


def _fit(rows: Array, targets: Array, exclusive: bool) -> Array:
    penalty = np.full((rows.shape[1], 1), _PENALTY)
    penalty[-1] = 0  # the bias is free
    step = 1 / (_CURVATURE[exclusive] * (1 + _BIAS_ROW**2) + _PENALTY)
    weights = before = np.zeros((rows.shape[1], targets.shape[1]))
    for count in range(_STEPS):
        ahead = weights + count / (count + 3) * (weights - before)
        slope = rows.T @ (_predict(rows @ ahead, exclusive) - targets) / len(rows) + penalty * ahead
        before, weights = weights, ahead - step * slope
    return weights


def _predict(values: Array, exclusive: bool) -> Array:
    if not exclusive:
        return 1 / (1 + np.exp(-np.clip(values, -60, 60)))
    powers: Array = np.exp(values - values.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers
