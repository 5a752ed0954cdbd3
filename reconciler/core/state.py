"""What is wanted, what is there, and what we remember: `Desired`, `Observed`, `Record`, `Inventory`.

Belongs here: the values the stages hand to each other and the text forms of our records in the live app. Does not
belong here: how any of them is made (`stages`).
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from reconciler.core.address import Address, Scope
from reconciler.core.declaration import Lifecycle
from reconciler.core.diagnostics import Location
from reconciler.core.tree import Path, Tree, fingerprint, parse_path, path_text

RECORD_KEY = "reconciler"
"""The metadata key of our record; `reconciler_<owner>` in an App's metadata is an owner's inventory."""

RECORD_LIMIT = 4096
"""Characters above which a record folds its leaves and an inventory is compressed."""

_PACKED = "zlib:"
_LARGEST = 1 << 25
"""Characters that an unpacked inventory may have: some 300,000 entries."""


def inventory_key(owner: str) -> str:
    """The App metadata key of an owner's inventory."""
    return f"{RECORD_KEY}_{owner}"


def ours(key: str) -> bool:
    """Whether a metadata key is one of ours, invisible to diff and export."""
    return key == RECORD_KEY or key.startswith(f"{RECORD_KEY}_")


@dataclass(frozen=True, slots=True)
class Reference:
    """A path that points at another object. With `output`, the value at `path` is that output of the target."""

    path: Path
    target: Address
    output: str | None = None
    declared: bool = True
    """Whether the target is in the same manifest set (else it is live, or in clarifai/main)."""
    foreign: bool = False
    """Whether the author named another app."""


