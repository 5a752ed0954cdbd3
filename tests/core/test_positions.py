"""Where the paths of an object were written: a mapping like any other, in little room."""

import sys

import pytest

from reconciler.core.declaration import Scalar
from reconciler.core.diagnostics import Location
from reconciler.core.positions import Positions

NODES = {
    ("description",): Scalar("x", True, "a.yaml", 7, 3),
    ("model_version", "output_info"): Scalar("y", True, "a.yaml", 2**31, 2**24),
}


def test_every_path_leads_to_the_place_of_its_node():
    positions = Positions(NODES, "a.yaml")
    assert dict(positions) == {path: node.location for path, node in NODES.items()}
    assert positions == {path: node.location for path, node in NODES.items()}
    assert ("description",) in positions
    assert positions.get(("notes",)) is None
    with pytest.raises(KeyError):
        positions[("notes",)]


def test_objects_with_the_same_paths_keep_them_once():
    one, other = Positions(NODES, "a.yaml"), Positions(dict(reversed(NODES.items())), "b.yaml")
    again = Positions({path: node._replace(line=1) for path, node in NODES.items()}, "b.yaml")
    assert again._order is one._order
    assert other[("description",)] == Location("b.yaml", 7, 3)
    assert sys.getsizeof(one) < 100
