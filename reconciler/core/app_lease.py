"""How a lease looks in an app: a Dataset with a chosen id, the lightest object that has metadata and no effect.

Facts 3.0 (ids are unique in an app), 11 (Datasets). Read by the lock, and by the guard that asks whether an app holds
anything that is not ours. Does not belong here: writing one (`locking.app_leases`), when one counts (`lease`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.core.address import Scope
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.kind import user_app
from reconciler.core.lease import Entry, Lease, State, lease_id, lease_number
from reconciler.core.remote import Api, NotFound, items

PREFIX = "reconciler-lease"
METADATA_KEY = "reconciler_lease"


def leases_of(api: Api, scope: Scope, prefix: str = PREFIX) -> tuple[Entry, ...]:
    """Every lease of an app; raises NotFound where there is no app.

    By time of creation, newest first, so that a renewal in between moves none to another page.
    """
    listed = items(api, "ListDatasets", user_app_id=user_app(scope), sort_by_created_at=True)
    return tuple(entry for dataset in listed if (entry := _entry(api, scope, dataset, prefix)) is not None)


def _entry(api: Api, scope: Scope, dataset: Any, prefix: str) -> Entry | None:
    number = lease_number(dataset.id, prefix)
    if number is None:
        return None
    text = _text(dataset)
    if text is None:  # a list may leave metadata out (facts U8)
        text = _read(api, scope, dataset.id)
    return Entry(Lease.parse(number, text), made(dataset))


def _read(api: Api, scope: Scope, identifier: str) -> str | None:
    try:
        reply: Any = api.call("GetDataset", user_app_id=user_app(scope), dataset_id=identifier)
    except NotFound:
        return None
    return _text(reply.dataset)


def _text(dataset: Any) -> str | None:
    if not dataset.HasField("metadata") or METADATA_KEY not in dataset.metadata.fields:
        return None
    return str(dataset.metadata.fields[METADATA_KEY].string_value)


def made(dataset: Any) -> float:
    """When the service made it, by its own clock: all depends on that."""
    if not dataset.HasField("created_at"):
        hint = "use the lock of another store: --lock URL"
        raise ReconcilerError(f"the service does not show when it made dataset {dataset.id}", hint=hint)
    return float(dataset.created_at.seconds + dataset.created_at.nanos / 1e9)


def held_by_others(entries: Iterable[Entry], own: str) -> bool:
    """Whether another run seems to be at work. One that has crashed looks the same until it is unlocked by force."""
    last = max(entries, key=lambda entry: entry.number, default=None)
    return last is not None and last.lease.state is State.HELD and lease_id(last.number, PREFIX) != own
