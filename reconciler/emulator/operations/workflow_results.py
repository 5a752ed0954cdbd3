"""PostWorkflowResults: a workflow on some inputs, as a dry run: nothing is stored (facts 3.11, 7.4).

Belongs here: which version runs, the reply. Not here: running it (`execution/run.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.timestamp_pb2 import Timestamp

from reconciler.emulator import errors, ids, statuses
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.execution.reader import Reader
from reconciler.emulator.execution.run import run_workflow
from reconciler.emulator.execution.values import Failed, NodeOutput, Run
from reconciler.emulator.operations import predictions, workflow_versions, workflows

Request = service_pb2.PostWorkflowResultsRequest
Result = resources_pb2.WorkflowResult

_NEW_STATE: Final = "init"
"""The state id that asks for a new one."""


def post_workflow_results(call: Call, request: Request) -> service_pb2.PostWorkflowResultsResponse:
    """One result for each input, in it one output for each node in the order of the nodes."""
    with call.store.transaction():
        workflow = _workflow(call, request)
        reader = Reader.of(call, call.readable(request.user_app_id))
        now = call.timestamp(call.store.tick())
    predictions.check_count(request.inputs)
    for selector in request.node_runner_selectors.values():
        predictions.check_runner(selector)

    def attempt(sent: resources_pb2.Input) -> Run:
        data = predictions.data_of(reader, sent)
        return run_workflow(reader, workflow.nodes, data, output_config=request.output_config)

    status, outcomes = predictions.settle(call, predictions.attempts(request.inputs, attempt))
    most = request.output_config.max_concepts
    results = [_result(sent, run, now, most) for sent, run in zip(request.inputs, outcomes, strict=True)]
    reply = service_pb2.PostWorkflowResultsResponse(status=status, workflow=workflow, results=results)
    if request.workflow_state.id:
        # facts 3.11: "init" asks for a state; later calls name the one they were given.
        reply.workflow_state.id = ids.new_id() if request.workflow_state.id == _NEW_STATE else request.workflow_state.id
    return reply


def _workflow(call: Call, request: Request) -> resources_pb2.Workflow:
    """The workflow as it is to run: with the version that is named, or its newest."""
    scope = call.readable(request.user_app_id)
    row = workflows.find_or_default(call, scope, request.workflow_id)
    call.check_runs(row.key.user)
    workflow = workflows.render(call, row)
    if request.version_id:
        found = workflow_versions.find(call, workflows.scope_of(row), row.key.id, request.version_id)
        workflow.version.CopyFrom(workflow_versions.render(call, found))
        del workflow.nodes[:]
        workflow.nodes.extend(workflow.version.nodes)
    if workflow.version.is_deprecated:
        pinned = f"version {workflow.version.id} of workflow {workflow.id}"
        raise errors.invalid_workflow(f"{pinned} pins a model version that was deleted")
    return workflow


def _result(sent: resources_pb2.Input, outcome: Run | Failed, now: Timestamp, most: int) -> Result:
    result = Result(id=ids.new_id(), created_at=now, input=predictions.echo(sent))
    if isinstance(outcome, Failed):
        result.status.CopyFrom(outcome.status())
        return result
    result.status.CopyFrom(statuses.status(codes.SUCCESS))
    shown = [output for output in outcome.outputs if not output.node.suppress_output]
    result.outputs.extend(_output(each, result.input, now, most) for each in shown)
    return result


def _output(output: NodeOutput, sent: resources_pb2.Input, now: Timestamp, most: int) -> resources_pb2.Output:
    """What one node made of it; no more concepts than were asked for (facts 14.1.9)."""
    status = output.failure.status() if output.failure else statuses.status(codes.SUCCESS)
    shown = resources_pb2.Output(
        id=ids.new_id(), status=status, created_at=now, model=output.model, input=sent, data=output.data
    )
    if most:
        del shown.data.concepts[most:]
    return shown


OPERATIONS: Mapping[str, Operation] = {"PostWorkflowResults": post_workflow_results}
