"""What happens to workflow versions when a model (version) they pin goes away.

Belongs here: following pins backwards. Not here: making them (`emulator/links.py`). Facts 3.5, 3.6, U6.
"""

from __future__ import annotations

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import errors
from reconciler.emulator.context import Call
from reconciler.emulator.store import Row

WORKFLOW_VERSION = "workflow_version"


def release(call: Call, target: str, what: str) -> None:
    """Mark every workflow version that pins the target deprecated, or refuse the delete (switch `model_in_use`)."""
    holders = call.store.linked(target, WORKFLOW_VERSION)
    if holders and call.switches.model_in_use == "refused":
        names = ", ".join(sorted({row.key.parent for row in holders}))
        raise errors.invalid_model(f"{what} is used by workflows: {names}")
    for row in holders:
        version = resources_pb2.WorkflowVersion.FromString(row.body)
        version.is_deprecated = True
        call.store.update(row, version.SerializeToString())


def workflow_count(call: Call, target: str) -> int:
    """How many workflows pin the target in their newest version."""
    return sum(_is_newest(call, row) for row in call.store.linked(target, WORKFLOW_VERSION))


def _is_newest(call: Call, row: Row) -> bool:
    key = row.key
    newest = call.store.select(key.user, key.app, WORKFLOW_VERSION, parent=key.parent, ascending=False, limit=1)
    found = next(newest, None)
    return found is not None and found.seq == row.seq
