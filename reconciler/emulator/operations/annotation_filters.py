"""Which annotations ListAnnotations shows.

Belongs here: every filter of that RPC (facts 3.10, 14.3). Not here: pages and rendering (`annotations.py`), queries
of searches (`search_filters.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.errors import Refusal
from reconciler.emulator.operations import annotation_views
from reconciler.emulator.store import Row

Annotation = resources_pb2.Annotation
Request = service_pb2.ListAnnotationsRequest


def candidates(call: Call, scope: Scope, request: Request) -> Iterator[Row]:
    """The annotations a request names: pairs of ids, all of some inputs, or all of the app; newest or oldest first."""
    if request.ids and len(request.ids) != len(request.input_ids):
        raise Refusal(
            codes.ANNOTATION_INVALID_ARGUMENT,
            f"{len(request.ids)} ids and {len(request.input_ids)} input_ids: number and order must match",
        )
    ascending = call.switches.annotation_order == "oldest-first"
    kind = annotation_views.KIND
    if request.ids:
        named = zip(request.ids, request.input_ids, strict=True)
        found = [call.store.get(scope.key(kind, identifier, parent)) for identifier, parent in named]
        return iter([row for row in found if row is not None])
    if request.input_ids:
        parents = dict.fromkeys(request.input_ids)
        rows = [row for each in parents for row in call.store.select(scope.user, scope.app, kind, parent=each)]
        rows.sort(key=lambda row: (row.created, row.seq), reverse=not ascending)
        return iter(rows)
    return call.store.select(scope.user, scope.app, kind, ascending=ascending)


def of(call: Call, request: Request) -> Callable[[Row], bool]:
    """The filter a request asks for; naming any worker also asks for annotations that are not trusted."""
    statuses = {status.code for status in request.statuses}
    workers = _workers(request, call.caller.user)
    everything = request.list_all_annotations or workers is not None

    def keep(row: Row) -> bool:
        annotation = Annotation.FromString(row.body)
        return (
            (everything or _plain(call, row, annotation))
            and (workers is None or workers(annotation))
            and (not statuses or annotation.status.code in statuses)
            and request.task_id in ("", annotation.task_id)
        )

    return keep


def _plain(call: Call, row: Row, annotation: Annotation) -> bool:
    """What a list holds that asks for nothing special: what is trusted, or what people made (facts 14.3)."""
    if call.switches.plain_annotations == "user-made":
        return row.name != annotation_views.OUTPUT
    return annotation.trusted


def _workers(request: Request, caller: str) -> Callable[[Annotation], bool] | None:
    """One test for the three lists of workers, which are OR'd with each other; None without any."""
    users = {caller if each == "me" else each for each in request.user_ids}
    models, workflows = set(request.model_version_ids), set(request.workflow_version_ids)
    if not (users or models or workflows):
        return None

    def made_by(annotation: Annotation) -> bool:
        return (
            annotation.user_id in users
            or annotation.model_version_id in models
            or annotation.worker.workflow.version.id in workflows
        )

    return made_by
