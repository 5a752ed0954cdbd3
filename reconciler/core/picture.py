"""What is declared as boxes and arrows: resources, what they refer to, and the inside of each workflow.

Belongs here: which boxes and arrows there are. Does not belong here: drawing them (`report/as_graph`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.core.address import Address
from reconciler.core.state import Desired, DesiredState, Reference
from reconciler.core.tree import Tree, Unknown, get

ORDER = ("apps", "workflows", "models", "concepts")
"""What uses others comes first; a kind that is not listed comes after these."""


@dataclass(frozen=True, slots=True)
class Box:
    """A resource, declared here or only referred to (`declared` is then False)."""

    name: str
    kind: str
    note: str = ""
    declared: bool = True


@dataclass(frozen=True, slots=True)
class Arrow:
    """One resource refers to another; both by name."""

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a workflow: the model it uses (a box), the version it pins if any, the nodes that feed it."""

    id: str
    model: str
    version: str | None
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that can be drawn of one manifest set; equal sets give equal pictures."""

    scope: str
    declared: int
    """How many resources there are; a relation is one and has no box."""
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    flows: dict[str, tuple[Node, ...]]


def picture(state: DesiredState) -> Picture:
    """The boxes and arrows of a manifest set."""
    items = sorted(state.resources.values(), key=lambda item: (_rank(item.address), item.address))
    shown = [item for item in items if "predicate" not in item.tree]
    arrows = tuple(arrow for item in items for arrow in _arrows(item, state))
    flows = {
        str(item.address): tuple(_nodes(item, state)) for item in shown if isinstance(item.tree.get("nodes"), dict)
    }
    boxes = [Box(str(item.address), item.address.kind, _note(item)) for item in shown]
    return Picture(str(state.scope), len(items), (*boxes, *_others(items, state)), arrows, flows)


def _rank(address: Address) -> int:
    return ORDER.index(address.kind) if address.kind in ORDER else len(ORDER)


def _others(items: list[Desired], state: DesiredState) -> Iterator[Box]:
    """What is referred to and not declared: the app's own first, then others' apps."""
    targets = {reference.target for item in items for reference in item.references} - set(state.resources)
    for target in sorted(targets, key=lambda address: (address.scope != state.scope, _rank(address), address)):
        yield Box(_name(target, state), target.kind, declared=False)


def _name(address: Address, state: DesiredState) -> str:
    return str(address) if address.scope == state.scope else address.qualified


def _note(item: Desired) -> str:
    name = item.tree.get("name", "")
    return str(item.tree.get("model_type_id") or ("" if name == item.address.id else name))


def _arrows(item: Desired, state: DesiredState) -> Iterator[Arrow]:
    """A relation is itself an arrow; a workflow's arrows start at its nodes."""
    targets = [_name(reference.target, state) for reference in item.references]
    if "predicate" in item.tree and len(targets) == 2:
        yield Arrow(targets[0], targets[1], str(item.tree["predicate"]))
    elif not isinstance(item.tree.get("nodes"), dict):
        for reference, target in zip(item.references, targets, strict=True):
            yield Arrow(str(item.address), target, _label(item, reference))


def _label(item: Desired, reference: Reference) -> str:
    """A field's name, or what the field says of the one referred to: a threshold."""
    value = get(item.tree, reference.path)
    if isinstance(value, dict) and "id" not in value:
        return str(value.get("value", ""))
    return reference.path[-2] if reference.path[-1] == "id" else reference.path[-1]


def _nodes(item: Desired, state: DesiredState) -> Iterator[Node]:
    models = {reference.path[1]: _name(reference.target, state) for reference in item.references}
    for name, node in item.tree["nodes"].items():
        inputs = tuple(str(each.get("node_id", "")) for each in node.get("node_inputs", ()))
        yield Node(name, models.get(name, ""), _version(node), inputs)


def _version(node: Tree) -> str | None:
    version = get(node, ("model", "model_version", "id"))
    return version if isinstance(version, str) and not isinstance(version, Unknown) else None
