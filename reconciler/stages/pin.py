"""References that the manifests leave open -> version ids, and the refusal of what is nowhere.

A model that this set does not manage is resolved only when the node that uses it comes into being or moves to another
model; afterwards the live pin stays and is not compared. Belongs here: which lookups are needed and what
becomes of the answers. Does not belong here: asking (`observe`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.address import MAIN, Address
from reconciler.core.diagnostics import Diagnostic, Location, did_you_mean, error, warning
from reconciler.core.plan import Pin
from reconciler.core.state import Desired, DesiredState, LiveState, Reference
from reconciler.core.tree import ABSENT, Tree, get, put, show_path

Answer = tuple[str, str] | None
"""(model id as the service spells it, newest version id), or None for a model that is not there."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The desired state with every open reference filled (not owned, so not compared later), and what was wrong."""

    desired: DesiredState
    pins: tuple[Pin, ...]
    diagnostics: tuple[Diagnostic, ...]


def lookups(desired: DesiredState, live: LiveState, *, upgrade: bool = False) -> tuple[list[Address], list[Address]]:
    """(models whose newest version must be asked for, concepts of other apps that must exist)."""
    models = {
        target: None
        for item in desired.resources.values()
        for reference in _open(item, live, upgrade)
        if (target := _target(reference, live)) not in live.observed
    }
    concepts = {
        reference.target: None
        for item in desired.resources.values()
        if item.address not in live.observed
        for reference in item.references
        if reference.target.kind == "concepts" and reference.foreign
    }
    return list(models), list(concepts)


def pin(
    desired: DesiredState,
    live: LiveState,
    models: Mapping[Address, Answer],
    concepts: Mapping[Address, bool],
    *,
    upgrade: bool = False,
) -> Pinned:
    """Fill the open references from the live state and the answers; errors name the place in the manifest."""
    resources, pins, problems = {}, [], []
    for address, item in desired.resources.items():
        tree = item.tree
        for reference in _open(item, live, upgrade):
            target = _target(reference, live)
            version = _version(target, live, models)
            if version:
                tree = _filled(tree, reference, target, version)
                pins.append(Pin(address, show_path(reference.path), target, version))
            else:
                problems.append(_nowhere(item, reference, live))
        resources[address] = item if tree is item.tree else replace(item, tree=tree)
        problems += _missing_concepts(item, live, desired, concepts)
    return Pinned(replace(desired, resources=resources), tuple(pins), tuple(problems))


def _open(item: Desired, live: LiveState, upgrade: bool) -> Iterator[Reference]:
    """References to a version that nobody wrote and this set does not manage, where a value must be sent."""
    observed = live.observed.get(item.address)
    for reference in item.references:
        if (
            reference.target.kind != "models"
            or reference.path[-1] != "id"
            or get(item.tree, reference.path) is not ABSENT
        ):
            continue
        model = reference.path[:-2]
        here, there = get(item.tree, model), get(observed.tree, model) if observed else ABSENT
        if upgrade or not isinstance(there, dict) or there.get("id") != here.get("id"):
            yield reference


def _target(reference: Reference, live: LiveState) -> Address:
    """A plain id means our own app first, then clarifai/main (facts 14.1.5)."""
    if reference.foreign or reference.declared or reference.target in live.observed:
        return reference.target
    return replace(reference.target, scope=MAIN)


def _version(target: Address, live: LiveState, models: Mapping[Address, Answer]) -> str | None:
    observed = live.observed.get(target)
    if observed is not None:
        return observed.newest.id if observed.newest else None
    answer = models.get(target)
    return answer[1] or None if answer else None


def _filled(tree: Tree, reference: Reference, target: Address, version: str) -> Tree:
    tree = put(tree, reference.path, version)
    if target.scope == reference.target.scope:
        return tree
    model = reference.path[:-2]
    tree = put(tree, (*model, "user_id"), target.scope.user_id)
    return put(tree, (*model, "app_id"), target.scope.app_id)


def _nowhere(item: Desired, reference: Reference, live: LiveState) -> Diagnostic:
    known = [a.id for a in live.observed if a.kind == reference.target.kind]
    where = f"in {reference.target.scope}" if reference.foreign else "declared here, in the app, or in clarifai/main"
    if reference.declared or reference.target in live.observed:
        summary = f"{reference.target} has no version that a node could use"
        hint: str | None = "declare its model_version, or pin one in the node"
    else:
        summary, hint = f"{reference.target} is not {where}", did_you_mean(reference.target.id, known)
    return error(summary, _position(item, reference), hint=hint)


def _position(item: Desired, reference: Reference) -> Location | None:
    path = reference.path
    while path and path not in item.positions:
        path = path[:-1]
    return item.positions.get(path, item.location)


def _missing_concepts(
    item: Desired, live: LiveState, desired: DesiredState, concepts: Mapping[Address, bool]
) -> Iterable[Diagnostic]:
    """Concepts that are referred to but exist nowhere; only for what is about to be made."""
    for reference in item.references:
        target = reference.target
        if target.kind != "concepts" or reference.declared:
            continue
        if reference.foreign:
            if concepts.get(target) is False:
                yield error(f"concept {target.id!r} is not in {target.scope}", _position(item, reference))
        elif target not in live.observed and item.address not in live.observed:
            known = [a.id for a in (*desired.resources, *live.observed) if a.kind == "concepts"]
            yield error(
                f"{target} is neither declared nor in the app",
                _position(item, reference),
                hint=did_you_mean(target.id, known),
            )


GRAPH = ("knowledge_graph_id",)


def graphs(desired: DesiredState, live: LiveState) -> dict[str, Desired]:
    """Knowledge graphs that relations which are about to be made name, each with the first that does."""
    found: dict[str, Desired] = {}
    for address, item in desired.resources.items():
        graph = get(item.tree, GRAPH) if address not in live.observed else ABSENT
        if graph is not ABSENT:
            found.setdefault(str(graph), item)
    return found


def missing_graphs(named: Mapping[str, Desired], known: Container[str]) -> Iterator[Diagnostic]:
    """No kind makes a graph (facts 3.4), and one is made in an app that is there: so this stops nothing else."""
    for graph, item in named.items():
        if graph not in known:
            summary = f"knowledge graph {graph!r} is not in the app, so {item.address} will be refused"
            yield warning(summary, item.positions.get(GRAPH, item.location), hint="make it with PostKnowledgeGraphs")


def outlived(moving: Container[Address], desired: DesiredState, live: LiveState) -> Iterator[Diagnostic]:
    """Warnings about live workflows that are not ours and pin a version we are about to move away from."""
    for address, observed in live.observed.items():
        if (
            address.kind != "workflows"
            or address in desired.resources
            or (observed.record is not None and observed.record.owner == desired.owner)
        ):
            continue
        for name, node in (observed.tree.get("nodes") or {}).items():
            model = Address(desired.scope, "models", get(node, ("model", "id")) or "")
            if model in moving:
                yield warning(
                    f"{address} is not ours and its node {name!r} pins a version of {model}; it will not follow"
                )
