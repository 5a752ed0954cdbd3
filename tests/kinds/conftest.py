"""One sample of each kind, with every field that a manifest may write."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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
PICTURES = Path(__file__).parents[2] / "manifests" / "custom-model" / "pictures"


def input_at(url: str) -> Any:
    """A picture with a text, its labels and metadata."""
    labels = [{"id": "people", "value": 0.25}, {"id": "man"}]
    return {
        "data": {"image": {"url": url}, "text": {"raw": "hello"}, "concepts": labels, "metadata": EVERYTHING},
    }


WORKFLOW = {**TOLD, "use_cases": ["u"], "nodes": NODES}


@pytest.fixture(scope="session")
def picture() -> Iterator[str]:
    """The address of a picture that can be downloaded."""
    content = next(PICTURES.glob("*.jpg")).read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words: object) -> None:
            """Nobody wants to know."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a.jpg"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def samples(picture: str) -> dict[str, Any]:
    """Kind -> its fullest document. Together, and with a concept `man`, they are one app."""
    specs = {
        "App": ("app", APP),
        "Concept": ("people", CONCEPT),
        "ConceptRelation": (None, RELATION),
        "Model": ("model", MODEL),
        "Workflow": ("flow", WORKFLOW),
        "Input": ("example", input_at(picture)),
    }
    envelope = {"apiVersion": "clarifai.reconciler/v1"}
    return {
        kind: {**envelope, "kind": kind, "metadata": {"name": name}, "spec": spec}
        for kind, (name, spec) in specs.items()
    }
