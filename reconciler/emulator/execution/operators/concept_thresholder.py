"""concept-thresholder: let concepts pass whose value compares as asked to their own threshold (facts 4.4).

A concept that the model does not list never passes. GREATER_THAN at equality is where sources disagree (facts 14.3,
switch `greater_than`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import model_types
from reconciler.emulator.execution.numbers import float32
from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data, NotRun, unsupported

Concept = resources_pb2.Concept

_COMPARATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL": operator.le,
    "EQUAL": operator.eq,
}
_BY_NUMBER: Final = {str(number): name for name, number in model_types.COMPARATORS.items()}


def run(task: Task, data: Data) -> Data:
    """The concepts that pass, in their order."""
    if not data.concepts:
        raise unsupported("a concept-thresholder needs concepts")
    return Data(concepts=passing(task, data.concepts))


def passing(task: Task, concepts: Iterable[Concept]) -> list[Concept]:
    """Those of some concepts that pass the task's thresholds."""
    passes = comparator(task)
    thresholds = {concept.id: concept.value for concept in task.info.data.concepts}
    return [c for c in concepts if c.id in thresholds and passes(float32(c.value), float32(thresholds[c.id]))]


def comparator(task: Task) -> Callable[[float, float], bool]:
    """The comparison of value and threshold, named by word or by number (facts 4.4)."""
    value = task.params.fields["concept_threshold_type"]
    sent = value.string_value or f"{value.number_value:g}"
    name = _BY_NUMBER.get(sent, sent)
    if name not in _COMPARATORS:
        raise NotRun(f"{task.pinned.named} has no concept_threshold_type")
    if name == "GREATER_THAN" and task.reader.switches.greater_than == "or-equal":
        return operator.ge
    return _COMPARATORS[name]
