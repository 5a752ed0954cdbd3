"""What a run gives, and the two ways it can fail.

Failed           a model could not answer; status code, description and details for a reply
├── RunFailed    ... and with it the whole run: the input is of the wrong kind, or cannot be had
└── NotRun       ... on this emulator: a net is not installed, or nobody taught it this type
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.struct_pb2 import Struct

from reconciler.emulator import statuses

Data = resources_pb2.Data


class Failed(Exception):
    """A model gave no answer."""

    def __init__(self, status_code: int, details: str = "", description: str = "") -> None:
        super().__init__(f"{status_code} {details}")
        self.status_code = status_code
        self.description = description or statuses.text_of(status_code)
        self.details = details

    def status(self) -> statuses.Status:
        """This failure as the `Status` of an output or a result."""
        return statuses.status(self.status_code, self.details, description=self.description)


class RunFailed(Failed):
    """The run has no result at all."""


class NotRun(Failed):
    """One node has no answer on this emulator; the others of its workflow may have one."""

    def __init__(self, details: str) -> None:
        super().__init__(codes.MODEL_PREDICTION_FAILED, details)


def unsupported(details: str) -> RunFailed:
    """An input of the wrong kind: 30101 with the words of facts 2.3."""
    return RunFailed(codes.INPUT_UNSUPPORTED_FORMAT, details)


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """What one node made of its input. `ran` is False where nothing came in or `failure` says why nothing came out."""

    node: resources_pb2.WorkflowNode
    model: resources_pb2.Model
    data: Data
    ran: bool
    failure: Failed | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An annotation that an annotation-writer wants written (facts 7.5); the caller decides whether it is."""

    user_id: str
    status_code: int
    data: Data
    info: Struct | None = None
    task_id: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: one output for each node, in the order of the nodes."""

    outputs: Sequence[NodeOutput]
    annotations: Sequence[Draft] = field(default_factory=tuple)
