"""Two manifest sets for one app, small enough that edits meet again and again, with every kind in them.

A set is a map from slots to numbers: a slot is one document that may be declared, its number says which of a dozen
forms it takes. What refers to something that is not declared is left out until that comes back, so every set is valid.
Belongs here: slots and documents. Does not belong here: when they are edited (`machine`).
"""

import io
import itertools
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from reconciler.core.address import Scope
from reconciler.core.state import DesiredState
from reconciler.manifests import desired_state, read_manifests
from reconciler.stages.resolve import Options

Document = dict[str, Any]
Slots = Mapping[str, int]

FORMS = 12
MAIN = {"user_id": "clarifai", "app_id": "main"}
GENERAL = {"id": "general-image-recognition", **MAIN, "model_version": {"id": "aa7f35c01e0642fda5cf400f543e7c40"}}
EMBED = {"id": "general-image-embedding", **MAIN, "model_version": {"id": "bb186755eda04f9cbb6fe32e816be104"}}
VALUES = (0.5, 0.1 + 0.2, 0.95, 1e-7, 0.333333343)
COMPARATORS = ("GREATER_THAN", "LESS_THAN", 2)
TEXTS = ("", "one", "two", "ß→ü 😀")


class Owner(NamedTuple):
    """A manifest set's identity: the documents it may hold, and what a run of it needs to be told."""

    name: str
    slots: tuple[str, ...]
    options: Mapping[str, str]


CONTESTED = ("concept:both", "thresholder:both", "workflow:both")
"""Either set may declare these; whoever comes second is refused."""

FIRST = Owner(
    "app",
    (
        "app:app", "concept:a", "concept:b", "concept:c", "relation:1", "relation:2", "thresholder:cut", "operator:op",
        "classifier:learner", "workflow:flow", "workflow:other", "input:i1", "input:i2", *CONTESTED,
    ),
    {},
)  # fmt: skip
SECOND = Owner(
    "second",
    ("concept:x", "concept:y", "relation:3", "thresholder:their-cut", "operator:their-op", "workflow:their-flow",
     "input:j1", *CONTESTED),
    {"owner": "second", "app_id": "app"},
)  # fmt: skip


def documents(slots: Slots) -> list[Document]:
    """What a set declares, without what would refer to something it does not declare."""
    names = {slot.partition(":")[2]: number for slot, number in slots.items() if slot.startswith("concept:")}
    concepts = [document("Concept", name, concept(number)) for name, number in names.items()]
    models = {name: model for name, model in _models(slots, list(names)).items() if model}
    flows = {name: flow for name, flow in _workflows(slots, models).items() if flow}
    made = [*concepts, *_relations(slots, list(names)), *_inputs(slots, list(names))]
    made += [document("Model", name, spec) for name, spec in models.items()]
    made += [document("Workflow", name, spec) for name, spec in flows.items()]
    if "app:app" in slots:
        made.append(document("App", "app", app(slots["app:app"], list(flows))))
    return made


