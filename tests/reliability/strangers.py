"""What people and other programs do to an app behind our back, and whether what they did still stands.

Belongs here: edits by bare RPCs. Each returns a `Deed`: what it touched, and a look that tells whether it survives.
Does not belong here: when they happen (`machine`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.remote import ApiError
from tests.reliability.truth import MESSAGES, Dump, Place

SCOPE = {"user_app_id": {"user_id": "me-local", "app_id": "app"}}
NAMES = ("stranger", "cut", "flow", "both", "a", "i1")
"""Some of them are names that our own sets use as well."""
WORDS = ("theirs", "theirs, too")


@dataclass(frozen=True)
class Deed:
    """One edit that took effect."""

    address: str
    claims: bool
    """Whether the object is now theirs: they made it, or took our record off."""
    stands: Callable[[Dump], bool]


def meddle(api: Any, number: int, choice: int, dump: Dump) -> Deed | None:
    """Do the edit of a number to an object of a number; None where the service refuses or there is nothing to edit."""
    edit = EDITS[number % len(EDITS)]
    try:
        return edit(api, choice, dump)
    except ApiError:
        return None


def _made(rpc: str, items: str, address: str, api: Any, **fields: Any) -> Deed:
    api.call(rpc, **SCOPE, **{items: [fields]})
    return Deed(address, True, lambda dump: address in dump.addresses())


def make_concept(api: Any, choice: int, dump: Dump) -> Deed:
    name = NAMES[choice % len(NAMES)]
    return _made("PostConcepts", "concepts", f"concepts/{name}", api, id=name, definition=WORDS[choice % 2])


def make_model(api: Any, choice: int, dump: Dump) -> Deed:
    name = NAMES[choice % len(NAMES)]
    deed = _made("PostModels", "models", f"models/{name}", api, id=name, model_type_id="concept-thresholder")
    info = {"params": {"concept_threshold_type": "LESS_THAN"}, "data": {"concepts": [{"id": "a", "value": 0.25}]}}
    api.call("PostModelVersions", **SCOPE, model_id=name, model_versions=[{"output_info": info}])
    return deed


def make_workflow(api: Any, choice: int, dump: Dump) -> Deed:
    """Of a public model and, where there is one, a model of the app."""
    name, models = NAMES[choice % len(NAMES)], [n for n in _named(dump, "models") if dump.versions(n)]
    nodes: list[dict[str, Any]] = [{"id": "n", "model": {"id": "general-image-recognition", **_main()}}]
    if models and choice % 3 == 0:
        ours = {"id": "m", "model": {"id": models[choice % len(models)]}, "node_inputs": [{"node_id": "n"}]}
        nodes.append(ours)
    return _made("PostWorkflows", "workflows", f"workflows/{name}", api, id=name, nodes=nodes)


def _main() -> dict[str, str]:
    return {"user_id": "clarifai", "app_id": "main"}


def make_input(api: Any, choice: int, dump: Dump) -> Deed:
    """Its label makes a concept, if there is none of that name."""
    name = NAMES[choice % len(NAMES)]
    data = {"text": {"raw": "theirs"}, "concepts": [{"id": NAMES[choice % 5]}]}
    return _made("PostInputs", "inputs", f"inputs/{name}", api, id=name, data=data)


def describe_model(api: Any, choice: int, dump: Dump) -> Deed | None:
    return _patch("models", "PatchModels", "description", api, choice, dump, action="merge")


def describe_workflow(api: Any, choice: int, dump: Dump) -> Deed | None:
    return _patch("workflows", "PatchWorkflows", "description", api, choice, dump, action="merge")


def _patch(plural: str, rpc: str, field: str, api: Any, choice: int, dump: Dump, **more: Any) -> Deed | None:
    name, words = _pick(dump, plural, choice), WORDS[choice % 2]
    if name is None:
        return None
    api.call(rpc, **SCOPE, **{plural: [{"id": name, field: words}]}, **more)
    place, message = Place(plural[:-1], "", name), MESSAGES[plural[:-1]]
    return Deed(f"{plural}/{name}", False, lambda after: _shows(after, place, message, field, words))


def _shows(dump: Dump, place: Place, message: Any, field: str, value: Any) -> bool:
    return place in dump.rows and getattr(message.FromString(dump.rows[place][0]), field) == value


def define_concept(api: Any, choice: int, dump: Dump) -> Deed | None:
    name = _pick(dump, "concepts", choice)
    if name is None:
        return None
    words, place = WORDS[choice % 2], Place("concept", "", name)
    api.call("PatchConcepts", **SCOPE, concepts=[{"id": name, "definition": words}], action="overwrite")
    message = resources_pb2.Concept
    return Deed(f"concepts/{name}", False, lambda after: _shows(after, place, message, "definition", words))


def describe_app(api: Any, choice: int, dump: Dump) -> Deed:
    words = WORDS[choice % 2]
    api.call("PatchApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app", "notes": words}], action="overwrite")
    return Deed("apps/app", False, lambda after: after.app is not None and after.app.notes == words)


def post_version(api: Any, choice: int, dump: Dump) -> Deed | None:
    """Somebody turns the thresholds of a model in the console."""
    name = _pick(dump, "models", choice)
    if name is None or not dump.versions(name) or not dump.versions(name)[-1].output_info.data.concepts:
        return None
    newest = dump.versions(name)[-1].output_info
    if _of_type(dump, name) != "concept-thresholder":
        return None
    concepts = [{"id": c.id, "value": 0.125 * (1 + choice % 7)} for c in newest.data.concepts]
    info = {"params": {"concept_threshold_type": "EQUAL"}, "data": {"concepts": concepts}}
    reply = api.call("PostModelVersions", **SCOPE, model_id=name, model_versions=[{"output_info": info}])
    made = reply.model.model_version.id
    return Deed(
        f"models/{name}", False, lambda after: after.versions(name)[-1:] and after.versions(name)[-1].id == made
    )


def rewire(api: Any, choice: int, dump: Dump) -> Deed | None:
    """A workflow gets another node, and loses those it had."""
    name = _pick(dump, "workflows", choice)
    if name is None:
        return None
    nodes = [{"id": f"theirs-{choice % 2}", "model": {"id": "general-image-recognition", **_main()}}]
    api.call("PatchWorkflows", **SCOPE, workflows=[{"id": name, "nodes": nodes}], action="overwrite")
    place = Place("workflow", "", name)

    def stands(after: Dump) -> bool:
        rows = [row for p, row in after.rows.items() if p[:2] == ("workflow_version", name)]
        newest = max(rows, key=lambda row: row[2], default=None)
        return place in after.rows and newest is not None and f"theirs-{choice % 2}".encode() in newest[0]

    return Deed(f"workflows/{name}", False, stands)


def strip_record(api: Any, choice: int, dump: Dump) -> Deed | None:
    """Somebody replaces the metadata of a model, and our record with it."""
    name = _pick(dump, "models", choice)
    if name is None:
        return None
    model = {"id": name, "metadata": {"reconciler": "", "theirs": True}}
    api.call("PatchModels", **SCOPE, models=[model], action="merge")
    place = Place("model", "", name)

    def stands(after: Dump) -> bool:
        row = after.rows.get(place)
        return row is not None and resources_pb2.Model.FromString(row[0]).metadata.fields["theirs"].bool_value

    return Deed(f"models/{name}", True, stands)


def relabel(api: Any, choice: int, dump: Dump) -> Deed | None:
    """An annotator changes the labels of an input."""
    name = _pick(dump, "inputs", choice)
    concepts = _named(dump, "concepts")
    if name is None or not concepts:
        return None
    label = {"id": concepts[choice % len(concepts)], "value": 1}
    api.call("PatchInputs", **SCOPE, inputs=[{"id": name, "data": {"concepts": [label]}}], action="overwrite")
    return Deed(f"inputs/{name}", False, lambda after: Place("input", "", name) in after.rows)


def delete(api: Any, choice: int, dump: Dump) -> Deed | None:
    """Any object that can be deleted, ours or not."""
    found = [address for address in sorted(dump.addresses()) if not address.startswith("concepts/")]
    if not found:
        return None
    address = found[choice % len(found)]
    plural, _, name = address.partition("/")
    if plural == "relations":
        place = dump.addresses()[address]
        relation = resources_pb2.ConceptRelation.FromString(dump.rows[place][0])
        api.call("DeleteConceptRelations", **SCOPE, concept_id=relation.subject_concept.id, ids=[place.id])
    else:
        api.call(f"Delete{plural.capitalize()}", **SCOPE, ids=[name])
    return Deed(address, False, lambda after: address not in after.addresses())


EDITS = (
    make_concept, make_model, make_workflow, make_input, describe_model, describe_workflow, define_concept,
    describe_app, post_version, rewire, strip_record, relabel, delete, delete,
)  # fmt: skip


def _named(dump: Dump, plural: str) -> list[str]:
    return sorted(a.partition("/")[2] for a in dump.addresses() if a.startswith(f"{plural}/"))


def _pick(dump: Dump, plural: str, choice: int) -> str | None:
    names = _named(dump, plural)
    return names[choice % len(names)] if names else None


def _of_type(dump: Dump, name: str) -> str:
    return str(resources_pb2.Model.FromString(dump.rows[Place("model", "", name)][0]).model_type_id)


def stripped(body: bytes, kind: str) -> bytes:
    """An object without our keys: what an adoption may not change."""
    messages: Mapping[str, Any] = MESSAGES | {"model_version": resources_pb2.ModelVersion, "app": resources_pb2.App}
    if kind not in messages:
        return body
    message = messages[kind].FromString(body)
    metadata = message.data.metadata if kind == "input" else message.metadata
    for key in [key for key in metadata.fields if key == "reconciler" or key.startswith("reconciler_")]:
        del metadata.fields[key]
    if not metadata.fields:
        (message.data if kind == "input" else message).ClearField("metadata")
    message.ClearField("modified_at")
    return bytes(message.SerializeToString(deterministic=True))
