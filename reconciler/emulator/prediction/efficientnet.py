"""EfficientNet-Lite0 in plain NumPy: a picture's embedding and the probabilities of ImageNet's thousand classes.

Belongs here: the net's arithmetic and its input. Not here: names and sums of classes (`names.py`, `coarse.py`).

Batch normalisation is folded into the convolutions when the weights are loaded. A 1x1 convolution is a matrix
product; a depthwise one is k*k shifted multiply-adds; padding is TensorFlow's SAME, since that is where the
weights come from. Differs from plain convolutions in double precision by less than 1e-6 (a test compares them).
A `Net` is never changed after it is built: any number of threads may use it at once.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from reconciler.emulator.prediction.weights import Weights

Array = NDArray[np.float32]

SIDE: Final = 224
_STRIDES: Final = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)  # of the sixteen blocks
_EPSILON: Final = 1e-3  # of batch normalisation, as the net was trained


class _Layer(NamedTuple):
    weight: Array
    bias: Array


class _Block(NamedTuple):
    expand: _Layer | None
    depthwise: _Layer
    project: _Layer
    stride: int


class Seen(NamedTuple):
    """What the net says of one picture."""

    embedding: Array
    probabilities: Array


class Net:
    """The net with its weights folded, ready to run."""

    def __init__(self, weights: Weights) -> None:
        stem = _fold(weights, "_conv_stem", "_bn0")
        self._stem = _Layer(stem.weight.transpose(2, 3, 1, 0).reshape(27, -1), stem.bias)
        self._blocks = [_block(weights, f"_blocks.{i}.", stride) for i, stride in enumerate(_STRIDES)]
        self._head = _pointwise(_fold(weights, "_conv_head", "_bn1"))
        self._classes = _Layer(np.ascontiguousarray(weights["_fc.weight"].T), weights["_fc.bias"])

    def look(self, picture: Image.Image) -> Seen:
        """Embedding (of length one) and probabilities of an RGB picture."""
        x = _stem(_input(picture), self._stem)
        for block in self._blocks:
            x = _run(block, x)
        features = _relu6(_multiply(x, self._head)).mean(axis=(0, 1))
        return Seen(features / np.linalg.norm(features), _softmax(_multiply(features, self._classes)))


def _input(picture: Image.Image) -> Array:
    """The middle square, 224 x 224, from -1 to 1 as in training."""
    square = ImageOps.fit(picture, (SIDE, SIDE), Image.Resampling.BICUBIC)
    return (np.asarray(square, np.float32) - np.float32(127)) / np.float32(128)


# -- folding the weights --------------------------------------------------------------------------------------


def _block(weights: Weights, name: str, stride: int) -> _Block:
    has_expand = f"{name}_expand_conv.weight" in weights
    expand = _pointwise(_fold(weights, f"{name}_expand_conv", f"{name}_bn0")) if has_expand else None
    depthwise = _fold(weights, f"{name}_depthwise_conv", f"{name}_bn1")
    by_place = np.ascontiguousarray(depthwise.weight[:, 0].transpose(1, 2, 0))
    project = _pointwise(_fold(weights, f"{name}_project_conv", f"{name}_bn2"))
    return _Block(expand, _Layer(by_place, depthwise.bias), project, stride)


def _fold(weights: Weights, convolution: str, norm: str) -> _Layer:
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + np.float32(_EPSILON))
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return _Layer(weights[f"{convolution}.weight"] * scale[:, None, None, None], bias)


def _pointwise(layer: _Layer) -> _Layer:
    return _Layer(np.ascontiguousarray(layer.weight[:, :, 0, 0].T), layer.bias)


# -- running them ---------------------------------------------------------------------------------------------


def _run(block: _Block, x: Array) -> Array:
    wide = x if block.expand is None else _relu6(_multiply(x, block.expand))
    narrow = _multiply(_relu6(_depthwise(wide, block.depthwise, block.stride)), block.project)
    return narrow + x if block.stride == 1 and narrow.shape == x.shape else narrow


def _multiply(x: Array, layer: _Layer) -> Array:
    flat: Array = x.reshape(-1, x.shape[-1]) @ layer.weight
    flat += layer.bias
    return flat.reshape(*x.shape[:-1], -1)


def _stem(x: Array, layer: _Layer) -> Array:
    windows = np.stack([window for _, _, window in _windows(x, 3, 2)], axis=2)
    return _relu6(_multiply(windows.reshape(*windows.shape[:2], -1), layer))


def _depthwise(x: Array, layer: _Layer, stride: int) -> Array:
    windows = _windows(x, len(layer.weight), stride)
    total = np.empty_like(windows[0][2], order="C")
    total[:] = layer.bias
    product = np.empty_like(total)
    for row, column, window in windows:
        np.multiply(window, layer.weight[row, column], out=product)
        total += product
    return total


def _windows(x: Array, size: int, stride: int) -> list[tuple[int, int, Array]]:
    """For each place of a kernel, what lies under it as the kernel moves over the padded input."""
    height, width = (-(-length // stride) for length in x.shape[:2])
    padded = np.pad(x, [*(_same(length, size, stride) for length in x.shape[:2]), (0, 0)])
    rows, columns = (height - 1) * stride + 1, (width - 1) * stride + 1
    places = [(row, column) for row in range(size) for column in range(size)]
    return [(r, c, padded[r : r + rows : stride, c : c + columns : stride]) for r, c in places]


def _same(length: int, size: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME: as many outputs as inputs over stride, the odd zero at the end."""
    missing = max((-(-length // stride) - 1) * stride + size - length, 0)
    return missing // 2, missing - missing // 2


def _relu6(x: Array) -> Array:
    return np.clip(x, 0, 6, out=x)


def _softmax(x: Array) -> Array:
    powers: NDArray[Any] = np.exp(x - x.max())
    return np.asarray(powers / powers.sum(), np.float32)