def document(kind: str, name: str, spec: Document) -> Document:
    return {"apiVersion": "clarifai.reconciler/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def slot_of(address: str, slots: Iterable[str]) -> str | None:
    """The slot that declares an address."""
    plurals = {"thresholder": "models", "operator": "models", "classifier": "models"}
    named = {
        f"{plurals.get(kind, f'{kind}s')}/{name}": f"{kind}:{name}" for kind, name in (s.split(":") for s in slots)
    }
    return named.get(address)


@lru_cache(maxsize=4096)
def _resolved(text: str, options: tuple[tuple[str, str], ...]) -> Any:
    resolved = read_manifests(["-"], Options(user_id="me-local", **dict(options)), stdin=io.StringIO(text))
    return desired_state(resolved)


def desired(owner: Owner, slots: Slots) -> Any:
    """The desired state of a set; an empty one has no document at all."""
    made = documents(slots)
    if not made:
        return DesiredState(Scope("me-local", "app"), owner.name, {}, 0)
    return _resolved(
        "\n---\n".join(json.dumps(each, ensure_ascii=False) for each in made), tuple(owner.options.items())
    )


# ---- forms


def described(number: int) -> Document:
    """Fields that every model and workflow may have, most of them absent most of the time."""
    told = {"description": TEXTS[number % 4]} if number % 4 else {}
    return told | ({"metadata": {"team": {"of": TEXTS[number % 3], "size": number}}} if number % 5 == 1 else {})


def app(number: int, flows: list[str]) -> Document:
    default = {"default_workflow": {"id": flows[number % len(flows)]}} if flows and number % 3 else {}
    return {"description": TEXTS[number % 4 or 1], **default, **({"notes": "n"} if number % 2 else {})}


def concept(number: int) -> Document:
    return [{}, {"definition": "one"}, {"definition": "two"}, {"name": "Named", "definition": "one"}][number % 4]


def _relations(slots: Slots, concepts: list[str]) -> list[Document]:
    """Between two concepts of the set, or to one of clarifai/main; the same one is declared once."""
    found: dict[str, Document] = {}
    for slot, number in slots.items():
        if slot.startswith("relation:") and concepts:
            own, ends = concepts[number % len(concepts)], [*concepts, "ai_8S2Vq3cR"]
            other = ends[number % len(ends)]
            if other == own:
                other = "ai_8S2Vq3cR"
            predicate = ("synonym", "hyponym")[number % 2]
            target = {"id": other, **(MAIN if other.startswith("ai_") else {})}
            spec = {"subject_concept": {"id": own}, "predicate": predicate, "object_concept": target}
            found.setdefault(f"{sorted([own, other])}{predicate}", document("ConceptRelation", slot[-1], spec))
    return list(found.values())


def _models(slots: Slots, concepts: list[str]) -> dict[str, Document]:
    forms = {"thresholder": _thresholder, "operator": _operator, "classifier": _classifier}
    named = [(*slot.split(":"), number) for slot, number in slots.items() if slot.split(":")[0] in forms]
    return {name: forms[kind](number, concepts) for kind, name, number in named}


def _thresholder(number: int, concepts: list[str]) -> Document:
    cuts = [{"id": name, "value": VALUES[(number + at) % len(VALUES)]} for at, name in enumerate(concepts[:2])]
    info = {"params": {"concept_threshold_type": COMPARATORS[number % 3]}, "data": {"concepts": cuts}}
    spec = {"model_type_id": "concept-thresholder", **described(number), "model_version": {"output_info": info}}
    return spec if cuts else {}


def _operator(number: int, concepts: list[str]) -> Document:
    """A mapper without a written version, or a writer: another type, so the model is replaced."""
    if number % 4 < 3:
        return {"model_type_id": "concept-synonym-mapper", **described(number)}
    params = {"annotation_status": "ANNOTATION_SUCCESS", "annotation_user_id": "me-local"}
    version = {"description": TEXTS[number % 3], "output_info": {"params": params}}
    return {"model_type_id": "annotation-writer", **described(number), "model_version": version}


def _classifier(number: int, concepts: list[str]) -> Document:
    """Each of its versions is a training."""
    info = {"data": {"concepts": [{"id": name} for name in concepts[: 1 + number % 2]]}}
    spec = {"model_type_id": "embedding-classifier", **described(number), "model_version": {"output_info": info}}
    return spec if concepts else {}


def _workflows(slots: Slots, models: Mapping[str, Document]) -> dict[str, Document]:
    named = [(slot.partition(":")[2], number) for slot, number in slots.items() if slot.startswith("workflow:")]
    return {name: _workflow(number, models) for name, number in named}


def _workflow(number: int, models: Mapping[str, Document]) -> Document:
    """A public classifier and up to two of our own operators behind it; a classifier of ours behind an embedder."""
    learned = [name for name, model in models.items() if model["model_type_id"] == "embedding-classifier"]
    operators = [name for name in models if name not in learned]
    if learned and number % 3 == 0:
        nodes = [{"id": "start", "model": EMBED}, {"id": "learned", "model": {"id": learned[0]}}]
    else:
        chosen = operators[number % 2 :][:2]
        nodes = [{"id": "start", "model": GENERAL}, *({"id": f"n-{name}", "model": {"id": name}} for name in chosen)]
    for before, node in itertools.pairwise(nodes):
        node["node_inputs"] = [{"node_id": before["id"]}]
    return {"nodes": nodes, **described(number)}


def _inputs(slots: Slots, concepts: list[str]) -> list[Document]:
    """Texts; another text is another input, other labels are not."""
    made = []
    for slot, number in slots.items():
        if slot.startswith("input:"):
            data: Document = {"text": {"raw": ("hello", "world")[number % 5 == 0]}}
            labels = [{"id": name, **({"value": 0.001} if number % 2 else {})} for name in concepts[: number % 3]]
            if labels:
                data["concepts"] = labels
            made.append(document("Input", slot.partition(":")[2], {"data": data}))
    return made
