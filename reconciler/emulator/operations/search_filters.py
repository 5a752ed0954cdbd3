"""Which inputs and annotations a search query keeps.

Belongs here: filters by field (the lists of supported fields in the proto of Filter and And). Not here: order and
pages of hits (`searches.py`). A field that nothing here knows is refused with 40002, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value

from reconciler.emulator.errors import Refusal
from reconciler.emulator.operations import annotation_views, datasets, input_views, search_geo
from reconciler.emulator.store import Row, Store

Annotation = resources_pb2.Annotation
Concept = resources_pb2.Concept
Data = resources_pb2.Data
Input = resources_pb2.Input

_POSITIVE: Final = 0.5
_KINDS: Final = frozenset(input_views.MEDIA_FIELDS)


def unsupported(details: str) -> Refusal:
    """A query this emulator cannot answer truthfully."""
    return Refusal(codes.SEARCH_INVALID_REQUEST, details)


@dataclass(frozen=True, slots=True)
class Subject:
    """One annotation with its input, as a filter sees them."""

    store: Store
    row: Row
    annotation: Annotation
    home: Row
    input: Input

    @property
    def data(self) -> Data:
        """The data of the annotation."""
        return annotation_views.data_of(self.store, self.row)


Test = Callable[[Subject], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter of a query: all of its tests hold for an annotation, or, negated, not all do."""

    tests: tuple[Test, ...]
    negate: bool

    def holds(self, subject: Subject) -> bool:
        """Whether one annotation passes."""
        return all(test(subject) for test in self.tests) != self.negate

    def holds_for_any(self, subjects: list[Subject]) -> bool:
        """Whether an input passes: one of its annotations does, or, negated, none fits."""
        return any(all(test(each) for test in self.tests) for each in subjects) != self.negate


def conditions(query: resources_pb2.Query) -> list[Condition]:
    """What a query demands; all of it has to hold."""
    found = [_filter(each) for each in query.filters]
    return found + [_and(each) for each in query.ands if not each.HasField("output")]


def names_a_model(query: resources_pb2.Query) -> bool:
    """The query asks for what models put out, which searches leave out otherwise."""
    places = [*(each.annotation for each in query.filters), *(each.annotation for each in query.ands)]
    return any(each.model_version_id or each.worker.HasField("model") for each in places)


def _filter(sent: resources_pb2.Filter) -> Condition:
    if sent.HasField("last_updated_time_range"):
        raise unsupported("filters by time are not supported by this emulator")
    return Condition((*_by_annotation(sent.annotation), *_by_input(sent.input)), sent.negate)


def _and(sent: resources_pb2.And) -> Condition:
    return Condition((*_by_annotation(sent.annotation), *_by_input(sent.input)), sent.negate)


# -- fields of an annotation ----------------------------------------------------------------------------------


def _by_annotation(wanted: Annotation) -> Iterator[Test]:
    for field, value in wanted.ListFields():
        make = _ANNOTATION.get(field.name)
        if make is None:
            raise unsupported(f"filters by annotation.{field.name} are not supported by this emulator")
        yield make(value)


def _equals(read: Callable[[Subject], object]) -> Callable[[Any], Test]:
    return lambda value: lambda subject: read(subject) == value


def _status(value: Any) -> Test:
    _only("status", value, {"code"})
    return lambda subject: subject.annotation.status.code == value.code


def _worker(value: resources_pb2.Worker) -> Test:
    kind = value.WhichOneof("worker")
    reads: Mapping[str | None, Callable[[resources_pb2.Worker], str]] = {
        "user": lambda worker: worker.user.id,
        "model": lambda worker: worker.model.model_version.id,
        "workflow": lambda worker: worker.workflow.version.id,
    }
    read = reads.get(kind)
    if read is None or not read(value):
        raise unsupported("a worker filter needs user.id, model.model_version.id or workflow.version.id")
    return lambda subject: (
        subject.annotation.worker.WhichOneof("worker") == kind and read(subject.annotation.worker) == read(value)
    )


def _info(value: Struct) -> Test:
    return lambda subject: all(_holds(subject.annotation.annotation_info, k, v) for k, v in value.fields.items())


