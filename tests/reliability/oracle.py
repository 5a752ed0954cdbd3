"""Whether the app is as its manifests say, told from the documents and the stored bytes alone.

The engine's own comparison has no part in this: a comparison that is blind would find its own work good. Belongs here:
what each kind must show. Does not belong here: when it must (`programme`).
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2

from tests.reliability.manifest_sets import Document
from tests.reliability.truth import Dump, Place

SPELLED = {"GREATER_THAN": 1, "GREATER_THAN_OR_EQUAL": 2, "LESS_THAN": 3}


def missing(documents: Iterable[Document], dump: Dump) -> list[str]:
    """What is declared and not so, in words."""
    lookers = {"App": _app, "Concept": _concept, "Model": _model, "Workflow": _workflow, "Input": _input}
    found = []
    for each in documents:
        name, look = each["metadata"]["name"], lookers.get(each["kind"])
        found += [f"{each['kind']} {name}: {words}" for words in (look(name, each["spec"], dump) if look else ())]
    relations = sum(each["kind"] == "ConceptRelation" for each in documents)
    there = [address for address in dump.addresses() if address.startswith("relations/")]
    return [*found, *(["a relation is missing"] if len(there) < relations else [])]


def _texts(message: Any, spec: Document, *fields: str) -> Iterator[str]:
    for field in fields:
        if field in spec and getattr(message, field) != spec[field]:
            yield f"{field} is {getattr(message, field)!r}, not {spec[field]!r}"


def _app(name: str, spec: Document, dump: Dump) -> Iterator[str]:
    yield from _texts(dump.app, spec, "description", "notes")
    wanted = spec.get("default_workflow", {}).get("id")
    if wanted and dump.app.default_workflow.id != wanted:
        yield f"the default workflow is {dump.app.default_workflow.id}, not {wanted}"


def _concept(name: str, spec: Document, dump: Dump) -> Iterator[str]:
    row = dump.rows.get(Place("concept", "", name))
    if row is None:
        yield "it is not there"
    else:
        yield from _texts(resources_pb2.Concept.FromString(row[0]), spec, "name", "definition")


def _model(name: str, spec: Document, dump: Dump) -> Iterator[str]:
    row = dump.rows.get(Place("model", "", name))
    if row is None:
        yield "it is not there"
        return
    yield from _texts(resources_pb2.Model.FromString(row[0]), spec, "description", "model_type_id")
    versions, info = dump.versions(name), spec.get("model_version", {}).get("output_info", {})
    if not versions:
        yield "it has no version"
        return
    live = versions[-1].output_info
    wanted = {each["id"]: _float32(each.get("value", 0)) for each in info.get("data", {}).get("concepts", ())}
    if spec["model_type_id"] == "concept-thresholder" and {c.id: c.value for c in live.data.concepts} != wanted:
        yield f"its thresholds are {[(c.id, c.value) for c in live.data.concepts]}, not {wanted}"
    comparator = info.get("params", {}).get("concept_threshold_type")
    if comparator is not None and _number(live.params["concept_threshold_type"]) != _number(comparator):
        yield f"it compares with {live.params['concept_threshold_type']}, not {comparator}"


def _float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def _number(value: Any) -> Any:
    return SPELLED.get(value, value) if isinstance(value, str) else value


def _workflow(name: str, spec: Document, dump: Dump) -> Iterator[str]:
    """Its newest version has the declared nodes, and those of our own models pin what serves."""
    row = dump.rows.get(Place("workflow", "", name))
    versions = [row for place, row in dump.rows.items() if place[:2] == ("workflow_version", name)]
    if row is None or not versions:
        yield "it is not there"
        return
    yield from _texts(resources_pb2.Workflow.FromString(row[0]), spec, "description")
    newest = resources_pb2.WorkflowVersion.FromString(max(versions, key=lambda row: row[2])[0])
    live = {node.id: node.model for node in newest.nodes}
    wanted = {node["id"]: node["model"] for node in spec["nodes"]}
    if live.keys() != wanted.keys():
        yield f"its nodes are {sorted(live)}, not {sorted(wanted)}"
        return
    for node, model in wanted.items():
        if live[node].id != model["id"]:
            yield f"node {node} runs {live[node].id}, not {model['id']}"
        elif "user_id" not in model and live[node].model_version.id not in {v.id for v in dump.versions(model["id"])}:
            yield f"node {node} pins a version that is gone"


def _input(name: str, spec: Document, dump: Dump) -> Iterator[str]:
    row = dump.rows.get(Place("input", "", name))
    if row is None:
        yield "it is not there"
        return
    if resources_pb2.Input.FromString(row[0]).data.text.raw not in ("", spec["data"]["text"]["raw"]):
        yield "it is another text"
