"""regex-based-classifier: text in which the pattern is found has the model's concepts, other text has none.

Facts 4.5: `params.regex`, the concepts in `output_info.data`. The value of a concept is 1: a rule is certain.
"""

from __future__ import annotations

import re

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data, NotRun, unsupported


def run(task: Task, data: Data) -> Data:
    """The model's concepts if the pattern is found in the text, else nothing."""
    if not data.HasField("text"):
        raise unsupported("a regex-based-classifier needs text")
    if not _pattern(task).search(task.reader.text(data.text)):
        return Data()
    return Data(concepts=[_certain(task, concept) for concept in task.info.data.concepts])


def _pattern(task: Task) -> re.Pattern[str]:
    try:
        return re.compile(task.text("regex"))
    except re.error as error:
        raise NotRun(f"{task.pinned.named}: the regex cannot be used: {error}") from error


def _certain(task: Task, listed: resources_pb2.Concept) -> resources_pb2.Concept:
    concept = task.reader.concept(listed.id)
    concept.value = 1.0
    return concept
