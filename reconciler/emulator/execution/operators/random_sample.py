"""random-sample: let a share of the inputs pass, if keep_fraction > random (facts 4.5).

The draw follows from the switch `random_seed`, the node and the data, so a run can be repeated: the same input
always meets the same fate at the same node.
"""

from __future__ import annotations

import hashlib

from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data


def run(task: Task, data: Data) -> Data:
    """All of the data, or nothing."""
    drawn = draw(task.reader.switches.random_seed, task.place, data)
    return data if task.number("keep_fraction") > drawn else Data()


def draw(seed: int, place: str, data: Data) -> float:
    """A number from 0 up to but without 1, evenly spread over inputs."""
    digest = hashlib.sha256(f"{seed}|{place}|".encode() + data.SerializeToString(deterministic=True)).digest()
    return int.from_bytes(digest[:7]) / 256**7
