"""Rank what a search found: by how much concepts show, and by how much a picture looks like those of the inputs.

Belongs here: from the ranks of a query to one score for each hit. Not here: the filters (`search_filters.py`), pages
and replies (`searches.py`). A picture is compared with the embeddings that the app's default workflow left (facts
7.2): an input without one is not found. The score (1 + cosine) / 2 is ours; its order is that of both metrics, since
embeddings have length one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import params
from reconciler.emulator.access import PUBLIC, Scope
from reconciler.emulator.context import Call
from reconciler.emulator.errors import Refusal
from reconciler.emulator.execution import embeddings
from reconciler.emulator.execution.reader import Reader
from reconciler.emulator.execution.values import Failed
from reconciler.emulator.operations import concept_languages
from reconciler.emulator.operations.search_filters import Subject, unsupported

Data = resources_pb2.Data

_ENGLISH = ("", "en")


@dataclass(frozen=True, slots=True)
class _Rank:
    """One rank of a query, ready to be applied: concepts to look for, or the embedding of a picture."""

    concepts: Sequence[resources_pb2.Concept]
    embedding: Sequence[float]
    negate: bool

    def score(self, subjects: Sequence[Subject]) -> float:
        """How well the annotations of one input do, from 0 to 1."""
        if self.embedding:
            found = _alike(self.embedding, subjects[0])
            return found and self._turned(found)
        score = 1.0
        for wanted in self.concepts:
            score *= self._turned(max((_shown(each, wanted) for each in subjects), default=0.0))
        return score

    def _turned(self, value: float) -> float:
        return 1.0 - value if self.negate else value


@dataclass(frozen=True, slots=True)
class Ranking:
    """All ranks of one query."""

    ranks: Sequence[_Rank]

    @classmethod
    def of(cls, call: Call, scope: Scope, query: resources_pb2.Query) -> Ranking:
        """What a query ranks by. May download and predict: not to be called inside a transaction."""
        asked = list(_asked(query))
        if query.language not in _ENGLISH and not asked:
            raise unsupported("filters in other languages are not supported by this emulator")
        return cls([_rank(call, scope, query.language, data, negate) for data, negate in asked])

    def __bool__(self) -> bool:
        """There is something to rank by."""
        return bool(self.ranks)

    def score(self, subjects: Sequence[Subject]) -> float:
        """The product of what every rank says; 1 without any."""
        score = 1.0
        for rank in self.ranks:
            score *= rank.score(subjects)
        return score


def _asked(query: resources_pb2.Query) -> Iterable[tuple[Data, bool]]:
    """The data of each rank; a query of the older form ranks by its outputs. An empty rank ranks by nothing."""
    for rank in query.ranks:
        if rank.annotation.ListFields():
            yield _checked(rank.annotation), rank.negate
    for each in query.ands:
        if each.HasField("output"):
            yield _checked(each.output), each.negate


def _checked(ranked: resources_pb2.Annotation | resources_pb2.Output) -> Data:
    fields = {field.name for field, _ in ranked.ListFields()}
    data = {field.name for field, _ in ranked.data.ListFields()}
    if fields == {"input"} and isinstance(ranked, resources_pb2.Output) and ranked.input.data.HasField("image"):
        return Data(image=ranked.input.data.image)
    if fields != {"data"} or data not in ({"concepts"}, {"image"}):
        raise unsupported("ranking is supported by concepts or by a picture only")
    return ranked.data


def _rank(call: Call, scope: Scope, language: str, data: Data, negate: bool) -> _Rank:
    if data.HasField("image"):
        try:
            return _Rank((), Reader.of(call, scope).picture(data.image).embedding(), negate)
        except Failed as failed:
            raise Refusal(failed.status_code, failed.details) from failed
    if language in _ENGLISH:
        return _Rank(data.concepts, (), negate)
    with call.store.transaction():
        return _Rank([_translated(call, scope, language, each) for each in data.concepts], (), negate)


def _translated(call: Call, scope: Scope, language: str, wanted: resources_pb2.Concept) -> resources_pb2.Concept:
    """The concept that has this name in another language, by its id."""
    if wanted.id or not wanted.name:
        return wanted
    for home in (scope, PUBLIC):
        for row in call.store.select(home.user, home.app, concept_languages.KIND):
            known = resources_pb2.ConceptLanguage.FromString(row.body)
            if (known.id, known.name) == (language, wanted.name):
                return resources_pb2.Concept(id=row.key.parent)
    raise unsupported(f"no concept has the name {wanted.name} in {language}; other names are not supported")


def _alike(embedding: Sequence[float], subject: Subject) -> float:
    """Nearness of an input's picture; 0 if it has no embedding."""
    home = Scope(subject.home.key.user, subject.home.key.app)
    stored = embeddings.get(subject.store, home, subject.home.key.id, params.EMBEDDER[1])
    if stored is None:
        return 0.0
    return (1.0 + sum(a * b for a, b in zip(embedding, stored, strict=True))) / 2.0


def _shown(subject: Subject, wanted: resources_pb2.Concept) -> float:
    held = subject.data.concepts
    return max(
        (c.value for c in held if wanted.id in ("", c.id) and wanted.name in ("", c.name)), default=0.0
    )  # fmt: skip
