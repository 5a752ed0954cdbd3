"""Locks of other systems, by tooz: the file driver here, and what is the same for all by a driver of our own."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.core.diagnostics import LockHeld, ReconcilerError
from reconciler.core.lease import CLOCK_MARGIN, Holder
from reconciler.locking import coordinators
from reconciler.locking.coordinators import CoordinatedLock
from reconciler.locking.lock import LockLost


def lock(url: str, time: Any, **options: Any) -> CoordinatedLock:
    return CoordinatedLock(url, "reconciler/me/shop", Holder(), clocks=time.clocks(), **options)


def test_a_file_locks_one_at_a_time(tmp_path: Path, time: Any) -> None:
    url = tmp_path.as_uri()
    with lock(url, time) as mine:
        with pytest.raises(LockHeld, match="reconciler/me/shop is locked by another run"), lock(url, time):
            pass
        with mine.write("PostModels"):
            pass
    with lock(url, time):
        pass


def test_a_lock_of_a_session_does_not_end_with_time(tmp_path: Path, time: Any) -> None:
    with lock(tmp_path.as_uri(), time) as mine:
        time.passes(1e6)
        with mine.write("PostModels"):
            pass


def test_before_and_after_nobody_writes(tmp_path: Path, time: Any) -> None:
    mine = lock(tmp_path.as_uri(), time)
    with mine:
        pass
    with pytest.raises(LockLost), mine.write("PostModels"):
        pass


class Lasting:
    """A driver whose lock ends after `lock_timeout` unless its heart beats, like those of Redis and etcd."""

    lock_timeout = 90.0

    def __init__(self) -> None:
        self.acquired, self.owner = False, True

    def get_lock(self, name: bytes) -> Any:
        return self

    def acquire(self, blocking: bool) -> bool:
        self.acquired = True
        return True

    def release(self) -> bool:
        self.acquired = False
        return True

    def stop(self) -> None:
        pass

    def heartbeat(self) -> bool:
        return self.acquired

    def is_still_owner(self) -> bool:
        return self.owner


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> Lasting:
    driver = Lasting()
    monkeypatch.setattr(coordinators, "coordinator", lambda url, lasts: (driver, driver.lock_timeout))
    return driver


def may_write(mine: CoordinatedLock) -> bool:
    try:
        with mine.write("PostModels"):
            return True
    except LockLost:
        return False


def test_a_lock_that_ends_is_relied_on_until_a_call_could_outlast_it(lasting: Lasting, time: Any) -> None:
    with lock("redis://x", time) as mine:
        time.passes(90 - 30 - CLOCK_MARGIN)
        assert may_write(mine)
        time.passes(0.1)
        assert not may_write(mine)
        mine.renew()
        assert may_write(mine)


def test_a_heartbeat_that_finds_the_lock_lost_prolongs_nothing(lasting: Lasting, time: Any) -> None:
    with lock("redis://x", time) as mine:
        time.passes(30)
        lasting.owner = False
        mine.renew()
        time.passes(30)
        assert not may_write(mine)


@pytest.mark.parametrize("url", ["nosuch://x", "redis://127.0.0.1:1"])
def test_what_cannot_be_reached_is_an_error(url: str) -> None:
    with pytest.raises(ReconcilerError, match="--lock tooz"):
        coordinators.coordinator(url, 60)


def test_the_url_says_how_long_the_lock_lasts(tmp_path: Path) -> None:
    found, lasts = coordinators.coordinator(tmp_path.as_uri(), 77)
    found.stop()
    assert lasts == 77


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tooz", None)
    with pytest.raises(ReconcilerError) as failed:
        coordinators.coordinator("etcd3+http://x", 60)
    assert failed.value.hint == "pip install 'reconciler[lock-tooz]'"
