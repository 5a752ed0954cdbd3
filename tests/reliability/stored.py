"""What the emulator has stored, read from its database: an eye that is neither the engine's nor the service's.

Belongs here: rows, and what of them is whose. Does not belong here: what should be there (`test_crash_matrix`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.state import RECORD_KEY, Inventory, inventory_key

USER = "me-local"
OTHERS = frozenset({"theirs", "second"})
"""Ids of what other people and the other manifest set of `crash_scenarios` have."""

_MESSAGES = {
    "app": resources_pb2.App,
    "concept": resources_pb2.Concept,
    "relation": resources_pb2.ConceptRelation,
    "input": resources_pb2.Input,
    "model": resources_pb2.Model,
    "model_version": resources_pb2.ModelVersion,
    "workflow": resources_pb2.Workflow,
    "workflow_version": resources_pb2.WorkflowVersion,
}
_ADDRESSED = ("concept", "relation", "input", "model", "workflow")
_BEING_PROCESSED = (30001, 30003)


class Row(NamedTuple):
    """One row of the table of objects."""

    seq: int
    user: str
    app: str
    kind: str
    parent: str
    id: str
    name: str
    created: int
    modified: int
    body: bytes

    @property
    def message(self) -> Any:
        return _MESSAGES[self.kind].FromString(self.body)

    @property
    def foreign(self) -> bool:
        """Whether it is of other people in the app: an object of theirs, or what hangs on one."""
        return bool({self.id, self.parent} & OTHERS) or any(f"/{name}|" in self.parent for name in OTHERS)

    @property
    def address(self) -> str:
        """How the manifest set calls it."""
        if self.kind != "relation":
            return f"{self.kind}s/{self.id}"
        relation = self.message
        target = relation.object_concept
        abroad = f"@{target.user_id}/{target.app_id}" if target.app_id not in ("", self.app) else ""
        return f"relations/{relation.subject_concept.id}.{relation.predicate}.{target.id}{abroad}"


class Stored(tuple[Row, ...]):
    """All rows, oldest first."""

    @classmethod
    def read(cls, database: Path) -> Stored:
        """What is committed at this moment, whoever has the database open."""
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as looking:
            return cls(map(Row._make, looking.execute("SELECT * FROM objects ORDER BY seq")))

    def of(self, app: str, *kinds: str) -> Iterator[Row]:
        """The rows of an app that are not of other people."""
        return (row for row in self if (row.user, row.app) == (USER, app) and row.kind in kinds and not row.foreign)

    def app(self, app: str) -> Any | None:
        """The App itself."""
        return next((row.message for row in self if (row.user, row.kind, row.id) == (USER, "app", app)), None)

    def addresses(self, app: str) -> list[str]:
        """All objects of an app, duplicates included."""
        return [row.address for row in self.of(app, *_ADDRESSED)]

    def text(self, app: str, key: str) -> str:
        """A text in the metadata of an App."""
        found = self.app(app)
        return str(found.metadata.fields[key].string_value) if found else ""

    def inventory(self, app: str) -> Mapping[str, bool]:
        """Address -> whether it is only announced, as the owner named like the app has it."""
        found = Inventory.parse(self.text(app, inventory_key(app)), app)
        return {name: entry.pending for name, entry in found.entries.items()} if found else {}

    def versions(self, app: str) -> Mapping[str, list[tuple[str, int]]]:
        """Model -> (our mark, status) of each version."""
        found: dict[str, list[tuple[str, int]]] = {row.id: [] for row in self.of(app, "model")}
        for row in self.of(app, "model_version"):
            version = row.message
            mark = version.metadata.fields[RECORD_KEY].string_value
            found.setdefault(row.parent, []).append((mark, version.status.code))
        return found

    def others(self, app: str) -> dict[Any, bytes]:
        """What is not of this manifest set, byte for byte: in the app, in the App's metadata, in other apps."""
        rows = {row[1:-1]: row.body for row in self if row.user and (row.foreign or app not in (row.app, row.id))}
        texts = {key: self.text(app, key).encode() for key in ("theirs", inventory_key("second"))}
        return rows | {key: text for key, text in texts.items() if text}

    @property
    def processing(self) -> bool:
        """Whether the service is still at work on an input."""
        return any(row.kind == "input" and row.message.status.code in _BEING_PROCESSED for row in self)
