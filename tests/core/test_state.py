"""Records, marks and inventories: their text, their limits, and whose they are."""

import base64
import dataclasses
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.address import Address, Scope
from reconciler.core.state import (
    RECORD_LIMIT,
    Entry,
    Inventory,
    Mark,
    Record,
    fields_of,
    inventory_key,
    ours,
    recorded_paths,
    remembered,
)
from reconciler.core.tree import fingerprint

HERE = Address(Scope("me", "app"), "models", "m")
PRINTS = st.text("0123456789abcdef", min_size=12, max_size=12)
FIELDS = st.dictionaries(st.text(max_size=8), PRINTS, max_size=5)


# ---- records and marks


@given(FIELDS, st.booleans(), st.booleans())
def test_a_record_reads_its_own_text_back(fields, protect, version):
    record = Record("us", HERE.qualified, fields, protect, version=version)
    assert Record.parse(record.text(), HERE) == record


@given(FIELDS)
def test_a_mark_reads_its_own_text_back(fields):
    mark = Mark("us", HERE.qualified, "parent", "digest", fields)
    assert Mark.parse(mark.text(), HERE) == mark


def test_equal_records_have_equal_text():
    one, other = Record("us", "a", {"x": "1", "y": "2"}), Record("us", "a", {"y": "2", "x": "1"})
    assert one.text() == other.text()


@pytest.mark.parametrize("kind", [Record, Mark])
def test_a_copy_in_another_object_counts_as_none(kind):
    text = (Record("us", HERE.qualified, {}) if kind is Record else Mark("us", HERE.qualified, "", "", {})).text()
    assert kind.parse(text, HERE) is not None
    assert kind.parse(text, Address(HERE.scope, "models", "copy")) is None
    assert kind.parse(text, Address(Scope("me", "other"), "models", "m")) is None


@pytest.mark.parametrize("kind", [Record, Mark])
@pytest.mark.parametrize(
    "text",
    [None, "", 5, {}, "{", "[]", '"x"', '{"v": 1}', '{"v": 2, "address": "me/app/models/m", "fields": {}}',
     '{"v": 1, "address": "me/app/models/m", "fields": []}', "[" * 100_000],
)  # fmt: skip
def test_anything_else_is_no_record(kind, text):
    assert kind.parse(text, HERE) is None


# ---- folding


def many(count):
    return {("nodes", f"node-{i:03}", "model", "id"): fingerprint(i) for i in range(count)}


def size(fields):
    return len(json.dumps(fields, separators=(",", ":")))


def test_a_small_record_names_every_path():
    assert fields_of(many(3)) == {f"nodes/node-{i:03}/model/id": fingerprint(i) for i in range(3)}


@pytest.mark.parametrize("count", [120, 1000, 10_000])
def test_above_the_limit_leaves_fold_into_their_parents(count):
    fields = fields_of(many(count))
    assert size(fields) <= RECORD_LIMIT + 2
    assert any(name.endswith("/*") for name in fields)


def test_what_is_folded_is_still_told_from_what_moved():
    prints = many(1000)
    fields = fields_of(prints)
    path = ("nodes", "node-500", "model", "id")
    assert remembered(fields, path, prints) is True
    assert remembered(fields, path, {**prints, path: fingerprint("moved")}) is False


def test_what_a_record_does_not_mention_is_unknown():
    assert remembered(fields_of(many(3)), ("description",), {("description",): fingerprint("d")}) is None


def test_a_named_path_is_compared_alone():
    fields = fields_of({("a",): "1", ("b",): "2"})
    assert remembered(fields, ("a",), {("a",): "1"}) is True
    assert remembered(fields, ("a",), {("a",): "9", ("b",): "2"}) is False


def test_only_paths_named_one_by_one_are_listed():
    assert list(recorded_paths({"a/b": "1", "c/*": "2"})) == [("a", "b")]


def test_a_field_called_star_is_no_folded_one():
    fields = fields_of({("metadata", "*"): "1"})
    assert list(recorded_paths(fields)) == [("metadata", "*")]


# ---- inventories


ENTRIES = st.dictionaries(
    st.from_regex(r"models/[a-z]{1,5}", fullmatch=True),
    st.builds(Entry, st.booleans(), st.none() | FIELDS, st.booleans(), st.sampled_from(["", "1f3"])),
    max_size=4,
)


@given(ENTRIES)
def test_an_inventory_reads_its_own_text_back(entries):
    inventory = Inventory("us", entries)
    assert Inventory.parse(inventory.text(), "us") == inventory


def test_a_large_inventory_is_compressed_and_reads_back():
    inventory = Inventory("us", {f"concepts/c{i}": Entry(fields={"name": fingerprint(i)}) for i in range(1000)})
    text = inventory.text()
    assert text.startswith("zlib:")
    assert len(text) < 30_000
    assert Inventory.parse(text, "us") == inventory


@pytest.mark.parametrize(
    "text", [None, "", "zlib:", "zlib:not base85 \x00", "zlib:abcde", '{"v":1,"entries":[]}', "{}"]
)
def test_anything_else_is_no_inventory(text):
    assert Inventory.parse(text, "us") is None


def test_an_inventory_holds_the_records_of_what_has_no_metadata_of_its_own():
    concept = Address(HERE.scope, "concepts", "c")
    inventory = Inventory("us", {"concepts/c": Entry(fields={"name": "1"}, protect=True), "models/m": Entry()})
    assert inventory.record(concept) == Record("us", concept.qualified, {"name": "1"}, protect=True)
    assert inventory.record(HERE) is None
    assert inventory.record(dataclasses.replace(concept, id="other")) is None


def test_our_keys_are_known_by_name():
    assert [ours(k) for k in ("reconciler", inventory_key("us"), "reconcilers", "team")] == [True, True, False, False]


def test_a_bomb_in_an_inventory_is_not_blown_up():
    padded = b'{"v":1,"entries":{}}' + b" " * (1 << 26)
    bomb = "zlib:" + base64.b85encode(zlib.compress(padded)).decode()
    assert Inventory.parse(bomb, "us") is None
