"""App.metadata through PatchAction: facts 3.1 and the examples in the proto."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from reconciler.emulator.errors import Refusal
from reconciler.emulator.metadata_action import patch_metadata

TAGS = {"tag": [{"id": "1", "data": 1}, {"id": "2", "data": 2}]}
SENT = {"tag": [{"id": "2", "data": 3}]}


def struct(value):
    return json_format.ParseDict(value, Struct())


def run(old, new, op="merge", resolution="", path=""):
    action = resources_pb2.PatchAction(op=op, merge_conflict_resolution=resolution, path=path)
    return json_format.MessageToDict(patch_metadata(struct(old), struct(new), action))


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        ("overwrite_by_id", [{"id": "1", "data": 1}, {"id": "2", "data": 3}]),
        ("merge_by_id", [{"id": "1", "data": 1}, {"id": "2", "data": 3}]),
        ("remove_by_id", [{"id": "1", "data": 1}]),
        ("overwrite", [{"id": "2", "data": 3}]),
        ("do_nothing", TAGS["tag"]),
        ("append", [*TAGS["tag"], *SENT["tag"]]),
    ],
)
def test_conflicts_in_lists(resolution, expected):
    assert run(TAGS, SENT, "merge", resolution) == {"tag": expected}


def test_merge_by_id_keeps_the_other_keys_of_an_entry():
    old = {"tag": [{"id": "1", "a": 1, "b": 1}]}
    assert run(old, {"tag": [{"id": "1", "b": 2}]}, "merge", "merge_by_id") == {"tag": [{"id": "1", "a": 1, "b": 2}]}
    assert run(old, {"tag": [{"id": "1", "b": 2}]}, "merge", "overwrite_by_id") == {"tag": [{"id": "1", "b": 2}]}


def test_append_makes_a_list_of_two_scalars():
    assert run({"a": 2}, {"a": 3}, "merge", "append") == {"a": [2, 3]}


def test_merge_keeps_keys_nobody_sent():
    assert run({"a": 1, "b": {"c": 1}}, {"b": {"d": 2}}) == {"a": 1, "b": {"c": 1, "d": 2}}


def test_overwrite_replaces_everything():
    assert run({"a": 1}, {"b": 2}, "overwrite") == {"b": 2}


def test_a_path_reaches_into_lists():
    assert run(TAGS, {"tag": [{}, {"data": 9}]}, "overwrite", path="tag[1].data")["tag"][1] == {"id": "2", "data": 9}
    assert run(TAGS, {}, "delete", path="tag[0]") == {"tag": [{"id": "2", "data": 2}]}


def test_delete_without_a_path_empties():
    assert run(TAGS, {}, "delete") == {}


@pytest.mark.parametrize(
    ("op", "resolution", "path", "code"),
    [
        ("explode", "", "", 24900),
        ("merge", "perhaps", "", 24900),
        ("delete", "", "tag..x", 24900),
        ("delete", "", "nope", 24902),
        ("delete", "", "tag[7]", 24902),
        ("overwrite", "", "nope.deeper", 24902),
    ],
)
def test_impossible_actions_are_refused(op, resolution, path, code):
    with pytest.raises(Refusal) as refusal:
        run(TAGS, SENT, op, resolution, path)
    assert refusal.value.code == code


def test_numbers_that_are_no_json_are_refused():
    sent = Struct()
    sent.update({"a": float("nan")})
    with pytest.raises(Refusal) as refusal:
        patch_metadata(Struct(), sent, resources_pb2.PatchAction(op="merge"))
    assert refusal.value.code == 24901
