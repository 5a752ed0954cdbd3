"""Dependency order over any hashable, and a cycle as a readable chain.

Over positions instead of nodes, whose hashes would take most of the time (an address is a value of four texts);
`graphlib` knows how to find a cycle. Does not know what the nodes are.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

N = TypeVar("N", bound=Hashable)


class CycleFound(Exception):
    """The graph has a cycle; `chain` starts and ends with the same node, each depending on the next."""

    def __init__(self, chain: list[Hashable]) -> None:
        super().__init__(" -> ".join(str(node) for node in chain))
        self.chain = chain


def dependency_order(depends_on: Mapping[N, Iterable[N]]) -> list[N]:
    """Every node after all it depends on; among the free ones the mapping's own order decides.

    Raises CycleFound. Dependencies that are no keys of the mapping are left out of the result.
    """
    nodes = list(depends_on)
    rank = {node: position for position, node in enumerate(nodes)}
    after = [[found for d in needed if (found := rank.get(d)) is not None] for needed in depends_on.values()]
    followers: list[list[int]] = [[] for _ in nodes]
    for position, needed in enumerate(after):
        for before in needed:
            followers[before].append(position)
    waits = [len(needed) for needed in after]
    ready = [position for position, count in enumerate(waits) if not count]
    done: list[int] = []
    while ready:
        done += ready
        freed = []
        for follower in (f for position in ready for f in followers[position]):
            waits[follower] -= 1
            if not waits[follower]:
                freed.append(follower)
        ready = sorted(freed)
    if len(done) < len(nodes):
        raise CycleFound([nodes[position] for position in _cycle(after)])
    return [nodes[position] for position in done]


def _cycle(after: list[list[int]]) -> list[int]:
    try:
        TopologicalSorter(dict(enumerate(after))).prepare()
    except CycleError as problem:
        return list(reversed(problem.args[1]))
    raise AssertionError("a graph without a cycle can be put in order")
