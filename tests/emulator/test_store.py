"""The database: order, transactions, links, refusing files of others."""

import sqlite3

import pytest

from reconciler.emulator.store import SCHEMA_VERSION, Key, Store, StoreError


@pytest.fixture
def store():
    made = Store(":memory:")
    yield made
    made.close()


def key(identifier, kind="model"):
    return Key("me", "app", kind, identifier)


def ids(store, **options):
    return [row.key.id for row in store.select("me", "app", "model", **options)]


def test_an_exception_rolls_everything_back(store):
    def insert_and_fail():
        with store.transaction():
            store.insert(key("a"), b"", created=1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        insert_and_fail()
    assert store.get(key("a")) is None


def test_ticks_rise_even_when_the_clock_stands():
    store = Store(":memory:", clock=lambda: 5)
    assert [store.tick() for _ in range(3)] == [5, 6, 7]
    store.close()


def test_order_and_pages(store):
    for number, identifier in enumerate("bca"):
        store.insert(key(identifier), b"", created=number + 1)
    assert ids(store) == ["b", "c", "a"]
    assert ids(store, order="id", ascending=False) == ["c", "b", "a"]
    assert ids(store, limit=1, offset=1) == ["c"]
    row = store.get(key("b"))
    store.update(row, b"new", modified=9)
    assert ids(store, order="modified", ascending=False) == ["b", "a", "c"]


def test_links_go_with_their_source(store):
    row = store.insert(key("w", "workflow_version"), b"", created=1, links=("model:x", "model:y"))
    assert [r.key.id for r in store.linked("model:x", "workflow_version")] == ["w"]
    store.update(row, b"", links=("model:y",))
    assert store.linked("model:x", "workflow_version") == []
    store.delete(row)
    assert store.linked("model:y", "workflow_version") == []


def test_a_file_is_read_again(tmp_path):
    first = Store(tmp_path / "db")
    with first.transaction():
        first.insert(key("a"), b"body", created=first.tick())
    first.close()
    second = Store(tmp_path / "db")
    row = second.get(key("a"))
    assert row is not None
    assert row.body == b"body"
    assert second.tick() > row.created
    second.close()


def test_a_newer_file_is_refused_with_a_sentence(tmp_path):
    connection = sqlite3.connect(tmp_path / "db")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match="written by a newer emulator"):
        Store(tmp_path / "db")


def test_another_programs_database_is_left_alone(tmp_path):
    connection = sqlite3.connect(tmp_path / "db")
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    with pytest.raises(StoreError, match="belongs to another program"):
        Store(tmp_path / "db")


@pytest.mark.parametrize("content", ["not a database at all, but quite some text", None])
def test_what_is_no_database_is_refused(tmp_path, content):
    path = tmp_path / "db"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content * 100)
    with pytest.raises(StoreError, match="cannot open the database"):
        Store(path)


def test_the_newest_child_of_each_parent_comes_with_one_look(store):
    for parent, moments in {"a": (1, 4), "b": (2,), "c": (3, 5, 6)}.items():
        for moment in moments:
            store.insert(Key("me", "app", "version", f"v{moment}", parent), b"", created=moment)
    store.insert(Key("me", "other", "version", "v9", "a"), b"", created=9)
    found = store.newest("me", "app", "version", ["a", "c", "d"])
    assert {parent: row.key.id for parent, row in found.items()} == {"a": "v4", "c": "v6"}
