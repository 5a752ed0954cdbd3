"""Leases in an object store: in memory, and in a folder of this machine; S3 and its like go the same way by obstore."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.core.address import Scope
from reconciler.core.diagnostics import LockHeld, ReconcilerError
from reconciler.core.lease import Holder, Lease
from reconciler.locking.clocks import Clocks
from reconciler.locking.lease_lock import LeaseLock
from reconciler.locking.object_leases import ObjectLeases, open_store
from reconciler.locking.opening import unlock

SCOPE = Scope("me", "shop")
STILL = Clocks(background=False)


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectLeases:
    url = "memory:///" if request.param == "memory" else tmp_path.as_uri()
    return ObjectLeases(open_store(url), SCOPE, url)


def lock(store: ObjectLeases, who: str = "me") -> LeaseLock:
    return LeaseLock(store, Holder("apply", who), clocks=STILL)


def test_one_at_a_time(store: ObjectLeases) -> None:
    with lock(store), pytest.raises(LockHeld, match="Who:       me"):
        lock(store, "you").take()
    with lock(store, "you") as second:
        assert second.lease_id == "reconciler-lease-000002"


def test_a_number_that_is_taken_stays_as_it_is(store: ObjectLeases) -> None:
    store.create(Lease(1, "first"))
    assert store.create(Lease(1, "second")) is None
    assert [entry.lease.token for entry in store.entries()] == ["first"]


def test_what_is_deleted_twice_is_no_failure(store: ObjectLeases) -> None:
    store.create(Lease(1, "t"))
    store.delete((1, 2))
    store.delete((1,))
    assert store.entries() == ()


def test_other_files_in_the_folder_are_not_looked_at(store: ObjectLeases) -> None:
    import obstore

    obstore.put(store.store, "me/shop/notes.txt", b"hello")
    obstore.put(store.store, "me/shop-2/reconciler-lease-000009", b"{}")
    assert store.entries() == ()


def test_a_lease_is_renewed_and_unlocked(store: ObjectLeases) -> None:
    with lock(store) as mine:
        before = store.entries()[0].expires
        mine.renew()
        [entry] = store.entries()
        assert entry.lease.expires is not None
        assert entry.expires == pytest.approx(before, abs=5)
        assert unlock(store, 1, STILL) is not None
        lock(store, "you").take()


def test_races_have_one_winner_each(store: ObjectLeases) -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            locks = [lock(store, str(number)) for number in range(8)]
            assert sum(pool.map(_wins, locks)) == 1
            for each in locks:
                each.__exit__()


def _wins(taker: LeaseLock) -> bool:
    try:
        taker.take()
    except LockHeld:
        return False
    return True


@pytest.mark.parametrize("url", ["s3://", "gs://", "az://x?=", "file://relative"])
def test_a_url_that_cannot_be_opened_is_an_error_that_quotes_it(url: str) -> None:
    with pytest.raises(ReconcilerError, match=url.partition(":")[0]):
        open_store(url)


def test_a_store_that_fails_is_an_error_in_a_line(tmp_path: Path) -> None:
    store = ObjectLeases(open_store(tmp_path.as_uri()), SCOPE, "file")
    (tmp_path / "me").write_text("in the way")
    with pytest.raises(ReconcilerError, match="does not answer") as failed:
        store.create(Lease(1, "t"))
    assert "\n" not in str(failed.value)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "obstore.store", None)
    with pytest.raises(ReconcilerError) as failed:
        open_store("s3://bucket")
    assert failed.value.hint == "pip install 'reconciler[lock-objects]'"
