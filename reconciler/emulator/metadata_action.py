"""Patch App.metadata, which moves only through the separate `metadata_action` of PatchApp(s).

Belongs here: op, merge_conflict_resolution and path of a PatchAction over JSON-like values (facts 3.1 and the proto
comment of PatchAction). Not here: other resources' metadata (`patching.py`).
"""

from __future__ import annotations

import copy
import re
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from reconciler.emulator.errors import Refusal

_OPS = ("overwrite", "delete", "merge")
_RESOLUTIONS = ("", "overwrite_by_id", "remove_by_id", "merge_by_id", "overwrite", "append", "do_nothing")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_DEEPEST = 50


def patch_metadata(stored: Struct, sent: Struct, action: resources_pb2.PatchAction) -> Struct:
    """The new metadata after one action; an impossible action is refused with 24900 to 24902."""
    if action.op not in _OPS:
        raise _bad(f"op is {action.op!r}, supported are {', '.join(_OPS)}")
    if action.merge_conflict_resolution not in _RESOLUTIONS:
        raise _bad(f"unknown merge_conflict_resolution {action.merge_conflict_resolution!r}")
    old, new = _plain(stored), _plain(sent)
    path = _steps(action.path)
    result = _delete(old, path) if action.op == "delete" else _write(old, new, path, action)
    if not isinstance(result, dict):
        raise _bad("the root of metadata must stay an object")
    return json_format.ParseDict(result, Struct())


def _write(old: Any, new: Any, path: list[str | int], action: resources_pb2.PatchAction) -> Any:
    """The tree with the value at `path` overwritten by or merged with what was sent.

    What is sent may be the value itself or a whole tree that holds it at the same path.
    """
    if not path:
        return _combine(old, new, action)
    root = copy.deepcopy(old)
    holder = _reach(root, path[:-1])
    value = _value_for(new, path)
    last = path[-1]
    known = holder[last] if _has(holder, last) else None
    if isinstance(holder, dict):
        holder[str(last)] = value if known is None else _combine(known, value, action)
    elif known is not None:
        holder[last] = _combine(known, value, action)
    else:
        raise _lost(path)
    return root


def _combine(old: Any, new: Any, action: resources_pb2.PatchAction) -> Any:
    return new if action.op == "overwrite" else _merge(old, new, action.merge_conflict_resolution or "overwrite")


def _merge(old: Any, new: Any, resolution: str) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        merged = dict(old)
        for key, value in new.items():
            merged[key] = _merge(old[key], value, resolution) if key in old else value
        return merged
    if resolution.endswith("_by_id"):
        return _merge_by_id(old, new, resolution)
    if old == new or resolution == "do_nothing":
        return old
    if resolution == "append":
        return [*(old if isinstance(old, list) else [old]), *(new if isinstance(new, list) else [new])]
    return new


def _merge_by_id(old: Any, new: Any, resolution: str) -> Any:
    if not (isinstance(old, list) and isinstance(new, list)):
        return new
    sent = {entry["id"]: entry for entry in new if isinstance(entry, dict) and "id" in entry}
    if resolution == "remove_by_id":
        return [entry for entry in old if not (isinstance(entry, dict) and entry.get("id") in sent)]
    merged = []
    for entry in old:
        known = sent.pop(entry.get("id"), None) if isinstance(entry, dict) else None
        if known is None:
            merged.append(entry)
        else:
            merged.append(_merge(entry, known, "overwrite") if resolution == "merge_by_id" else known)
    return [*merged, *sent.values()]


def _delete(old: Any, path: list[str | int]) -> Any:
    if not path:
        return {}
    root = copy.deepcopy(old)
    holder = _reach(root, path[:-1])
    if not _has(holder, path[-1]):
        raise _lost(path)
    del holder[path[-1]]
    return root


def _value_for(new: Any, path: list[str | int]) -> Any:
    inner = new
    for step in path:
        if not _has(inner, step):
            return new
        inner = inner[step]
    return inner


def _reach(root: Any, path: list[str | int]) -> Any:
    for step in path:
        if not _has(root, step):
            raise _lost(path)
        root = root[step]
    return root


def _has(holder: Any, step: str | int) -> bool:
    if isinstance(holder, dict):
        return step in holder
    return isinstance(holder, list) and isinstance(step, int) and step < len(holder)


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = [name or int(index) for name, index in _STEP.findall(path)]
    rebuilt = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".")
    if rebuilt != path or len(steps) > _DEEPEST:
        raise _bad(f"path {path!r} is not of the form name.name[0].name")
    return steps


def _plain(value: Struct) -> Any:
    try:
        return json_format.MessageToDict(value)
    except (json_format.SerializeToJsonError, ValueError) as error:  # NaN and infinity are no JSON
        raise Refusal(codes.METADATA_PARSING_ISSUE, str(error)) from None


def _bad(details: str) -> Refusal:
    return Refusal(codes.METADATA_INVALID_PATCH_ARGUMENTS, details)


def _lost(path: list[str | int]) -> Refusal:
    return Refusal(codes.METADATA_MANIPULATION_ISSUE, f"metadata holds nothing at {'.'.join(map(str, path))}")
