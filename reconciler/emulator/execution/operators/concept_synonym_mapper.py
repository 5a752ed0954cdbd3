"""concept-synonym-mapper: turn incoming concepts into the app's own by its relations (facts 4.4, 7.9).

A concept goes along each of its relations to the concept of the app at the other end and keeps its score; where
several meet, the highest counts; a concept without a relation is dropped. Which relations are followed is where
sources disagree (facts 4.4, 14.3; switches `mapper_relations`, `mapper_graph`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.access import PUBLIC_APP, PUBLIC_USER, Scope
from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data, unsupported

Concept = resources_pb2.Concept
Relation = resources_pb2.ConceptRelation
Address = tuple[str, str, str]


def run(task: Task, data: Data) -> Data:
    """The app's own concepts that the incoming ones are related to, best first."""
    if not data.concepts:
        raise unsupported("a concept-synonym-mapper needs concepts")
    home = task.reader.scope
    targets = _targets(_followed(task, task.reader.relations()), home)
    values: dict[str, float] = {}
    for concept in data.concepts:
        for target in targets.get(_address(concept, home), ()):
            values[target] = max(concept.value, values.get(target, 0.0))
    result = Data()
    for identifier, value in sorted(values.items(), key=lambda pair: -pair[1]):
        mapped = task.reader.concept(identifier)
        mapped.value = value
        result.concepts.append(mapped)
    return result


def _followed(task: Task, relations: Iterable[Relation]) -> Iterator[Relation]:
    graph, switches = task.text("knowledge_graph_id"), task.reader.switches
    for relation in relations:
        in_graph = relation.knowledge_graph_id == graph or (not graph and switches.mapper_graph == "all")
        of_kind = relation.predicate == "synonym" or switches.mapper_relations == "all"
        if in_graph and of_kind:
            yield relation


def _targets(relations: Iterable[Relation], home: Scope) -> dict[Address, list[str]]:
    """For each concept at one end of a relation: the app's own concepts at the other ends."""
    found: dict[Address, list[str]] = {}
    for relation in relations:
        ends = (relation.subject_concept, relation.object_concept)
        for near, far in (ends, ends[::-1]):
            user, app, identifier = _address(far, home)
            if (user, app) == (home.user, home.app):
                found.setdefault(_address(near, home), []).append(identifier)
    return found


def _address(concept: Concept, home: Scope) -> Address:
    """Whose concept it is: without an app the app's own, without a user the owner's or clarifai's (U14)."""
    app = concept.app_id or home.app
    user = concept.user_id or (PUBLIC_USER if app == PUBLIC_APP and home.app != PUBLIC_APP else home.user)
    return user, app, concept.id
