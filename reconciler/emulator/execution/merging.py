"""The data of several nodes as one, and looking back for what none of them carries (facts 6).

Belongs here: putting `Data` messages together. Not here: which nodes those are (`run.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from clarifai_grpc.grpc.api import resources_pb2

Data = resources_pb2.Data

RAW: Final = ("image", "text", "video", "audio")
"""What an input itself holds."""


def merged(sources: Sequence[Data]) -> Data:
    """One message with everything in it: concepts and regions joined by id, of single things the first."""
    result = Data()
    for source in sources:
        _add(result, source)
    return result


def _add(result: Any, source: Data) -> None:
    for field, value in source.ListFields():
        name = field.name
        if name == "concepts":
            _join_concepts(result.concepts, value)
        elif name == "regions":
            _join_regions(result.regions, value)
        elif field.is_repeated:
            getattr(result, name).extend(value)
        elif field.message_type is None:
            setattr(result, name, getattr(result, name) or value)
        elif not result.HasField(name):
            getattr(result, name).CopyFrom(value)


def _join_concepts(known: Any, added: Iterable[resources_pb2.Concept]) -> None:
    """A concept that two nodes give is one concept with the higher value."""
    by_id = {(concept.app_id, concept.id): concept for concept in known}
    for concept in added:
        twin = by_id.get((concept.app_id, concept.id))
        if twin is None:
            by_id[concept.app_id, concept.id] = known.add()
            by_id[concept.app_id, concept.id].CopyFrom(concept)
        else:
            twin.value = max(twin.value, concept.value)


def _join_regions(known: Any, added: Iterable[resources_pb2.Region]) -> None:
    """A region that two nodes tell something about is one region with both."""
    by_id = {region.id: region for region in known if region.id}
    for region in added:
        twin = by_id.get(region.id) if region.id else None
        if twin is None:
            known.add().CopyFrom(region)
        else:
            _add(twin.data, region.data)


def fill_in(data: Data, wanted: Iterable[str], behind: Iterable[Data]) -> None:
    """Give data the raw fields it lacks, from the nearest of those behind it that has them."""
    for name in wanted:
        for source in () if data.HasField(name) else behind:  # type: ignore[arg-type]  # names are of RAW
            if source.HasField(name):  # type: ignore[arg-type]
                getattr(data, name).CopyFrom(getattr(source, name))
                break
