"""PostInputsSearches, PostAnnotationsSearches and PostSearches: filter what an app holds, and rank it.

Belongs here: from a request to hits. Not here: the filters (`search_filters.py`) and ranks (`search_ranks.py`).
Whatever a search asks for that this emulator does not do is refused with 40002: searching by text, saving a search,
looking into the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator import paging
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call, Operation
from reconciler.emulator.operations import annotation_views, input_views, search_filters
from reconciler.emulator.operations.search_filters import Subject, unsupported
from reconciler.emulator.operations.search_ranks import Ranking
from reconciler.emulator.store import Row

Annotation = resources_pb2.Annotation
Hit = resources_pb2.Hit
Input = resources_pb2.Input
Search = resources_pb2.Search

_KNOWN: Final = frozenset({"query", "min_value", "algorithm", "metric", "application_id", "visibility", "name"})
_EXACT: Final = frozenset({"", "nearest_neighbor", "brute_force"})


def search_inputs(call: Call, request: service_pb2.PostInputsSearchesRequest) -> service_pb2.MultiSearchResponse:
    """Inputs for each of whose filters there is an annotation that fits."""
    scope, search, ranking = _begun(call, request)
    reply = service_pb2.MultiSearchResponse(searches=[search], query=search.query)
    with call.store.transaction():
        hits = _ranked(search, ranking, _inputs(call, scope, search))
        if request.only_count:
            reply.hit_counts.add(estimated_total=len(hits))
            return reply
        reply.hits.extend(_show(call, score, subject) for score, subject in paging.cut(call, request.pagination, hits))
    for hit in reply.hits:
        hit.ClearField("annotation")
    return reply


def search_annotations(
    call: Call, request: service_pb2.PostAnnotationsSearchesRequest
) -> service_pb2.MultiSearchResponse:
    """Annotations that fit all filters, each with its input."""
    scope, search, ranking = _begun(call, request)
    with call.store.transaction():
        hits = _ranked(search, ranking, _annotations(call, scope, search))
        shown = [_show(call, score, subject) for score, subject in paging.cut(call, request.pagination, hits)]
    return service_pb2.MultiSearchResponse(searches=[search], query=search.query, hits=shown)


def search(call: Call, request: service_pb2.PostSearchesRequest) -> service_pb2.MultiSearchResponse:
    """The older search over inputs: one query, of either form."""
    searches = request.searches or [Search(query=request.query)]
    newer = service_pb2.PostInputsSearchesRequest(
        user_app_id=request.user_app_id, searches=searches, pagination=request.pagination
    )
    return search_inputs(call, newer)


def found_inputs(call: Call, scope: Scope, search: Search) -> list[Row]:
    """The inputs a search finds, oldest first."""
    return [subjects[0].home for subjects in _inputs(call, scope, _only([search]))][::-1]


def _begun(
    call: Call, request: service_pb2.PostInputsSearchesRequest | service_pb2.PostAnnotationsSearchesRequest
) -> tuple[Scope, Search, Ranking]:
    """Where and what a request searches; a picture to rank by is looked at before the store is held."""
    with call.store.transaction():
        scope = call.readable(request.user_app_id)
    search = _only(request.searches)
    return scope, search, Ranking.of(call, scope, search.query)


def _only(searches: Iterable[Search]) -> Search:
    """The one search of a request, if it asks for nothing this emulator would have to leave out."""
    sent = list(searches)
    if len(sent) != 1:
        raise unsupported(f"exactly one search is expected, not {len(sent)}")
    unknown = sorted(field.name for field, _ in sent[0].ListFields() if field.name not in _KNOWN)
    if unknown:
        raise unsupported(f"search.{unknown[0]} is not supported by this emulator")
    if sent[0].algorithm not in _EXACT:
        raise unsupported(f"search algorithm {sent[0].algorithm} is not supported by this emulator")
    return sent[0]


# -- filtering --------------------------------------------------------------------------------------------------


def _inputs(call: Call, scope: Scope, search: Search) -> Iterator[list[Subject]]:
    """The annotations of each input that passes, newest input first."""
    conditions = search_filters.conditions(search.query)
    for subjects in _by_input(call, scope):
        shown = _searched(search, subjects)
        if shown and all(condition.holds_for_any(shown) for condition in conditions):
            yield subjects


def _annotations(call: Call, scope: Scope, search: Search) -> Iterator[list[Subject]]:
    """Each annotation that passes, newest input first."""
    conditions = search_filters.conditions(search.query)
    for subjects in _by_input(call, scope):
        for subject in _searched(search, subjects):
            if all(condition.holds(subject) for condition in conditions):
                yield [subject]


def _by_input(call: Call, scope: Scope) -> Iterator[list[Subject]]:
    for home in list(call.store.select(scope.user, scope.app, input_views.KIND, ascending=False)):
        message = Input.FromString(home.body)
        rows = annotation_views.of_input(call.store, home)
        yield [_subject(call, row, home, message) for row in rows]


def _subject(call: Call, row: Row, home: Row, message: Input) -> Subject:
    return Subject(call.store, row, Annotation.FromString(row.body), home, message)


def _searched(search: Search, subjects: list[Subject]) -> list[Subject]:
    """What models put out takes part only in searches that name a model."""
    if search_filters.names_a_model(search.query):
        return subjects
    return [each for each in subjects if each.row.name != annotation_views.OUTPUT]


# -- hits -------------------------------------------------------------------------------------------------------


def _ranked(search: Search, ranking: Ranking, found: Iterable[list[Subject]]) -> list[tuple[float, Subject]]:
    """Hits with their scores: 1 without a ranking, else what the ranking says, best first."""
    scored = [(ranking.score(subjects), subjects[0]) for subjects in found]
    kept = [each for each in scored if each[0] >= search.min_value and (each[0] > 0 or not ranking)]
    return sorted(kept, key=lambda each: -each[0])


def _show(call: Call, score: float, subject: Subject) -> Hit:
    hit = Hit(score=score, user_id=subject.home.key.user, app_id=subject.home.key.app)
    hit.input.CopyFrom(input_views.render(call, subject.home))
    hit.annotation.CopyFrom(annotation_views.render(call, subject.row))
    return hit


LONG: Final = frozenset({"PostSearches", "PostInputsSearches", "PostAnnotationsSearches"})
"""Operations that may download and predict."""

OPERATIONS: Mapping[str, Operation] = {
    "PostSearches": search,
    "PostInputsSearches": search_inputs,
    "PostAnnotationsSearches": search_annotations,
}
