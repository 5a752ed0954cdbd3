"""Check and complete the params of a model version by its type.

Belongs here: enum values, numbers, defaults, the way enum values are echoed. Not here: the types themselves
(`model_types.py`) or storing versions (`operations/model_versions.py`). Facts 0.9, 3.7, 4.2 to 4.4, U3.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2
from google.protobuf.struct_pb2 import Struct, Value

from reconciler.emulator import errors, model_types
from reconciler.emulator.access import PUBLIC_APP, PUBLIC_USER
from reconciler.emulator.switches import Switches

EMBEDDER = ("general-image-embedding", "bb186755eda04f9cbb6fe32e816be104")
"""Model and version that an embedding-classifier without a base embedder is read with (facts 4.2)."""

_T = resources_pb2.ModelTypeField.ModelTypeFieldType
_NUMBERS = (_T.NUMBER, _T.RANGE)
_TEXTS = (_T.STRING, _T.COLLABORATORS, _T.DATASET_ID, _T.DATASET_VERSION_ID)
_PLACES = ("output_info.params", "input_info.params", "train_info.params")


def check(model_type_id: str, version: resources_pb2.ModelVersion, owner: str) -> None:
    """Refuse params that the type cannot take with 21202; names it does not know pass."""
    for place in _PLACES:
        sent = _struct(version, place)
        for name, field in model_types.fields_at(model_type_id, place).items():
            if name in sent.fields:
                _check_value(f"{place}.{name}", field, sent.fields[name], owner)


def _check_value(path: str, field: model_types.Field, value: Value, owner: str) -> None:
    kind = value.WhichOneof("kind")
    if kind in ("null_value", None):
        return
    if field.field_type == _T.ENUM and _option(field, value) is None:
        options = ", ".join(option.id for option in field.model_type_enum_options)
        raise errors.invalid_model(f"{path} is not one of {options}")
    if field.field_type in _NUMBERS and kind != "number_value":
        raise errors.invalid_model(f"{path} has to be a number")
    if field.field_type in _TEXTS and kind != "string_value":
        raise errors.invalid_model(f"{path} has to be a string")
    if field.field_type == _T.BOOLEAN and kind != "bool_value":
        raise errors.invalid_model(f"{path} has to be true or false")
    if field.field_type == _T.COLLABORATORS and value.string_value not in ("", "me", owner):
        raise errors.invalid_model(f"{path} {value.string_value!r} is neither owner nor collaborator of the app")


def _option(field: model_types.Field, value: Value) -> Any:
    """The enum option a value means, by its name or by an integer alias written as number or digits."""
    text = value.string_value if value.WhichOneof("kind") == "string_value" else f"{value.number_value:g}"
    for option in field.model_type_enum_options:
        if text == option.id or any(text == str(alias.id_int) for alias in option.aliases):
            return option
    return None


def complete(model_type_id: str, version: resources_pb2.ModelVersion, switches: Switches) -> None:
    """Fill in defaults and echo enum values as the switches say; for reads only, never stored."""
    if switches.default_params != "none":
        _fill_defaults(model_type_id, version)
    if switches.default_params == "extra":
        version.output_info.params.fields["internal_server_default"].bool_value = True
    if switches.enum_echo != "as-sent":
        for place in _PLACES:
            for name, field in model_types.fields_at(model_type_id, place).items():
                if field.field_type == _T.ENUM and name in _struct(version, place).fields:
                    _echo(field, _struct(version, place).fields[name], switches.enum_echo)


def _fill_defaults(model_type_id: str, version: resources_pb2.ModelVersion) -> None:
    for place, defaults in _defaults(model_type_id):
        written = _struct(version, place).fields
        for name, field in defaults.items():
            if name not in written:
                written[name].CopyFrom(field.default_value)
    if model_type_id == model_types.DEFAULT_TYPE and not version.input_info.HasField("base_embed_model"):
        base = version.input_info.base_embed_model
        base.id, base.model_version.id = EMBEDDER
        base.user_id, base.app_id = PUBLIC_USER, PUBLIC_APP


@lru_cache(maxsize=512)  # a list asks this of each model, and most types have none
def _defaults(model_type_id: str) -> tuple[tuple[str, Mapping[str, model_types.Field]], ...]:
    """The fields with a default at each place that has any."""
    found = ((place, model_types.defaults_at(model_type_id, place)) for place in _PLACES)
    return tuple((place, defaults) for place, defaults in found if defaults)


def _echo(field: model_types.Field, value: Value, how: str) -> None:
    option = _option(field, value)
    if option is None:
        return
    if how == "string":
        value.string_value = option.id
    elif option.aliases:
        value.number_value = option.aliases[0].id_int


def _struct(version: Any, place: str) -> Struct:
    holder, _, name = place.partition(".")
    return getattr(getattr(version, holder), name)  # type: ignore[no-any-return]
