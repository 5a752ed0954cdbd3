"""What an update sends: the wanted values laid over the live ones where the API takes a field only whole.

Pure: trees in, trees out. Does not belong here: the request around it (`kind`) or sending it (`stages/write`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from reconciler.core.change import Cause, Effect, FieldChange
from reconciler.core.kind import Keeps, Kind
from reconciler.core.state import RECORD_KEY, Observed
from reconciler.core.tree import ABSENT, Path, Tree, get, overlay, put


def tree_for_update(
    kind: Kind, want: Tree, live: Tree, written: Collection[Path], fields: Iterable[FieldChange]
) -> Tree:
    """The part of an object that a patch must carry: every field beside the metadata in which something changes, whole.

    Metadata travels apart (`metadata_for`). What nobody declared inside such a field stays as it is live.
    """
    changed = [field for field in fields if field.effect is Effect.IN_PLACE and not _is_metadata(kind, field.path)]
    tree: Tree = {}
    for path in dict.fromkeys(_sent_whole(kind, field.path) for field in changed):
        tree = put(tree, path, _whole(kind, path, get(want, path), get(live, path), written))
    for field in changed:
        if field.cause is Cause.REMOVED:
            tree = put(tree, field.path, ABSENT)
    return tree


def _sent_whole(kind: Kind, path: Path) -> Path:
    """The field that a patch carries for a path: fields stand where the metadata stands (`data.…` of an input)."""
    return path[: len(kind.metadata)]


def _is_metadata(kind: Kind, path: Path) -> bool:
    return _sent_whole(kind, path) == kind.metadata


def has_lists(kind: Kind, tree: Tree) -> bool:
    """Whether a patch carries a list, which only an overwrite makes what is wanted: a merge adds to it."""
    return any(isinstance(value, list) or _is_keyed(kind, path) for path, value in _parts(tree, len(kind.metadata)))


def emptied(kind: Kind, tree: Tree, live: Tree) -> Tree:
    """The live elements of closed sets that a patch leaves empty: no message can say so, they must be removed."""
    gone: Tree = {}
    for path, value in _parts(tree, len(kind.metadata)):
        if value == {} and _is_keyed(kind, path) and get(live, path):
            gone = put(gone, path, get(live, path))
    return gone


def _is_keyed(kind: Kind, path: Path) -> bool:
    shape = kind.fields.shape.at(path)
    return shape is not None and shape.key is not None


def _parts(tree: Tree, depth: int, prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The fields of a patch, at the depth at which they are sent whole."""
    for name, value in tree.items():
        if depth > 1 and isinstance(value, dict):
            yield from _parts(value, depth - 1, (*prefix, name))
        else:
            yield (*prefix, name), value


def _whole(kind: Kind, path: Path, want: Any, live: Any, written: Collection[Path]) -> Any:
    if want is ABSENT and path in written and _is_keyed(kind, path):
        return {}  # a closed set that was written empty
    if not isinstance(want, dict) or not isinstance(live, dict):
        return live if want is ABSENT else want
    if not _is_keyed(kind, path):
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
    depth = len(kind.metadata)
    changed = [(f, f.path[depth:]) for f in fields if f.effect is Effect.IN_PLACE and _is_metadata(kind, f.path)]
    keys = {inner[0] for _, inner in changed if inner}
    live = dict(fresh.metadata)
    wanted = {key: value for key, value in (get(want, kind.metadata) or {}).items() if key in keys}
    mine = overlay({key: live.get(key) for key in keys if key in live}, wanted)
    for field, inner in changed:
        if field.cause is Cause.REMOVED and inner:
            mine = put(mine, inner, ABSENT)
    if kind.keeps is Keeps.INVENTORY:
        return {**live, **mine} if keys else None
    if whole:
        gone = {i[0] for f, i in changed if f.cause is Cause.REMOVED and i and get(mine, i[:1]) is ABSENT}
        kept = {name: value for name, value in live.items() if name not in gone}
        return {**kept, **mine, RECORD_KEY: record}
    return {**mine, RECORD_KEY: record}
