"""prompter: put the incoming text into a template, at `{data.text.raw}` (facts 4.5)."""

from __future__ import annotations

from typing import Final

from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data, NotRun, unsupported

PLACE: Final = "{data.text.raw}"


def run(task: Task, data: Data) -> Data:
    """The filled-in template as text."""
    if not data.HasField("text"):
        raise unsupported("a prompter needs text")
    template = task.text("prompt_template")
    if not template:
        raise NotRun(f"{task.pinned.named} has no prompt_template")
    result = Data()
    result.text.raw = template.replace(PLACE, task.reader.text(data.text))
    return result
