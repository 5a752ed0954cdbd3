"""The predictor of the `vision` extra: real nets on the CPU, offline, loaded by the first picture.

Belongs here: putting the nets together, remembering what was seen, being safe to call from every thread of the
server. Not here: the nets. Nothing heavy is imported before the first call.

What to expect of the scores. The thousand classes share a total of one, while Clarifai's general model scores every
concept for itself and is often above 0.9 on many. A threshold copied from a real workflow fires less often here on
narrow concepts (`Egyptian cat` 0.4); the wide ones (`cat`, `animal`, `vehicle`) and `people` behave more alike.
The same bytes give the same numbers on one machine; another CPU may differ in the last digits, so keep the
thresholds of a test away from a score.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from reconciler.emulator.prediction import coarse, names
from reconciler.emulator.prediction.interface import Region, Score, best_first, vision_extra

if TYPE_CHECKING:
    from PIL.Image import Image

    from reconciler.emulator.prediction.efficientnet import Net, Seen
    from reconciler.emulator.prediction.faces import FaceNets

T = TypeVar("T")

REMEMBERED: Final = 512
"""Pictures whose results are kept: about 10 kB each. A workflow asks for the same picture once a node."""

_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def limit_blas_threads() -> bool:
    """Let NumPy compute with one thread: call it in the server's process, before anything imports NumPy.

    The server answers several calls at once already; on two cores, 40 pictures over four workers took 3.1 s with
    OpenBLAS's own threads and 0.9 s without. A variable that is set already wins. False if NumPy is loaded, since
    it reads the variables only once.
    """
    for variable in _THREADS:
        os.environ.setdefault(variable, "1")
    return "numpy" not in sys.modules


class VisionPredictor:
    """A `Predictor` of what the nets see. Every method raises `Unavailable` if the extra is not installed."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._net: _Once[Net] = _Once(_load_net)
        self._face_nets: _Once[FaceNets] = _Once(_load_face_nets)
        self._seen: _Memory[Seen] = _Memory(remembered)
        self._found: _Memory[tuple[Region, ...]] = _Memory(remembered)

    def concepts(self, image: bytes, url: str | None = None) -> list[Score]:
        """The thousand classes, the wide concepts, and what the faces say, if there are any."""
        with vision_extra():
            from reconciler.emulator.prediction import faces
        probabilities = [float(value) for value in self._look(image).probabilities]
        narrow = [Score(name, value) for name, value in zip(names.imagenet(), probabilities, strict=True)]
        wide = [Score(name, _sum(probabilities[i] for i in members)) for name, members in coarse.members().items()]
        return best_first([*faces.concepts(self._find(image)), *wide, *narrow])

    def embedding(self, image: bytes, url: str | None = None) -> list[float]:
        """The last layer before the classes, of length one."""
        return [float(value) for value in self._look(image).embedding]

    def faces(self, image: bytes, url: str | None = None) -> list[Region]:
        """Frontal faces with people, man, woman, adult and child."""
        return list(self._find(image))

    def _look(self, image: bytes) -> Seen:
        net = self._net.get()
        return self._seen.get(image, lambda: net.look(_decode(image)))

    def _find(self, image: bytes) -> tuple[Region, ...]:
        nets = self._face_nets.get()
        return self._found.get(image, lambda: nets.find(_decode(image)))


def _sum(probabilities: Iterable[float]) -> float:
    return min(sum(probabilities), 1.0)


def _load_net() -> Net:
    with vision_extra():
        from reconciler.emulator.prediction import efficientnet, weights

        return efficientnet.Net(weights.load())


def _load_face_nets() -> FaceNets:
    with vision_extra():
        from reconciler.emulator.prediction import faces

        return faces.FaceNets()


def _decode(image: bytes) -> Image:
    from reconciler.emulator.prediction import picture

    return picture.decode(image)


class _Once(Generic[T]):
    """Something made by the first who asks; the others wait. A failure is not kept: the next one tries again."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None
        self._lock = threading.Lock()

    def get(self) -> T:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


class _Memory(Generic[T]):
    """The latest results by the SHA-256 of the picture. Two threads with the same new picture both compute it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._results: OrderedDict[bytes, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, image: bytes, compute: Callable[[], T]) -> T:
        key = hashlib.sha256(image).digest()
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        result = compute()
        with self._lock:
            self._results[key] = result
            while len(self._results) > self._size:
                self._results.popitem(last=False)
        return result
