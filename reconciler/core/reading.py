"""Reading a mapping key by key: what is missing, misspelt or of the wrong form is collected, none of it raised.

Belongs here: questions to one node, in words that fit any of them. Does not belong here: which keys there are
(`envelope`, `sdk_workflow`), or the fields of a message (`schema`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from reconciler.core.declaration import Mapping, Node, Scalar, Sequence
from reconciler.core.diagnostics import Diagnostic, Location, did_you_mean, error
from reconciler.core.scalars import quoted

MOST_UNKNOWN_KEYS = 20


def section(root: Mapping, name: str, problems: list[Diagnostic]) -> Mapping:
    """A mapping under a key; an empty one where it is absent, null or (a problem) something else."""
    node = root.get(name)
    if isinstance(node, Mapping):
        return node
    if node is not None and not (isinstance(node, Scalar) and node.is_null):
        problems.append(error(f"{name}: expected a mapping, found {found(node)}", node.location))
    return Mapping({}, *(node.location if node else root.location), constant=True)


def required_text(root: Mapping, name: str, suggested: Container[str], problems: list[Diagnostic]) -> str | None:
    """The text under a key that must be there; `suggested` names are reported already, as misspelt."""
    node = root.get(name)
    text = text_of(node)
    if text:
        return text
    if isinstance(node, Mapping | Sequence):
        problems.append(expected_text(name, node))
    elif node is not None or name not in suggested:
        problems.append(error(f"{name} is missing", place_of(root, name)))
    return None


def optional_text(parent: Mapping, name: str, path: str, problems: list[Diagnostic]) -> str | None:
    """The text under a key, None where there is none."""
    node = parent.get(name)
    if isinstance(node, Mapping | Sequence):
        problems.append(expected_text(path, node))
    return text_of(node)


def expected_text(path: str, node: Node) -> Diagnostic:
    """The problem of a node that should be text."""
    return error(f"{path}: expected text, found {found(node)}", node.location)


def unknown_keys(node: Mapping, known: tuple[str, ...], what: str, problems: list[Diagnostic]) -> dict[str, str]:
    """Report the keys that do not belong; by the names they were probably meant to be, which are then not missing."""
    unknown = [key for text, (key, _) in node.pairs.items() if text not in known]
    suggested: dict[str, str] = {}
    for key in unknown[:MOST_UNKNOWN_KEYS]:
        hint = suggest(key.text, (name for name in known if node.get(name) is None))
        suggested |= {name: key.text for name in known if hint and repr(name) in hint}
        listed = f"it knows {', '.join(known)}"
        problems.append(error(f"{what} has no key {quoted(key.text)}", key.location, hint=hint or listed))
    if len(unknown) > MOST_UNKNOWN_KEYS:
        problems.append(error(f"{what} has {len(unknown):,} unknown keys; the rest is not listed", node.location))
    return suggested


def as_meant(node: Mapping, suggested: dict[str, str]) -> Mapping:
    """The mapping with the values of misspelt keys under the right names too, so that these are checked as well."""
    if not suggested:
        return node
    pairs = node.pairs | {name: node.pairs[key] for name, key in suggested.items()}
    return Mapping(pairs, *node.location, constant=node.constant)


def suggest(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the closest known word."""
    # difflib builds an index of the whole word: seconds for a key of megabytes.
    return did_you_mean(word, known) if len(word) <= 60 else None


def text_of(node: Node | None) -> str | None:
    """The text of a scalar that is not null."""
    return node.text if isinstance(node, Scalar) and not node.is_null else None


def place_of(parent: Mapping, name: str) -> Location:
    """The place of a value, or of its parent where it is absent."""
    node = parent.get(name)
    return node.location if node is not None else parent.location


def found(node: Node) -> str:
    """What a node is, for a message."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return "nothing" if node.is_null else f"the text {quoted(node.text)}"
