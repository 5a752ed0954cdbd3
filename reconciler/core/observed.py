"""A message of the service -> what a run knows of the object: canonical trees, records and marks.

Belongs here: reading messages, which are at hand. Does not belong here: asking for them (`stages/observe`).
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from types import MappingProxyType
from typing import Any

from reconciler.core.address import MAIN, Address, Scope
from reconciler.core.canonical import struct_to_tree, tree_from
from reconciler.core.kind import Keeps, Kind, Versions
from reconciler.core.state import RECORD_KEY, LiveVersion, Mark, Observed, Record, ours
from reconciler.core.tree import ABSENT, Path, Tree, get, put

METADATA: Path = ("metadata",)


def is_of(message: Any, scope: Scope) -> bool:
    """Whether a listed object is the app's own: lists may show public ones as well (facts 3.5)."""
    app_id, user_id = getattr(message, "app_id", ""), getattr(message, "user_id", "")
    if (user_id, app_id) == (MAIN.user_id, MAIN.app_id) and scope != MAIN:
        return False
    return app_id in ("", scope.app_id) and (user_id in ("", scope.user_id) or not app_id)


def is_bookmark(message: Any) -> bool:
    """Whether it stands for an object of another app."""
    return "bookmark_origin" in message.DESCRIPTOR.fields_by_name and message.HasField("bookmark_origin")


def decode(message: Any, kind: Kind, scope: Scope, *, complete: bool = True) -> Observed:
    """A live message as the engine sees it: canonical tree without our keys, and the record in its own metadata."""
    app = kind.keeps is Keeps.APP
    address = Address(scope, kind.plural, scope.app_id if app else kind.identify(message, scope))
    whole = tree_from(message, kind.fields.shape)
    metadata = _metadata(message, whole, kind.metadata)
    tree = kind.fold(hide_ours(whole, kind.metadata))
    status = message.status if kind.processing else None
    record = None
    if kind.keeps is not Keeps.INVENTORY:
        record = Record.parse(metadata.get(RECORD_KEY), address)
    newest = managed = None
    if kind.versions is not None:
        tree, newest, managed = _apart(tree, message, address, kind.versions)
    return Observed(
        address=address,
        kind=kind.name,
        tree=tree,
        metadata=metadata if record is None else _without_record(metadata),
        newest=newest,
        managed=managed,
        record=record,
        service_id=getattr(message, "id", ""),
        version_count=getattr(message, "version_count", 0),
        status=status.code if status else 0,
        said=_said(status) if status else "",
        complete=complete,
    )


_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _without_record(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in metadata.items() if key != RECORD_KEY} or _NOTHING


def _said(status: Any) -> str:
    """The service's own words for a status: `21110 Training failed: no data`."""
    details = f": {status.details}" if status.details and status.details != status.description else ""
    return intern(f"{status.code} {status.description}{details}")


def _metadata(message: Any, tree: Tree, path: Path = METADATA) -> dict[str, Any]:
    """The metadata of a message, our keys included: as its tree has it, if that was made of it."""
    found = get(tree, path)
    if isinstance(found, dict):
        return found
    for name in path:
        if name not in message.DESCRIPTOR.fields_by_name or not message.HasField(name):
            return {}
        message = getattr(message, name)
    return struct_to_tree(message)


def hide_ours(tree: Tree, path: Path = METADATA) -> Tree:
    """The tree without what only we write: nobody declares it, and nobody need see it."""
    metadata = get(tree, path)
    if not isinstance(metadata, dict) or not any(ours(key) for key in metadata):
        return tree
    rest = {key: value for key, value in metadata.items() if not ours(key)}
    return put(tree, path, rest or ABSENT)


def _apart(
    whole: Tree, message: Any, address: Address, versions: Versions
) -> tuple[Tree, LiveVersion | None, LiveVersion | None]:
    """(the model without its version, the newest version as the message shows it, the same if it is one of ours).

    A version's tree counts as unread if a list shows it, since lists may leave out concepts (U4).
    """
    version, tree = getattr(message, versions.crud.item), get(whole, versions.path)
    model_level = whole if tree is ABSENT else put(whole, versions.path, ABSENT)
    if not version.id:
        return model_level, None, None
    newest = live_version(version, address, None if tree is ABSENT else tree)
    managed = newest if newest.mark is not None and not versions.failed(newest.status) else None
    return model_level, newest, managed


def live_version(version: Any, model: Address, tree: Tree | None) -> LiveVersion:
    """A version, with its tree if that was read; untouched if nobody changed it since it was made or trained."""
    metadata = _metadata(version, tree or {})
    moved = max(_nanoseconds(version.modified_at), 0)
    untouched = moved in (0, _nanoseconds(version.created_at)) or moved <= _nanoseconds(version.completed_at)
    return LiveVersion(
        id=version.id,
        tree=hide_ours(tree or {}),
        mark=Mark.parse(metadata.get(RECORD_KEY), model),
        untouched=untouched,
        status=version.status.code,
        said=_said(version.status),
    )


def _nanoseconds(moment: Any) -> int:
    return int(moment.seconds * 1_000_000_000 + moment.nanos)
