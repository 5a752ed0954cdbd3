"""What the service really holds, and whose it is: read from its store, without a word of the engine's code.

Belongs here: rows, the owners that their records name, what an inventory lists. Does not belong here: what should be
so (`machine`).
"""

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from clarifai_grpc.grpc.api import resources_pb2

USER, APP = "me-local", "app"
PLURALS = {"concept": "concepts", "model": "models", "workflow": "workflows", "input": "inputs", "app": "apps"}
"""Kind of a row -> segment of an address, of what has an id of its own; a relation is named by its ends."""
MESSAGES = {"model": resources_pb2.Model, "workflow": resources_pb2.Workflow, "input": resources_pb2.Input}
STORED = MESSAGES | {
    "app": resources_pb2.App, "concept": resources_pb2.Concept, "model_version": resources_pb2.ModelVersion,
    "workflow_version": resources_pb2.WorkflowVersion,
}  # fmt: skip
"""What is stored and holds a map."""
PARENTS = {"model_version": "models", "workflow_version": "workflows", "annotation": "inputs"}
NOTICED = {*PLURALS, *PARENTS, "relation"}


class Place(NamedTuple):
    """Where a row is stored."""

    kind: str
    parent: str
    id: str


@dataclass(frozen=True)
class Dump:
    """Every row of the app at one moment, as bytes."""

    rows: Mapping[Place, tuple[Any, ...]]

    @classmethod
    def of(cls, emulator: Any) -> "Dump":
        store = emulator._store
        sql = "SELECT kind, parent, id, body, name, created, modified FROM objects WHERE user=? AND app IN (?, '')"
        with store.transaction():
            found = store._connection.execute(sql, (USER, APP)).fetchall()
        return cls({Place(*row[:3]): (_lasting(row[0], row[3]), *row[4:]) for row in found if row[0] in NOTICED})

    def bodies(self) -> dict[Place, bytes]:
        """What is stored, without when."""
        return {place: row[0] for place, row in self.rows.items()}

    def same_as(self, other: "Dump") -> bool:
        """Whether both hold the same. A map in a message has no order, so other bytes alone prove nothing."""
        one, two = self.bodies(), other.bodies()
        if one.keys() != two.keys():
            return False
        return all(_ordered(p.kind, one[p]) == _ordered(p.kind, two[p]) for p in one if one[p] != two[p])

    # -- objects

    @property
    def app(self) -> Any:
        """The App, or None."""
        row = self.rows.get(Place("app", "", APP))
        return None if row is None else resources_pb2.App.FromString(row[0])

    def addresses(self) -> dict[str, Place]:
        """Address -> place, of everything but the App and what hangs below an object."""
        found = {_address(place, row): place for place, row in self.rows.items() if place.kind not in PARENTS}
        return {address: place for address, place in found.items() if not address.startswith("apps/")}

    def below(self, address: str) -> dict[Place, tuple[Any, ...]]:
        """An object's own row and those of its versions or annotations."""
        kind, _, name = address.partition("/")
        own = {place: row for place, row in self.rows.items() if _address(place, row) == address}
        return own | {p: row for p, row in self.rows.items() if PARENTS.get(p.kind) == kind and p.parent == name}

    def versions(self, model: str) -> list[Any]:
        """The model's versions, in the order in which they were made."""
        found = [
            (row[2], place.id, row[0]) for place, row in self.rows.items() if place[:2] == ("model_version", model)
        ]
        return [_version(name, body) for _, name, body in sorted(found)]

    # -- owners

    def owners(self) -> dict[str, str]:
        """Address -> owner, of everything that carries a record of ours, there or in an inventory.

        Where two inventories have an object, it is whose entry is settled; if both are pending, nobody's yet.
        """
        claims: dict[tuple[str, bool], list[str]] = {}
        for owner in self.inventories():
            for address, entry in self._kept_in(owner):
                claims.setdefault((address, entry.get("pending", False)), []).append(owner)
        owned = dict(self._by_record())
        for (address, pending), owners in sorted(claims.items()):
            if not pending or len(owners) == 1:
                owned.setdefault(address, owners[0])
        return owned

    def _kept_in(self, owner: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entries that are the only record of what they name."""
        there = self.addresses()
        for address, entry in self.inventory(owner).items():
            kept = address in there and address.startswith(("concepts/", "relations/")) and "fields" in entry
            if kept and entry.get("id", there[address].id) == there[address].id:
                yield address, entry

    def _by_record(self) -> Iterator[tuple[str, str]]:
        for address, place in self.addresses().items():
            if place.kind in MESSAGES:
                message = MESSAGES[place.kind].FromString(self.rows[place][0])
                metadata = message.data.metadata if place.kind == "input" else message.metadata
                record = _json(metadata.fields["reconciler"].string_value if "reconciler" in metadata.fields else "")
                if record.get("address") == f"{USER}/{APP}/{address}":
                    yield address, record["owner"]

    def inventories(self) -> list[str]:
        """The owners that keep an inventory in the App."""
        fields = self.app.metadata.fields if self.app is not None else {}
        return sorted(key.removeprefix("reconciler_") for key in fields if key.startswith("reconciler_"))

    def inventory(self, owner: str) -> dict[str, Any]:
        """What an owner's inventory lists: address -> entry."""
        app = self.app
        key = f"reconciler_{owner}"
        if app is None or key not in app.metadata.fields:
            return {}
        text = app.metadata.fields[key].string_value
        if text.startswith("zlib:"):
            text = zlib.decompress(base64.b85decode(text.removeprefix("zlib:"))).decode()
        entries = _json(text).get("entries", {})
        assert isinstance(entries, dict)
        return entries

    def app_of_others(self) -> tuple[Any, ...] | None:
        """What of the App is not kept by us: its fields, and the keys of its metadata that are nobody's of ours."""
        app = self.app
        if app is None:
            return None
        theirs = {key: str(value) for key, value in app.metadata.fields.items() if not key.startswith("reconciler")}
        app.ClearField("metadata")
        app.ClearField("modified_at")
        return app.SerializeToString(deterministic=True), theirs


def _address(place: Place, row: tuple[Any, ...]) -> str:
    """The address of a row; relations in the key form of facts 3.3."""
    if place.kind == "relation":
        return f"relations/{_key(resources_pb2.ConceptRelation.FromString(row[0]))}"
    return f"{PLURALS[place.kind]}/{place.id}" if place.kind in PLURALS else ""


def _key(relation: Any) -> str:
    ends = [(c.user_id or USER, c.app_id or APP, c.id) for c in (relation.subject_concept, relation.object_concept)]
    predicate = relation.predicate
    foreign = [end[:2] != (USER, APP) for end in ends]
    hypernym, synonym = predicate == "hypernym", predicate == "synonym"
    if foreign[0] if foreign[0] != foreign[1] else hypernym or (synonym and ends[1] < ends[0]):
        ends.reverse()
        predicate = {"hypernym": "hyponym", "hyponym": "hypernym"}.get(predicate, predicate)
    place = "" if ends[1][:2] == (USER, APP) else f"@{ends[1][0]}/{ends[1][1]}"
    return f"{ends[0][2]}.{predicate}.{ends[1][2]}{place}"


def _lasting(kind: str, body: bytes) -> bytes:
    """A body without what a training moves on with every look at it."""
    if kind != "model_version":
        return body
    version = resources_pb2.ModelVersion.FromString(body)
    for field in ("status", "completed_at", "total_input_count"):
        version.ClearField(field)
    return bytes(version.SerializeToString())


def _ordered(kind: str, body: bytes) -> bytes:
    return bytes(STORED[kind].FromString(body).SerializeToString(deterministic=True)) if kind in STORED else body


def _version(name: str, body: bytes) -> Any:
    version = resources_pb2.ModelVersion.FromString(body)
    version.id = name
    return version


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def marks(versions: list[Any]) -> list[str]:
    """The marks of ours that versions carry."""
    found = [v.metadata.fields["reconciler"].string_value for v in versions if "reconciler" in v.metadata.fields]
    return [mark for mark in found if mark]
