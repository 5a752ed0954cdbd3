"""Jobs that count how the inputs of one or several posts are getting on.

Belongs here: InputsAddJob as a resource and its counters. Not here: inputs (`inputs.py`). Facts 3.9: a client waits
until nothing is pending or in progress any more.

An input points at its job until it has come to an end, which is when the job counts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import errors, ids, paging, statuses, work
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import input_views
from reconciler.emulator.store import Key, Row, Store

Job = resources_pb2.InputsAddJob

KIND: Final = "inputs_add_job"
_MARK: Final = "job:"


def mark(job: str) -> str:
    """What an input of a job points at."""
    return f"{_MARK}{job}"


def add(call: Call, scope: Scope, identifier: str, *, accepted: int, refused: int) -> Row:
    """Count the inputs of one post, in a job that is made when it does not exist."""
    ids.check("job", identifier, longest=call.switches.longest_id)
    row = call.store.get(scope.key(KIND, identifier))
    if row is None:
        created = call.store.tick()
        row = call.insert(scope.key(KIND, identifier), Job(id=identifier).SerializeToString(), created=created)
    job = Job.FromString(row.body)
    job.progress.pending_count += accepted
    job.progress.failed_count += refused
    return call.store.update(row, job.SerializeToString(), modified=call.store.tick())


def settle(store: Store, row: Row, code: int) -> None:
    """One input has come to an end, or was deleted before it could."""
    for target in [each for each in store.targets(row) if each.startswith(_MARK)]:
        store.unlink(row, target)
        held = store.get(Key(row.key.user, row.key.app, KIND, target.removeprefix(_MARK)))
        if held is not None:
            job = Job.FromString(held.body)
            job.progress.pending_count -= 1
            job.progress.success_count += code == input_views.READY
            job.progress.failed_count += code != input_views.READY
            store.update(held, job.SerializeToString(), modified=store.tick())


def get_job(call: Call, request: service_pb2.GetInputsAddJobRequest) -> service_pb2.SingleInputsAddJobResponse:
    """One job; absent: 11101."""
    row = _find(call, call.readable(request.user_app_id), request.id)
    return service_pb2.SingleInputsAddJobResponse(inputs_add_job=render(call, row))


def list_jobs(call: Call, request: service_pb2.ListInputsAddJobsRequest) -> service_pb2.MultiInputsAddJobResponse:
    """The jobs of an app, newest first."""
    scope = call.readable(request.user_app_id)
    rows = paging.page(call, request, [scope], KIND, order="created")
    return service_pb2.MultiInputsAddJobResponse(inputs_add_jobs=[render(call, row) for row in rows])


def cancel_job(call: Call, request: service_pb2.CancelInputsAddJobRequest) -> service_pb2.SingleInputsAddJobResponse:
    """Give up the inputs of a job that are still waiting; they end as failed downloads."""
    scope = call.writable(request.user_app_id)
    row = _find(call, scope, request.id)
    job = Job.FromString(row.body)
    if job.progress.pending_count:
        job.status.CopyFrom(statuses.state(codes.JOB_CANCELLED))
        call.store.update(row, job.SerializeToString())
    for each in call.store.linked(mark(request.id), input_views.KIND):
        if (each.key.user, each.key.app) == (scope.user, scope.app):
            _give_up(call, each)
    return service_pb2.SingleInputsAddJobResponse(inputs_add_job=render(call, _find(call, scope, request.id)))


def _give_up(call: Call, row: Row) -> None:
    message = resources_pb2.Input.FromString(row.body)
    input_views.set_status(message, codes.INPUT_DOWNLOAD_FAILED, "the job that added this input was cancelled")
    row = input_views.save(call.store, row, message, modified=call.store.tick())
    work.call_off(call.store, row)
    settle(call.store, row, message.status.code)


def _find(call: Call, scope: Scope, identifier: str) -> Row:
    row = call.store.get(scope.key(KIND, identifier))
    if row is None:
        raise errors.missing(f"inputs add job {identifier}")
    return row


def render(call: Call, row: Row) -> Job:
    """A job as replies show it; it runs until nothing is pending, unless it was cancelled."""
    job = Job.FromString(row.body)
    job.progress.SetInParent()
    job.created_at.CopyFrom(call.timestamp(row.created))
    job.modified_at.CopyFrom(call.timestamp(row.modified))
    if not job.status.code:
        running = bool(job.progress.pending_count or job.progress.in_progress_count)
        job.status.CopyFrom(statuses.state(codes.JOB_RUNNING if running else codes.JOB_COMPLETED))
    return job


OPERATIONS: Mapping[str, Operation] = {
    "GetInputsAddJob": get_job,
    "ListInputsAddJobs": list_jobs,
    "CancelInputsAddJob": cancel_job,
}
