"""The public app clarifai/main that every account can read: models, workflows, concepts.

Belongs here: the seed data and writing it into a store. Not here: who may read it (`access.py`).
What other clients rely on is facts 14.2 and 4.6, and what the tests of Clarifai's own clients name: names, old hex
ids, version ids, node lists, counts. Versions that no source names carry an id derived from the model's name, so that
they are stable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import links, statuses
from reconciler.emulator.access import PUBLIC, PUBLIC_APP, PUBLIC_USER
from reconciler.emulator.store import Key, Store

_BORN: Final = 1_460_000_000 * 10**9
_STEP: Final = 10**9

OLD_MODEL_IDS: Mapping[str, str] = {
    "aaa03c23b3724a16a56b629203edc62c": "general-image-recognition",
    "bbb5f41425b8468d9b7a554ff10f8581": "general-image-embedding",
    "cccbe437d6e54e2bb911c6aa292fb072": "general-clusterering",
    "d16f390eb32cad478c7ae150069bd2c6": "moderation-recognition",
    "a403429f2ddf4b49b307e318f00e528b": "face-detection",
    "bd367be194cf45149e75f01d59f77ba7": "food-item-recognition",
}
"""Old hex id -> readable id of the same public model."""

CONCEPTS: Mapping[str, str] = {
    "ai_l8TKp2h5": "people",
    "ai_dxSG2s86": "man",
    "ai_VPmHr5bm": "adult",
    "ai_8S2Vq3cR": "dog",
    "ai_98Xb0K3q": "ai_98Xb0K3q",
    "ai_mFqxrph2": "cat",
    "ai_rsX6XWc2": "palm",
    "ai_BlL0wSQh": "water",
}
"""Concepts of clarifai/main by id; the ids of the last three are ours, their names are relied on."""

NAMES: Final[tuple[tuple[str, str, str], ...]] = (
    ("ai_8S2Vq3cR", "zh", "狗"),
    ("ai_8S2Vq3cR", "ja", "犬"),
    ("ai_mFqxrph2", "zh", "猫"),
)
"""Names of the same concepts in other languages; Clarifai's own tests search for both of the dog."""


@dataclass(frozen=True, slots=True)
class _Model:
    id: str
    type: str
    versions: tuple[str, ...] = ()
    description: str = ""
    margin: float = 0.0


_MODELS: Final = (
    _Model("general-image-recognition", "visual-classifier",
           ("aa9ca48295b37401f8af92ad1af0d91d", "aa7f35c01e0642fda5cf400f543e7c40"), "Recognises everyday concepts"),
    _Model("general-image-embedding", "visual-embedder", ("bb186755eda04f9cbb6fe32e816be104",)),
    _Model("general-clusterering", "clusterer", ("cc2074cff6dc4c02b6f4e1b8606dcb54",)),
    _Model("moderation-recognition", "visual-classifier",
           ("7cde8e92896340b0998b8260d47f1502", "aa8be956dbaa4b7a858826a84253cab9")),
    _Model("face-detection", "visual-detector",
           ("34ce21a40cc24b6b96ffee54aabff139", "45fb9a671625463fa646c3523a3087d5",
            "fe995da8cb73490f8556416ecf25cea3")),
    _Model("margin-110-image-crop", "image-crop", ("b9987421b40a46649566826ef9325303",), margin=1.1),
    _Model("margin-100-image-crop", "image-crop", margin=1.0),
    _Model("general-image-detection", "visual-detector"),
    _Model("food-item-recognition", "visual-classifier", ("dfebc169854e429086aceb8368662641",)),
    _Model("travel-recognition", "visual-classifier"),
    _Model("apparel-recognition", "visual-classifier"),
    _Model("color-recognition", "visual-classifier"),
    _Model("nsfw-recognition", "visual-classifier"),
    _Model("face-sentiment-recognition", "visual-classifier", ("a5d7776f0c064a41b48c3ce039049f65",)),
    _Model("age-demographics-recognition", "visual-classifier"),
    _Model("multilingual-text-embedding", "text-embedder"),
)  # fmt: skip

_WORKFLOWS: Final[Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]]] = {
    "Empty": (),
    "Universal": (
        ("universal-embed", "general-image-embedding", ()),
        ("universal-cluster", "general-clusterering", ("universal-embed",)),
    ),
    "General": (
        ("general-v1.5-concept", "general-image-recognition", ()),
        ("general-v1.5-embed", "general-image-embedding", ()),
        ("general-v1.5-cluster", "general-clusterering", ("general-v1.5-embed",)),
    ),
    "Face": (
        ("face-detect", "face-detection", ()),
        ("face-crop", "margin-110-image-crop", ("face-detect",)),
        ("face-embed", "general-image-embedding", ("face-crop",)),
    ),
    "Language-Understanding": (("text-embed", "multilingual-text-embedding", ()),),
    "Moderation": (("moderation-concept", "moderation-recognition", ()),),
    "Face-Sentiment": (
        ("face-detect", "face-detection", ()),
        ("face-crop", "margin-110-image-crop", ("face-detect",)),
        ("face-sentiment", "face-sentiment-recognition", ("face-crop",)),
    ),
}


