"""Pictures, and one predictor for all tests of a worker: loading the nets takes most of a second."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.emulator.prediction.vision import VisionPredictor, limit_blas_threads

limit_blas_threads()  # as the server does; with workers side by side, more threads cost twenty times as much

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "manifests" / "auto-annotation" / "pictures"
TEXTURES = ROOT / "manifests" / "custom-model" / "pictures"


@pytest.fixture
def picture() -> Callable[[str], bytes]:
    return lambda name: (PICTURES / f"{name}.jpg").read_bytes()


@pytest.fixture
def texture() -> Callable[[str, int], bytes]:
    return lambda name, number: (TEXTURES / f"{name}-{number}.jpg").read_bytes()


@pytest.fixture(scope="session")
def nets() -> VisionPredictor:
    return VisionPredictor()


@pytest.fixture
def python() -> Callable[..., str]:
    """Run code in a fresh interpreter and return what it prints."""

    def run(code: str, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
