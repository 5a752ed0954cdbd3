"""An author's nodes -> typed data, by the message's own descriptor; and exactly which paths were written.

The protobuf descriptor is the schema of a `spec`: it decides what a plain scalar means (a string field keeps the
source text), and which names exist. Belongs here: that walk and its problems. Does not belong here: what a kind checks
beyond types (`Kind.check`), or references (`stages/resolve`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from reconciler.core.canonical import STRUCT, Shape
from reconciler.core.declaration import Mapping, Node, Scalar, Sequence
from reconciler.core.diagnostics import Diagnostic, Location, did_you_mean, error, warning
from reconciler.core.scalars import as_bool, as_float, as_int, as_json, fits_double, fits_float32
from reconciler.core.tree import Path, below

MAX_INT = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


@dataclass(slots=True)
class Decoded:
    """The result of reading one spec: data for `canonical.message_from`, written paths, positions, problems."""

    data: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """Our own fields that name a file, beside the message's."""
    written: set[Path] = field(default_factory=set)
    positions: dict[Path, Node] = field(default_factory=dict)
    """What stands where a path was written: its key, or the element of a list."""
    refusable: Path = ()
    """Where `null` is no mistake, but says that there is to be none; () where nowhere."""
    refused: bool = False
    """Whether it stands there."""
    problems: list[Diagnostic] = field(default_factory=list)

    def problem(self, summary: str, location: Location, hint: str | None = None) -> None:
        """Note an error."""
        self.problems.append(error(summary, location, hint=hint))


Reader = Callable[[Node, Path, Decoded], Any]
"""A field's node, its path and what was decoded so far -> its data; None (and a problem) where it is wrong."""


def decode(
    spec: Mapping, message: type[Message], shape: Shape, files: Collection[str] = (), refusable: Path = ()
) -> Decoded:
    """Read a spec node as a message of the given type, restricted to the shape's paths; never raises on bad input.

    `files` are fields of our own beside the message's, each the name of a file; at `refusable`, `null` means none.
    """
    decoded = Decoded(refusable=refusable)
    own = [(key, value) for key, value in spec if key.text in files] if files else []
    for key, value in own:
        _file(key, value, decoded)
    rest = Mapping.of((pair for pair in spec if pair[0].text not in files), spec.location) if own else spec
    decoded.data = _message(cast(Descriptor, message.DESCRIPTOR), shape, rest, (), decoded)
    return decoded


def _file(key: Scalar, value: Node, out: Decoded) -> None:
    out.positions[(key.text,)] = value
    out.written.add((key.text,))
    if isinstance(value, Scalar) and not value.is_null and value.text:
        out.files[key.text] = value.text
    else:
        out.problem(f"{key.text} must be the name of a file, not {_what(value)}", value.location)


def _message(descriptor: Descriptor, shape: Shape, node: Mapping, path: Path, out: Decoded) -> dict[str, Any]:
    data: dict[str, Any] = {}
    readers = _readers(descriptor, shape)
    for name, (key, value) in node.pairs.items():
        read = readers.get(name)
        if read is None:
            out.problem(*_unknown_field(name, descriptor, shape, key.location, path))
            continue
        inner = below(path, name)
        out.positions[inner] = key
        if isinstance(value, Scalar) and value.is_null:
            if inner == out.refusable:
                out.refused = True
                continue
            out.problem(f"{'.'.join(inner)} has no value", value.location, "give it a value, or remove the line")
            continue
        typed = read(value, inner, out)
        if typed is not None:
            data[name] = typed
    return data


def _unknown_field(
    name: str, descriptor: Descriptor, shape: Shape, location: Location, path: Path
) -> tuple[str, Location, str | None]:
    place = f" in {'.'.join(path)}" if path else ""
    if name in descriptor.fields_by_name:
        known = ", ".join(sorted(shape.children))
        return (
            f"{name!r}{place} is filled in by the service and cannot be declared",
            location,
            f"can be declared: {known}",
        )
    hint = did_you_mean(name, shape.children) or f"can be declared: {', '.join(sorted(shape.children))}"
    return f"unknown field {name!r}{place}", location, hint


