"""Api -> live state: list, read what a list does not settle, decode records. Only reads.

Belongs here: which RPCs show what. Does not belong here: what a message says (`core/observed`), or what is wanted:
which objects need a full read is decided by a predicate that the pipeline hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial, reduce
from typing import Any, TypeVar

from reconciler.core.address import Address, Scope
from reconciler.core.canonical import struct_value, tree_from
from reconciler.core.kind import Keeps, Kind, Versions, user_app
from reconciler.core.model_types import TypeFacts
from reconciler.core.observed import decode, hide_ours, is_bookmark, is_of, live_version
from reconciler.core.records import inventories_in, with_records
from reconciler.core.remote import Api, ApiError, ApiRefused, Message, Moved, NotAuthorised, NotFound, items
from reconciler.core.state import Inventory, LiveState, LiveVersion, Observed
from reconciler.core.tree import ABSENT, Path, Tree, get, put

A = TypeVar("A")
B = TypeVar("B")


def observe(
    api: Api, scope: Scope, owner: str, kinds: Iterable[Kind], *, workers: int = 8, declared: Iterable[Address] = ()
) -> LiveState:
    """The app and everything its lists show: one Get, then one list for each kind (O(pages) calls).

    Of a kind that is listed by id only, the `declared` ones and those in our inventory are asked for.
    """
    kinds = tuple(kinds)
    app_kind = next(kind for kind in kinds if kind.keeps is Keeps.APP)
    app = _app(api, app_kind, scope)
    if app is None:
        return LiveState(scope, False, {}, Inventory(owner, {}))
    inventories = inventories_in(app.metadata)
    inventory = inventories.pop(owner, Inventory(owner, {}))
    state = LiveState(scope, True, {app.address: app}, inventory, inventories)
    names = [*(str(address) for address in declared), *inventory.entries]
    lists = [
        partial(_list, api, kind, scope, expected=_made(kind, inventory))
        for kind in kinds
        if kind.crud.list is not None and not kind.by_id
    ]
    for kind in (kind for kind in kinds if kind.by_id):
        lists += [partial(list_by_id, api, kind, scope, ids) for ids in _batches(kind, names)]
    found = _each(lambda one: one(), lists, workers)
    observed = {o.address: o for group in found for o in group}
    for kind in (kind for kind in kinds if kind.by_id):
        observed |= {o.address: o for o in _missed(api, kind, state, observed)}
    return replace(state, observed={**state.observed, **with_records(observed, _inventories(state), kinds)})


def _app(api: Api, kind: Kind, scope: Scope) -> Observed | None:
    """The App itself. One whose id was changed is no absent one: to make another would double all that is in it."""
    try:
        return _get(api, kind, Address(scope, kind.plural, scope.app_id))
    except Moved as moved:
        moved.hint = "what is in it went along: write the new id into the manifests, or give the app its old id again"
        raise


def _missed(api: Api, kind: Kind, state: LiveState, observed: Container[Address]) -> Iterator[Observed]:
    """Asked for once more by id: what our inventory lists and an answer lacked, which alone does not prove it gone."""
    listed = (name for name in state.inventory.entries if name.startswith(f"{kind.plural}/"))
    lacking = [name for name in listed if Address.parse(name, state.scope) not in observed]
    for ids in _batches(kind, lacking):
        yield from list_by_id(api, kind, state.scope, ids)


def settle(
    api: Api,
    live: LiveState,
    kinds: Mapping[str, Kind],
    addresses: Iterable[Address],
    *,
    workers: int = 8,
    unread: dict[Address, str] | None = None,
) -> LiveState:
    """The same state with the given objects read in full; one that is not there is taken out.

    `kinds` is keyed by plural. An object that lists lack but a Get shows is put in (a list may lag behind). A read that
    fails raises, unless `unread` collects the reasons by address; the object then stays as the list shows it.
    """
    wanted = list(addresses)
    if not live.exists or not wanted:
        return live
    answers = zip(wanted, _each(lambda a: _read_or_error(api, a, live, kinds), wanted, workers), strict=True)
    read: dict[Address, Observed | None] = {}
    moved: dict[Address, str] = {}
    for address, answer in answers:
        if isinstance(answer, Moved):
            read[address], moved[address] = None, answer.new_id
        elif not isinstance(answer, ApiError):
            read[address] = answer
        elif unread is None or isinstance(answer, NotAuthorised):
            raise answer
        else:
            unread[address] = str(answer)
    kept = {address: o for address, o in live.observed.items() if address not in read}
    found = {address: one for address, one in read.items() if one is not None}
    return replace(live, observed={**kept, **found}, moved={**live.moved, **moved})


def _read_or_error(
    api: Api, address: Address, live: LiveState, kinds: Mapping[str, Kind]
) -> Observed | ApiError | None:
    try:
        return _read(api, address, live, kinds)
    except ApiError as problem:
        return problem


def read_one(api: Api, address: Address, live: LiveState, kinds: Mapping[str, Kind]) -> Observed | None:
    """One object read in full, with its record; None when it is not there, be it gone or under another id."""
    try:
        return _read(api, address, live, kinds)
    except Moved:
        return None


def _read(api: Api, address: Address, live: LiveState, kinds: Mapping[str, Kind]) -> Observed | None:
    """The same, but raises Moved for an object that has another id now."""
    kind = kinds[address.kind]
    if kind.crud.get is None:
        narrow = kind.narrow(address.id) if kind.narrow else {}
        found = {o.address: o for o in _list(api, kind, address.scope, **narrow)}.get(address)
    else:
        found = _get(api, kind, address)
    if found is None:
        return None
    if kind.versions is not None:
        found = _read_versions(api, kind, kind.versions, found, live.inventory.owner)
    return with_records({address: found}, _inventories(live), (kind,))[address]


LISTED = 500
"""About how many objects one page of a list holds."""


def read_again(
    api: Api, addresses: Sequence[Address], live: LiveState, kinds: Mapping[str, Kind]
) -> dict[Address, Observed]:
    """Some objects of one kind as they are now, with as few requests as that takes; one that is gone is left out.

    The objects that share a narrow list (the relations of one subject) are given together or not at all.
    """
    kind = kinds[addresses[0].kind]
    pages = 2 + sum(known.kind == addresses[0].kind for known in live.observed) // LISTED
    if kind.crud.get is not None and len(addresses) < pages:
        found = [one for address in addresses if (one := read_one(api, address, live, kinds)) is not None]
    else:
        fields = kind.narrow(addresses[0].id) if kind.narrow else {}
        found = _list(api, kind, addresses[0].scope, **fields)
    wanted = set(addresses)
    return with_records({o.address: o for o in found if o.address in wanted}, _inventories(live), (kind,))


def with_present_records(
    api: Api, found: Mapping[Address, Observed], live: LiveState, kinds: Mapping[str, Kind]
) -> dict[Address, Observed]:
    """Objects that were read just now, with the records that the App keeps of some of them as it has them just now.

    What else reads an object joins the records that the plan saw; whoever took it over since stands in the App alone.
    """
    if all(kinds[address.kind].keeps is not Keeps.INVENTORY for address in found):
        return dict(found)
    app_kind = next(kind for kind in kinds.values() if kind.keeps is Keeps.APP)
    app = _get(api, app_kind, Address(live.scope, app_kind.plural, live.scope.app_id))
    inventories = inventories_in(app.metadata) if app else {}
    mine = inventories.pop(live.inventory.owner, Inventory(live.inventory.owner, {}))
    return with_records(found, (mine, *inventories.values()), kinds.values())


def settle_twins(
    api: Api, live: LiveState, kinds: Mapping[str, Kind], suspects: Mapping[Address, Collection[str]]
) -> LiveState:
    """The same state, in which a suspected version counts as managed if its mark is that of the newest one."""
    observed = dict(live.observed)
    for address, pinned in suspects.items():
        found, versions = observed[address], kinds[address.kind].versions
        if found.managed is None or versions is None:
            continue
        parent = {"user_app_id": user_app(address.scope), versions.parent_id_field: address.id}
        listed = (live_version(v, address, None) for v in items(api, str(versions.crud.list), **parent))
        twin = next((v for v in listed if v.id in pinned and v.mark == found.managed.mark), None)
        if twin is not None:
            observed[address] = replace(found, managed=replace(twin, tree=found.managed.tree))
    return replace(live, observed=observed)


def latest_version(api: Api, model: Address) -> tuple[str, str] | None:
    """(model id, newest version id) of any readable model, for a reference that names no version; None if it is gone.

    The service may answer an old hex id with the readable one (facts 4.5).
    """
    try:
        reply: Any = api.call("GetModel", user_app_id=user_app(model.scope), model_id=model.id)
    except NotFound:
        return None
    return reply.model.id, reply.model.model_version.id


def concept_exists(api: Api, concept: Address) -> bool:
    """Whether a concept of any app can be read."""
    try:
        api.call("GetConcept", user_app_id=user_app(concept.scope), concept_id=concept.id)
    except NotFound:
        return False
    return True


def graph_ids(api: Api, scope: Scope) -> set[str]:
    """The knowledge graphs of an app; this list has no pages (facts 3.4)."""
    reply: Any = api.call("ListKnowledgeGraphs", user_app_id=user_app(scope))
    return {graph.id for graph in reply.knowledge_graphs}


def count_resources(api: Api, scope: Scope, lease_id: str = "") -> dict[str, int]:
    """What GetResourceCounts says an app holds: datasets, models, workflows, inputs, pipelines (facts 3.1).

    Leases are no content, so they are not among the datasets; one that another run holds is counted as a lock.
    """
    reply: Any = api.call("GetResourceCounts", user_app_id=user_app(scope))
    counts = {field: getattr(reply, field) for field in ("datasets", "models", "workflows", "inputs", "pipelines")}
    if not counts["datasets"]:
        return counts | {"locks": 0}
    from reconciler.core.app_lease import held_by_others, leases_of  # few plans ask for counts

    leases = leases_of(api, scope)
    counts["datasets"] = max(0, counts["datasets"] - len(leases))
    return counts | {"locks": int(held_by_others(leases, lease_id))}


SECRET_FIELDS = frozenset({21, 23})
"""ModelTypeFieldType ENCRYPTED_STRING and ARRAY_OF_SECRETS (facts 3.7)."""


def type_facts(api: Api, kind: Kind, scope: Scope, model_type_id: str) -> TypeFacts:
    """What GetModelType says of the fields of one type; nothing for a type that it does not know."""
    try:
        reply: Any = api.call("GetModelType", user_app_id=user_app(scope), model_type_id=model_type_id)
    except ApiRefused:
        return TypeFacts()
    prefix = kind.versions.path if kind.versions else ()
    named = {(*prefix, *declared.path.split(".")): declared for declared in reply.model_type.model_type_fields}
    filled = [path for path, declared in named.items() if declared.HasField("default_value") and not declared.required]
    tree: Tree = {"model_type_id": model_type_id}
    for path in filled:
        tree = put(tree, path, struct_value(named[path].default_value))
    tree = kind.fold(tree)  # a default may be spelled in another way than we compare
    secrets = tuple(path for path, declared in named.items() if declared.field_type in SECRET_FIELDS)
    return TypeFacts({path: get(tree, path) for path in filled}, secrets)


def _inventories(live: LiveState) -> tuple[Inventory, ...]:
    return (live.inventory, *live.others.values())


def _each(work: Callable[[A], B], things: list[A], workers: int) -> list[B]:
    if len(things) <= 1:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(min(workers, len(things))) as pool:
        return list(pool.map(work, things))


# --- messages --------------------------------------------------------------------------------------------------------


def _get(api: Api, kind: Kind, address: Address) -> Observed | None:
    try:
        message = _whole(api, kind, address)
    except NotFound:
        return None
    # GetWorkflow may answer with a public workflow of that id (facts 3.8).
    return decode(message, kind, address.scope) if is_of(message, address.scope) else None


def _whole(api: Api, kind: Kind, address: Address, **version: str) -> Message:
    """An object with all that the service shows of it; at a version, if one is given."""
    named = {} if kind.keeps is Keeps.APP else {kind.crud.id_field: address.id}
    asked = {"user_app_id": user_app(address.scope), **named, **version}
    message: Message = getattr(api.call(kind.full_read or str(kind.crud.get), **asked), kind.crud.item)
    apart = kind.listed_apart
    if apart is not None and _inside(message, apart.count) and not any(_inside(message, p) for p in apart.places):
        _inside(message, apart.places[0]).extend(items(api, apart.rpc, **asked))
    return message


def _inside(message: Any, path: Path) -> Any:
    return reduce(getattr, path, message)


def _made(kind: Kind, inventory: Inventory) -> int:
    """How many objects of a kind there are at least, unless somebody deleted some."""
    prefix = f"{kind.plural}/"
    return sum(name.startswith(prefix) and not entry.pending for name, entry in inventory.entries.items())


def _list(api: Api, kind: Kind, scope: Scope, **narrow: Any) -> list[Observed]:
    """All of a kind; `narrow` are fields of the request, and how many are expected."""
    messages = items(api, str(kind.crud.list), user_app_id=user_app(scope), **{**kind.list_fields, **narrow})
    mine = (m for m in messages if is_of(m, scope) and not is_bookmark(m))
    return [decode(message, kind, scope, complete=False) for message in mine]


def _batches(kind: Kind, names: Iterable[str]) -> Iterator[list[str]]:
    """The ids of one kind among addresses, as many at a time as one request may ask for."""
    prefix = f"{kind.plural}/"
    ids = list(dict.fromkeys(name.removeprefix(prefix) for name in names if name.startswith(prefix)))
    for start in range(0, len(ids), kind.batch):
        yield ids[start : start + kind.batch]


def list_by_id(api: Api, kind: Kind, scope: Scope, ids: Sequence[str]) -> list[Observed]:
    """Some objects of a kind, in one call: no more than a request may ask for, so that they fit on the first page."""
    reply = api.call(str(kind.crud.list), user_app_id=user_app(scope), ids=list(ids), page=1, per_page=len(ids))
    return [decode(message, kind, scope, complete=False) for message in getattr(reply, kind.crud.items)]


# --- versions --------------------------------------------------------------------------------------------------------


def _read_versions(api: Api, kind: Kind, versions: Versions, observed: Observed, owner: str) -> Observed:
    """Find the version this owner manages when the newest is not it: a newer one by others, a failed one, or none."""
    newest = observed.newest
    if newest is None or _is_managed(newest, versions, owner):
        return observed
    parent = {"user_app_id": user_app(observed.address.scope), versions.parent_id_field: observed.address.id}
    for version in items(api, str(versions.crud.list), **parent):
        found = live_version(version, observed.address, None)
        if _is_managed(found, versions, owner):
            return replace(observed, managed=_read_version(api, kind, versions, observed.address, found))
    return replace(observed, managed=None)


def _is_managed(version: LiveVersion, versions: Versions, owner: str) -> bool:
    """Whether a version is one of ours that can be used, or will be."""
    return version.mark is not None and version.mark.owner == owner and not versions.failed(version.status)


def _read_version(api: Api, kind: Kind, versions: Versions, model: Address, version: LiveVersion) -> LiveVersion:
    tree = kind.fold(tree_from(_whole(api, kind, model, version_id=version.id), kind.fields.shape))
    read = get(tree, versions.path)
    return replace(version, tree=hide_ours({} if read is ABSENT else read))
