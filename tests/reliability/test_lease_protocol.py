"""The lease protocol, walked through exhaustively: every order of every call, with crashes, lost replies and time.

The walk takes the protocol's own generators, so what is proved is what runs. A state is the store, the time, and what
each taker has been told so far; each is visited once. That the walk can find something is shown by protocols that are
known to be broken.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from reconciler.core.lease import (
    Busy,
    Create,
    Delete,
    Entry,
    Holder,
    Lease,
    Look,
    Made,
    Replace,
    Seen,
    State,
    Talk,
    Won,
    acquire,
    collectable,
    in_force,
    next_number,
    release,
    renew,
    still_mine,
)

SHORT = 2
"""How many ticks a lease lasts in the walk."""


# ---- the walk


@dataclass(frozen=True)
class Work:
    """What a taker does with the lock: one write, begun only while the lease is certainly in force."""


@dataclass(frozen=True)
class Taker:
    """One taker, as far as it has come: the replies it got are all that its generator depends on."""

    name: str
    skew: int = 0
    """By how much its clock is wrong."""
    told: tuple[Any, ...] = ()
    sent: int = 0
    """When it was ready to send what it asks for, where that matters."""
    until: int = -1
    """Until when it believes in its lease."""
    crashed: bool = False
    ended: bool = False
    """Then `told` is its result, and how it came to it does not matter any more."""


@dataclass(frozen=True)
class Position:
    """Where the replies have led a taker's generator."""

    asks: Any = None
    """The call it waits for; None at the end."""
    result: Any = None
    inside: bool = False


@dataclass(frozen=True)
class World:
    takers: tuple[Taker, ...]
    store: tuple[tuple[int, Entry], ...] = ()
    clock: int = 0


def life(protocol: Callable[[str], Talk], name: str, *, leave: bool, renews: bool) -> Talk:
    """Acquire, work, perhaps renew and work on, perhaps release."""
    verdict = yield from protocol(name)
    if not isinstance(verdict, Won):
        return verdict
    lease, now = verdict.entry.lease, (yield Work())  # type: ignore[misc]
    if renews:
        lease = yield from renew(lease, now + SHORT)
        if lease is None:
            return "lost"
        yield Work()  # type: ignore[misc]
    if leave:
        yield from release(lease, verdict.old)
    return verdict


class Walk:
    """Visits every state that can be reached. `crashes`, `losses` and `ticks` say how many of each there may be."""

    def __init__(
        self,
        protocol: Callable[[str], Talk],
        takers: tuple[Taker, ...],
        *,
        leave: bool = True,
        renews: bool = False,
        crashes: int = 0,
        losses: int = 0,
        ticks: int = 0,
        store: tuple[Entry, ...] = (),
        world: World | None = None,
    ) -> None:
        self.protocol, self.leave, self.renews, self.ticks = protocol, leave, renews, ticks
        self.states = self.double = self.ends = 0
        self.winners: set[int] = set()
        self.last: list[World] = []
        start = world or World(takers, tuple((entry.number, entry) for entry in store))
        self._positions: dict[tuple[str, tuple[Any, ...]], Position] = {}
        self._go(start, crashes, losses)

    def _go(self, start: World, crashes: int, losses: int) -> None:
        seen, todo = {(start, crashes, losses)}, [(start, crashes, losses)]
        while todo:
            world, crashes, losses = todo.pop()
            self.states += 1
            positions = [self.position(taker) for taker in world.takers]
            believers = (p.inside and t.until > world.clock for t, p in zip(world.takers, positions, strict=True))
            self.double += sum(believers) > 1
            following = list(self._moves(world, positions, crashes, losses))
            if not following:
                self.ends += 1
                self.winners.add(sum(isinstance(p.result, Won) for p in positions))
                self.last.append(world)
            for state in following:
                if state not in seen:
                    seen.add(state)
                    todo.append(state)

    def _moves(
        self, world: World, positions: list[Position], crashes: int, losses: int
    ) -> Iterator[tuple[World, int, int]]:
        for index, (taker, position) in enumerate(zip(world.takers, positions, strict=True)):
            if position.asks is None or taker.crashed:
                continue
            if crashes:
                yield self._put(world, index, replace(taker, crashed=True, until=-1)), crashes - 1, losses
            store, reply = serve(dict(world.store), position.asks, world.clock, taker.skew)
            after = replace(world, store=tuple(sorted(store.items())))
            yield self._put(after, index, self._told(taker, position, reply, world.clock)), crashes, losses
            if losses and isinstance(position.asks, Create):
                lost = self._told(taker, position, None, world.clock)
                yield self._put(after, index, lost), crashes, losses - 1
                yield self._put(world, index, lost), crashes, losses - 1  # lost on the way there
        if world.clock < self.ticks and any(p.asks is not None for p in positions):
            yield replace(world, clock=world.clock + 1), crashes, losses

    def _told(self, taker: Taker, position: Position, reply: Any, clock: int) -> Taker:
        """The taker after a reply. What it made is good for so long, counted from before it was sent."""
        until = taker.until
        if isinstance(position.asks, Create | Replace) and (not position.inside or clock < taker.until):
            until = taker.sent + SHORT  # a renewal counts only if it was done before the old end
        reply = clock if isinstance(position.asks, Work) else reply
        moved = replace(taker, told=(*taker.told, reply), until=until)
        after = self.position(moved)
        if after.asks is None and not after.inside:
            return replace(moved, told=(after.result,), sent=0, until=-1, ended=True)
        timed = (isinstance(after.asks, Create | Replace) and not after.inside) or isinstance(position.asks, Work)
        return replace(moved, sent=clock) if timed else moved

    @staticmethod
    def _put(world: World, index: int, taker: Taker) -> World:
        takers = list(world.takers)
        takers[index] = taker
        return replace(world, takers=tuple(takers))

    def position(self, taker: Taker) -> Position:
        """Run the generator again over what it was told; the same replies lead to the same place."""
        if taker.ended:
            return Position(result=taker.told[0])
        key = (taker.name, taker.told)
        if key not in self._positions:
            self._positions[key] = self._replay(taker)
        return self._positions[key]

    def _replay(self, taker: Taker) -> Position:
        talk, inside = life(self.protocol, taker.name, leave=self.leave, renews=self.renews), False
        asks = next(talk)
        try:
            for reply in taker.told:
                inside |= isinstance(asks, Work)
                asks = talk.send(reply)
        except StopIteration as end:
            return Position(result=end.value, inside=isinstance(end.value, Won) and not self.leave)
        # It stops writing before it begins to release, and writes on while it renews.
        inside |= isinstance(asks, Work)
        leaving = isinstance(asks, Delete) or (isinstance(asks, Replace) and asks.lease.state is State.RELEASED)
        return Position(asks, inside=inside and not leaving)


