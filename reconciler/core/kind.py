"""Everything the engine knows about a kind of resource, as one frozen value; `kinds/*.py` each make one.

Belongs here: `Kind`, the rules on its fields, and the generic requests that the naming convention gives. Does not
belong here: any particular kind, or sending anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any

from google.protobuf.message import Message

from reconciler.core.address import Address, Scope
from reconciler.core.canonical import Shape, data_from
from reconciler.core.change import Effect
from reconciler.core.diagnostics import Severity
from reconciler.core.remote import Call, Crud
from reconciler.core.state import Reference
from reconciler.core.tree import ABSENT, Path, Tree, get, put

Pattern = tuple[str, ...]


WORD_IDS = r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*"
"""Letters and digits with inner - or _ (facts 3.0)."""
URL_IDS = r"[^\s/\x00-\x1f\x7f]+"
"""Anything but blanks, slashes and control characters (facts U29)."""


def matches(pattern: Pattern, path: Path) -> bool:
    """Whether a path lies at or beneath a pattern; `*` stands for any one name."""
    return len(path) >= len(pattern) and all(p in ("*", name) for p, name in zip(pattern, path, strict=False))


@dataclass(frozen=True)
class Fields:
    """The rules on a kind's paths, as dotted patterns; a pattern covers all that lies beneath it."""

    writable: tuple[str, ...]
    """What a manifest may declare; everything else is filled in by the service."""
    keyed: Mapping[str, str] = field(default_factory=dict)
    """List fields whose elements are named by one of their fields: compared as maps, closed once written."""
    identity: tuple[str, ...] = ()
    """Part of the address; never compared."""
    create_only: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    clearable: tuple[str, ...] = ()
    """Where a removed line can be undone through the API; proto3 cannot send "empty" elsewhere (facts 3.0)."""
    write_only: tuple[str, ...] = ()
    """Never read back as sent; compared with our record only."""
    sensitive: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    """Older names of a field -> the one we compare."""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a text may be, where the message does not tell."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What the service fills in where nothing is written; an export leaves it out."""
    files: Mapping[str, int] = field(default_factory=dict)
    """Our own fields beside the message's: each names a file whose content is sent, of at most so many bytes.

    In the tree such a field holds the fingerprint of the content, so that another content is a difference.
    """
    implied: Mapping[str, Any] = field(default_factory=dict)
    """What an element of a keyed list says where its author wrote nothing; it is then owned like a written value."""

    @cached_property
    def shape(self) -> Shape:
        """The compiled trie of the writable paths."""
        return Shape.of(self.writable, self.keyed)

    def current(self, path: Path) -> Path:
        """A path under the name we compare, where it was written under an older one."""
        for prefix, target in self.moves:
            if path[: len(prefix)] == prefix:
                return (*target, *path[len(prefix) :])
        return path

    @cached_property
    def moves(self) -> list[tuple[Path, Path]]:
        """`moved` as paths."""
        return [(tuple(old.split(".")), tuple(new.split("."))) for old, new in self.moved.items()]

    @cached_property
    def owned(self) -> Callable[[frozenset[Path]], frozenset[Path]]:
        """Written paths -> those that are owned, under the names we compare.

        Equal ones are the same set: most objects have the paths of another, and a set takes most of a kilobyte.
        """
        return lru_cache(maxsize=1 << 14)(self._owned)

    def _owned(self, written: frozenset[Path]) -> frozenset[Path]:
        return frozenset(path for path in map(self.current, written) if not self.any(self.identity, path))

    @cached_property
    def closed(self) -> Callable[[Path], bool]:
        """Whether a path is that of a keyed list: its membership is owned as a whole."""
        return lru_cache(maxsize=1 << 14)(self._closed)

    def _closed(self, path: Path) -> bool:
        shape = self.shape.at(path)
        return shape is not None and shape.key is not None

    def any(self, rule: tuple[str, ...], path: Path) -> bool:
        """Whether one of a rule's patterns covers the path."""
        return _covers(rule, path)


@lru_cache(maxsize=1 << 14)  # asked ten times for each path of each object, and objects of a kind have the same paths
def _covers(rule: tuple[str, ...], path: Path) -> bool:
    return any(matches(tuple(pattern.split(".")), path) for pattern in rule)


@dataclass(frozen=True)
class Versions:
    """How a kind keeps part of itself in versions that are never edited (models)."""

    path: Path
    crud: Crud
    parent_id_field: str
    ready: frozenset[int]
    """Status codes at which a version can be used."""
    waiting: frozenset[int]
    """Status codes that will change by themselves."""

    def failed(self, status: int) -> bool:
        """Whether a status means that nothing can be used and nothing will change; 0 means that none was told."""
        return status != 0 and status not in self.ready and status not in self.waiting


