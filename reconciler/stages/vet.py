"""Params of model types that our table lacks, against what the service says of the type: remarks, no refusals.

Asked only for versions that are about to be made, once a type. Belongs here: which types to ask about, reading the
answer, and the remarks. Does not belong here: the types that we know (`core/model_types`), which need no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.address import Scope
from reconciler.core.change import Action, ResourceChange
from reconciler.core.diagnostics import Diagnostic, Location, warning
from reconciler.core.kind import Kind, user_app
from reconciler.core.model_types import DEFAULT_TYPE, MODEL_TYPES, Param, canonical_type, problems
from reconciler.core.remote import Api, ApiRefused
from reconciler.core.state import Desired, DesiredState
from reconciler.core.tree import Path, get

PLACES: tuple[Path, ...] = (("output_info", "params"), ("input_info", "params"), ("train_info", "params"))
"""Where a version has params (facts 4.3)."""

_TYPES = {1: "boolean", 2: "string", 3: "number", 7: "number"}
"""ModelTypeFieldType -> ours (facts 3.7); what is not listed may be anything."""
_ENUM, _RANGE, _TEMPLATE = 8, 7, 14

Described = Mapping[Path, Mapping[str, Param]]
"""By place, the params that the service names there; a place that is left out is open."""


@dataclass(slots=True)
class _Place:
    params: dict[str, Param] = field(default_factory=dict)
    open: bool = False
    """Whether a template decides on further params, and it is not said on which."""


def in_question(
    changes: Iterable[ResourceChange], desired: DesiredState, kinds: Mapping[str, Kind]
) -> dict[str, list[Desired]]:
    """Types that the table lacks, and the models that get a version of such a type with params in it."""
    found: dict[str, list[Desired]] = {}
    for change in changes:
        item = desired.resources.get(change.address)
        versions = kinds[change.address.kind].versions
        made = change.new_version or change.action in (Action.CREATE, Action.REPLACE)
        if item is None or versions is None or not made:
            continue
        type_id = str(item.tree.get("model_type_id", DEFAULT_TYPE))
        if canonical_type(type_id) not in MODEL_TYPES and any(_given(item, versions.path, place) for place in PLACES):
            found.setdefault(type_id, []).append(item)
    return found


def described(api: Api, scope: Scope, type_id: str) -> Described:
    """What GetModelType says of the params of a type; nothing of one that the service does not know."""
    try:
        reply: Any = api.call("GetModelType", user_app_id=user_app(scope), model_type_id=type_id)
    except ApiRefused:
        return {}
    places: dict[Path, _Place] = {}
    for each in reply.model_type.model_type_fields:
        _read(each, places, nested=False)
    return {at: place.params for at, place in places.items() if not place.open}


def _read(said: Any, places: dict[Path, _Place], *, nested: bool) -> None:
    """Note one field, and those that its options bring along; whether these are required depends on the option."""
    *at, name = said.path.split(".")
    place = places.setdefault(tuple(at), _Place())
    inner = [each for option in said.model_type_enum_options for each in option.model_type_fields]
    place.params[name] = _param(said, required=said.required and not nested)
    place.open = place.open or (said.field_type == _TEMPLATE and not inner)
    for each in inner:
        _read(each, places, nested=True)


def _param(said: Any, *, required: bool) -> Param:
    if said.field_type in (_ENUM, _TEMPLATE):
        aliases = [alias for option in said.model_type_enum_options for alias in option.aliases]
        if any(alias.wildcard_string for alias in aliases):
            return Param("any", required=required)
        numbers = [alias.id_int for alias in aliases]
        names = [option.id for option in said.model_type_enum_options]
        return Param("any", choices=(*names, *numbers, *map(str, numbers)), required=required)
    if said.field_type == _RANGE and said.HasField("model_type_range_info"):
        limits = said.model_type_range_info
        return Param("number", minimum=_shortest(limits.min), maximum=_shortest(limits.max), required=required)
    return Param(_TYPES.get(said.field_type, "any"), required=required)


def _shortest(value: float) -> float:
    """A float32 of the wire as people wrote it."""
    return float(f"{value:.7g}")


def remarks(
    items: Iterable[Desired], type_id: str, known: Described, kinds: Mapping[str, Kind]
) -> Iterator[Diagnostic]:
    """What is wrong in the params of some models of one type, each at its place in the manifest."""
    for item in items:
        versions = kinds[item.address.kind].versions
        base = versions.path if versions is not None else ()
        for place, params in known.items():
            given = _given(item, base, place)
            for problem in problems(type_id, params, given) if given or place == PLACES[0] else ():
                path = (*base, *place, problem.name) if problem.name else (*base, *place)
                summary = f"{item.address}: {problem.summary}, as the service describes this type"
                yield warning(summary, _nearest(item, path), hint=problem.hint)


def _given(item: Desired, base: Path, place: Path) -> Mapping[str, Any]:
    params = get(item.tree, (*base, *place))
    return params if isinstance(params, dict) else {}


def _nearest(item: Desired, path: Path) -> Location | None:
    while path and path not in item.positions:
        path = path[:-1]
    return item.positions.get(path, item.location)
