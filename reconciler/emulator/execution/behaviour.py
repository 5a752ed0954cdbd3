"""Which code stands for a model: an operator by its type, a net by its name, what it learned, or none.

Belongs here: the choice, and running one model by itself. Not here: the code. A model that nothing stands for is
`NotRun` with a sentence, never a made-up answer.
"""

from __future__ import annotations

from typing import Final

from reconciler.emulator import model_types
from reconciler.emulator.execution import merging, nets
from reconciler.emulator.execution.operator_table import OPERATORS
from reconciler.emulator.execution.reader import Pinned, is_public
from reconciler.emulator.execution.task import Behaviour, Task
from reconciler.emulator.execution.trained import TRAINED
from reconciler.emulator.execution.values import Data, NotRun

WRITER: Final = "annotation-writer"


def type_of(pinned: Pinned) -> str:
    """The type by its present name (facts 0.7)."""
    sent = pinned.model.model_type_id
    return model_types.ALIASES.get(sent, sent)


def learned_here(pinned: Pinned) -> bool:
    """Whether it is a model of a type that this emulator trains."""
    return type_of(pinned) in TRAINED and not is_public(pinned)


def of(pinned: Pinned) -> Behaviour:
    """The code that stands for a model version."""
    kind = type_of(pinned)
    if is_public(pinned) and pinned.model.id in nets.PUBLIC:
        return nets.PUBLIC[pinned.model.id]
    if kind in OPERATORS:
        return OPERATORS[kind]
    if learned_here(pinned):
        return TRAINED[kind]
    if is_public(pinned):
        raise NotRun(f"the emulator has no net for the public model {pinned.model.id}")
    raise NotRun(f"the emulator does not run models of type {kind}")


def answer(task: Task, data: Data) -> Data:
    """What one model makes of some data."""
    return of(task.pinned)(task, data)


def raw_inputs(pinned: Pinned) -> tuple[str, ...]:
    """The fields of the workflow's own input that a model of this type looks back for (facts 6)."""
    kind = type_of(pinned)
    if kind in TRAINED:
        return ("image",)
    known = model_types.find(kind)
    if is_public(pinned) and pinned.model.id in nets.PUBLIC:
        return ("image",)
    named = {field for entry in known.input_fields for field in entry.split(",")} if known else set()
    return tuple(name for name in merging.RAW if name in named)