def serve(store: dict[int, Entry], asked: Any, clock: int, skew: int) -> tuple[dict[int, Entry], Any]:
    """What a store does with one call: all of it, at once."""
    match asked:
        case Look():
            return store, Seen(tuple(store.values()), clock + skew)
        case Create(lease):
            if lease.number in store:
                return store, None
            return {**store, lease.number: Entry(lease, clock)}, Made(clock)
        case Replace(lease):
            made = store[lease.number].made if lease.number in store else clock
            return {**store, lease.number: Entry(lease, made)}, None
        case Delete(numbers):
            return {number: entry for number, entry in store.items() if number not in numbers}, None
    return store, None


def ours(name: str) -> Talk:
    """The protocol, with leases that are deleted as soon as they may be: the hardest case."""
    return acquire(name, Holder(), SHORT, retention=0)


TWO, THREE = (Taker("a"), Taker("b")), (Taker("a"), Taker("b"), Taker("c"))
FOUR = (*THREE, Taker("d"))
EXPIRED = (Entry(Lease(4, "x", SHORT, State.RELEASED), -9), Entry(Lease(5, "gone", SHORT), -3))


@pytest.mark.parametrize("store", [(), EXPIRED], ids=["nobody before", "an expired lease before"])
@pytest.mark.parametrize("takers", [TWO, THREE], ids=["two", "three"])
def test_exactly_one_of_several_gets_in_whatever_the_order_of_their_calls(
    takers: tuple[Taker, ...], store: tuple[Entry, ...], figures: Callable[[str, float], None]
) -> None:
    walk = Walk(ours, takers, leave=False, store=store)
    assert (walk.double, walk.winners) == (0, {1})
    assert walk.ends > 1
    figures("states of the lease protocol", walk.states)


