"""What can be said of one field of a manifest: its type, its values, its rules and the fields inside it.

Read from the JSON Schema of manifests, so that what editors check and what people read is the same. Belongs here:
schema -> `FieldDoc`. Does not belong here: the schema (`json_schema`), or how a field is shown (`report`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.diagnostics import ReconcilerError, did_you_mean

Schema = Mapping[str, Any]

Words = Callable[[tuple[str, ...]], str]
"""What the API's own definition says of the field at a path of a document."""

_TYPES = {"free": "map of anything", "text": "text", "number": "number", "integer": "integer", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class FieldDoc:
    """One field. `path` is its names from the document down, empty for the document itself."""

    path: tuple[str, ...]
    type: str
    description: str = ""
    """What the API's own definition says of it."""
    rules: str = ""
    """How it is treated here: fixed at creation, never shown, and the like."""
    values: tuple[str, ...] = ()
    """The words it may hold; none where any value of its type may stand."""
    examples: tuple[str, ...] = ()
    required: bool = False
    older: bool = False
    """Whether it is an older place of a field that stands elsewhere now."""
    fields: tuple[FieldDoc, ...] = ()
    by_model_type: Mapping[str, tuple[FieldDoc, ...]] | None = None
    """Of `params`: the params that each known model type takes."""


def field_doc(schema: Schema, kind: str, path: Sequence[str], words: Words = lambda path: "") -> FieldDoc:
    """The doc of a field of a kind and of the fields in it; a path that leaves out `spec` is read as inside it.

    `schema` is `json_schema.manifest_schema` of all kinds. Raises ReconcilerError for a field that does not exist.
    """
    here: Schema = schema["$defs"][kind]
    if path and path[0] not in here["properties"] and path[0] in _members(here["properties"]["spec"]):
        path = ("spec", *path)
    walked: tuple[str, ...] = ()
    required = False
    for name in path:
        if name not in _members(here):
            raise _unknown(kind, walked, name, here)
        required = name in _inner(here).get("required", ())
        here, walked = _members(here)[name], (*walked, name)
    return replace(
        _doc(here, walked, required, words),
        fields=tuple(_children(here, walked, words)),
        by_model_type=_by_model_type(schema["$defs"][kind], walked),
    )


def _unknown(kind: str, walked: tuple[str, ...], name: str, here: Schema) -> ReconcilerError:
    where, inside = ".".join((kind, *walked)), _members(here)
    if not inside:
        return ReconcilerError(f"{where} has no fields that are known here", hint="it holds one value, or anything")
    known = {**inside, **(_members(inside["spec"]) if "spec" in inside else {})}
    hint = did_you_mean(name, known) or f"fields: {', '.join(inside)}"
    return ReconcilerError(f"{where} has no field {name!r}", hint=hint)


def _inner(schema: Schema) -> Schema:
    """The schema that holds the fields: of a list, that of its elements."""
    while schema.get("type") == "array":
        schema = schema["items"]
    return schema


def _members(schema: Schema) -> Mapping[str, Schema]:
    found: Mapping[str, Schema] = _inner(schema).get("properties", {})
    return found


def _children(schema: Schema, path: tuple[str, ...], words: Words) -> Iterator[FieldDoc]:
    required = _inner(schema).get("required", ())
    for name, inside in _members(schema).items():
        yield _doc(inside, (*path, name), name in required, words)


def _doc(schema: Schema, path: tuple[str, ...], required: bool, words: Words) -> FieldDoc:
    return FieldDoc(
        path,
        _type(schema),
        words(path),
        rules=schema.get("description", ""),
        values=_values(schema),
        examples=tuple(map(str, schema.get("examples", ()))),
        required=required,
        older=bool(schema.get("deprecated")),
    )


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return _TYPES[schema["$ref"].rpartition("/")[2]]
    if "const" in schema or any("enum" in one for one in (schema, *schema.get("anyOf", ()))):
        return "word"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if "items" in schema else "list"
    if schema.get("type") == ["object", "null"]:
        return "map or null"
    return "map" if schema.get("type") == "object" else str(schema.get("type", "text"))


def _values(schema: Schema) -> tuple[str, ...]:
    """The words of an enum; their numbers are taken as well, but nobody should write them."""
    if "const" in schema:
        return (str(schema["const"]),)
    words = next((one["enum"] for one in (schema, *schema.get("anyOf", ())) if "enum" in one), ())
    return tuple(map(str, words))


def _by_model_type(kind: Schema, path: tuple[str, ...]) -> Mapping[str, tuple[FieldDoc, ...]] | None:
    """The params of each model type, where the path leads to them."""
    rules = kind["properties"]["spec"].get("allOf", ())
    found = {}
    for rule in rules:
        inside: Schema = {"properties": {"spec": rule["then"]}}
        for name in path:
            inside = _members(inside).get(name, {})
        if path[-1:] == ("params",) and "properties" in inside:
            types = rule["if"]["properties"]["model_type_id"]["enum"]
            found[types[0]] = tuple(_children(inside, path, lambda path: ""))
    return found or None
