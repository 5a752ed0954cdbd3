"""Models and model versions as replies show them, and finding them.

Belongs here: look-ups (also by old hex id and in clarifai/main), "latest", and what each kind of read leaves out.
Not here: changing anything (`models.py`, `model_versions.py`). Facts 0.8, 0.9, 3.5, 3.6, 4.2, U3, U4, U32.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.message import Message

from reconciler.emulator import catalogue, errors, model_types, params
from reconciler.emulator.access import PUBLIC, PUBLIC_APP, PUBLIC_USER, Scope
from reconciler.emulator.context import Call
from reconciler.emulator.operations import concepts
from reconciler.emulator.store import Row

Model = resources_pb2.Model
ModelVersion = resources_pb2.ModelVersion

KIND = "model"
VERSION = "model_version"
_POINTER = "Show output_info with: GET /models/{model_id}/output_info"


# -- finding -------------------------------------------------------------------------------------------------


def find(call: Call, scope: Scope, identifier: str) -> Row:
    """A model of one app; in clarifai/main an old hex id finds the same model. Absent: 21200."""
    wanted = catalogue.OLD_MODEL_IDS.get(identifier, identifier) if scope.public else identifier
    row = call.store.get(scope.key(KIND, wanted))
    if row is not None:
        return row
    moved = call.store.get(scope.key("moved_model", identifier))
    if moved is not None:
        raise errors.moved("model", identifier, moved.body.decode())
    raise errors.missing_model()


def find_anywhere(call: Call, scope: Scope, identifier: str) -> Row:
    """A model named without an app: the app's own, else clarifai/main's (facts 14.1.5)."""
    wanted = catalogue.OLD_MODEL_IDS.get(identifier, identifier)
    if call.store.get(scope.key(KIND, identifier)) is None and call.store.get(PUBLIC.key(KIND, wanted)) is not None:
        return find(call, PUBLIC, identifier)
    return find(call, scope, identifier)


def find_readable(call: Call, scope: Scope, identifier: str) -> Row:
    """A model that is read or run: in the app that is named, and by default also in clarifai/main (facts 14.1.5).

    Clients with workflow files that name public models without their owner rely on it.
    """
    anywhere = not scope.named or call.switches.public_models == "found"
    return find_anywhere(call, scope, identifier) if anywhere else find(call, scope, identifier)


def find_addressed(call: Call, scope: Scope, model: Model) -> Row:
    """A model as a node or a base embedder names it: with user and app, or without either."""
    if not (model.user_id or model.app_id):
        return find_anywhere(call, scope, model.id)
    user = call.caller.user if model.user_id in ("", "me") else model.user_id
    if model.app_id == PUBLIC_APP and not model.user_id and scope.app != PUBLIC_APP:
        user = PUBLIC_USER
    app = model.app_id or (PUBLIC_APP if user == PUBLIC_USER else scope.app)
    if user not in (call.caller.user, PUBLIC_USER):
        raise errors.missing_model()
    return find(call, Scope(user, app), model.id)


def find_version(call: Call, model: Row, version_id: str) -> Row:
    """One version of a model; absent: 21200 (facts 14.1.1)."""
    row = call.store.get(scope_of(model).key(VERSION, version_id, model.key.id))
    if row is None:
        raise errors.missing_model()
    return row


def versions(call: Call, model: Row, *, ascending: bool = False) -> list[Row]:
    """All versions of a model, newest first unless told otherwise."""
    key = model.key
    return list(call.store.select(key.user, key.app, VERSION, parent=key.id, order="created", ascending=ascending))


def latest(call: Call, model: Row) -> Row | None:
    """The newest version, trained or not (facts 3.6)."""
    key = model.key
    rows = call.store.select(key.user, key.app, VERSION, parent=key.id, order="created", ascending=False, limit=1)
    return next(rows, None)


def latest_of(call: Call, models: Sequence[Row]) -> list[Row | None]:
    """The newest version of each of some models; one look for each app they are from."""
    names: dict[tuple[str, str], list[str]] = {}
    for row in models:
        names.setdefault((row.key.user, row.key.app), []).append(row.key.id)
    newest = {app: call.store.newest(app[0], app[1], VERSION, wanted) for app, wanted in names.items()}
    return [newest[row.key.user, row.key.app].get(row.key.id) for row in models]


def latest_trained(call: Call, model: Row) -> Row | None:
    """The newest version that can predict."""
    return next((row for row in versions(call, model) if is_trained(row)), None)


def is_trained(version: Row) -> bool:
    """The version can predict."""
    return bool(ModelVersion.FromString(version.body).status.code == codes.MODEL_TRAINED)


def type_of(model: Row) -> str:
    """The model's type as it was posted."""
    return Model.FromString(model.body).model_type_id


