"""What we will remember of a declared object."""

import dataclasses

import pytest

from reconciler.core.address import Address, Scope
from reconciler.core.declaration import Lifecycle
from reconciler.core.ownership import (
    fill,
    record_paths,
    target_mark,
    target_record,
    value_at,
    version_fields,
    wants_version,
)
from reconciler.core.state import Desired
from reconciler.core.tree import ABSENT, Unknown, fingerprint, get
from reconciler.kinds.model import KIND as MODEL
from reconciler.kinds.workflow import KIND as WORKFLOW

HERE = Address(Scope("me", "app"), "models", "m")
CONCEPTS = ("model_version", "output_info", "data", "concepts")
VALUE = (*CONCEPTS, "p", "value")
TREE = {
    "description": "d",
    "model_version": {"output_info": {"data": {"concepts": {"p": {"value": 0.5}, "a": {}}}}},
}


@pytest.fixture
def item():
    return Desired(HERE, "Model", TREE, frozenset({("description",), CONCEPTS, VALUE}))


def test_a_record_remembers_the_shell_and_a_mark_the_version(item):
    assert record_paths(item, MODEL) == (("description",),)
    assert set(version_fields(item, TREE, MODEL)) == {"/".join(CONCEPTS), "/".join(VALUE)}


def test_of_a_closed_set_the_sorted_names_are_remembered():
    assert value_at(TREE, CONCEPTS, MODEL) == ["a", "p"]
    assert value_at({}, CONCEPTS, MODEL) == []
    assert value_at({}, ("description",), MODEL) is ABSENT


def test_values_are_remembered_as_fingerprints(item):
    record = target_record(item, TREE, MODEL, "us")
    assert record.fields == {"description": fingerprint("d")}
    assert (record.owner, record.address, record.protect) == ("us", "me/app/models/m", False)


def test_ignored_paths_are_not_remembered(item):
    ignoring = dataclasses.replace(item, ignored=frozenset({("description",), VALUE}))
    assert target_record(ignoring, TREE, MODEL, "us").fields == {}
    assert set(version_fields(ignoring, TREE, MODEL)) == {"/".join(CONCEPTS)}


def test_protection_is_remembered(item):
    protected = dataclasses.replace(item, lifecycle=Lifecycle(protect=True))
    assert target_record(protected, TREE, MODEL, "us").protect


def test_a_mark_of_equal_values_after_another_parent_has_another_digest(item):
    marks = [target_mark(item, TREE, MODEL, "us", parent) for parent in ("", "v1", "v1")]
    assert marks[0].digest != marks[1].digest
    assert marks[1] == marks[2]
    assert marks[0].fields == marks[1].fields


def test_a_manifest_wants_a_version_if_it_writes_one(item):
    assert wants_version(item, MODEL)
    assert not wants_version(dataclasses.replace(item, tree={"description": "d"}), MODEL)
    assert not wants_version(item, WORKFLOW)


def test_references_are_filled_as_far_as_they_are_known():
    path, other = ("nodes", "a", "model", "model_version", "id"), ("nodes", "b", "model", "model_version", "id")
    one, two = Unknown("models/m", "version_id"), Unknown("models/n", "version_id")
    tree = {"nodes": {"a": {"model": {"model_version": {"id": one}}}, "b": {"model": {"model_version": {"id": two}}}}}
    filled = fill(tree, {"models/m": "v7", "models/n": two})
    assert (get(filled, path), get(filled, other)) == ("v7", two)
    assert get(tree, path) == one
