"""A process that takes a lock, for the tests of locks between processes: `lock_worker.py MODE WHERE BASE FOLDER TTL N`.

`count`: takes the lock N times and adds one to a number in a file, in a way that loses some if two are inside together.
`work`: takes the lock once, then reads and writes by turns until a write is refused; tells each thing in a line.
"""

import os
import random
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.address import Scope
from reconciler.core.lease import Holder
from reconciler.core.secret import Secret
from reconciler.locking.app_leases import AppLeases
from reconciler.locking.clocks import Clocks
from reconciler.locking.coordinators import CoordinatedLock
from reconciler.locking.lease_lock import LeaseLock
from reconciler.locking.lock import LockLost, Waiting
from reconciler.locking.object_leases import ObjectLeases, open_store

SCOPE = Scope("me-local", "shop")
CLOCKS = Clocks(jitter=lambda low, high: random.uniform(0.002, 0.02))


def api_of(base: str) -> GrpcApi:
    return GrpcApi(open_channel(parse_base(base)), ("authorization", Secret("Key any")), limiter=Limiter(0), timeout=30)


def lock(where: str, base: str, ttl: float, who: str = "worker") -> Any:
    """A lock that is over soon, and whose calls take no time: what counts is the order of things."""
    waiting = Waiting(120, lambda text: None)
    if where.startswith("tooz+"):
        return CoordinatedLock(where.removeprefix("tooz+"), "shop", Holder(), 0.1, waiting, CLOCKS)
    store: Any = AppLeases(api_of(base), SCOPE) if where == "app" else ObjectLeases(open_store(where), SCOPE, where)
    short = {"ttl": ttl, "call_seconds": ttl / 20, "margin": ttl / 20}
    return LeaseLock(store, Holder("apply", who), waiting=waiting, clocks=CLOCKS, warn=print, **short)


@contextmanager
def alone(folder: Path) -> Any:
    """Raises FileExistsError if anybody else is inside."""
    mark = folder / "inside"
    os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    try:
        yield
    finally:
        mark.unlink()


def count(where: str, base: str, folder: Path, ttl: float, number: int) -> None:
    total = folder / "total"
    for _ in range(number):
        with lock(where, base, ttl), alone(folder):
            total.write_text(str(int(total.read_text()) + 1))


def work(where: str, base: str, folder: Path, ttl: float, number: int) -> None:
    ids = {"user_id": SCOPE.user_id, "app_id": SCOPE.app_id}
    with lock(where, base, ttl) as mine:
        api = api_of(base).guarded(mine.write)
        print("inside", flush=True)
        try:
            for each in range(number):
                api.call("GetApp", user_app_id=ids)
                api.call("PostConcepts", user_app_id=ids, concepts=[{"id": f"c{each}"}])
        except LockLost as lost:
            print("lost:", lost.message, flush=True)


if __name__ == "__main__":
    mode, where, base, folder, ttl, number = sys.argv[1:]
    {"count": count, "work": work}[mode](where, base, Path(folder), float(ttl), int(number))