def scope_of(row: Row) -> Scope:
    """The app an object lives in."""
    return Scope(row.key.user, row.key.app)


# -- showing -------------------------------------------------------------------------------------------------


def render(call: Call, row: Row, version: Row | None, *, with_data: bool = False, into: Model | None = None) -> Model:
    """A model with one of its versions. `with_data` is GetModelOutputInfo: concepts and thresholds are shown.

    `into` is an empty message of a reply, for lists: putting a finished one into a reply copies it.
    """
    model = Model() if into is None else into
    model.MergeFromString(row.body + _always(row.key.user, row.key.app).model)
    model.id = row.key.id
    call.stamp(model.created_at, row.created)
    call.stamp(model.modified_at, row.modified)
    if call.switches.threshold_type == "canonical":
        model.model_type_id = model_types.ALIASES.get(model.model_type_id, model.model_type_id)
    if call.listing and call.switches.list_metadata == "dropped":
        model.ClearField("metadata")
    if version is not None:
        model.model_version.SetInParent()
        _render_version(call, version, model.model_type_id, model.model_version, with_data=with_data)
        if with_data and call.switches.output_info == "old-place":
            model.output_info.data.CopyFrom(model.model_version.output_info.data)
            model.model_version.output_info.ClearField("data")
    return model


def render_version(call: Call, row: Row, model_type_id: str, *, with_data: bool = False) -> ModelVersion:
    """A model version with its defaults filled in; `output_info.data` only where the service shows it (U4)."""
    version = ModelVersion()
    _render_version(call, row, model_type_id, version, with_data=with_data)
    return version


def _render_version(call: Call, row: Row, model_type_id: str, version: ModelVersion, *, with_data: bool) -> None:
    """Into a message that is empty yet: a list is mostly this, and copies cost as much as the rest."""
    version.MergeFromString(row.body + _always(row.key.user, row.key.app).version)
    version.id = row.key.id
    call.stamp(version.created_at, row.created)
    call.stamp(version.modified_at, row.modified)
    info = version.output_info
    version.active_concept_count = len(info.data.concepts)
    params.complete(model_type_id, version, call.switches)
    if with_data or call.switches.output_info == "everywhere":
        _name_concepts(call, row, version)
    else:
        info.ClearField("data")
        info.message = _POINTER
    _drop_for_lists(call, version)


class _Always(NamedTuple):
    """What every reply shows of an object in one app, as bytes to put behind the stored ones.

    Encoded messages one after another are one message: a field that is set again has its last value, and an empty
    message makes a field present that was not. That is one call of protobuf instead of ten, for each of a page.
    """

    model: bytes
    version: bytes


@lru_cache(maxsize=64)
def _always(user: str, app: str) -> _Always:
    model = Model(user_id=user, app_id=app)
    version = ModelVersion(user_id=user, app_id=app)
    shown: tuple[Message, ...] = (
        model.metadata, model.presets, model.workflow_recommended,
        version.output_info.output_config, version.output_info.params, version.input_info.params,
        version.train_info.params, version.import_info, version.metadata,
    )  # fmt: skip
    for field in shown:
        field.SetInParent()
    return _Always(model.SerializeToString(), version.SerializeToString())


def _name_concepts(call: Call, row: Row, version: ModelVersion) -> None:
    scope = scope_of(row)
    for concept in version.output_info.data.concepts:
        home = PUBLIC if concept.app_id == PUBLIC_APP else scope
        known = call.store.get(home.key(concepts.KIND, concept.id))
        value = concept.value
        if known is not None:
            concept.CopyFrom(concepts.render(call, known))
            concept.ClearField("metadata")
        concept.value = value


def _drop_for_lists(call: Call, version: ModelVersion) -> None:
    how = call.switches.version_metadata
    if how == "dropped" or (call.listing and (how == "dropped-in-lists" or call.switches.list_metadata == "dropped")):
        version.ClearField("metadata")
    if call.rpc.name == "ListModels" and call.switches.version_modified_at == "not-in-lists":
        version.ClearField("modified_at")
