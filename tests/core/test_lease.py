"""What the lease protocol decides: which lease is in force, whose it is, when a holder stops."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.lease import (
    CLOCK_MARGIN,
    TTL,
    Entry,
    Holder,
    Lease,
    Seen,
    State,
    Talk,
    Validity,
    collectable,
    force_release,
    in_force,
    lease_id,
    lease_number,
    next_number,
    renew,
)


def entry(number: int, state: State = State.HELD, *, made: float = 0, expires: float | None = None) -> Entry:
    return Entry(Lease(number, f"t{number}", 10, state, expires), made)


@pytest.mark.parametrize(
    ("entries", "now", "number"),
    [
        ([], 0, None),
        ([entry(1)], 9.9, 1),
        ([entry(1)], 10, None),
        ([entry(1, expires=30)], 29, 1),
        ([entry(1, State.RELEASED)], 0, None),
        ([entry(1), entry(2, State.RELEASED)], 0, None),
        ([entry(2, State.WITHDRAWN), entry(1)], 0, 1),
    ],
)
def test_the_highest_that_was_not_withdrawn_is_in_force_until_it_ends(
    entries: list[Entry], now: float, number: int | None
) -> None:
    found = in_force(entries, now)
    assert (found.number if found else None) == number


def test_a_withdrawn_number_is_not_given_out_again() -> None:
    assert next_number([entry(1), entry(2, State.WITHDRAWN)]) == 3


def test_what_is_deleted_has_a_successor_that_every_list_shows_and_the_highest_is_not() -> None:
    entries = [entry(1, made=0), entry(2, made=100), entry(3, made=1000)]
    assert collectable(entries, 1000, retention=900) == (1,)
    assert collectable(entries, 10_000, retention=900) == (1, 2)
    assert collectable([entry(1)], 10_000) == ()


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"v":1}', '{"v":1,"token":"t","ttl":"x"}'])
def test_a_lease_that_cannot_be_read_is_held_for_ever(text: str | None) -> None:
    assert in_force([Entry(Lease.parse(3, text), 0)], 1e12) is not None


def test_a_lease_comes_back_as_it_was_stored() -> None:
    lease = Lease(7, "token", 60, State.RELEASED, 12.5, Holder("apply", "me@here", "0.1", "now", "https://ci/1"))
    assert Lease.parse(7, lease.text()) == lease
    assert Lease.parse(8, Lease(8, "t").text()) == Lease(8, "t", TTL)


def test_the_number_is_part_of_the_id() -> None:
    assert lease_id(42, "reconciler-lease") == "reconciler-lease-000042"
    assert lease_number(lease_id(1_234_567, "x"), "x") == 1_234_567
    assert [lease_number(name, "x") for name in ("x-1", "x-00000a", "y-000001", "x-000001-old", "x-٠٠٠٠٠١")] == [
        None
    ] * 5


def test_a_holder_stops_before_the_end() -> None:
    validity = Validity(until=100)
    assert validity.permits(60, 40 - CLOCK_MARGIN)
    assert not validity.permits(60.1, 40 - CLOCK_MARGIN)


# ---- talking


def told(talk: Talk, *replies: Any) -> Any:
    """What a generator decides after these replies."""
    next(talk)
    try:
        for reply in replies:
            talk.send(reply)
    except StopIteration as end:
        return end.value
    raise AssertionError("it asks for more")


def test_a_lease_is_renewed_only_while_it_is_ours() -> None:
    mine = entry(3)
    assert told(renew(mine.lease, 99), Seen((mine,), 0), None) == replace(mine.lease, expires=99)
    for others in [(), (entry(4),), (Entry(replace(mine.lease, token="other"), 0),), (entry(3, State.RELEASED),)]:
        seen = (*others, mine) if others and others[0].number != 3 else others
        assert told(renew(mine.lease, 99), Seen(tuple(seen), 0)) is None


def test_a_withdrawn_later_one_does_not_stop_a_renewal() -> None:
    mine = entry(3)
    assert told(renew(mine.lease, 99), Seen((mine, entry(4, State.WITHDRAWN)), 0), None) is not None


def test_force_releases_what_is_held_and_nothing_else() -> None:
    unreadable = Entry(Lease.parse(3, "?"), 0)
    assert told(force_release(3), Seen((unreadable,), 0), None) == unreadable
    assert told(force_release(3), Seen((entry(3, State.RELEASED),), 0)) is None
    assert told(force_release(3), Seen((), 0)) is None
