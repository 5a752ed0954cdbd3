"""Store what a run of the default workflow gave for an input.

Belongs here: annotations its writers want, outputs of its models, embeddings. Not here: running (`execution/`), the
queue (`processing.py`). Facts 7.2, 7.5, 7.8, U25.

A run may come again for the same input (reindexing, new annotations). What it wrote before and would write again
stays as it is, with its id; what it would no longer write goes, unless somebody has changed it since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import ids
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.execution import embeddings
from reconciler.emulator.execution.values import Draft, NodeOutput, Run
from reconciler.emulator.operations import annotation_views, labels
from reconciler.emulator.store import Row

Annotation = resources_pb2.Annotation
Data = resources_pb2.Data

_STORED: Final = ("concepts", "clusters", "embeddings", "regions", "colors", "text")
_OPERATORS: Final = ("writer", "threshold", "mapper", "prompter", "crop", "sample", "operator", "filter", "align")


def keep(call: Call, scope: Scope, home: Row, run: Run, workflow: resources_pb2.Workflow) -> None:
    """Store everything a run gave, inside the caller's transaction."""
    embeddings.keep(call.store, scope, home.key.id, run.outputs)
    _keep_outputs(call, scope, home, run.outputs)
    _keep_written(call, scope, home, [_written(call, scope, draft, workflow) for draft in run.annotations])


def _keep_outputs(call: Call, scope: Scope, home: Row, outputs: Sequence[NodeOutput]) -> None:
    """The outputs of embedders, clusterers and recognisers as annotations of those models, replacing older ones."""
    for row in annotation_views.of_input(call.store, home):
        if row.name == annotation_views.OUTPUT:
            annotation_views.drop(call.store, row)
    for output in outputs:
        data = _only_stored(output.data)
        if output.ran and data.ListFields() and not _is_operator(output.model.model_type_id):
            _insert_output(call, scope, home.key.id, output.model, data)


def _only_stored(data: Data) -> Data:
    return Data(**{field.name: value for field, value in data.ListFields() if field.name in _STORED})


def _is_operator(model_type_id: str) -> bool:
    return any(word in model_type_id for word in _OPERATORS)


def _insert_output(call: Call, scope: Scope, input_id: str, model: resources_pb2.Model, data: Data) -> None:
    annotation = Annotation(model_version_id=model.model_version.id)
    made_by = annotation.worker.model
    made_by.id, made_by.user_id, made_by.app_id = model.id, model.user_id, model.app_id
    made_by.model_version.id = model.model_version.id
    annotation_views.set_status(annotation, annotation_views.SUCCESS)
    identifier, now = ids.new_id(), call.store.tick()
    key = scope.key(annotation_views.KIND, identifier, input_id)
    call.insert(key, annotation.SerializeToString(), created=now, name=annotation_views.OUTPUT)
    beside = scope.key(annotation_views.OUTPUT_DATA, identifier, input_id)
    call.store.insert(beside, data.SerializeToString(), created=now)


def _written(call: Call, scope: Scope, draft: Draft, workflow: resources_pb2.Workflow) -> Annotation:
    """An annotation as a writer makes it: as if its user had (facts 7.5)."""
    annotation = Annotation(data=draft.data, task_id=draft.task_id, user_id=draft.user_id)
    annotation.data.image.ClearField("base64")
    if not annotation.data.image.ListFields():
        annotation.data.ClearField("image")
    if call.switches.writer_worker == "user":
        annotation.worker.user.id = draft.user_id
    else:
        annotation.worker.workflow.CopyFrom(workflow)
    if draft.info is not None:
        annotation.annotation_info.CopyFrom(draft.info)
    annotation_views.set_status(annotation, draft.status_code)
    annotation.trusted = call.switches.writer_trusted == "always" or draft.status_code == annotation_views.SUCCESS
    if call.switches.writer_values == "one":
        for concept in labels.walk(annotation.data):
            concept.value = 1.0
    return annotation


def _keep_written(call: Call, scope: Scope, home: Row, wanted: Sequence[Annotation]) -> None:
    rows = annotation_views.of_input(call.store, home)
    stored = [(row, Annotation.FromString(row.body)) for row in rows if row.name == annotation_views.WRITTEN]
    missing = list(wanted)
    for row, annotation in stored:
        if annotation in missing:
            missing.remove(annotation)
        else:
            annotation_views.drop(call.store, row)
    for annotation in missing:
        key = scope.key(annotation_views.KIND, ids.new_id(), home.key.id)
        now = call.store.tick()
        call.insert(key, annotation.SerializeToString(), created=now, name=annotation_views.WRITTEN)
