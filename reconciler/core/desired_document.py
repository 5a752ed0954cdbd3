"""The desired state inside a saved plan: enough to make the same plan again without manifests or variables.

Belongs here: desired state <-> JSON values, and its digest. Does not belong here: the plan around it (`plan_document`).
Values that only applying tells stand apart from the trees, so that no user's key can be taken for one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from reconciler.core.address import Address, Scope
from reconciler.core.declaration import Lifecycle
from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.plan import Pin
from reconciler.core.state import Desired, DesiredState, Reference
from reconciler.core.tree import ABSENT, Path, Tree, Unknown, canonical_json, put, unknowns

Names = tuple[str, ...]


class _Part(BaseModel):
    """Frozen and strict: what is not understood here must not be executed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class LocationDocument(_Part):
    """A place in a manifest; line and column count from 1."""

    file: str
    line: int
    column: int


class UnknownDocument(_Part):
    """An output that applying will tell, and where in the tree it goes."""

    path: Names
    address: str
    output: str


class ReferenceDocument(_Part):
    """A path that points at another object, as it was resolved."""

    path: Names
    user_id: str
    app_id: str
    kind: str
    id: str
    output: str | None
    declared: bool
    foreign: bool


class DesiredResource(_Part):
    """One declared object: canonical tree, written paths, lifecycle."""

    kind: str
    plural: str
    id: str
    tree: dict[str, Any]
    unknown: tuple[UnknownDocument, ...]
    written: tuple[Names, ...]
    ignored: tuple[Names, ...]
    protect: bool
    location: LocationDocument | None
    references: tuple[ReferenceDocument, ...]
    files: dict[str, str] = {}
    """Where the files lie that are sent with it; the tree holds the fingerprints of their contents."""

    @model_serializer(mode="wrap")
    def _without_nothing(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Few resources have files, and a document without any is as it always was."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name != "files" or value}


class DesiredPin(_Part):
    """A version that was looked up when the plan was made, and is not looked up again."""

    consumer: Names
    path: str
    target: Names
    value: str


class DesiredNote(_Part):
    """A warning about the manifests."""

    severity: Severity
    summary: str
    hint: str | None
    address: str | None
    location: LocationDocument | None


class DesiredDocument(_Part):
    """Everything declared for one app, references resolved and pinned."""

    user_id: str
    app_id: str
    owner: str
    documents: int
    resources: tuple[DesiredResource, ...]
    pins: tuple[DesiredPin, ...] = ()
    notes: tuple[DesiredNote, ...] = ()

    def digest(self) -> str:
        """The sha256 that a saved plan carries beside it."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json")).encode()).hexdigest()

    def meaning(self) -> str:
        """The sha256 of what is declared, wherever it is written: the same files may lie in another folder."""
        nowhere = tuple(resource.model_copy(update={"location": None, "files": {}}) for resource in self.resources)
        return self.model_copy(update={"resources": nowhere}).digest()


# --- to the document -------------------------------------------------------------------------------------------------


def desired_document(
    desired: DesiredState, pins: Iterable[Pin] = (), notes: Iterable[Diagnostic] = ()
) -> DesiredDocument:
    """The document of a desired state."""
    return DesiredDocument(
        user_id=desired.scope.user_id,
        app_id=desired.scope.app_id,
        owner=desired.owner,
        documents=desired.documents,
        resources=tuple(_resource(item) for item in desired.resources.values()),
        pins=tuple(
            DesiredPin(consumer=_names(p.consumer), path=p.path, target=_names(p.target), value=p.value) for p in pins
        ),
        notes=tuple(
            DesiredNote(
                severity=n.severity, summary=n.summary, hint=n.hint, address=n.address, location=_at(n.location)
            )
            for n in notes
        ),
    )


def _resource(item: Desired) -> DesiredResource:
    known: Tree = item.tree
    found = tuple(unknowns(item.tree))
    for path, _ in found:
        known = put(known, path, ABSENT)
    return DesiredResource(
        kind=item.kind,
        plural=item.address.kind,
        id=item.address.id,
        tree=known,
        unknown=tuple(UnknownDocument(path=p, address=u.address, output=u.name) for p, u in found),
        written=tuple(sorted(item.written)),
        ignored=tuple(sorted(item.ignored)),
        protect=item.lifecycle.protect,
        location=_at(item.location),
        references=tuple(_reference(reference) for reference in item.references),
        files=dict(item.files),
    )


def _reference(reference: Reference) -> ReferenceDocument:
    target = reference.target
    return ReferenceDocument(
        path=reference.path,
        user_id=target.scope.user_id,
        app_id=target.scope.app_id,
        kind=target.kind,
        id=target.id,
        output=reference.output,
        declared=reference.declared,
        foreign=reference.foreign,
    )


def _at(location: Location | None) -> LocationDocument | None:
    if location is None:
        return None
    return LocationDocument(file=location.file, line=location.line, column=location.column)


def _names(address: Address) -> Names:
    return (address.scope.user_id, address.scope.app_id, address.kind, address.id)


# --- and back --------------------------------------------------------------------------------------------------------


def desired_state(document: DesiredDocument) -> DesiredState:
    """The desired state that a document was made from."""
    scope = Scope(document.user_id, document.app_id)
    items = [_desired(resource, scope) for resource in document.resources]
    return DesiredState(scope, document.owner, {item.address: item for item in items}, document.documents)


def _desired(resource: DesiredResource, scope: Scope) -> Desired:
    tree = dict(resource.tree)
    for unknown in resource.unknown:
        tree = put(tree, unknown.path, Unknown(unknown.address, unknown.output))
    return Desired(
        address=Address(scope, resource.plural, resource.id),
        kind=resource.kind,
        tree=tree,
        written=_paths(resource.written),
        lifecycle=Lifecycle(protect=resource.protect),
        location=_location(resource.location),
        references=tuple(_back(reference) for reference in resource.references),
        ignored=_paths(resource.ignored),
        files=resource.files,
    )


def _back(document: ReferenceDocument) -> Reference:
    target = Address(Scope(document.user_id, document.app_id), document.kind, document.id)
    return Reference(document.path, target, document.output, document.declared, document.foreign)


def pins(document: DesiredDocument) -> tuple[Pin, ...]:
    """The pins of a document."""
    return tuple(Pin(_address(p.consumer), p.path, _address(p.target), p.value) for p in document.pins)


def notes(document: DesiredDocument) -> tuple[Diagnostic, ...]:
    """The warnings of a document."""
    return tuple(
        Diagnostic(n.severity, n.summary, _location(n.location), address=n.address, hint=n.hint) for n in document.notes
    )


def _address(names: Names) -> Address:
    user_id, app_id, kind, name = names
    return Address(Scope(user_id, app_id), kind, name)


def _location(document: LocationDocument | None) -> Location | None:
    return Location(document.file, document.line, document.column) if document else None


def _paths(written: Iterable[Names]) -> frozenset[Path]:
    return frozenset(tuple(path) for path in written)
