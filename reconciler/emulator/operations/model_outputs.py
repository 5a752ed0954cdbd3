"""PostModelOutputs: one model on up to 128 inputs (facts 3.11).

Belongs here: which version predicts, the request's overrides, the reply. Not here: predicting (`execution/`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import ids, statuses
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.errors import Refusal, invalid_model
from reconciler.emulator.execution import behaviour
from reconciler.emulator.execution.reader import Pinned, Reader, pinned
from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Failed
from reconciler.emulator.operations import model_views, predictions
from reconciler.emulator.store import Row

Output = resources_pb2.Output
Request = service_pb2.PostModelOutputsRequest


def post_model_outputs(call: Call, request: Request) -> service_pb2.MultiOutputResponse:
    """What a model makes of each input; every output has a status of its own."""
    with call.store.transaction():
        scope = call.readable(request.user_app_id)
        model = _pinned(call, scope, request)
        now = call.timestamp(call.store.tick())
    predictions.check_count(request.inputs)
    predictions.check_runner(request.runner_selector)
    reader = Reader.of(call, scope)
    override = _override(request)
    task = Task.of(reader, model, override, override.output_config, request.model_id)
    lacking = _lacking(task, override.output_config.select_concepts)

    def attempt(sent: resources_pb2.Input) -> resources_pb2.Data:
        return behaviour.answer(task, predictions.data_of(reader, sent))

    status, outcomes = predictions.settle(call, predictions.attempts(request.inputs, attempt))
    if lacking and status.code == codes.SUCCESS:
        status = statuses.status(codes.MIXED_STATUS, f"{model.named} has no concept {', '.join(lacking)}")
    shown = model.shown()
    if call.switches.old_model_ids == "as-sent":
        shown.id = request.model_id
    outputs = [_output(sent, outcome) for sent, outcome in zip(request.inputs, outcomes, strict=True)]
    for output in outputs:
        output.created_at.CopyFrom(now)
        output.model.CopyFrom(shown)
    return service_pb2.MultiOutputResponse(status=status, outputs=outputs)


def _lacking(task: Task, selected: Sequence[resources_pb2.Concept]) -> list[str]:
    """The selected concepts that the model has not; if those are all, 21202 (facts 3.11).

    Only of a model that learned here it is known what it has.
    """
    learned = task.pinned.version.output_info.data.concepts
    if not (selected and learned and behaviour.learned_here(task.pinned)):
        return []
    home = task.pinned.scope
    has = {word for each in learned for word in (each.id, task.reader.concept_of(home, each.id).name)}
    asked = [each.id or each.name for each in selected]
    lacking = [each for each in asked if each not in has]
    if lacking and len(lacking) == len(asked):
        raise invalid_model(f"{task.pinned.named} has none of the concepts {', '.join(lacking)}")
    return lacking


def _override(request: Request) -> resources_pb2.OutputInfo:
    """What the request changes of the version's output_info; the SDK sends it inside the version it once read."""
    override = resources_pb2.OutputInfo()
    override.CopyFrom(request.model.model_version.output_info)
    override.MergeFrom(request.model.output_info)
    return override


def _output(sent: resources_pb2.Input, outcome: resources_pb2.Data | Failed) -> Output:
    output = Output(id=ids.new_id(), input=predictions.echo(sent))
    if isinstance(outcome, Failed):
        output.status.CopyFrom(outcome.status())
        output.data.SetInParent()
    else:
        output.status.CopyFrom(statuses.status(codes.SUCCESS))
        output.data.CopyFrom(outcome)
    return output


def _pinned(call: Call, scope: Scope, request: Request) -> Pinned:
    """The version that is named, or the newest that is trained; without one 21102."""
    model = model_views.find_readable(call, scope, request.model_id)
    call.check_runs(model.key.user)
    if request.version_id:
        version: Row | None = model_views.find_version(call, model, request.version_id)
    else:
        version = model_views.latest_trained(call, model) or model_views.latest(call, model)
    if version is None:
        raise Refusal(codes.MODEL_UNTRAINED, f"model {model.key.id} has no version")
    if not model_views.is_trained(version):
        state = resources_pb2.ModelVersion.FromString(version.body).status
        details = f"version {version.key.id} of model {model.key.id}: {state.code} {state.description}"
        raise Refusal(codes.MODEL_UNTRAINED, details)
    return pinned(model, version)


OPERATIONS: Mapping[str, Operation] = {"PostModelOutputs": post_model_outputs}
