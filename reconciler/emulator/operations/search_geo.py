"""Where inputs are: the geo conditions of a search.

Belongs here: within a distance of a point, within a box. Not here: other filters (`search_filters.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2

Geo = resources_pb2.Geo
GeoPoint = resources_pb2.GeoPoint

_EARTH_KM: Final = 6371.0088
_KM: Final[Mapping[str, float]] = {
    "withinKilometers": 1.0,
    "withinMiles": 1.609344,
    "withinRadians": _EARTH_KM,
    "withinDegrees": math.radians(1) * _EARTH_KM,
}


def understood(wanted: Geo) -> bool:
    """The condition is a point with a limit, or the two corners of a box."""
    by_distance = wanted.HasField("geo_point") and wanted.geo_limit.type in _KM and not wanted.geo_box
    by_box = len(wanted.geo_box) == 2 and not (wanted.HasField("geo_point") or wanted.HasField("geo_limit"))
    return by_distance or by_box


def within(held: Geo, wanted: Geo) -> bool:
    """Whether a place fits a condition that is understood; what has no place fits none."""
    if not held.HasField("geo_point"):
        return False
    if wanted.geo_box:
        return _in_box(held.geo_point, *(corner.geo_point for corner in wanted.geo_box))
    limit = wanted.geo_limit.value * _KM[wanted.geo_limit.type]
    return _kilometres(held.geo_point, wanted.geo_point) <= limit


def _in_box(point: GeoPoint, one: GeoPoint, other: GeoPoint) -> bool:
    south, north = sorted((one.latitude, other.latitude))
    west, east = sorted((one.longitude, other.longitude))
    return south <= point.latitude <= north and west <= point.longitude <= east


def _kilometres(one: GeoPoint, other: GeoPoint) -> float:
    """Along the surface, by the haversine formula."""
    a, b = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    chord = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(chord)))