def seed(store: Store) -> None:
    """Put the public app into a store anew; what is there of it is replaced, so that releases may add to it."""
    with store.transaction():
        store.wipe(PUBLIC_USER, PUBLIC_APP)
        known = store.get(Key(PUBLIC_USER, "", "app", PUBLIC_APP))
        if known is not None:
            store.delete(known)
        app = resources_pb2.App(id=PUBLIC_APP, name=PUBLIC_APP, default_language="en", visibility=_public())
        store.insert(Key(PUBLIC_USER, "", "app", PUBLIC_APP), app.SerializeToString(), created=_BORN)
        for number, (identifier, name) in enumerate(CONCEPTS.items()):
            concept = resources_pb2.Concept(id=identifier, name=name, language="en", visibility=_public())
            store.insert(
                PUBLIC.key("concept", identifier),
                concept.SerializeToString(),
                created=_BORN + number * _STEP,
                name=name,
            )
        for identifier, spoken, name in NAMES:
            language = resources_pb2.ConceptLanguage(id=spoken, name=name)
            key = PUBLIC.key("concept_language", spoken, identifier)
            store.insert(key, language.SerializeToString(), created=_BORN)
        for number, model in enumerate(_MODELS):
            _seed_model(store, model, _BORN + (len(_MODELS) - number) * 100 * _STEP)
        for number, identifier in enumerate(_WORKFLOWS):
            _seed_workflow(store, identifier, _BORN + (len(_WORKFLOWS) - number) * 100 * _STEP)


def _seed_model(store: Store, model: _Model, born: int) -> None:
    body = resources_pb2.Model(
        id=model.id, name=model.id, model_type_id=model.type, description=model.description, visibility=_public()
    )
    versions = model.versions or (_derived(model.id),)
    newest = born + (len(versions) - 1) * _STEP
    row = store.insert(PUBLIC.key("model", model.id), body.SerializeToString(), created=born)
    store.update(row, row.body, modified=newest)
    for number, identifier in enumerate(versions):
        version = resources_pb2.ModelVersion(
            id=identifier, status=statuses.state(codes.MODEL_TRAINED), visibility=_public()
        )
        if model.id == "general-image-recognition":
            data = version.output_info.data
            data.concepts.extend(resources_pb2.Concept(id=i, name=n, app_id=PUBLIC_APP) for i, n in CONCEPTS.items())
        if model.margin:
            version.output_info.params.fields["margin"].number_value = model.margin
        key = PUBLIC.key("model_version", identifier, model.id)
        store.insert(key, version.SerializeToString(), created=born + number * _STEP)


def _seed_workflow(store: Store, identifier: str, born: int) -> None:
    workflow = resources_pb2.Workflow(id=identifier, visibility=_public())
    store.insert(PUBLIC.key("workflow", identifier), workflow.SerializeToString(), created=born)
    version = resources_pb2.WorkflowVersion(
        workflow_id=identifier, visibility=_public(), nodes=public_nodes(identifier)
    )
    key = PUBLIC.key("workflow_version", _derived(f"workflow {identifier}"), identifier)
    store.insert(key, version.SerializeToString(), created=born, links=links.of_nodes(version.nodes))


def public_nodes(identifier: str) -> list[resources_pb2.WorkflowNode]:
    """The nodes of a public workflow, with fully named models."""
    newest = {model.id: (model.versions or (_derived(model.id),))[-1] for model in _MODELS}
    types = {model.id: model.type for model in _MODELS}
    nodes = []
    for node_id, model_id, sources in _WORKFLOWS[identifier]:
        model = resources_pb2.Model(
            id=model_id, user_id=PUBLIC_USER, app_id=PUBLIC_APP, model_type_id=types[model_id],
            model_version=resources_pb2.ModelVersion(id=newest[model_id]),
        )  # fmt: skip
        inputs = [resources_pb2.NodeInput(node_id=source) for source in sources]
        nodes.append(resources_pb2.WorkflowNode(id=node_id, model=model, node_inputs=inputs))
    return nodes


def _public() -> resources_pb2.Visibility:
    return resources_pb2.Visibility(gettable=resources_pb2.Visibility.PUBLIC)


def _derived(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