def _readers(descriptor: Descriptor, shape: Shape) -> dict[str, Reader]:
    """How each field that may be declared is read; worked out once, since a descriptor is slow to ask."""
    readers: dict[str, Reader] | None = shape.decoders.get(descriptor)
    if readers is None:
        fields = descriptor.fields_by_name
        readers = shape.decoders[descriptor] = {
            name: _reader(fields[name], sub) for name, sub in shape.children.items() if name in fields
        }
    return readers


def _reader(descriptor: FieldDescriptor, shape: Shape) -> Reader:
    if descriptor.message_type is None:
        scalar = partial(_typed_scalar, descriptor, _READERS.get(descriptor.cpp_type, _text))
        return partial(_scalars, scalar) if descriptor.is_repeated else partial(_one_scalar, scalar)
    if descriptor.is_repeated:
        elements = _keyed_elements if shape.key is not None else _elements
        return partial(_list, partial(elements, descriptor.message_type, shape))
    if descriptor.message_type.full_name == STRUCT:
        return partial(_mapping, _struct)
    return partial(_mapping, partial(_message, descriptor.message_type, shape))


def _one_scalar(read: Reader, node: Node, path: Path, out: Decoded) -> Any:
    out.written.add(path)
    return read(node, path, out)


def _mapping(read: Callable[[Mapping, Path, Decoded], Any], node: Node, path: Path, out: Decoded) -> Any:
    if isinstance(node, Mapping):
        return read(node, path, out)
    out.problem(f"{'.'.join(path)} must be a mapping, not {_what(node)}", node.location)
    return None


def _list(read: Callable[[Sequence, Path, Decoded], Any], node: Node, path: Path, out: Decoded) -> Any:
    if not isinstance(node, Sequence):
        out.problem(f"{'.'.join(path)} must be a list, not {_what(node)}", node.location)
        return None
    out.written.add(path)
    return read(node, path, out)


def _scalars(read: Reader, node: Node, path: Path, out: Decoded) -> Any:
    return _list(lambda listed, *_: [v for item in listed if (v := read(item, path, out)) is not None], node, path, out)


def _elements(descriptor: Descriptor, shape: Shape, node: Sequence, path: Path, out: Decoded) -> list[Any]:
    """The elements of a list that is compared as a whole: what is written in them is not owned by itself."""
    scratch = Decoded(positions=out.positions, problems=out.problems)
    return [_element(descriptor, shape, item, (*path, str(i)), scratch) for i, item in enumerate(node)]


def _element(descriptor: Descriptor, shape: Shape, node: Node, path: Path, out: Decoded) -> dict[str, Any]:
    if isinstance(node, Mapping):
        return _message(descriptor, shape, node, path, out)
    out.problem(f"an element of {'.'.join(path[:-1])} must be a mapping, not {_what(node)}", node.location)
    return {}


def _keyed_elements(descriptor: Descriptor, shape: Shape, node: Sequence, path: Path, out: Decoded) -> list[Any]:
    seen: dict[str, Scalar] = {}
    elements = []
    key = str(shape.key)
    for item in node:
        name = item.get(key) if isinstance(item, Mapping) else None
        if not isinstance(item, Mapping) or not isinstance(name, Scalar) or name.is_null or not name.text:
            out.problem(f"an element of {'.'.join(path)} must be a mapping with {key!r}", item.location)
            continue
        if name.text in seen:
            first = f"first at {seen[name.text].location}"
            out.problem(f"{key} {name.text!r} stands twice in {'.'.join(path)}", name.location, first)
            continue
        seen[name.text] = name
        inner = below(path, name.text)
        element = _message(descriptor, shape.element, item, inner, out)
        out.written.discard(below(inner, key))
        out.positions[inner] = item
        element[key] = name.text
        elements.append(element)
    return elements


def _struct(node: Mapping, path: Path, out: Decoded) -> dict[str, Any]:
    """A Struct is open: an empty one declares nothing, and inside another one only that it is a mapping."""
    return {name: _struct_value(value, below(path, name), key, out) for name, (key, value) in node.pairs.items()}