@dataclass(frozen=True)
class Processing:
    """How a kind's objects come to be usable: the service takes them at once and works on them afterwards (inputs)."""

    ready: frozenset[int]
    """Status codes at which an object can be used."""
    waiting: frozenset[int]
    """Status codes that will change by themselves."""

    def failed(self, status: int) -> bool:
        """Whether the service gave up on an object."""
        return status != 0 and status not in self.ready and status not in self.waiting


class Keeps(Enum):
    """Where a kind's record is kept, and so how it is written."""

    MERGE = "own metadata; a patch merges our key into it"
    OVERWRITE = "own metadata; a patch replaces it whole, foreign keys included"
    APP = "the App's metadata, which moves by metadata_action only"
    INVENTORY = "the owner's inventory in the App"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a kind's own check found in a declared tree; the location is joined later by path."""

    path: Path
    summary: str
    hint: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is sent with an object: its name tells what it is, the bytes are its content."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about: the object, the wanted tree as it is to be sent, and what is known of the live one."""

    address: Address
    tree: Tree
    metadata: Mapping[str, Any] | None = None
    """Metadata to send with it, our record included; None to leave metadata alone."""
    service_id: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Attachment] = field(default_factory=dict)
    """By the field that names the file."""


def _no_references(tree: Tree, scope: Scope) -> Iterable[Reference]:
    return ()


def _same(tree: Tree) -> Tree:
    return tree


def _as_it_is(tree: Tree, address: Address) -> Tree:
    return tree


def _keep_live(want: Tree, have: Tree) -> Tree:
    return have


def _no_problems(tree: Tree, scope: Scope) -> Iterable[Problem]:
    return ()


def _by_id(message: Any, scope: Scope) -> str:
    return str(message.id)


def _never_pristine(tree: Tree, name: str) -> bool:
    return False


def _learns_nothing(tree: Tree) -> frozenset[str] | None:
    return None


@dataclass(frozen=True)
class ListedApart:
    """A list inside an object that the service may show nowhere but through an RPC of its own."""

    rpc: str
    places: tuple[Path, ...]
    """Where in the message it otherwise stands; the first is its own."""
    count: Path
    """Where the message says how long it is, in any case."""


