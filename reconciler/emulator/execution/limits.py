"""How many concepts a model gives, and which: max_concepts, min_value, select_concepts (facts 3.11, 4.5).

Belongs here: where the three come from and what they do. Strongest first: the request's `output_config`, params of
the request or the node, params of the version, its `output_config`, the documented default.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2
from google.protobuf.struct_pb2 import Struct

from reconciler.emulator.execution.numbers import float32

Concept = resources_pb2.Concept

DEFAULT_CONCEPTS: Final = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The three of one prediction. `select` holds ids or names; empty means any."""

    max_concepts: int = DEFAULT_CONCEPTS
    min_value: float = 0.0
    select: frozenset[str] = frozenset()

    @classmethod
    def of(cls, info: resources_pb2.OutputInfo, asked: resources_pb2.OutputConfig) -> Limits:
        """The limits of a model version's `output_info` under what a request asks for; 0 asks for nothing."""
        params, kept = info.params, info.output_config
        most = asked.max_concepts or int(_number(params, "max_concepts")) or kept.max_concepts or DEFAULT_CONCEPTS
        least = asked.min_value or _number(params, "min_value") or kept.min_value
        wanted = _named(asked.select_concepts) or _listed(params) or _named(kept.select_concepts)
        return cls(most, float32(least), wanted)

    def cut(self, concepts: Iterable[Concept]) -> list[Concept]:
        """The concepts that pass, in their order."""
        fitting = [c for c in concepts if c.value >= self.min_value and self._selected(c)]
        return fitting[: self.max_concepts]

    def _selected(self, concept: Concept) -> bool:
        return not self.select or concept.id in self.select or concept.name in self.select


def _number(params: Struct, name: str) -> float:
    return params.fields[name].number_value if name in params.fields else 0.0


def _named(concepts: Iterable[Concept]) -> frozenset[str]:
    return frozenset(c.id or c.name for c in concepts if c.id or c.name)


def _listed(params: Struct) -> frozenset[str]:
    """The param as people write it: a list of ids, or of concepts with id or name."""
    if "select_concepts" not in params.fields:
        return frozenset()
    found = set()
    for value in params.fields["select_concepts"].list_value.values:
        fields = value.struct_value.fields
        found.add(value.string_value or fields["id"].string_value or fields["name"].string_value)
    return frozenset(found - {""})
