"""One sample of each kind, with every field that a manifest may write."""

from typing import Any

import pytest

PUBLIC = {"id": "general-image-recognition", "user_id": "clarifai", "app_id": "main"}
EVERYTHING = {"deep": {"list": [1, 0, "", None, True, {"a": []}], "empty": {}, "zero": 0}, "no": "no"}
SHOWN = {"visibility": {"gettable": "ORG"}, "metadata": EVERYTHING, "image": {"url": "https://example.com/a.png"}}
TOLD = {"description": "d", "notes": "n", **SHOWN}

APP = {
    **TOLD,
    "name": "An app",
    "default_language": "de",
    "default_workflow": {"id": "flow", "app_id": "app", "user_id": "me-local"},
    "sample_ms": 500,
    "embeddings_storage": "POSTGRES",
}
CONCEPT = {
    **SHOWN,
    "name": "People",
    "definition": "more than one",
    "keypoint_info": {"keypoint_names": ["a", "b"], "skeleton": [{"k1": 2, "k2": 1}]},
}
RELATION = {
    "subject_concept": {"id": "people", "app_id": "app", "user_id": "me-local"},
    "predicate": "hypernym",
    "object_concept": {"id": "ai_l8TKp2h5", "app_id": "main", "user_id": "clarifai"},
}
EMBEDDER = {
    "id": "general-image-embedding",
    "app_id": "main",
    "user_id": "clarifai",
    "model_version": {"id": "bb186755eda04f9cbb6fe32e816be104"},
}
VERSION = {
    "description": "d",
    "license": "l",
    "metadata": EVERYTHING,
    "output_info": {
        "data": {"concepts": [{"id": "people", "value": 0.1, "name": "People"}, {"id": "man", "value": 1}]},
        "params": EVERYTHING,
        "fields_map": {"image": "x"},
        "output_config": {"concepts_mutually_exclusive": True},
    },
    "input_info": {"params": EVERYTHING, "fields_map": {"image": "x"}, "base_embed_model": EMBEDDER},
    "train_info": {"params": EVERYTHING},
}
MODEL = {
    **TOLD,
    "model_type_id": "any-type",
    "toolkits": ["t"],
    "use_cases": ["u"],
    "languages": ["en"],
    "model_version": VERSION,
}
NODES = [
    {
        "id": "late",
        "model": {"id": "model"},
        "node_inputs": [{"node_id": "early"}],
        "suppress_output": True,
        "output_info_override": {"data": {"concepts": [{"id": "man", "value": 0.3}]}, "params": EVERYTHING},
    },
    {"id": "early", "model": {**PUBLIC, "model_version": {"id": "aa7f35c01e0642fda5cf400f543e7c40"}}},
]
WORKFLOW = {**TOLD, "use_cases": ["u"], "nodes": NODES}


@pytest.fixture(scope="session")
def samples() -> dict[str, Any]:
    """Kind -> its fullest document. Together, and with a concept `man`, they are one app."""
    specs = {
        "App": ("app", APP),
        "Concept": ("people", CONCEPT),
        "ConceptRelation": (None, RELATION),
        "Model": ("model", MODEL),
        "Workflow": ("flow", WORKFLOW),
    }
    envelope = {"apiVersion": "clarifai.reconciler/v1"}
    return {
        kind: {**envelope, "kind": kind, "metadata": {"name": name}, "spec": spec}
        for kind, (name, spec) in specs.items()
    }
