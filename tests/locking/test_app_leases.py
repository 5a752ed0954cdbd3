"""Leases as Datasets of an app: against the emulator, as every service that its switches can play."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.core.address import Scope
from reconciler.core.app_lease import held_by_others, leases_of
from reconciler.core.diagnostics import LockHeld, ReconcilerError
from reconciler.core.lease import Entry, Holder, Lease, State
from reconciler.core.remote import NotFound
from reconciler.locking.app_leases import AppLeases
from reconciler.locking.clocks import Clocks
from reconciler.locking.lease_lock import LeaseLock

SERVICES: list[dict[str, Any]] = [
    {},
    *({"duplicate_code": code} for code in ("40010", "40003", "11102")),
    {"timestamps": "us-on-read"},
    {"patch_reply": "sent-fields"},
    {"list_delay_reads": 1},
]


@pytest.fixture
def leases(worlds: Callable[..., Any]) -> Callable[..., AppLeases]:
    """The leases of an app on a service of one sort."""

    def make(**switches: Any) -> AppLeases:
        world = worlds(**switches)
        world.ask("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app"}])
        return AppLeases(world.api, world.scope)

    return make


def lock(store: AppLeases, who: str = "me") -> LeaseLock:
    return LeaseLock(store, Holder("apply", who), clocks=Clocks(background=False))


@pytest.mark.parametrize("service", SERVICES, ids=str)
def test_one_at_a_time_whatever_the_service_leaves_open(leases: Any, service: dict[str, Any]) -> None:
    store = leases(**service)
    with lock(store) as mine:
        with pytest.raises(LockHeld, match="Who:       me"):
            lock(store, "you").take()
        mine.renew()
        with mine.write("PostModels"):
            pass
    with lock(store, "you") as yours:
        assert yours.lease_id == "reconciler-lease-000002"
    assert {e.number: e.lease.state for e in store.entries()} == {1: State.RELEASED, 2: State.RELEASED}


@pytest.mark.parametrize("late", [2, 5, 9, 40])
def test_lists_that_lag_behind_let_nobody_in_beside_the_holder(leases: Any, late: int) -> None:
    store = leases(list_delay_reads=late)
    with lock(store), pytest.raises(LockHeld, match="is locked"):
        lock(store, "you").take()


class WithoutMetadataInLists:
    """A service whose lists leave metadata out (facts U8)."""

    def __init__(self, api: Any) -> None:
        self.call, self._pages = api.call, api.pages

    def pages(self, rpc: str, **fields: Any) -> Any:
        for page in self._pages(rpc, **fields):
            for dataset in page:
                dataset.ClearField("metadata")
            yield page


def test_leases_whose_metadata_lists_leave_out_are_read_one_by_one(leases: Any) -> None:
    store = leases()
    store = AppLeases(WithoutMetadataInLists(store.api), store.scope)  # type: ignore[arg-type]
    with lock(store), pytest.raises(LockHeld, match="Who:       me"):
        lock(store, "you").take()
    with lock(store, "you"):
        pass


def test_other_datasets_are_not_touched_and_not_taken_for_leases(leases: Any) -> None:
    store = leases()
    names = ["photos", "reconciler-lease", "reconciler-lease-1", "reconciler-lease-000001-old"]
    ids = {"user_id": "me-local", "app_id": "app"}
    store.api.call("PostDatasets", user_app_id=ids, datasets=[{"id": name, "notes": "mine"} for name in names])
    with lock(store):
        assert [entry.number for entry in store.entries()] == [1]
    kept = {d.id: d.notes for d in store.api.call("ListDatasets", user_app_id=ids).datasets if d.id[-6:] != "000001"}
    assert kept == dict.fromkeys(names, "mine")


def test_a_dataset_that_somebody_made_in_the_place_of_a_lease_is_held_until_it_is_unlocked(leases: Any) -> None:
    store = leases()
    ids = {"user_id": "me-local", "app_id": "app"}
    store.api.call("PostDatasets", user_app_id=ids, datasets=[{"id": "reconciler-lease-000001"}])
    with pytest.raises(LockHeld, match="never: it is unreadable"):
        lock(store).take()


def test_a_lost_reply_to_the_create_is_settled_by_looking(leases: Any, worlds: Any) -> None:
    world = worlds()
    world.ask("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app"}])
    store = AppLeases(world.api, world.scope)
    for when in ("before", "after"):
        world.emulator.faults.add("PostDatasets", "unavailable", when=when)
        with lock(store) as mine, mine.write("PostModels"):
            pass
    world.emulator.faults.add("PatchDatasets", "unavailable", when="after")
    with lock(store) as mine:
        mine.renew()
    assert {entry.lease.state for entry in store.entries()} == {State.RELEASED}


def test_where_there_is_no_app_there_is_no_lock(world: Any) -> None:
    with pytest.raises(NotFound):
        AppLeases(world.api, Scope("me-local", "nope")).entries()


def test_deleting_what_others_have_deleted_in_part_deletes_the_rest(leases: Any) -> None:
    store = leases()
    for number in (1, 2, 3):
        store.create(Lease(number, "t"))
    store.delete((2,))
    store.delete((1, 2))
    assert [entry.number for entry in store.entries()] == [3]
    store.delete((7,))


def test_a_service_that_does_not_say_when_it_made_something_has_no_locks(leases: Any) -> None:
    store = leases()
    store.create(Lease(1, "t"))

    class Timeless:
        def pages(self, rpc: str, **fields: Any) -> Any:
            for page in store.api.pages(rpc, **fields):
                for dataset in page:
                    dataset.ClearField("created_at")
                yield page

    with pytest.raises(ReconcilerError, match="does not show when"):
        leases_of(Timeless(), store.scope)


@pytest.mark.parametrize(
    ("states", "own", "held"),
    [
        ([], "", False),
        ([State.RELEASED], "", False),
        ([State.HELD], "", True),
        ([State.HELD], "reconciler-lease-000001", False),
        ([State.HELD, State.RELEASED], "", False),
    ],
)
def test_an_app_is_in_others_hands_if_the_last_lease_is(states: list[State], own: str, held: bool) -> None:
    entries = [Entry(Lease(number, "t", state=state), 0) for number, state in enumerate(states, start=1)]
    assert held_by_others(entries, own) is held
