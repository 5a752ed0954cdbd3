"""Annotations as they are stored and shown.

Belongs here: where annotations come from, finding them, what a reply shows of one. Not here: the RPCs
(`annotations.py`), which of them a list holds (`annotation_filters.py`). Facts 3.10, 7.5, 7.8.

An annotation is a child of its input. The row's name says where it comes from. The input-level annotation stores no
data: what it shows is the data of its input, so that the two cannot differ. The data of a model's output is a row
beside its annotation, read only when asked for.
"""

from __future__ import annotations

from typing import Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import errors, ids, statuses
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.operations import input_views
from reconciler.emulator.store import Key, Row, Store

Annotation = resources_pb2.Annotation

KIND: Final = "annotation"
OUTPUT_DATA: Final = "model_output"

INPUT_LEVEL: Final = "input-level"
POSTED: Final = "posted"
WRITTEN: Final = "written"
OUTPUT: Final = "output"

SUCCESS: Final = codes.ANNOTATION_SUCCESS
STATUSES: Final = frozenset(
    {
        codes.ANNOTATION_SUCCESS,
        codes.ANNOTATION_PENDING,
        codes.ANNOTATION_FAILED,
        codes.ANNOTATION_AWAITING_REVIEW,
        codes.ANNOTATION_REVIEW_DENIED,
        codes.ANNOTATION_AWAITING_CONSENSUS_REVIEW,
    }
)
"""The statuses an annotation may be given (facts 2.2)."""


def find(call: Call, scope: Scope, input_id: str, identifier: str) -> Row:
    """One annotation of an input; absent: 11101."""
    row = call.store.get(scope.key(KIND, identifier, input_id))
    if row is None:
        raise errors.missing(f"annotation {identifier} of input {input_id}")
    return row


def of_input(store: Store, row: Row) -> list[Row]:
    """All annotations of an input, oldest first."""
    return list(store.select(row.key.user, row.key.app, KIND, parent=row.key.id))


def insert_input_level(call: Call, scope: Scope, input_id: str, created: int) -> None:
    """The annotation every input has from the start: trusted, its data is the input's (facts 3.10)."""
    annotation = Annotation(trusted=True, input_level=True)
    set_user(annotation, call.caller.user)
    set_status(annotation, SUCCESS)
    key = scope.key(KIND, ids.new_id(), input_id)
    call.insert(key, annotation.SerializeToString(), created=created, name=INPUT_LEVEL)


def set_user(annotation: Annotation, user: str) -> None:
    """Say which person made an annotation, in the old field and in the new one."""
    annotation.user_id = annotation.worker.user.id = user


def set_status(annotation: Annotation, code: int) -> None:
    """Give an annotation a status."""
    annotation.status.CopyFrom(statuses.state(code))


def input_of(store: Store, row: Row) -> Row | None:
    """The input an annotation belongs to."""
    return store.get(Key(row.key.user, row.key.app, input_views.KIND, row.key.parent))


def data_of(store: Store, row: Row) -> resources_pb2.Data:
    """The data of an annotation, wherever it is kept."""
    if row.name == INPUT_LEVEL:
        home = input_of(store, row)
        return resources_pb2.Input.FromString(home.body).data if home else resources_pb2.Data()
    if row.name == OUTPUT:
        held = store.get(Key(row.key.user, row.key.app, OUTPUT_DATA, row.key.id, row.key.parent))
        return resources_pb2.Data.FromString(held.body) if held else resources_pb2.Data()
    return Annotation.FromString(row.body).data


def render(call: Call, row: Row, *, with_output: bool = False) -> Annotation:
    """An annotation as replies show it; a model's output only if it was asked for (facts 7.8)."""
    annotation = Annotation.FromString(row.body)
    annotation.id, annotation.input_id = row.key.id, row.key.parent
    annotation.created_at.CopyFrom(call.timestamp(row.created))
    annotation.modified_at.CopyFrom(call.timestamp(row.modified))
    if row.name == INPUT_LEVEL:
        home = input_of(call.store, row)
        annotation.data.CopyFrom(input_views.render(call, home).data if home else resources_pb2.Data())
    elif row.name == OUTPUT and with_output:
        annotation.data.CopyFrom(data_of(call.store, row))
    return annotation


def drop(store: Store, row: Row) -> None:
    """Delete an annotation with the output beside it."""
    held = store.get(Key(row.key.user, row.key.app, OUTPUT_DATA, row.key.id, row.key.parent))
    for each in (row, held):
        if each is not None:
            store.delete(each)
