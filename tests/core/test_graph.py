"""Dependency order and readable cycles."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.graph import CycleFound, dependency_order


def test_what_is_needed_comes_first():
    assert dependency_order({"w": ["m"], "m": ["c"], "c": []}) == ["c", "m", "w"]


def test_among_free_nodes_the_given_order_decides():
    assert dependency_order({"z": [], "a": [], "m": []}) == ["z", "a", "m"]


def test_a_dependency_that_is_no_node_is_left_out():
    assert dependency_order({"m": ["elsewhere"]}) == ["m"]


def test_a_cycle_is_a_chain_in_which_each_depends_on_the_next():
    graph = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}
    with pytest.raises(CycleFound) as caught:
        dependency_order(graph)
    chain = caught.value.chain
    assert chain[0] == chain[-1]
    assert len(chain) == 4
    assert all(after in graph[node] for node, after in pairwise(chain))
    assert str(caught.value) == " -> ".join(chain)


def test_a_node_that_needs_itself_is_a_cycle():
    with pytest.raises(CycleFound, match="a -> a"):
        dependency_order({"a": ["a"]})


@given(st.dictionaries(st.integers(0, 20), st.sets(st.integers(0, 20))))
def test_every_node_once_and_after_what_it_needs(graph):
    acyclic = {node: [d for d in after if d < node] for node, after in graph.items()}
    order = dependency_order(acyclic)
    assert sorted(order) == sorted(acyclic)
    assert all(order.index(d) < order.index(n) for n, after in acyclic.items() for d in after if d in acyclic)


def test_ten_thousand_nodes_in_a_row_are_no_problem():
    assert dependency_order({n: [n - 1] for n in range(10_000)}) == list(range(10_000))
