"""The filters of ListModels.

Belongs here: which models a ListModels request keeps (facts 3.5). Not here: order and pages (`emulator/paging.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator import errors, links, model_types
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.operations import model_views
from reconciler.emulator.store import Row

Model = resources_pb2.Model
Request = service_pb2.ListModelsRequest

_IGNORED = {
    "user_app_id", "page", "per_page", "additional_fields", "show_replicas", "sort_ascending", "sort_by_name",
    "sort_by_num_inputs", "sort_by_modified_at", "sort_by_created_at", "sort_by_star_count", "sort_by_relevance",
    "dont_fetch_from_main", "filter_by_user_id",
}  # fmt: skip


def of(call: Call, request: Request, scopes: Iterable[Scope]) -> Callable[[Row], bool] | None:
    """The filter a request asks for, None when it takes every model.

    Without `bookmark` only models that are no bookmarks are listed.
    """
    if request.bookmark and request.trained_only:
        raise errors.invalid("trained_only cannot be combined with bookmark")

    def keep(row: Row) -> bool:
        model = Model.FromString(row.body)
        return (
            model.HasField("bookmark_origin") == request.bookmark
            and _by_type(model, request)
            and _by_tags(model, request)
            and _by_text(model, request)
            and _by_version(call, row, request)
        )

    asks = any(field.name not in _IGNORED for field, _ in request.ListFields())
    bookmarks = any(call.store.linked(links.to_bookmarks(scope), model_views.KIND) for scope in scopes)
    return keep if asks or bookmarks else None


def _by_type(model: Model, request: Request) -> bool:
    known = model_types.find(model.model_type_id)
    return (
        request.model_type_id in ("", model.model_type_id)
        and _within(request.input_fields, known.input_fields if known else ())
        and _within(request.output_fields, known.output_fields if known else ())
    )


def _within(wanted: Iterable[str], sources: Iterable[str]) -> bool:
    """Every wanted Data field is one the type takes; commas join fields that belong together (facts 3.7)."""
    have = {field for source in sources for field in source.split(",")}
    return all(field in have for entry in wanted for field in entry.split(","))


def _by_tags(model: Model, request: Request) -> bool:
    return (
        set(request.toolkits) <= set(model.toolkits)
        and set(request.use_cases) <= set(model.use_cases)
        and set(request.languages) <= set(model.languages)
        and request.license_type in (0, model.license_type)
        and request.source in (0, model.source)
        and request.creator in ("", model.creator)
        and request.visibility.gettable in (0, model.visibility.gettable)
        and not (request.featured_only or request.starred_only or request.min_replicas)
    )


def _by_text(model: Model, request: Request) -> bool:
    text = f"{model.id} {model.name} {model.description} {model.notes}".lower()
    return all(word.lower() in text for word in (request.search, request.query)) and request.name.lower() in text


def _by_version(call: Call, row: Row, request: Request) -> bool:
    if not (request.trained_only or request.license or request.model_version_ids):
        return True
    versions = model_views.versions(call, row)
    if request.model_version_ids and not {v.key.id for v in versions} & set(request.model_version_ids):
        return False
    if request.license:
        licenses = {resources_pb2.ModelVersion.FromString(version.body).license for version in versions[:1]}
        if request.license not in licenses:
            return False
    if request.trained_only:
        ready = any(model_views.is_trained(version) for version in versions)
        return ready or not model_types.trainable(model_views.type_of(row))
    return True
