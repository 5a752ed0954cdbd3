"""The fast net against the textbook one: plain convolutions in double precision, normalisation left unfolded."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from reconciler.emulator.prediction import picture as pictures
from reconciler.emulator.prediction.efficientnet import Net, _input
from reconciler.emulator.prediction.vision import VisionPredictor
from reconciler.emulator.prediction.weights import Weights, load


class Textbook:
    def __init__(self, weights: Weights) -> None:
        self.weights = {name: values.astype(np.float64) for name, values in weights.items()}

    def convolve(self, x: np.ndarray, name: str, norm: str, stride: int = 1) -> np.ndarray:
        kernel = self.weights[f"{name}.weight"]  # out, in, rows, columns
        size = kernel.shape[2]
        missing = [max((-(-length // stride) - 1) * stride + size - length, 0) for length in x.shape[:2]]
        padded = np.pad(x, [*((m // 2, m - m // 2) for m in missing), (0, 0)])
        windows = sliding_window_view(padded, (size, size), axis=(0, 1))[::stride, ::stride]
        depthwise = kernel.shape[1] == 1 and x.shape[2] > 1
        sums = "hwcij,cij->hwc" if depthwise else "hwcij,ocij->hwo"
        y = np.einsum(sums, windows, kernel[:, 0] if depthwise else kernel, optimize=True)
        mean, variance = self.weights[f"{norm}.running_mean"], self.weights[f"{norm}.running_var"]
        return (y - mean) / np.sqrt(variance + 1e-3) * self.weights[f"{norm}.weight"] + self.weights[f"{norm}.bias"]

    def look(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = np.clip(self.convolve(x, "_conv_stem", "_bn0", 2), 0, 6)
        for number, stride in enumerate([1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]):
            block, y = f"_blocks.{number}", x
            if f"{block}._expand_conv.weight" in self.weights:
                y = np.clip(self.convolve(y, f"{block}._expand_conv", f"{block}._bn0"), 0, 6)
            y = np.clip(self.convolve(y, f"{block}._depthwise_conv", f"{block}._bn1", stride), 0, 6)
            y = self.convolve(y, f"{block}._project_conv", f"{block}._bn2")
            x = x + y if x.shape == y.shape else y
        features = np.clip(self.convolve(x, "_conv_head", "_bn1"), 0, 6).mean(axis=(0, 1))
        powers = np.exp(self.weights["_fc.weight"] @ features + self.weights["_fc.bias"])
        return features / np.linalg.norm(features), powers / powers.sum()


@pytest.mark.parametrize("name", ["cat", "astronaut"])
def test_the_fast_net_computes_what_the_textbook_says(picture: Callable[[str], bytes], name: str) -> None:
    weights, image = load(), pictures.decode(picture(name))
    fast = Net(weights).look(image)
    embedding, probabilities = Textbook(weights).look(_input(image).astype(np.float64))
    assert np.abs(fast.embedding - embedding).max() < 1e-5
    assert np.abs(fast.probabilities - probabilities).max() < 1e-5


def test_a_picture_is_turned_as_its_camera_was_held(nets: VisionPredictor, picture: Callable[[str], bytes]) -> None:
    image = pictures.decode(picture("coffee"))
    (exif := Image.Exif())[0x0112] = 6  # to be turned clockwise by a quarter
    image.transpose(Image.Transpose.ROTATE_90).save(file := BytesIO(), "PNG", exif=exif)
    assert nets.embedding(file.getvalue()) == pytest.approx(nets.embedding(picture("coffee")), abs=1e-6)
