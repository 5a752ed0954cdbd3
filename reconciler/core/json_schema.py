"""JSON Schema (draft 2020-12) of manifests, made from the kinds: for editors, and whoever checks without us.

As wide as what is read here, never narrower: a text may be written as `0123` or `no`, and `${NAME}` stands for any
scalar. Belongs here: kinds -> schema. Does not belong here: checking a manifest (`schema`, `Kind.check`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from reconciler.core.canonical import STRUCT, Shape
from reconciler.core.envelope import API_VERSION
from reconciler.core.kind import Fields, Kind
from reconciler.core.model_types import MODEL_TYPES, ModelType, Param
from reconciler.core.tree import Path

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {"type": "string", "pattern": r"\$\{"}
_SHARED: dict[str, Schema] = {
    "text": {"type": ["string", "number", "boolean"]},
    "number": {"anyOf": [{"type": "number"}, _VARIABLE]},
    "integer": {"anyOf": [{"type": "integer"}, _VARIABLE]},
    "boolean": {"anyOf": [{"type": "boolean"}, _VARIABLE]},
    "free": {"type": "object"},
}
_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
}
_NUMBERS = {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}
_PARAM_TYPES = {
    "string": "text",
    "regex": "text",
    "boolean": "boolean",
    "number": "number",
    "integer": "integer",
    "object": "free",
}
_RULES = {
    "create_only": "fixed at creation",
    "late": "set after everything else",
    "write_only": "never read back; compared with what was last applied",
    "sensitive": "never shown",
}


def manifest_schema(kinds: Iterable[Kind]) -> Schema:
    """One schema for documents of all the given kinds, chosen by their `kind`."""
    kinds = tuple(kinds)
    chosen = [
        {
            "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
            "then": {"$ref": f"#/$defs/{kind.name}"},
        }
        for kind in kinds
    ]
    return {
        "$schema": DIALECT,
        "title": "Manifest of a Clarifai app",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"enum": [kind.name for kind in kinds]}},
        "allOf": chosen,
        "$defs": {**_SHARED, **{kind.name: _document(kind) for kind in kinds}},
    }


def _document(kind: Kind) -> Schema:
    """The envelope around one kind's spec."""
    named = kind.identify_declared is None
    name = _name(kind) if named else _ref("text")
    metadata: Schema = {"name": name | _said("its id" if named else "a label for people; the id follows from the spec")}
    metadata["namespace"] = _ref("text") | _said("id of the app; not needed where the manifests declare one App")
    metadata |= {key: _ref("free") | _said("ignored; kustomize and Helm write it") for key in ("labels", "annotations")}
    protect = _said("never delete it: remembered in the live object, also when this document is gone")
    ignore = _said("paths under spec that are sent, but not compared")
    lifecycle: Schema = {
        "protect": _ref("boolean") | protect,
        "ignore": {"type": "array", "items": _ref("text")} | ignore,
    }
    if kind.name == "App":
        lifecycle["owner"] = _ref("text") | _said("name of this set of manifests; default: the app's id")
    return {
        "title": kind.name,
        "description": kind.summary,
        **_closed(
            {
                "apiVersion": {"const": API_VERSION},
                "kind": {"const": kind.name},
                "metadata": _closed(metadata, ["name"] if named else []),
                "lifecycle": _closed(lifecycle),
                "spec": _spec(kind),
            },
            ["apiVersion", "kind", *(["metadata"] if named else ["spec"])],
        ),
    }


def _said(description: str) -> Schema:
    return {"description": description}


def _name(kind: Kind) -> Schema:
    """A number is no text here: an id keeps its text, and JSON Schema sees only the number."""
    return {"anyOf": [{"type": "string", "pattern": f"^({kind.id_rule})$"}, {"type": ["number", "boolean"]}, _VARIABLE]}


def _spec(kind: Kind) -> Schema:
    spec = {
        "description": kind.summary,
        **_message(cast(Descriptor, kind.message.DESCRIPTOR), kind.fields.shape, (), kind.fields),
    }
    for name in kind.fields.files:
        spec["properties"][name] = _ref("text") | {"description": "name of a file, from the manifest's folder"}
    if kind.versions is not None:
        spec["properties"]["model_type_id"]["examples"] = [*MODEL_TYPES]
        (version,) = kind.versions.path
        spec["properties"][version]["type"] = ["object", "null"]
        spec["allOf"] = [_typed_params(known, kind.versions.path) for known in MODEL_TYPES.values()]
    return spec


