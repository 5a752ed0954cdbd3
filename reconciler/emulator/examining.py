"""Look at one input: is it what it says it is, and what does the app's default workflow make of it.

Belongs here: from stored bytes to a verdict, without holding the store. Not here: the queue (`processing.py`),
storing the verdict's run (`outcomes.py`). Facts 2.2, 7.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import image_info, media
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.execution.reader import Reader
from reconciler.emulator.execution.run import run_workflow
from reconciler.emulator.execution.values import Run, RunFailed
from reconciler.emulator.operations import apps, input_views, workflow_versions
from reconciler.emulator.store import Key, Row

Input = resources_pb2.Input
Runner = Callable[[Reader, Sequence[resources_pb2.WorkflowNode], resources_pb2.Data], Run]

_WRITER: Final = "annotation-writer"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything needed to look at an input, read in one transaction."""

    row: Row
    message: Input
    content: bytes | None
    workflow: resources_pb2.Workflow
    version: resources_pb2.WorkflowVersion

    @property
    def scope(self) -> Scope:
        """The app of the input."""
        return Scope(self.row.key.user, self.row.key.app)

    @property
    def writes(self) -> bool:
        """Somebody waits for annotations that the workflow writes."""
        return any(node.model.model_type_id == _WRITER for node in self.version.nodes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status an input gets, what its picture is, and the run to store."""

    code: int
    details: str = ""
    picture: image_info.ImageInfo | None = None
    run: Run | None = None


def gather(call: Call, row: Row) -> Case:
    """Read what is needed to look at an input; call it inside a transaction."""
    scope = Scope(row.key.user, row.key.app)
    default = apps.default_workflow(call, scope)
    version = resources_pb2.WorkflowVersion()
    stored = call.store.get(Key(default.user_id, default.app_id, "workflow", default.id))
    newest = workflow_versions.latest(call, stored) if stored else None
    if newest is not None:
        version.ParseFromString(newest.body)
        version.id = newest.key.id
    workflow = resources_pb2.Workflow(id=default.id, user_id=default.user_id, app_id=default.app_id)
    workflow.version.id = version.id
    return Case(row, Input.FromString(row.body), media.of(call.store, row), workflow, version)


def examine(call: Call, case: Case, run: Runner = run_workflow) -> Verdict:
    """Look at the input and run the default workflow on it; call it outside of any transaction."""
    picture = None
    if case.message.data.HasField("image") and case.content is not None:
        picture = image_info.read(case.content)
        if picture is None:
            return Verdict(codes.INPUT_UNSUPPORTED_FORMAT, "the bytes are no image of a known format")
    if not case.version.nodes:
        return Verdict(input_views.READY, picture=picture, run=Run([]))
    if case.version.is_deprecated:
        reason = f"version {case.version.id} of workflow {case.workflow.id} pins a model that was deleted"
        return _unrun(call, case, picture, RunFailed(codes.MODEL_DOES_NOT_EXIST, reason))
    try:
        done = run(Reader.of(call, case.scope), case.version.nodes, _data(case))
    except RunFailed as failure:
        return _unrun(call, case, picture, failure)
    return Verdict(input_views.READY, _left_out(done), picture, done)


def _data(case: Case) -> resources_pb2.Data:
    """The input as a workflow gets it, with its bytes."""
    data = resources_pb2.Data()
    data.CopyFrom(case.message.data)
    for field in input_views.MEDIA_FIELDS:
        getattr(data, field).ClearField("hosted") if data.HasField(field) else None
    kind = input_views.kind_of(case.message)
    if case.content is not None and kind == "text":
        data.text.raw = case.content.decode("utf-8", errors="replace")
    elif case.content is not None:
        getattr(data, kind).base64 = case.content
    return data


def _unrun(call: Call, case: Case, picture: image_info.ImageInfo | None, failure: RunFailed) -> Verdict:
    """The input is there, but the workflow gave nothing for it (switch `failed_run`)."""
    rule = call.switches.failed_run
    unfit = failure.status_code == codes.INPUT_UNSUPPORTED_FORMAT
    fails = rule == "always" or (rule == "awaited" and case.writes and not unfit)
    details = f"default workflow {case.workflow.id}: {failure.description}: {failure.details}"
    return Verdict(codes.INPUT_DOWNLOAD_FAILED if fails else input_views.READY, details, picture)


def _left_out(run: Run) -> str:
    """Which nodes had no answer although the run went through."""
    silent = [f"node {each.node.id}: {each.failure.details}" for each in run.outputs if each.failure]
    return "; ".join(silent)
