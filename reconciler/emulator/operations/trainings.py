"""Trainings as clients see them: queued, in progress, ended; every look at a version moves its training on.

Belongs here: when a training runs and where its outcome goes. Not here: learning (`execution/training.py`).
Facts 5: 21103 -> 21101 -> 21100 or the code that says what is missing. After `train_polls` looks the next one
lets the version learn, without holding the store, and shows how it ended. The state is stored: a training that a
stopped server leaves behind goes on with the next look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.message import Message

from reconciler.emulator import statuses
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.execution import training
from reconciler.emulator.execution.reader import ARTEFACT, Reader, pinned
from reconciler.emulator.operations import model_views
from reconciler.emulator.store import Key, Row

ModelVersion = resources_pb2.ModelVersion

_UNDER_WAY: Final = (codes.MODEL_QUEUED_FOR_TRAINING, codes.MODEL_TRAINING)
_STAGE: Final = "Training stage in progress: 0/1 complete."


def watched(find: Callable[[Call, Any], Row | None], operation: Operation) -> Operation:
    """An operation that shows a version, which first moves that version's training on.

    It opens its own transactions, so its RPC belongs to the long ones of `table.py`.
    """

    def run(call: Call, request: Any) -> Message:
        with call.store.transaction():
            version = find(call, request)
            due = version is not None and poll(call, version)
        if due and version is not None:
            finish(call, version.key)
        with call.store.transaction():
            return operation(call, request)

    return run


def poll(call: Call, row: Row) -> bool:
    """Count one look at a version; whether its training is to end now."""
    version = ModelVersion.FromString(row.body)
    if version.status.code not in _UNDER_WAY:
        return False
    most = call.switches.train_polls
    polls = call.memory.polls.get(row.key, 0) + 1
    if polls > most:
        call.memory.polls.pop(row.key, None)
        return True
    call.memory.polls[row.key] = polls
    if polls * 2 > most + 1:
        version.status.CopyFrom(statuses.state(codes.MODEL_TRAINING))
        version.status.description = _STAGE
        version.status.percent_completed = 100 * polls // (most + 1)
        call.store.update(row, version.SerializeToString())
    return False


def finish(call: Call, key: Key) -> None:
    """Let a version learn and store how it ended; one training at a time, a second one waits for its next look."""
    if not call.memory.training.acquire(blocking=False):
        return
    try:
        with call.store.transaction():
            model = call.store.get(Key(key.user, key.app, model_views.KIND, key.parent))
            row = call.store.get(key)
        if model is None or row is None:
            return
        learner = pinned(model, row)
        if learner.version.status.code in _UNDER_WAY:
            outcome = training.train(call.store, Reader.of(call, learner.scope), learner)
            with call.store.transaction():
                _conclude(call, key, outcome)
    finally:
        call.memory.training.release()


def _conclude(call: Call, key: Key, outcome: training.Outcome) -> None:
    row = call.store.get(key)
    if row is None:
        return
    version = ModelVersion.FromString(row.body)
    version.status.CopyFrom(statuses.state(outcome.code))
    version.status.details = outcome.details
    version.total_input_count = outcome.inputs
    if outcome.code == codes.MODEL_TRAINED:
        version.completed_at.CopyFrom(call.timestamp(call.store.tick()))
        if not version.output_info.data.concepts:
            version.output_info.data.concepts.extend(resources_pb2.Concept(id=each) for each in outcome.concepts)
        call.store.insert(_artefact(key), outcome.learned, created=call.store.tick())
    call.store.update(row, version.SerializeToString())


def forget(call: Call, version: Row) -> None:
    """Drop what a version learned, with the version."""
    learned = call.store.get(_artefact(version.key))
    if learned is not None:
        call.store.delete(learned)


def _artefact(key: Key) -> Key:
    return Key(key.user, key.app, ARTEFACT, key.id)