@dataclass(frozen=True)
class Kind:
    """One kind of resource. The engine asks nothing about a kind that is not answered here."""

    name: str
    plural: str
    message: type[Message]
    fields: Fields
    crud: Crud
    keeps: Keeps
    summary: str
    """One sentence for `explain`."""
    references: Callable[[Tree, Scope], Iterable[Reference]] = _no_references
    normalise: Callable[[Tree], Tree] = _same
    """Spellings the service treats as equal -> one of them; applied to both sides."""
    align: Callable[[Tree, Tree], Tree] = _keep_live
    """(want, have) -> have, with values that mean the same as in want spelled as there."""
    check: Callable[[Tree, Scope], Iterable[Problem]] = _no_problems
    """What the service would refuse or silently ignore, found offline in a declared tree."""
    arrange: Callable[[Tree], Tree] = _same
    """The tree in the order in which it must be sent."""
    complete: Callable[[Tree], Tree] = _same
    """A declared tree with what must be managed although nobody writes it (an operator's first version)."""
    brief: Callable[[Tree, Address], Tree] = _as_it_is
    """A live tree as an author would write it: the shortest that means the same."""
    identify: Callable[[Any, Scope], str] = _by_id
    """The id part of the address, from a live message."""
    identify_declared: Callable[[Tree, Scope], str] | None = None
    """The id part of the address, from a declared tree; None where `metadata.name` is the id."""
    pristine: Callable[[Tree, str], bool] = _never_pristine
    """Whether an object without record is still as the service itself makes it."""
    metadata: Path = ("metadata",)
    """Where in the message the free metadata stands, and our record in it."""
    versions: Versions | None = None
    processing: Processing | None = None
    learns: Callable[[Tree], frozenset[str] | None] = _learns_nothing
    """The concepts that a new version learns from examples (empty: all there are); None if it learns nothing."""
    teaches: Callable[[Tree], frozenset[str]] | None = None
    """The concepts that an object is an example of, for a kind whose objects others learn from."""
    full_read: str | None = None
    """The RPC that shows an object whole, where it is not the plain Get."""
    listed_apart: ListedApart | None = None
    list_fields: Mapping[str, Any] = field(default_factory=dict)
    by_id: bool = False
    """Whether a list is asked only for the ids that are declared or in our inventory: an app may hold millions."""
    batch: int = 1
    """How many objects one request may read, create or delete; above 1 they are sent together."""
    all_or_none: bool = False
    """Whether Post, Patch and Delete take several objects, and do all of them or none (facts 2.5)."""
    narrow: Callable[[str], Mapping[str, Any]] | None = None
    """Fields that make a list show one object and few others, where there is no Get."""
    post: Callable[[Kind, Subject], Call] | None = None
    delete: Callable[[Kind, Subject], tuple[Call, ...]] | None = None
    patch_action: str = "overwrite"
    id_rule: str = WORD_IDS
    """What an id may look like, as a regular expression."""
    short_ids: bool = True
    """Whether ids over 32 characters are in doubt (facts U29)."""
    reserved_ids: tuple[str, ...] = ()
    """Ids that the service may look up among Clarifai's own objects first (facts 3.8)."""
    unset_late: Mapping[str, Any] = field(default_factory=dict)
    """What the late fields are set to before what they refer to is deleted."""
    goes_along: str = ""
    """What is deleted together with an object and does not come back with it, in words."""
    deletable: bool = True
    replaceable: bool = True

    @cached_property
    def effect(self) -> Callable[[Path], Effect]:
        """What applying a difference at a path does."""
        return lru_cache(maxsize=1 << 14)(self._effect)

    @cached_property
    def apart(self) -> Callable[[frozenset[Path]], tuple[tuple[Path, ...], tuple[Path, ...]]]:
        """Owned paths, in order -> (those of the object itself, those that stand in its version)."""
        return lru_cache(maxsize=1 << 14)(self._apart)

    def _apart(self, owned: frozenset[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        in_version = {path for path in owned if self.effect(path) is Effect.NEW_VERSION}
        return tuple(sorted(owned - in_version)), tuple(sorted(in_version))

    def _effect(self, path: Path) -> Effect:
        if self.versions is not None and path[: len(self.versions.path)] == self.versions.path:
            return Effect.NEW_VERSION
        if self.fields.any(self.fields.create_only, path):
            return Effect.REPLACE
        return Effect.LATE if self.fields.any(self.fields.late, path) else Effect.IN_PLACE

    def fold(self, tree: Tree) -> Tree:
        """A tree in the one spelling that is compared: older names moved, aliases folded; for both sides."""
        for path, target in self.fields.moves:
            value = get(tree, path)
            if value is not ABSENT:
                tree = put(tree, path, ABSENT)
                tree = tree if get(tree, target) is not ABSENT else put(tree, target, value)
        return self.normalise(tree)

    def data(self, tree: Tree) -> dict[str, Any]:
        """A tree as plain data in the message's own form, arranged for sending."""
        own = {name: value for name, value in tree.items() if name not in self.fields.files}
        return data_from(self.arrange(own), self.fields.shape)


def user_app(scope: Scope) -> dict[str, str]:
    """The `user_app_id` of a request."""
    return {"user_id": scope.user_id, "app_id": scope.app_id}


def item_data(kind: Kind, subject: Subject, tree: Tree) -> dict[str, Any]:
    """One element of a Post or Patch request: id, the tree's fields, metadata if any is to be sent."""
    data = {"id": subject.address.id, **kind.data(tree)}
    return data if subject.metadata is None else put(data, kind.metadata, dict(subject.metadata))


def post_call(kind: Kind, subject: Subject) -> Call:
    """The request that creates an object."""
    if kind.post is not None:
        return kind.post(kind, subject)
    item = item_data(kind, subject, subject.tree)
    return Call(kind.crud.post, {"user_app_id": user_app(subject.address.scope), kind.crud.items: [item]})


def patch_call(kind: Kind, subject: Subject, **more: Any) -> Call:
    """The request that changes an object in place; the tree holds only what is to be changed."""
    if kind.crud.patch is None:
        raise ValueError(f"the service cannot patch a {kind.name}")
    item = item_data(kind, subject, subject.tree)
    fields = {"user_app_id": user_app(subject.address.scope), kind.crud.items: [item], "action": kind.patch_action}
    return Call(kind.crud.patch, fields | more)


def delete_calls(kind: Kind, subject: Subject) -> tuple[Call, ...]:
    """The requests that delete an object, to be tried in turn until one is not refused."""
    if kind.delete is not None:
        return kind.delete(kind, subject)
    if kind.crud.delete is None:
        raise ValueError(f"the service cannot delete a {kind.name}")
    return (Call(kind.crud.delete, {"user_app_id": user_app(subject.address.scope), "ids": [subject.address.id]}),)
