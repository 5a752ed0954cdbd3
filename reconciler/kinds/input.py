"""Input: a labelled example. Its content never changes; its labels and metadata do (facts 3.9).

Only inputs that are declared, or in our inventory, are looked at: an app may hold millions of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.address import Address, Scope
from reconciler.core.kind import (
    URL_IDS,
    Attachment,
    Fields,
    Keeps,
    Kind,
    Problem,
    Processing,
    Subject,
    item_data,
    user_app,
)
from reconciler.core.remote import Call, Crud
from reconciler.core.state import Reference
from reconciler.core.tree import ABSENT, Tree, get, put

FILE = "file"
CONCEPTS = ("data", "concepts")
METADATA = ("data", "metadata")
CONTENTS = (("data", "image", "url"), ("data", "text", "raw"))

READY = frozenset({30000})
WAITING = frozenset({30001, 30003})
"""Download pending, in progress (facts 2.2)."""

MOST = 128
"""Inputs that one request may hold (facts 9)."""
LARGEST = 20_000_000 - 1
"""Bytes of a picture (facts 9)."""

MEDIA = {
    "image": ("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"),
    "text": ("txt",),
    "video": ("mp4", "mov", "avi", "webm", "mkv"),
    "audio": ("mp3", "wav", "flac", "ogg"),
}


def medium(name: str) -> str | None:
    """What a file is, by the ending of its name."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return next((kind for kind, endings in MEDIA.items() if ending in endings), None)


def content(file: Attachment) -> dict[str, Any]:
    """The part of an input's data that a file is. Raises UnicodeDecodeError for a text that is not UTF-8."""
    kind = medium(file.name) or "image"
    return {"text": {"raw": file.content.decode()}} if kind == "text" else {kind: {"base64": file.content}}


def _labels(tree: Tree) -> dict[str, Tree]:
    concepts = get(tree, CONCEPTS)
    return concepts if isinstance(concepts, dict) else {}


def _references(tree: Tree, scope: Scope) -> Iterable[Reference]:
    for concept in _labels(tree):
        yield Reference((*CONCEPTS, concept), Address(scope, "concepts", concept))


def _check(tree: Tree, scope: Scope) -> Iterator[Problem]:
    given = [path for path in CONTENTS if get(tree, path)]
    if not given and not tree.get(FILE):
        yield Problem((), "an input needs content", "write file: a/picture.jpg, data.image.url or data.text.raw")
    if given and tree.get(FILE):
        yield Problem(given[0], f"{'.'.join(given[0])} beside file: an input has one content", "leave one of them out")
    if tree.get(FILE) and medium(tree[FILE]) is None:
        known = ", ".join(ending for endings in MEDIA.values() for ending in endings)
        yield Problem((FILE,), f"what is {tree[FILE]!r}? Its name ends in nothing that is known", f"known: {known}")
    yield from _check_labels(tree)


def _check_labels(tree: Tree) -> Iterator[Problem]:
    for name, concept in _labels(tree).items():
        value = concept.get("value", 0)
        path = (*CONCEPTS, name, "value")
        if value == 0:
            hint = "a label below 0.5 says that the concept is not there: write 0.001"
            yield Problem(
                path, f"value 0 of {name!r} cannot be sent: the API takes it for none, which counts as 1", hint
            )
        elif not 0 < value <= 1:
            yield Problem(path, f"value {value} of {name!r} is not between 0 and 1")


def _teaches(tree: Tree) -> frozenset[str]:
    return frozenset(_labels(tree))


def _post(kind: Kind, subject: Subject) -> Call:
    """The same address may be in the app already: here ids say what is one input, not addresses."""
    item = item_data(kind, subject, subject.tree)
    for file in subject.files.values():
        item["data"] = {**item.get("data", {}), **content(file)}
    if get(item, ("data", "image", "url")) is not ABSENT:
        item = put(item, ("data", "image", "allow_duplicate_url"), True)
    fields = {"user_app_id": user_app(subject.address.scope), kind.crud.items: [item]}
    return Call(kind.crud.post, fields)


KIND = Kind(
    name="Input",
    plural="inputs",
    message=resources_pb2.Input,
    summary="a labelled example: a picture or a text, its concepts and metadata; metadata.name is its id",
    fields=Fields(
        writable=("data.image.url", "data.text.raw", "data.concepts.*.value", "data.metadata"),
        keyed={"data.concepts": "id"},
        create_only=(FILE, "data.image", "data.text"),
        write_only=(FILE, "data.image", "data.text"),
        files={FILE: LARGEST},
        implied={"data.concepts.*.value": 1},
    ),
    crud=Crud.of("Input"),
    keeps=Keeps.MERGE,
    metadata=METADATA,
    references=_references,
    check=_check,
    processing=Processing(READY, WAITING),
    teaches=_teaches,
    post=_post,
    patch_action="merge",
    by_id=True,
    batch=MOST,
    goes_along="its annotations, those that people made included",
    id_rule=URL_IDS,
    short_ids=False,
)
