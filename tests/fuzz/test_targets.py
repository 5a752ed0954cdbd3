"""The targets of the fuzzer hold for its seeds, and for these bent a little: so they are right when it is let loose."""

import random

import pytest

from tests.fuzz.targets import TARGETS, seeds


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_for_its_seeds(target: str) -> None:
    found = list(seeds(target))
    assert found
    for seed in found:
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_for_seeds_that_were_bent(target: str) -> None:
    chance = random.Random(0)
    found = [seed for seed in seeds(target) if len(seed) < 60_000]
    for _ in range(300):
        data = bytearray(chance.choice(found))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.randint(0, 4)] = chance.choice(found)[: chance.randint(0, 8)] or b"\xff"
        TARGETS[target](bytes(data))
