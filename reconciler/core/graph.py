"""Dependency order over any hashable, and a cycle as a readable chain.

A thin face over `graphlib` that makes the order deterministic. Does not know what the nodes are.
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
    rank = {node: position for position, node in enumerate(depends_on)}
    sorter = TopologicalSorter({node: [d for d in after if d in rank] for node, after in depends_on.items()})
    try:
        sorter.prepare()
    except CycleError as problem:
        raise CycleFound(list(reversed(problem.args[1]))) from None
    done: list[N] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=rank.__getitem__)
        done.extend(ready)
        sorter.done(*ready)
    return done
