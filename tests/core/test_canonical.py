"""Messages as trees: what collapses, what is kept, and the way back."""

import math
import struct

import pytest
from clarifai_grpc.grpc.api import resources_pb2
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.canonical import (
    Shape,
    canonical,
    data_from,
    message_from,
    names_a_field,
    plain_number,
    shortest_float32,
    tree_from,
)

MODEL = Shape.of(
    ["description", "metadata", "toolkits", "visibility.gettable", "output_info.params",
     "output_info.data.concepts.*.value", "output_info.data.concepts.*.name"],
    {"output_info.data.concepts": "id"},
)  # fmt: skip


def model(**data):
    return canonical(data, resources_pb2.Model, MODEL)


def concepts(*elements):
    return {"data": {"concepts": list(elements)}}


# ---- numbers


@pytest.mark.parametrize("text", ["0.95", "0.1", "0.3", "1e-05", "123456.7", "3.4028235e+38", "1e-38", "16777216"])
def test_a_float32_prints_as_its_author_wrote_it(text):
    [rounded] = struct.unpack("<f", struct.pack("<f", float(text)))
    assert shortest_float32(rounded) == float(text)


@given(st.floats(width=32))
@example(0.949999988079071)
def test_the_shortest_decimal_is_the_same_float32(value):
    [again] = struct.unpack("<f", struct.pack("<f", shortest_float32(value)))
    assert again == value or math.isnan(again) == math.isnan(value) is True


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinities_stay(value):
    assert shortest_float32(value) == plain_number(value) == value


def test_nan_survives():
    [element] = model(output_info=concepts({"id": "a", "value": math.nan}))["output_info"]["data"]["concepts"].values()
    assert math.isnan(element["value"])


@pytest.mark.parametrize(("value", "plain"), [(1.0, 1), (-3.0, -3), (0.5, 0.5), (2.0**53, 2**53), (2.0**60, 2.0**60)])
def test_integral_doubles_are_integers_as_far_as_they_are_exact(value, plain):
    assert (plain_number(value), type(plain_number(value))) == (plain, type(plain))


# ---- enums


@pytest.mark.parametrize("written", ["PUBLIC", 50])
def test_enum_names_and_numbers_are_one(written):
    assert model(visibility={"gettable": written}) == {"visibility": {"gettable": "PUBLIC"}}


def test_an_unknown_enum_number_is_kept():
    message = resources_pb2.Model()
    message.visibility.gettable = 777
    assert tree_from(message, MODEL) == {"visibility": {"gettable": 777}}


# ---- absence


def test_zero_values_and_empty_messages_are_left_out():
    assert model(description="", toolkits=[], visibility={}, output_info={"params": {}}) == {}


def test_inside_a_struct_everything_counts():
    inside = {"zero": 0, "empty": "", "no": False, "null": None, "list": [], "map": {}, "deep": {"a": [0, {"b": ""}]}}
    assert model(metadata=inside) == {"metadata": inside}


def test_struct_numbers_are_doubles_that_look_like_what_was_written():
    tree = model(metadata={"int": 5, "float": 0.1, "big": 2**53, "true": True})
    assert {name: type(v) for name, v in tree["metadata"].items()} == {
        "int": int, "float": float, "big": int, "true": bool,
    }  # fmt: skip
    assert tree["metadata"]["float"] == 0.1


def test_fields_outside_the_shape_are_not_seen():
    assert tree_from(resources_pb2.Model(id="m", notes="n", description="d"), MODEL) == {"description": "d"}


# ---- lists


def test_keyed_lists_are_maps_in_their_order():
    tree = model(output_info=concepts({"id": "b", "value": 0.5}, {"id": "a"}))
    assert tree == {"output_info": {"data": {"concepts": {"b": {"value": 0.5}, "a": {}}}}}
    assert list(tree["output_info"]["data"]["concepts"]) == ["b", "a"]


def test_other_lists_are_leaves_in_their_order():
    assert model(toolkits=["b", "a"]) == {"toolkits": ["b", "a"]}


def test_an_element_without_key_is_named_by_the_empty_text():
    assert model(output_info=concepts({"value": 0.5}))["output_info"]["data"]["concepts"] == {"": {"value": 0.5}}


# ---- both ways


@given(
    st.dictionaries(st.sampled_from("abc"), st.floats(0, 1, width=32)),
    st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)),
)
def test_a_tree_becomes_a_message_and_the_same_tree_again(values, metadata):
    tree = model(
        description="d",
        metadata=metadata,
        output_info=concepts(*({"id": name, "value": value} for name, value in values.items())),
    )
    assert tree_from(message_from(data_from(tree, MODEL), resources_pb2.Model), MODEL) == tree


@pytest.mark.parametrize(
    ("pattern", "real"),
    [
        ("description", True), ("output_info.data.concepts.*.value", True), ("metadata.anything", True),
        ("output_info.params.x", True), ("nothing", False), ("description.x", False), ("output_info.nothing", False),
    ],
)  # fmt: skip
def test_a_pattern_names_a_real_field_or_not(pattern, real):
    assert names_a_field(pattern, resources_pb2.Model.DESCRIPTOR) is real


def test_a_shape_knows_where_a_path_leads():
    assert MODEL.at(("output_info", "data", "concepts")).key == "id"
    assert MODEL.at(("output_info", "data", "concepts", "people", "value")) is not None
    assert MODEL.at(("metadata", "deep")) is None
    assert MODEL.at(("nowhere", "at", "all")) is None