def _data(value: Data) -> Test:
    _only("annotation.data", value, {"concepts", "metadata", "geo"})
    _understood(value)
    if not value.ListFields():
        return lambda subject: not (subject.data.regions or subject.data.frames or subject.data.time_segments)
    return lambda subject: _matches(subject.data, value)


_ANNOTATION: Final[Mapping[str, Callable[[Any], Test]]] = {
    "id": _equals(lambda subject: subject.row.key.id),
    "input_id": _equals(lambda subject: subject.row.key.parent),
    "user_id": _equals(lambda subject: subject.annotation.user_id),
    "model_version_id": _equals(lambda subject: subject.annotation.model_version_id),
    "task_id": _equals(lambda subject: subject.annotation.task_id),
    "input_level": _equals(lambda subject: subject.annotation.input_level),
    "trusted": _equals(lambda subject: subject.annotation.trusted),
    "status": _status,
    "worker": _worker,
    "annotation_info": _info,
    "data": _data,
}


# -- fields of an input -----------------------------------------------------------------------------------------


def _by_input(wanted: Input) -> Iterator[Test]:
    _only("input", wanted, {"id", "status", "dataset_ids", "data"})
    _only("input.status", wanted.status, {"code"})
    _only("input.data", wanted.data, {*_KINDS, "concepts", "metadata", "geo"})
    _understood(wanted.data)
    if wanted.id:
        yield lambda subject: subject.home.key.id == wanted.id
    if wanted.status.code:
        yield lambda subject: subject.home.name == str(wanted.status.code)
    if wanted.dataset_ids:
        homes = {datasets.target(each) for each in wanted.dataset_ids}
        yield lambda subject: bool(homes.intersection(subject.store.targets(subject.home)))
    kinds = [_kind(field.name, value) for field, value in wanted.data.ListFields() if field.name in _KINDS]
    if kinds:
        yield lambda subject: any(kind(subject) for kind in kinds)
    if wanted.data.concepts or wanted.data.metadata.fields or wanted.data.HasField("geo"):
        yield lambda subject: _matches(subject.input.data, wanted.data)


def _kind(name: str, value: Message) -> Test:
    if value.ListFields():
        raise unsupported(f"a filter by input.data.{name} must be an empty {name}: it keeps inputs of that kind")
    return lambda subject: subject.input.data.HasField(name)  # type: ignore[arg-type]  # one of _KINDS


# -- values -----------------------------------------------------------------------------------------------------


def _only(place: str, message: Message, known: set[str]) -> None:
    unknown = sorted(field.name for field, _ in message.ListFields() if field.name not in known)
    if unknown:
        raise unsupported(f"filters by {place}.{unknown[0]} are not supported by this emulator")


def _understood(wanted: Data) -> None:
    for concept in wanted.concepts:
        _only("data.concepts", concept, {"id", "name", "value"})
    if wanted.HasField("geo") and not search_geo.understood(wanted.geo):
        raise unsupported("a geo filter is supported with geo_point and geo_limit, or with two corners in geo_box")


def _matches(data: Data, wanted: Data) -> bool:
    """All wanted concepts, one of the wanted metadata keys (the proto says they are OR-ed), and the place fit."""
    metadata = wanted.metadata.fields
    held = [*data.concepts, *(concept for region in data.regions for concept in region.data.concepts)]
    return (
        all(any(_same(each, concept) for each in held) for concept in wanted.concepts)
        and (not metadata or any(_holds(data.metadata, key, value) for key, value in metadata.items()))
        and (not wanted.HasField("geo") or search_geo.within(data.geo, wanted.geo))
    )


def _same(held: Concept, wanted: Concept) -> bool:
    """A wanted concept without value means that it shows; with one, that both say yes or both say no."""
    named = wanted.id in ("", held.id) and wanted.name in ("", held.name)
    positive = not wanted.value or wanted.value >= _POSITIVE
    return named and (held.value >= _POSITIVE) == positive


def _holds(held: Struct, key: str, wanted: Value) -> bool:
    if key not in held.fields:
        return False
    value = held.fields[key]
    if wanted.WhichOneof("kind") == "struct_value" and value.WhichOneof("kind") == "struct_value":
        return all(_holds(value.struct_value, k, v) for k, v in wanted.struct_value.fields.items())
    return bool(value == wanted)