MANY: list[tuple[str, tuple[Taker, ...], dict[str, Any], int]] = [
    ("two, each may crash anywhere and lose its replies", TWO, {"crashes": 2, "losses": 2}, 2_000),
    ("two, one may crash, leases end", TWO, {"crashes": 1, "ticks": 2, "store": EXPIRED}, 15_000),
    ("two, a reply may be lost, leases end", TWO, {"losses": 1, "ticks": 2}, 5_000),
    ("two, a crash and a lost reply, leases end", TWO, {"crashes": 1, "losses": 1, "ticks": 2}, 30_000),
    ("two that renew and stay", TWO, {"renews": True, "ticks": 3, "leave": False}, 50_000),
    ("three, each leaves, deletes and lets the next in", THREE, {"store": EXPIRED}, 20_000),
    ("three, one may crash", THREE, {"crashes": 1}, 8_000),
    ("three, leases end", THREE, {"ticks": 2, "leave": False}, 30_000),
    ("one of two has a slow clock", (Taker("a"), Taker("b", -3)), {"ticks": 2, "renews": True, "leave": False}, 4_000),
    ("one of two has a fast clock", (Taker("a"), Taker("b", 3)), {"ticks": 2, "renews": True, "leave": False}, 15_000),
    ("one of three has a fast clock", (*TWO, Taker("c", 3)), {"leave": False}, 2_000),
]  # fmt: skip


@pytest.mark.parametrize(("takers", "options", "least"), [row[1:] for row in MANY], ids=[row[0] for row in MANY])
def test_never_are_two_inside_together(
    takers: tuple[Taker, ...], options: dict[str, Any], least: int, figures: Callable[[str, float], None]
) -> None:
    walk = Walk(ours, takers, **options)
    assert walk.double == 0
    assert walk.states > least
    assert max(walk.winners) >= 1
    figures("states of the lease protocol", walk.states)


def test_after_any_crash_the_next_gets_in_once_the_lease_is_over() -> None:
    ends = Walk(ours, TWO, crashes=2, losses=1, ticks=1).last
    assert len(ends) > 50
    for world in ends:
        later = World((Taker("next"),), world.store, world.clock + SHORT)
        assert Walk(ours, later.takers, leave=False, world=later).winners == {1}


# ---- protocols that are broken, as the walk must find out


def write_if_free(name: str) -> Talk:
    """A key that is read, and written if it is free."""
    seen = yield Look()
    assert isinstance(seen, Seen)
    if (other := in_force(seen.entries, seen.now)) is not None:
        return Busy(other)
    mine = Lease(1, name, SHORT)
    yield Replace(mine)
    return Won(Entry(mine, 0))


def write_and_read_back(name: str) -> Talk:
    verdict = yield from write_if_free(name)
    if isinstance(verdict, Won):
        seen = yield Look()
        assert isinstance(seen, Seen)
        if not still_mine(seen.entries, verdict.entry.lease):
            return Busy(seen.entries[0])
    return verdict


def announce(name: str) -> Talk:
    """A key of one's own; withdrawn if somebody else has one."""
    mine = Lease(ord(name), name, SHORT)
    yield Replace(mine)
    seen = yield Look()
    assert isinstance(seen, Seen)
    others = [e for e in seen.entries if e.number != mine.number and e.lease.state is State.HELD]
    if others:
        yield Replace(replace(mine, state=State.RELEASED))
        return Busy(others[0])
    return Won(Entry(mine, 0))


def without_the_second_look(name: str) -> Talk:
    """Numbers that are deleted are given out again, and nobody notices."""
    seen = yield Look()
    assert isinstance(seen, Seen)
    if (other := in_force(seen.entries, seen.now)) is not None:
        return Busy(other)
    lease = Lease(next_number(seen.entries), name, SHORT)
    made = yield Create(lease)
    if not isinstance(made, Made):
        return Busy(None)
    mine = Entry(lease, made.at)
    return Won(mine, collectable([*seen.entries, mine], made.at, 0))


def trusting_its_own_clock(name: str) -> Talk:
    """Without the comparison with the stamp of the store."""
    seen = yield Look()
    assert isinstance(seen, Seen)
    if (other := in_force(seen.entries, seen.now)) is not None:
        return Busy(other)
    lease = Lease(next_number(seen.entries), name, SHORT)
    made = yield Create(lease)
    return Won(Entry(lease, made.at)) if isinstance(made, Made) else Busy(None)


@pytest.mark.parametrize("protocol", [write_if_free, write_and_read_back])
def test_a_key_that_is_read_and_written_lets_two_in(protocol: Callable[[str], Talk]) -> None:
    assert Walk(protocol, TWO, leave=False).double


@pytest.mark.parametrize("takers", [TWO, THREE], ids=["two", "three"])
def test_a_key_for_each_lets_nobody_in_now_and_then(takers: tuple[Taker, ...]) -> None:
    walk = Walk(announce, takers, leave=False)
    assert (walk.double, walk.winners) == (0, {0, 1})


def test_a_number_that_is_given_out_again_lets_two_in() -> None:
    assert Walk(without_the_second_look, FOUR).double


def test_a_fast_clock_that_is_trusted_lets_two_in() -> None:
    assert Walk(trusting_its_own_clock, (Taker("a"), Taker("b", SHORT + 1)), leave=False).double
