"""annotation-writer: say which annotations are to be written, and let the data pass (facts 4.4, 7.5, 7.6).

Belongs here: what would be written. Nothing is written here: only the default workflow of an app does that, on an
added input (facts 0.11).
"""

from __future__ import annotations

from typing import Any

from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from reconciler.emulator import model_types
from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data, Draft


def run(task: Task, data: Data) -> Data:
    """What came in."""
    return data


def drafts(task: Task, data: Data) -> list[Draft]:
    """One annotation for the whole input, and one for each region (facts 3.10: at most one region in each).

    Data that never held a concept or a region, such as a sampled input, is an annotation without data: it still
    has a status. Concepts of other apps are left out (AAW; switch `writer_concepts`); if that was all, nothing.
    """
    regions = [_part(task, region.data) for region in data.regions]
    contents = []
    whole = _part(task, data)
    if whole.concepts or not (data.concepts or data.regions):
        contents.append(whole)
    for region, part in zip(data.regions, regions, strict=True):
        if part.concepts or not region.data.concepts:
            kept = Data()
            added = kept.regions.add(id=region.id, region_info=region.region_info, value=region.value)
            added.data.CopyFrom(part)
            contents.append(kept)
    return [Draft(_user(task), _status(task), each, _info(task), task.text("task_id")) for each in contents]


def _part(task: Task, data: Data) -> Data:
    """The concepts of some data that may be written."""
    every = task.reader.switches.writer_concepts == "all"
    own = ("", task.reader.scope.app)
    return Data(concepts=[concept for concept in data.concepts if every or concept.app_id in own])


def _user(task: Task) -> str:
    named = task.text("annotation_user_id")
    return task.reader.scope.user if named in ("", "me") else named


def _status(task: Task) -> int:
    """The configured status, by name or by number; without one SUCCESS, as a posted annotation has."""
    value: Any = task.params.fields["annotation_status"]
    named = model_types.ANNOTATION_STATUSES.get(value.string_value, 0)
    digits = int(value.string_value) if value.string_value.isdigit() else int(value.number_value)
    return int(named or digits or codes.ANNOTATION_SUCCESS)


def _info(task: Task) -> Struct | None:
    """`annotation_info` as JSON text or as a Struct."""
    if "annotation_info" not in task.params.fields:
        return None
    value = task.params.fields["annotation_info"]
    info = Struct()
    if value.HasField("struct_value"):
        info.CopyFrom(value.struct_value)
    elif value.string_value:
        try:
            json_format.Parse(value.string_value, info)
        except json_format.ParseError:
            return None
    return info if info.fields else None