# ---- fields


def _message(descriptor: Descriptor, shape: Shape, path: Path, fields: Fields, key: str | None = None) -> Schema:
    properties = {
        name: _field(descriptor.fields_by_name[name], sub, (*path, name), fields)
        for name, sub in shape.children.items()
    }
    return _closed(properties, [key] if key else [])


def _field(descriptor: FieldDescriptor, shape: Shape, path: Path, fields: Fields) -> Schema:
    found = _list(descriptor, shape, path, fields) if descriptor.is_repeated else _one(descriptor, shape, path, fields)
    said = "; ".join(text for rule, text in _RULES.items() if fields.any(getattr(fields, rule), path))
    older = any(path[: len(old.split("."))] == tuple(old.split(".")) for old in fields.moved)
    return found | ({"description": said} if said else {}) | ({"deprecated": True} if older else {})


def _list(descriptor: FieldDescriptor, shape: Shape, path: Path, fields: Fields) -> Schema:
    if descriptor.message_type is None:
        return {"type": "array", "items": _scalar(descriptor, path, fields)}
    inner, path = (shape.element, (*path, "*")) if shape.key else (shape, path)
    return {"type": "array", "items": _message(descriptor.message_type, inner, path, fields, shape.key)}


def _one(descriptor: FieldDescriptor, shape: Shape, path: Path, fields: Fields) -> Schema:
    if descriptor.message_type is None:
        return _scalar(descriptor, path, fields)
    if descriptor.message_type.full_name == STRUCT:
        return _ref("free")
    return _message(descriptor.message_type, shape, path, fields)


def _scalar(descriptor: FieldDescriptor, path: Path, fields: Fields) -> Schema:
    words = fields.words.get(".".join(path))
    if words:
        return {"anyOf": [{"enum": [*words]}, _VARIABLE]}
    if descriptor.enum_type is not None:
        return _enum(descriptor.enum_type)
    if descriptor.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _ref("boolean")
    return _ref(
        "integer" if descriptor.cpp_type in _INTEGERS else "number" if descriptor.cpp_type in _NUMBERS else "text"
    )


def _enum(descriptor: EnumDescriptor) -> Schema:
    return {"anyOf": [{"enum": [*descriptor.values_by_name]}, {"enum": [*descriptor.values_by_number]}, _VARIABLE]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _closed(properties: Schema, required: Iterable[str] = ()) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": [*required]} if required else {})


# ---- params of known model types


def _typed_params(known: ModelType, version: Path) -> Schema:
    """Where the type is this one, its params have these types; others stay open, since the service may know more."""
    places = {"output_info": known.params, **({"train_info": known.training} if known.training else {})}
    inner: Schema = {"properties": {place: _nested(("params",), _params(params)) for place, params in places.items()}}
    return {
        "if": {"properties": {"model_type_id": {"enum": [known.id, *known.aliases]}}, "required": ["model_type_id"]},
        "then": _nested(version, inner),
    }


def _params(known: Mapping[str, Param]) -> Schema:
    required = [name for name, param in known.items() if param.required]
    return {
        "properties": {name: _param(param) for name, param in known.items()},
        **({"required": required} if required else {}),
    }


def _nested(path: Path, inner: Schema) -> Schema:
    for name in reversed(path):
        inner = {"properties": {name: inner}}
    return inner


def _param(param: Param) -> Schema:
    if param.enum:
        numbers = [*param.enum.values()]
        return {"anyOf": [{"enum": [*param.enum]}, {"enum": [*numbers, *map(str, numbers)]}, _VARIABLE]}
    if param.type not in _PARAM_TYPES:
        return {"type": param.type}
    examples = {"examples": [*param.choices]} if param.choices else {}
    return _ref(_PARAM_TYPES[param.type]) | dict(_limits(param)) | examples


def _limits(param: Param) -> Iterator[tuple[str, float]]:
    if param.minimum is not None:
        yield "minimum", param.minimum
    if param.maximum is not None:
        yield "maximum", param.maximum
