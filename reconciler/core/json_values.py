"""Tree values in JSON: what JSON cannot hold, or must not, is left out and marked beside it.

ABSENT is a key left out; an Unknown or a sensitive value is left out as well, and null keeps its place in a list; NaN
and the infinities are the strings of protobuf's JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from reconciler.core.masking import SENSITIVE
from reconciler.core.tree import ABSENT, Unknown


def jsonable(value: Any) -> Any:
    """A value as JSON can hold it, maps sorted by name; ABSENT when nothing of it can be shown."""
    if value is ABSENT or value is SENSITIVE or isinstance(value, Unknown):
        return ABSENT
    if isinstance(value, dict):
        shown = {name: jsonable(value[name]) for name in sorted(value)}
        return {name: inner for name, inner in shown.items() if inner is not ABSENT}
    if isinstance(value, (list, tuple)):
        return [None if (shown := jsonable(inner)) is ABSENT else shown for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def unknown_marks(tree: Any) -> Any:
    """Terraform's `after_unknown`: `true` at the place of every Unknown."""
    return _marks(tree, lambda value: isinstance(value, Unknown)) or {}


def sensitive_marks(tree: Any) -> Any:
    """Terraform's `before_sensitive` and `after_sensitive`: `true` at the place of every concealed value."""
    return _marks(tree, lambda value: value is SENSITIVE) or {}


def _marks(value: Any, marked: Callable[[Any], bool]) -> Any:
    """`true` at the place of every marked value, in maps and lists like those around it; False if there is none."""
    if isinstance(value, dict):
        marks = {name: mark for name in sorted(value) if (mark := _marks(value[name], marked))}
        return marks or False
    if isinstance(value, (list, tuple)):
        marks_in_list = [_marks(inner, marked) for inner in value]
        return marks_in_list if any(marks_in_list) else False
    return marked(value)
