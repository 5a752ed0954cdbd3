"""What the predicting RPCs share: their inputs as data, and the status of a reply over many inputs.

Belongs here: facts 2.3 and 2.5 on predictions. Not here: the RPCs (`model_outputs.py`, `workflow_results.py`),
running anything (`emulator/execution/`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import errors, ids, statuses
from reconciler.emulator.context import Call
from reconciler.emulator.execution.reader import Reader
from reconciler.emulator.execution.values import Failed, RunFailed

Input = resources_pb2.Input
T = TypeVar("T")

MOST_INPUTS: Final = 128
_AT_ONCE: Final = 8


def check_count(inputs: Sequence[Input]) -> None:
    """Refuse a prediction on nothing or on too much (facts 3.11)."""
    if not inputs:
        raise errors.Refusal(codes.PREDICT_INVALID_REQUEST, "no inputs were sent")
    if len(inputs) > MOST_INPUTS:
        details = f"{len(inputs)} inputs were sent, at most {MOST_INPUTS} are allowed in one request"
        raise errors.Refusal(codes.PREDICT_INVALID_REQUEST, details)


def check_runner(selector: resources_pb2.RunnerSelector) -> None:
    """Refuse a deployment; there are none here: 11101 (facts 2.3)."""
    if selector.deployment.id:
        raise errors.missing(f"deployment {selector.deployment.id}")
    if selector.nodepool.id:
        raise errors.missing(f"nodepool {selector.nodepool.id}")


def data_of(reader: Reader, sent: Input) -> resources_pb2.Data:
    """What is to be predicted on: the data that was sent, or that of a stored input named by its id."""
    if sent.data.ListFields() or not sent.id:
        return sent.data
    stored = reader.stored(sent.id)
    if stored is None:
        raise RunFailed(codes.CONN_DOES_NOT_EXIST, f"input {sent.id} does not exist")
    return stored.data


def attempts(inputs: Sequence[Input], attempt: Callable[[Input], T]) -> list[T | Failed]:
    """What each input came to, in order: an answer or why there is none."""

    def one(sent: Input) -> T | Failed:
        try:
            return attempt(sent)
        except Failed as failure:
            return failure

    with ThreadPoolExecutor(min(_AT_ONCE, len(inputs)), "predict") as pool:
        return list(pool.map(one, inputs))


def settle(call: Call, outcomes: Sequence[T | Failed]) -> tuple[statuses.Status, list[T | Failed]]:
    """The status of the whole reply, and the outcomes as they are shown under it (facts 2.3).

    One bad input fails the others with it, as the service does today, or only itself (switch `mixed_predict`).
    """
    shown: list[T | Failed] = list(outcomes)
    failures = [each for each in outcomes if isinstance(each, Failed)]
    if not failures:
        return statuses.status(codes.SUCCESS), shown
    if len(failures) == len(outcomes):
        return _common(failures), shown
    if call.switches.mixed_predict == "mixed":
        return statuses.status(codes.MIXED_STATUS, failures[0].details), shown
    spoiled = RunFailed(codes.INPUT_INVALID_ARGUMENT, "another input of the same request failed")
    shown = [each if isinstance(each, Failed) else spoiled for each in outcomes]
    return statuses.status(codes.FAILURE, failures[0].details), shown


def _common(failures: Sequence[Failed]) -> statuses.Status:
    """The status all failures share, else that something failed."""
    if len({failure.status_code for failure in failures}) == 1:
        return failures[0].status()
    return statuses.status(codes.FAILURE, failures[0].details)


def echo(sent: Input) -> Input:
    """An input as an output repeats it: with an id, without its bytes."""
    shown = Input()
    shown.CopyFrom(sent)
    shown.id = sent.id or ids.new_id()
    for medium in (shown.data.image, shown.data.video, shown.data.audio):
        if medium.base64:
            medium.ClearField("base64")
    return shown
