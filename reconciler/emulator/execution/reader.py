"""What a run may look up: models and their versions, relations, concepts, pictures.

Belongs here: reading the store on behalf of a run. Each look-up is a transaction of its own unless the caller has
one open, so that a run over large pictures need not hold the store. Not here: writing.
"""

from __future__ import annotations

from dataclasses import dataclass

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import catalogue, media
from reconciler.emulator.access import PUBLIC_APP, PUBLIC_USER, Scope
from reconciler.emulator.context import Call
from reconciler.emulator.execution.picture import Fetch, Picture, download
from reconciler.emulator.execution.values import RunFailed
from reconciler.emulator.prediction.interface import Predictor
from reconciler.emulator.store import Row, Store
from reconciler.emulator.switches import Switches

ARTEFACT = "artefact"
"""Kind of the rows that hold what a version learned, under the version's id: a rename of the model leaves them be."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """One version of one model, with the app it lives in."""

    scope: Scope
    model: resources_pb2.Model
    version: resources_pb2.ModelVersion

    @property
    def named(self) -> str:
        """The model as a message names it."""
        return f"model {self.model.id} (version {self.version.id})"

    def shown(self) -> resources_pb2.Model:
        """The model as an output shows it: without description, notes and params (facts 3.11)."""
        version = resources_pb2.ModelVersion(
            id=self.version.id, status=self.version.status, user_id=self.scope.user, app_id=self.scope.app
        )
        return resources_pb2.Model(
            id=self.model.id, name=self.model.name, model_type_id=self.model.model_type_id,
            user_id=self.scope.user, app_id=self.scope.app, model_version=version,
        )  # fmt: skip


class Reader:
    """Look-ups for runs in one app (`scope`: where relations, concepts and inputs are)."""

    def __init__(
        self, store: Store, scope: Scope, predictor: Predictor, switches: Switches, *, fetch: Fetch = download
    ) -> None:
        self.scope = scope
        self.switches = switches
        self.predictor = predictor
        self._store = store
        self._fetch = fetch

    @classmethod
    def of(cls, call: Call, scope: Scope) -> Reader:
        """The reader of a call."""
        return cls(call.store, scope, call.memory.predictor, call.switches)

    def pinned(self, named: resources_pb2.Model) -> Pinned:
        """The model version that a stored node names: by user, app, model and version id."""
        user, app = named.user_id or self.scope.user, named.app_id or self.scope.app
        home = Scope(user, app)
        identifier = catalogue.OLD_MODEL_IDS.get(named.id, named.id) if home.public else named.id
        with self._store.transaction():
            model = self._store.get(home.key("model", identifier))
            version = self._store.get(home.key("model_version", named.model_version.id, identifier))
        if model is None or version is None:
            wanted = f"version {named.model_version.id} of model {named.id}"
            raise RunFailed(codes.MODEL_DOES_NOT_EXIST, f"{wanted} does not exist")
        return pinned(model, version)

    def relations(self) -> list[resources_pb2.ConceptRelation]:
        """Every concept relation of the app, as stored."""
        with self._store.transaction():
            rows = list(self._store.select(self.scope.user, self.scope.app, "relation"))
        return [resources_pb2.ConceptRelation.FromString(row.body) for row in rows]

    def concept(self, identifier: str) -> resources_pb2.Concept:
        """A concept of the app with its name and address; one that is gone is named by its id."""
        return self.concept_of(self.scope, identifier)

    def concept_of(self, home: Scope, identifier: str) -> resources_pb2.Concept:
        """The same of any app, such as the one a model lives in."""
        with self._store.transaction():
            row = self._store.get(home.key("concept", identifier))
        name = resources_pb2.Concept.FromString(row.body).name if row else identifier
        return resources_pb2.Concept(id=identifier, name=name, user_id=home.user, app_id=home.app)

    def text(self, text: resources_pb2.Text) -> str:
        """A text, downloaded if it is only named by its URL."""
        return text.raw or (self._bytes(text.url).decode("utf-8", "replace") if text.url else "")

    def picture(self, image: resources_pb2.Image) -> Picture:
        """An image that can be asked about."""
        return Picture(image, self.predictor, self._bytes)

    def _bytes(self, url: str) -> bytes:
        """What a URL stands for: our own copy of an input, or whatever the web has there."""
        digest = media.digest_in(url)
        if digest:
            with self._store.transaction():
                content = media.get(self._store, digest)
            if content is not None:
                return content
        return self._fetch(url)

    def stored(self, input_id: str) -> resources_pb2.Input | None:
        """An input of the app as a run needs it: with the bytes of its picture."""
        with self._store.transaction():
            row = self._store.get(self.scope.key("input", input_id))
            content = media.of(self._store, row) if row else None
        if row is None:
            return None
        found = resources_pb2.Input.FromString(row.body)
        found.id = row.key.id
        if content is not None and found.data.HasField("image"):
            found.data.image.base64 = content
        elif content is not None and found.data.HasField("text") and not found.data.text.raw:
            found.data.text.raw = content.decode("utf-8", "replace")
        return found

    def artefact(self, learned: Pinned) -> bytes | None:
        """What a trained version learned, or None."""
        with self._store.transaction():
            row = self._store.get(learned.scope.key(ARTEFACT, learned.version.id))
        return row.body if row else None


def pinned(model: Row, version: Row) -> Pinned:
    """Two stored rows as one value."""
    shell = resources_pb2.Model.FromString(model.body)
    shell.id = model.key.id
    body = resources_pb2.ModelVersion.FromString(version.body)
    body.id = version.key.id
    return Pinned(Scope(model.key.user, model.key.app), shell, body)


def is_public(learned: Pinned) -> bool:
    """The model is one of clarifai/main's."""
    return (learned.scope.user, learned.scope.app) == (PUBLIC_USER, PUBLIC_APP)
