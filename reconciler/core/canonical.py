"""Message <-> tree: the one walker through which the author's data and the live object both pass.

Hence float32 rounding, enum names and numbers, Struct doubles and absent = zero all collapse before anything is
compared. Belongs here: `Shape` (which paths of a message are looked at) and the two directions. Does not belong here:
which paths a kind has (`kinds`), or what an author wrote (`schema`).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from sys import intern
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from reconciler.core.tree import Path, Tree

CANON = 1
"""Number of this canonical form; a record of another form cannot be compared with."""

STRUCT = "google.protobuf.Struct"
M = TypeVar("M", bound=Message)
Reader = Callable[[Any], Any]
"""The value of a field as protobuf gives it -> as it stands in a tree."""
Readers = Mapping[FieldDescriptor, tuple[str, Reader | None]]
"""By field: its name, and how it is read, unless its value stands in a tree as it is."""


@dataclass(slots=True)
class Shape:
    """A trie of the paths that are looked at. `key` marks a list whose elements are named by one of their fields."""

    children: dict[str, Shape] = field(default_factory=dict)
    key: str | None = None
    readers: dict[Descriptor, Readers] = field(default_factory=dict, repr=False, compare=False)
    """What `tree_from` found out about a message of this shape."""
    decoders: dict[Descriptor, Any] = field(default_factory=dict, repr=False, compare=False)
    """The same for `schema`."""

    @classmethod
    def of(cls, patterns: Iterable[str], keyed: Mapping[str, str]) -> Shape:
        """Compile dotted patterns; `*` stands for the elements of a keyed list."""
        root = cls()
        for pattern in patterns:
            root._descend(pattern)
        for pattern, key in keyed.items():
            root._descend(pattern).key = key
            root._descend(f"{pattern}.*.{key}")
        return root

    def _descend(self, pattern: str) -> Shape:
        node = self
        for name in pattern.split("."):
            node = node.children.setdefault(name, Shape())
        return node

    def at(self, path: Path) -> Shape | None:
        """The node a path of names leads to, or None when it is not looked at (or lies inside a Struct)."""
        node: Shape | None = self
        for name in path:
            if node is None:
                return None
            node = node.element if node.key else node.children.get(name)
        return node

    @property
    def element(self) -> Shape:
        """The shape of the elements of a keyed list."""
        return self.children.get("*", _LEAF)


_LEAF = Shape()


def tree_from(message: Message, shape: Shape) -> Tree:
    """The canonical tree of a message, restricted to the shape's paths.

    Zero values and empty messages are left out, except inside Structs; keyed lists become maps in their order.
    """
    return _read_message(_readers(cast(Descriptor, message.DESCRIPTOR), shape), message)


def _read_message(readers: Readers, message: Message) -> Tree:
    tree: Tree = {}
    for descriptor, value in message.ListFields():
        known = readers.get(descriptor)
        if known is not None:
            name, read = known
            converted = value if read is None else read(value)
            if converted:
                tree[name] = converted
    return tree


def _readers(descriptor: Descriptor, shape: Shape) -> Readers:
    """How each field of a message that the shape looks at is read; worked out once, since a list has thousands.

    With the name, since a descriptor makes a new string each time it is asked.
    """
    readers = shape.readers.get(descriptor)
    if readers is None:
        readers = shape.readers[descriptor] = {
            field: (name, _reader(field, sub))
            for name, sub in shape.children.items()
            if (field := descriptor.fields_by_name.get(name)) is not None
        }
    return readers


def _reader(field: FieldDescriptor, shape: Shape) -> Reader | None:
    """The reading of one field; what it gives counts as not there if it is empty or zero."""
    read = _message_reader(field.message_type, shape) if field.message_type is not None else _scalar_reader(field)
    if not field.is_repeated:
        return read
    if shape.key is not None and read is not None:
        return partial(_keyed, shape.key, read)
    return list if read is None else lambda values: [read(value) for value in values]


def _message_reader(descriptor: Descriptor, shape: Shape) -> Reader:
    if descriptor.full_name == STRUCT:
        return struct_to_tree
    return partial(_read_message, _readers(descriptor, shape.element if shape.key is not None else shape))


def _keyed(key: str, read: Reader, values: Any) -> Tree:
    elements = {}
    for value in values:
        element = read(value)
        elements[intern(str(element.pop(key, "")))] = element
    return elements


def _scalar_reader(field: FieldDescriptor) -> Reader | None:
    """None for what stands in a tree as it is."""
    if field.enum_type is not None:
        names = {number: known.name for number, known in field.enum_type.values_by_number.items()} | {0: ""}
        return lambda value: names.get(value, value)
    if field.type == FieldDescriptor.TYPE_FLOAT:
        return shortest_float32
    return plain_number if field.type == FieldDescriptor.TYPE_DOUBLE else None


@lru_cache(maxsize=4096)
def shortest_float32(value: float) -> float | int:
    """The shortest decimal that gives the same float32: 0.95, never 0.949999988079071."""
    if not math.isfinite(value):
        return value
    wanted = struct.pack("<f", value)
    for digits in range(6, 10):
        candidate = float(f"{value:.{digits}g}")
        if struct.pack("<f", candidate) == wanted:
            return plain_number(candidate)
    return plain_number(value)


def plain_number(value: float) -> float | int:
    """An integral double as the integer it stands for (facts 4.3); beyond 2**53 and non-finite ones stay."""
    return int(value) if math.isfinite(value) and value == int(value) and abs(value) <= 2**53 else value


def struct_to_tree(value: Any) -> Tree:
    """A google.protobuf.Struct as plain values; everything in it counts, zeros and empties too."""
    # Protobuf gives the entries of a map in another order in each process; equal plans must be equal text.
    fields = value.fields
    return {intern(name): struct_value(fields[name]) for name in sorted(fields)}


def struct_value(value: Any) -> Any:
    """A google.protobuf.Value as a plain value."""
    which = value.WhichOneof("kind")
    if which == "string_value":
        return value.string_value
    if which == "struct_value":
        return struct_to_tree(value.struct_value)
    if which == "list_value":
        return [struct_value(item) for item in value.list_value.values]
    if which == "number_value":
        return plain_number(value.number_value)
    return value.bool_value if which == "bool_value" else None


def data_from(tree: Tree, shape: Shape) -> dict[str, Any]:
    """A tree as plain data in the message's own form: keyed maps are lists again, each element with its key."""
    data: dict[str, Any] = {}
    for name, value in tree.items():
        sub = shape.children.get(name)
        if sub is None or not isinstance(value, dict):
            data[name] = (
                [data_from(v, sub) if isinstance(v, dict) else v for v in value]
                if (sub is not None and isinstance(value, list))
                else value
            )
        elif sub.key is not None:
            data[name] = [{sub.key: key, **data_from(element, sub.element)} for key, element in value.items()]
        elif not sub.children:
            data[name] = value
        else:
            data[name] = data_from(value, sub)
    return data


def message_from(data: Mapping[str, Any], message: type[M]) -> M:
    """Plain data as a message, so that float32 is already float32 and an enum has one spelling.

    Raises TypeError or ValueError for what does not fit. The constructor takes nested data in C; `ParseDict` would need
    ten times as long (0.2 ms a model, a fifth of all that reading a manifest costs).
    """
    return message(**data)


def canonical(data: Mapping[str, Any], message: type[Message], shape: Shape) -> Tree:
    """The canonical tree of an author's data: through the message, exactly as a live object would come."""
    return tree_from(message_from(data, message), shape)


def names_a_field(pattern: str, descriptor: Descriptor) -> bool:
    """Whether a dotted pattern leads to a real field (used by the kind laws)."""
    current: Descriptor | None = descriptor
    for name in pattern.split("."):
        if name == "*":
            continue
        if current is None:
            return False
        found = current.fields_by_name.get(name)
        if found is None:
            return current.full_name == STRUCT
        current = found.message_type
    return True