def _struct_value(node: Node, path: Path, key: Scalar, out: Decoded) -> Any:
    out.positions[path] = key
    if isinstance(node, Mapping) and node.pairs:
        return _struct(node, path, out)
    out.written.add(path)
    return _free(node, path, out)


def _free(node: Node, path: Path, out: Decoded) -> Any:
    if isinstance(node, Sequence):
        return [_free(item, path, out) for item in node]
    if isinstance(node, Mapping):
        return {key.text: _free(value, path, out) for key, value in node}
    try:
        value = as_json(node)
    except ValueError as problem:
        out.problem(f"{'.'.join(path)}: {problem}", node.location)
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and not fits_double(value):
        out.problem(f"{'.'.join(path)}: a double cannot hold {node.text}", node.location, "quote it to keep it as text")
        return None
    return value


def _typed_scalar(
    descriptor: FieldDescriptor,
    read: Callable[[Scalar, FieldDescriptor], Any],
    node: Node,
    path: Path,
    out: Decoded,
) -> Any:
    if not isinstance(node, Scalar):
        out.problem(f"{'.'.join(path)} must be {_wanted(descriptor)}, not {_what(node)}", node.location)
        return None
    try:
        value = read(node, descriptor)
    except ValueError as problem:
        out.problem(f"{'.'.join(path)}: {problem}", node.location)
        return None
    if value == "":
        out.problems.append(
            warning(
                f"{'.'.join(path)} is empty: the API cannot tell empty from absent",
                node.location,
                hint="remove the line; a live value is then left alone",
            )
        )
    return value


def _text(node: Scalar, descriptor: FieldDescriptor) -> str:
    return node.text


def _integer(node: Scalar, descriptor: FieldDescriptor) -> int:
    value = as_int(node)
    low, high = MAX_INT[descriptor.cpp_type]
    if not low <= value <= high:
        raise ValueError(f"{node.text} is out of range ({low} to {high})")
    return value


def _number(node: Scalar, descriptor: FieldDescriptor) -> float:
    value = as_float(node)
    if descriptor.cpp_type == FieldDescriptor.CPPTYPE_FLOAT and not fits_float32(value):
        raise ValueError(f"a float32 cannot hold {node.text}")
    if not fits_double(value):
        raise ValueError(f"{node.text} is not a finite number")
    return value


def _boolean(node: Scalar, descriptor: FieldDescriptor) -> bool:
    return as_bool(node)


def _enum(node: Scalar, descriptor: FieldDescriptor) -> str | int:
    enum = descriptor.enum_type
    assert enum is not None
    names = enum.values_by_name
    if node.text in names:
        return node.text
    if node.text.isdecimal() and int(node.text) in enum.values_by_number:
        return int(node.text)
    hint = did_you_mean(node.text.upper(), names) or f"one of {', '.join(names)}"
    raise ValueError(f"{node.text!r} is no {enum.name} ({hint})")


_READERS: dict[int, Callable[[Scalar, FieldDescriptor], Any]] = {
    FieldDescriptor.CPPTYPE_INT32: _integer,
    FieldDescriptor.CPPTYPE_UINT32: _integer,
    FieldDescriptor.CPPTYPE_INT64: _integer,
    FieldDescriptor.CPPTYPE_UINT64: _integer,
    FieldDescriptor.CPPTYPE_FLOAT: _number,
    FieldDescriptor.CPPTYPE_DOUBLE: _number,
    FieldDescriptor.CPPTYPE_BOOL: _boolean,
    FieldDescriptor.CPPTYPE_ENUM: _enum,
}


def _wanted(descriptor: FieldDescriptor) -> str:
    if descriptor.enum_type is not None:
        return f"a {descriptor.enum_type.name}"
    numeric = descriptor.cpp_type not in (FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_BOOL)
    return (
        "a number" if numeric else ("true or false" if descriptor.cpp_type == FieldDescriptor.CPPTYPE_BOOL else "text")
    )


def _what(node: Node) -> str:
    """What was found, in the author's words."""
    if isinstance(node, Scalar):
        return f"{node.text!r}" if len(node.text) < 40 else "a long text"
    return "a mapping" if isinstance(node, Mapping) else "a list"
