"""The one form in which both sides are compared: nested maps with scalar, list or Struct leaves.

Belongs here: `Path`, `Tree`, the two special leaves `ABSENT` and `Unknown`, and pure operations on trees. Does not
belong here: how a protobuf message becomes a tree (`canonical`), or which paths matter (`kind`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

Path = tuple[str, ...]
"""Names from the root to a value; an element of a keyed list is named by its key."""

Tree = dict[str, Any]
"""Field name -> scalar, list (a leaf), `Unknown`, or another Tree. Zero values are not in it, outside Structs."""


class _Absent:
    """The value of a path that leads nowhere; falsy, one instance."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False

    def __copy__(self) -> _Absent:
        return self

    def __deepcopy__(self, memo: object) -> _Absent:
        return self


ABSENT: Final = _Absent()


@dataclass(frozen=True, order=True, slots=True)
class Unknown:
    """A value that only applying will tell: the output `name` of the object at `address` (its text form)."""

    address: str
    name: str

    def __str__(self) -> str:
        return "(known after apply)"


def get(tree: Any, path: Path) -> Any:
    """The value at a path, or ABSENT."""
    try:
        for name in path:
            tree = tree[name]
    except (KeyError, TypeError):  # no such name, or no map to look into: half the time of asking at each step
        return ABSENT
    return tree


@lru_cache(maxsize=1 << 14)
def below(path: Path, name: str) -> Path:
    """A longer path. The same one each time: thousands of objects keep the same dozen, a kilobyte each otherwise."""
    return (*path, name)


def put(tree: Tree, path: Path, value: Any) -> Tree:
    """A tree with the value at a path replaced; ABSENT removes it, and the maps that this empties. Shares the rest."""
    head, rest = path[0], path[1:]
    copy = dict(tree)
    if rest:
        inner = copy.get(head)
        value = put(inner if isinstance(inner, dict) else {}, rest, value) or ABSENT
    if value is ABSENT:
        copy.pop(head, None)
    else:
        copy[head] = value
    return copy


def walk(tree: Tree, prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf with its path; an empty map is a leaf."""
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from walk(value, (*prefix, name))
        else:
            yield (*prefix, name), value


def project(tree: Tree, paths: Iterable[Path]) -> Tree:
    """The part of a tree that lies at the given paths."""
    result: Tree = {}
    for path in paths:
        value = get(tree, path)
        if value is not ABSENT:
            _plant(result, path, value)
    return result


def _plant(tree: Tree, path: Path, value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def overlay(under: Tree, over: Tree) -> Tree:
    """`under` with every leaf of `over` laid on top; maps merge, everything else is replaced."""
    result = dict(under)
    for name, value in over.items():
        below = result.get(name)
        result[name] = overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def unknowns(tree: Any) -> Iterator[tuple[Path, Unknown]]:
    """Every Unknown in a tree with its path."""
    for path, value in walk(tree):
        if isinstance(value, Unknown):
            yield path, value


def canonical_json(value: Any) -> str:
    """The text that decides equality: sorted keys, `true` unlike `1`, NaN equal to NaN."""
    return _encode(value)


def _special(value: Any) -> Any:
    if value is ABSENT:
        return {"\x00absent": True}
    if isinstance(value, Unknown):
        return {"\x00unknown": [value.address, value.name]}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no tree value")


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_special).encode


def fingerprint(value: Any) -> str:
    """Twelve hex digits that stand for a value in a record (48 bits: tells a moved field, keeps no secret)."""
    return _fingerprint_of_text(value) if isinstance(value, str) else _fingerprint(value)


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()[:12]


_fingerprint_of_text = lru_cache(maxsize=4096)(_fingerprint)
"""Only of text, since 1, 1.0 and True are one key."""


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal in canonical form."""
    if type(left) is type(right) and isinstance(left, str | int):
        return bool(left == right)
    return left is right or canonical_json(left) == canonical_json(right)


@lru_cache(maxsize=1 << 14)  # objects of a kind have the same paths
def path_text(path: Path) -> str:
    """The reversible text of a path in records: `nodes/mapper/model/id`, with `~1` for a slash in a name.

    A star is `~2`, since records use it for what is folded.
    """
    return "/".join(name.replace("~", "~0").replace("/", "~1").replace("*", "~2") for name in path)


@lru_cache(maxsize=1 << 14)
def parse_path(text: str) -> Path:
    """Read `path_text` back."""
    return tuple(name.replace("~2", "*").replace("~1", "/").replace("~0", "~") for name in text.split("/"))


def show_path(path: Path) -> str:
    """The form people read: `nodes.mapper.model.id`, quoting names that hold dots."""
    return ".".join(json.dumps(name, ensure_ascii=False) if "." in name or not name else name for name in path)
