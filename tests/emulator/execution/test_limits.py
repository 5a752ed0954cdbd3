"""max_concepts, min_value, select_concepts: where they come from and what they do."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.execution.limits import Limits


def info(kept=0, **params):
    made = r.OutputInfo(output_config=r.OutputConfig(max_concepts=kept))
    made.params.update(params)
    return made


@pytest.mark.parametrize(
    ("version", "asked", "most"),
    [(info(), {}, 20), (info(7), {}, 7), (info(7, max_concepts=5), {}, 5),
     (info(7, max_concepts=5), {"max_concepts": 3}, 3), (info(max_concepts=5), {"max_concepts": 0}, 5)],
)  # fmt: skip
def test_the_strongest_wish_counts(version, asked, most):
    assert Limits.of(version, r.OutputConfig(**asked)).max_concepts == most


def cut(limits, **values):
    concepts = [r.Concept(id=i, name=f"name of {i}", value=v) for i, v in values.items()]
    return [concept.id for concept in limits.cut(concepts)]


def test_the_least_value_is_met_at_equality():
    assert cut(Limits.of(info(min_value=0.95), r.OutputConfig()), a=0.95, b=0.949) == ["a"]
    assert cut(Limits.of(info(), r.OutputConfig(min_value=0.95)), a=0.95, b=0.949) == ["a"]


@pytest.mark.parametrize("wanted", [["b"], [{"id": "b"}], [{"name": "name of b"}]])
def test_selected_concepts_are_named_by_id_or_name(wanted):
    assert cut(Limits.of(info(select_concepts=wanted), r.OutputConfig()), a=1, b=0.5) == ["b"]
    asked = r.OutputConfig(select_concepts=[r.Concept(name="name of b")])
    assert cut(Limits.of(info(), asked), a=1, b=0.5) == ["b"]


def test_selection_comes_before_the_count():
    asked = r.OutputConfig(max_concepts=1, select_concepts=[r.Concept(id="b"), r.Concept(id="c")])
    assert cut(Limits.of(info(), asked), a=1, b=0.5, c=0.4) == ["b"]