@dataclass(frozen=True, slots=True)
class Desired:
    """One declared object: its canonical tree, and which paths the author wrote (only those are owned)."""

    address: Address
    kind: str
    tree: Tree
    written: frozenset[Path]
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    location: Location | None = None
    positions: Mapping[Path, Location] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    ignored: frozenset[Path] = frozenset()
    """Written but not compared (`lifecycle.ignore`)."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Our own fields that name a file -> where it lies; its content's fingerprint stands in the tree."""

    @property
    def owned(self) -> frozenset[Path]:
        """The paths that are compared."""
        return self.written - self.ignored if self.ignored else self.written


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Everything declared for one app by one manifest set."""

    scope: Scope
    owner: str
    resources: Mapping[Address, Desired]
    documents: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """What we remember in a live object: whose it is and a fingerprint for each owned path.

    `address` guards against copies: a record that names another object counts as none.
    """

    owner: str
    address: str
    fields: Mapping[str, str]
    protect: bool = False
    canon: int = 1
    version: bool = False
    """Whether a version of ours belongs to it, so that one whose mark is gone with it is missed."""

    def text(self) -> str:
        """The one string that is stored; canonical, so equal records have equal text."""
        body: dict[str, Any] = {
            "v": 1,
            "canon": self.canon,
            "owner": self.owner,
            "address": self.address,
            "fields": dict(self.fields),
        }
        body |= {name: True for name in ("protect", "version") if getattr(self, name)}
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def parse(cls, text: object, address: Address) -> Record | None:
        """Read `text` back; None for anything that is not a record of this very object."""
        body = _json_object(text)
        if body is None or body.get("address") != address.qualified or not isinstance(body.get("fields"), dict):
            return None
        return cls(
            owner=str(body.get("owner", "")),
            address=address.qualified,
            fields=_one_each(body["fields"]),
            protect=body.get("protect") is True,
            canon=body.get("canon", 0),
            version=body.get("version") is True,
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """What we remember in a model version: that this set made it, from which parent, and of which values."""

    owner: str
    address: str
    parent: str
    digest: str
    fields: Mapping[str, str]
    canon: int = 1

    def text(self) -> str:
        """The one string in the version's own metadata, sent when it is created (decision 0007)."""
        body = {
            "v": 1,
            "canon": self.canon,
            "owner": self.owner,
            "address": self.address,
            "parent": self.parent,
            "digest": self.digest,
            "fields": dict(self.fields),
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def parse(cls, text: object, address: Address) -> Mark | None:
        """Read `text` back; None for anything that is not a mark of this very model."""
        body = _json_object(text)
        if body is None or body.get("address") != address.qualified or not isinstance(body.get("fields"), dict):
            return None
        return cls(
            owner=str(body.get("owner", "")),
            address=address.qualified,
            parent=str(body.get("parent", "")),
            digest=str(body.get("digest", "")),
            fields=_one_each(body["fields"]),
            canon=body.get("canon", 0),
        )


def _one_each(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same with each name one text for all records: they name the same paths, half a kilobyte in each."""
    return {intern(name): value for name, value in fields.items()}


def _json_object(text: object) -> dict[str, Any] | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and body.get("v") == 1 else None


def fields_of(values: Mapping[Path, str], limit: int = RECORD_LIMIT) -> dict[str, str]:
    """Path -> fingerprint in text form; above the limit, the leaves of the fullest parents fold into one entry.

    A folded entry is written `parent/*`; its fingerprint stands for all leaves beneath (see `remembered`).
    """
    fields = {path_text(path): value for path, value in values.items()}
    depth = max((len(path) for path in values), default=0)
    while depth > 1 and _size(fields) > limit:
        depth -= 1
        groups: dict[Path, dict[Path, str]] = {}
        for path, value in values.items():
            if len(path) > depth:
                groups.setdefault(path[:depth], {})[path] = value
        fields = {path_text(path): value for path, value in values.items() if len(path) <= depth}
        fields |= {f"{path_text(parent)}/*": _fold(group) for parent, group in groups.items()}
    return fields


def _size(fields: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) + 6 for name, value in fields.items())


def _fold(group: Mapping[Path, str]) -> str:
    return fingerprint([[path_text(path), value] for path, value in sorted(group.items())])


def remembered(fields: Mapping[str, str], path: Path, now: Mapping[Path, str]) -> bool | None:
    """Whether the record says of a path what `now` (path -> fingerprint) says; None if it says nothing of it."""
    exact = fields.get(path_text(path))
    if exact is not None:
        return exact == now.get(path)
    for depth in range(len(path) - 1, 0, -1):
        folded = fields.get(f"{path_text(path[:depth])}/*")
        if folded is not None:
            return folded == _fold({p: v for p, v in now.items() if p[:depth] == path[:depth] and len(p) > depth})
    return None


def recorded_paths(fields: Mapping[str, str]) -> Iterable[Path]:
    """The paths a record names one by one (folded ones cannot be told apart)."""
    return (parse_path(name) for name in fields if not name.endswith("/*"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an inventory. Concepts and relations keep their record here."""

    pending: bool = False
    """Announced before it was created or deleted; if it is absent, that is no drift."""
    fields: Mapping[str, str] | None = None
    protect: bool = False
    service_id: str = ""
    """Of a relation that we set out to delete: the id the service gave it, which one that is made later has not."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an owner applied to an app, kept in the app's metadata under the owner's own key."""

    owner: str
    entries: Mapping[str, Entry]
    canon: int = 1

    def text(self) -> str:
        """The stored string: canonical JSON, compressed above the limit."""
        body = {"v": 1, "canon": self.canon, "entries": {name: _pack(entry) for name, entry in self.entries.items()}}
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if len(text) <= RECORD_LIMIT:
            return text
        return _PACKED + base64.b85encode(zlib.compress(text.encode(), 9)).decode()

    @classmethod
    def parse(cls, text: object, owner: str) -> Inventory | None:
        """Read `text` back; None for anything else."""
        if isinstance(text, str) and text.startswith(_PACKED):
            text = _unpacked(text[len(_PACKED) :])
        body = _json_object(text)
        if body is None or not isinstance(body.get("entries"), dict):
            return None
        return cls(owner, {name: _unpack(entry) for name, entry in body["entries"].items()}, body.get("canon", 0))

    def record(self, address: Address) -> Record | None:
        """The record of an object whose own metadata is not used, if it is listed here."""
        entry = self.entries.get(str(address))
        if entry is None or entry.fields is None:
            return None
        return Record(self.owner, address.qualified, entry.fields, entry.protect, self.canon)

    def record_of(self, found: Observed) -> Record | None:
        """The record of an object that was found; none if it is another one than that which is listed."""
        entry = self.entries.get(str(found.address))
        same = entry is not None and entry.service_id in ("", found.service_id)
        return self.record(found.address) if same else None


def _unpacked(text: str) -> str | None:
    """The text that was compressed; None where it was not, or is so large that nobody of us wrote it."""
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(base64.b85decode(text), _LARGEST).decode()
    except (ValueError, zlib.error):
        return None
    return found if unpacking.eof else None


def _pack(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if entry.pending:
        body["pending"] = True
    if entry.fields is not None:
        body["fields"] = dict(entry.fields)
    if entry.protect:
        body["protect"] = True
    if entry.service_id:
        body["id"] = entry.service_id
    return body


def _unpack(body: Any) -> Entry:
    body = body if isinstance(body, dict) else {}
    fields, service_id = body.get("fields"), body.get("id")
    return Entry(
        pending=body.get("pending") is True,
        fields=fields if isinstance(fields, dict) else None,
        protect=body.get("protect") is True,
        service_id=service_id if isinstance(service_id, str) else "",
    )


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """A live model version: its id, its tree (None when it was not read in full), our mark if it carries one."""

    id: str
    tree: Tree | None
    mark: Mark | None
    untouched: bool = False
    """Nobody patched it since it was made, as far as its own two timestamps tell."""
    status: int = 0
    said: str = ""
    """What the service says of its status."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One live object: canonical tree without our keys, our record, and what only the service knows of it."""

    address: Address
    kind: str
    tree: Tree
    record: Record | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The metadata as read, but for the record that was made of it: needed where a write replaces it whole."""
    newest: LiveVersion | None = None
    managed: LiveVersion | None = None
    """The newest version that carries our mark; it may be older than `newest`."""
    service_id: str = ""
    """The id the service gave it (relations)."""
    version_count: int = 0
    """How many versions the service says there are; 0 when it does not say."""
    complete: bool = True
    """Whether it was read in full, or only as far as a list shows it."""
    status: int = 0
    """Where the service is with it, for a kind that is processed after it was taken."""
    said: str = ""
    """What the service says of its status."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """What was read of one app."""

    scope: Scope
    exists: bool
    observed: Mapping[Address, Observed]
    inventory: Inventory
    others: Mapping[str, Inventory] = field(default_factory=dict)
    """Inventories of other owners in the same app."""
    inputs: int | None = None
    refresh: str = "stamp"
    pins: Mapping[Address, str] = field(default_factory=dict)
    """Version ids looked up for references that name none."""
    moved: Mapping[Address, str] = field(default_factory=dict)
    """Objects whose id was changed since, and the new ones; nothing is observed under the old."""

    def renamed(self, address: Address) -> str:
        """Where an object went whose id was changed, in words; empty for any other."""
        return f"its id was changed to {self.moved[address] or 'another one'}" if address in self.moved else ""
