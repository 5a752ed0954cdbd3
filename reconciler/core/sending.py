"""What an update sends: the wanted values laid over the live ones where the API takes a field only whole.

Pure: trees in, trees out. Does not belong here: the request around it (`kind`) or sending it (`stages/write`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from reconciler.core.change import Cause, Effect, FieldChange
from reconciler.core.kind import Keeps, Kind
from reconciler.core.state import RECORD_KEY, Observed
from reconciler.core.tree import ABSENT, Path, Tree, get, overlay, put

METADATA = "metadata"


def tree_for_update(
    kind: Kind, want: Tree, live: Tree, written: Collection[Path], fields: Iterable[FieldChange]
) -> Tree:
    """The part of an object that a patch must carry: every top-level field in which something changes, whole.

    Metadata travels apart (`metadata_for`). What nobody declared inside such a field stays as it is live.
    """
    changed = [field for field in fields if field.effect is Effect.IN_PLACE and field.path[0] != METADATA]
    names = dict.fromkeys(field.path[0] for field in changed)
    tree = {name: _whole(kind, (name,), want.get(name, ABSENT), live.get(name, ABSENT), written) for name in names}
    for field in changed:
        if field.cause is Cause.REMOVED:
            tree = put(tree, field.path, ABSENT)
    return {name: value for name, value in tree.items() if value is not ABSENT}


def _whole(kind: Kind, path: Path, want: Any, live: Any, written: Collection[Path]) -> Any:
    if not isinstance(want, dict) or not isinstance(live, dict):
        return live if want is ABSENT else want
    shape = kind.fields.shape.at(path)
    if shape is None or shape.key is None:
        return overlay(live, want)
    surviving = {name: _element(live[name], want[name]) if name in live else want[name] for name in want}
    if path in written:
        return surviving
    return {**live, **surviving}


def _element(live: Tree, want: Tree) -> Tree:
    """A surviving element: an undeclared field stays, but not the pin of a model that is no longer used."""
    model, wanted = live.get("model"), want.get("model")
    if isinstance(model, dict) and isinstance(wanted, dict) and wanted.get("id") != model.get("id"):
        live = {name: value for name, value in live.items() if name != "model"}
    return overlay(live, want)


def kept_texts(kind: Kind, live: Tree, action: str) -> Tree:
    """The live texts that an overwrite might empty if they were left out (facts U12), to be sent along as they are."""
    if action != "overwrite":
        return {}
    return {name: value for name, value in live.items() if isinstance(value, str) and _stays(kind, name)}


def _stays(kind: Kind, name: str) -> bool:
    hidden = (*kind.fields.identity, *kind.fields.write_only)
    return kind.effect((name,)) is Effect.IN_PLACE and not kind.fields.any(hidden, (name,))


def metadata_for(
    kind: Kind, want: Tree, fresh: Observed, fields: Iterable[FieldChange], record: str, *, whole: bool
) -> dict[str, Any] | None:
    """The metadata to send: only what changes and our record where a patch merges, all of it where it replaces.

    None when nothing of it is to be sent.
    """
    changed = [field for field in fields if field.path[0] == METADATA and field.effect is Effect.IN_PLACE]
    keys = {field.path[1] for field in changed if len(field.path) > 1}
    live = dict(fresh.metadata)
    sent: Tree = {METADATA: {key: live.get(key) for key in keys if key in live}}
    wanted = {key: value for key, value in (want.get(METADATA) or {}).items() if key in keys}
    sent = {METADATA: overlay(sent[METADATA], wanted)}
    for field in changed:
        if field.cause is Cause.REMOVED:
            sent = put(sent, field.path, ABSENT)
    mine: dict[str, Any] = sent.get(METADATA) or {}
    if kind.keeps is Keeps.INVENTORY:
        return {**live, **mine} if keys else None
    if whole:
        gone = {f.path[1] for f in changed if f.cause is Cause.REMOVED and get(sent, f.path[:2]) is ABSENT}
        kept = {name: value for name, value in live.items() if name not in gone}
        return {**kept, **mine, RECORD_KEY: record}
    return {**mine, RECORD_KEY: record}
