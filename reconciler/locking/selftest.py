"""Whether a store of leases keeps its word: several takers race for it, round after round; each must have one winner.

Belongs here: the race. The protocol takes for granted that an id that is taken is refused, and nobody has recorded that
of the live service; who runs this has.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from reconciler.core.diagnostics import LockHeld
from reconciler.core.lease import Holder
from reconciler.locking.clocks import Clocks
from reconciler.locking.lease_lock import LeaseLock, LeaseStore

STILL = Clocks(background=False)


def rounds(store: LeaseStore, takers: int, number: int) -> Iterator[int]:
    """How many takers were inside at the same time, for each round; all of them have left before the next begins."""
    with ThreadPoolExecutor(takers) as pool:
        for _ in range(number):
            start, end = threading.Barrier(takers), threading.Barrier(takers)
            races = [pool.submit(_race, store, start, end) for _ in range(takers)]
            yield sum(race.result() for race in races)


def _race(store: LeaseStore, start: threading.Barrier, end: threading.Barrier) -> bool:
    lock = LeaseLock(store, Holder(operation="selftest"), clocks=STILL)
    try:
        start.wait()
        won = _wins(lock)
        end.wait()
    except BaseException:
        end.abort()  # nobody waits for one who does not come
        raise
    lock.__exit__()
    return won


def _wins(lock: LeaseLock) -> bool:
    try:
        lock.take()
    except LockHeld:
        return False
    return True


def clear(store: LeaseStore) -> None:
    """Delete every lease, the highest as well: nobody else knows of these."""
    numbers = tuple(entry.number for entry in store.entries())
    if numbers:
        store.delete(numbers)
