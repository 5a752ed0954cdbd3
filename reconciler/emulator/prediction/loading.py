"""Which predictor answers: taught scores first, then the nets, then the sentence that says what to install.

Belongs here: the order (decision 0009). Loading is cheap and never fails for want of the extra: the nets are
loaded by the first picture, and their absence is an `Unavailable` of that call.
"""

from __future__ import annotations

from pathlib import Path

from reconciler.emulator.prediction.interface import Predictor
from reconciler.emulator.prediction.taught import TaughtPredictor
from reconciler.emulator.prediction.taught_file import read
from reconciler.emulator.prediction.vision import VisionPredictor


def load_predictor(taught: Path | None = None) -> Predictor:
    """The emulator's predictor; `TaughtFileError` if the file of taught scores cannot be used."""
    nets = VisionPredictor()
    return nets if taught is None else TaughtPredictor(read(taught), nets)
