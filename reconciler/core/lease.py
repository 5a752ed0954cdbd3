"""Numbered leases: who may write to an app, decided from what a store of leases shows.

The service has no compare-and-swap, but it refuses an id that is taken. So whoever finds no lease in force creates the
next number, and of several that try one succeeds:

    acquire   look -> create n+1 -> look again: is it mine, the highest, and was n over when the store made it?
    renew     look: still mine? -> replace
    release   replace by "released"; older numbers are deleted, the highest never: it would be given out again

Time is the store's. It stamps what it makes, so the end of lease n is compared with the stamp of n+1, and no machine's
clock decides about another's. A lease that turns out to be too early is *withdrawn*: it keeps its number and counts as
nobody's. How long a holder may still write is `Validity`, on the holder's own clock.

Belongs here: the values, and the protocol as generators that ask for one call at a time. Does not belong here: clocks,
stores, retries (`locking`). What each choice is for shows in the model that the tests walk through exhaustively.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

TTL = 900.0
"""Seconds a lease lasts unless it is renewed."""

RENEWALS = 3
"""How often a lease is renewed in its time."""

CLOCK_MARGIN = 5.0
"""Seconds for stamps of whole seconds, for clocks that run unevenly, and for a service that ends a call late."""

RETENTION = 900.0
"""Seconds that a lease stays after the next one was made: no list lags behind (facts U28) by as much."""

ATTEMPTS = 5
"""How often a number may be snatched away before acquiring gives up; each time somebody else came in and left."""


class State(StrEnum):
    """What a lease says of itself."""

    HELD = "held"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    """Made too early: it was never anybody's, so the one before it counts."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, for those who are refused; Terraform's lock info."""

    operation: str = ""
    who: str = ""
    version: str = ""
    created: str = ""
    """UTC, by the clock of that machine; for people only."""
    run: str = ""
    """Where the run of a CI system can be looked at."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What is stored under a number."""

    number: int
    token: str
    """Tells our own lease from another's of the same number, after a lost reply."""
    ttl: float = TTL
    state: State = State.HELD
    expires: float | None = None
    """In the store's time; None until it is first renewed, since only the reply to a create shows that time."""
    holder: Holder = field(default_factory=Holder)

    def text(self) -> str:
        """The one string that is stored."""
        body = asdict(self) | {"v": 1, "holder": {k: v for k, v in asdict(self.holder).items() if v}}
        return json.dumps(body, sort_keys=True, separators=(",", ":"))

    @classmethod
    def parse(cls, number: int, text: object) -> Lease:
        """Read `text` back. What cannot be read is held for ever: only a person may decide that it is nobody's."""
        try:
            body: Any = json.loads(text) if isinstance(text, str) else None
            expires = body["expires"]
            return cls(
                number=number,
                token=str(body["token"]),
                ttl=float(body["ttl"]),
                state=State(body["state"]),
                expires=None if expires is None else float(expires),
                holder=Holder(**{f.name: str(body["holder"].get(f.name, "")) for f in fields(Holder)}),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(number, token="", ttl=math.inf, holder=Holder(operation="unreadable", who="unknown"))


@dataclass(frozen=True, slots=True)
class Entry:
    """A lease as the store shows it."""

    lease: Lease
    made: float
    """When the store made it, in its own time: seconds since 1970."""

    @property
    def number(self) -> int:
        """The lease's number."""
        return self.lease.number

    @property
    def expires(self) -> float:
        """When it ends, in the store's time."""
        return self.made + self.lease.ttl if self.lease.expires is None else self.lease.expires


# ---- names


def lease_id(number: int, prefix: str) -> str:
    """The id of a lease as an object: `reconciler-lease-000042`."""
    return f"{prefix}-{number:06d}"


def lease_number(identifier: str, prefix: str) -> int | None:
    """The number in the id of a lease; None for any other id."""
    found = re.fullmatch(rf"{re.escape(prefix)}-(\d{{6,18}})", identifier, re.ASCII)
    return int(found[1]) if found else None


# ---- decisions


def in_force(entries: Iterable[Entry], now: float) -> Entry | None:
    """The lease that excludes others at a time of the store, if there is one: the highest that was not withdrawn."""
    standing = [entry for entry in entries if entry.lease.state is not State.WITHDRAWN]
    last = max(standing, key=lambda entry: entry.number, default=None)
    held = last is not None and last.lease.state is State.HELD and now < last.expires
    return last if held else None


def next_number(entries: Iterable[Entry]) -> int:
    """The number to try: one above the highest, whatever became of it."""
    return max((entry.number for entry in entries), default=0) + 1


def still_mine(entries: Iterable[Entry], mine: Lease) -> bool:
    """Whether a lease stands as its holder left it, and nobody has a later one."""
    entries = list(entries)
    later = any(e.number > mine.number and e.lease.state is not State.WITHDRAWN for e in entries)
    own = next((e.lease for e in entries if e.number == mine.number), None)
    return not later and own is not None and own.token == mine.token and own.state is State.HELD


def collectable(entries: Iterable[Entry], now: float, retention: float = RETENTION) -> tuple[int, ...]:
    """Numbers that may be deleted: those whose successor has been there so long that every list shows it."""
    ordered = sorted(entries, key=lambda entry: entry.number)
    return tuple(old.number for old, new in itertools.pairwise(ordered) if new.made + retention <= now)


@dataclass(frozen=True, slots=True)
class Validity:
    """Until when a holder may believe in its lease, on a clock of its own that also runs while it is asleep."""

    until: float

    def permits(self, now: float, seconds: float, margin: float = CLOCK_MARGIN) -> bool:
        """Whether something that takes so long at most ends while the lease is certainly in force."""
        return now + seconds + margin <= self.until


# ---- the protocol


@dataclass(frozen=True, slots=True)
class Look:
    """Show all leases."""


@dataclass(frozen=True, slots=True)
class Create:
    """Make a lease unless its number is taken."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Replace:
    """Store another state of a lease that exists."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete leases; those that are gone already are no failure."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer to Look."""

    entries: tuple[Entry, ...]
    now: float
    """What the asking machine takes for the store's time. May be wrong: then one side waits in vain, no more."""


@dataclass(frozen=True, slots=True)
class Made:
    """The answer to Create, if it was made; else None, also when nobody knows."""

    at: float


@dataclass(frozen=True, slots=True)
class Won:
    """The lease is ours."""

    entry: Entry
    old: tuple[int, ...] = ()
    """Numbers that may be deleted."""


@dataclass(frozen=True, slots=True)
class Busy:
    """It is not ours. `holder` is None if others came in and left so fast that none was seen."""

    holder: Entry | None


Request = Look | Create | Replace | Delete
Reply = Seen | Made | None
Talk = Generator[Request, Reply, Any]
"""Asks for one call after the other, each of which the store does whole or not at all, and returns what was decided."""


def acquire(token: str, holder: Holder, ttl: float = TTL, retention: float = RETENTION) -> Talk:
    """Returns Won or Busy."""
    for _ in range(ATTEMPTS):
        seen = yield from _look()
        if (other := in_force(seen.entries, seen.now)) is not None:
            return Busy(other)
        lease = Lease(next_number(seen.entries), token, ttl, holder=holder)
        made = yield Create(lease)
        # Looked at whatever the reply was: it may have been lost, or one may have come from a retry of our own.
        seen = yield from _look()
        mine = _my_entry(seen, lease, made)
        if mine is None:
            continue
        if any(entry.number > mine.number for entry in seen.entries):
            # There was such a number before, and it has been deleted: whoever has a later one is ahead of us.
            yield Delete((mine.number,))
            continue
        below = [entry for entry in seen.entries if entry.number < mine.number]
        if (other := in_force(below, mine.made)) is not None:
            # Its holder renewed it in between, or our clock is fast: by the store's time it is not over.
            yield Replace(replace(lease, state=State.WITHDRAWN))
            return Busy(other)
        return Won(mine, collectable([*below, mine], mine.made, retention))
    return Busy(None)


def _my_entry(seen: Seen, lease: Lease, made: Reply) -> Entry | None:
    shown = next((entry for entry in seen.entries if entry.number == lease.number), None)
    if shown is not None:
        return shown if shown.lease.token == lease.token else None
    return Entry(lease, made.at) if isinstance(made, Made) else None  # a list that lags behind


def renew(mine: Lease, expires: float) -> Talk:
    """Returns the lease with its new end, or None if it is not ours any more.

    The holder may count on the new end only if this returns before the old one: later, somebody may have taken over.
    """
    seen = yield from _look()
    if not still_mine(seen.entries, mine):
        return None
    longer = replace(mine, expires=expires)
    yield Replace(longer)
    return longer


def release(mine: Lease, old: tuple[int, ...] = ()) -> Talk:
    """Let others in, and delete older leases."""
    yield Replace(replace(mine, state=State.RELEASED))
    if old:
        yield Delete(old)


def force_release(number: int) -> Talk:
    """Returns the entry that was released by somebody who knows that its holder is gone; None if it is not held."""
    seen = yield from _look()
    found = next((entry for entry in seen.entries if entry.number == number), None)
    if found is None or found.lease.state is not State.HELD:
        return None
    yield Replace(replace(found.lease, state=State.RELEASED, ttl=min(found.lease.ttl, TTL)))
    return found


def _look() -> Generator[Request, Reply, Seen]:
    seen = yield Look()
    assert isinstance(seen, Seen)
    return seen
