"""What a scalar's text means: the core schema of YAML 1.2, asked by whoever knows the type that is wanted.

Two ways in. A field of a known type asks `as_bool`, `as_int` or `as_float` and gets a value or a sentence; there quotes
do not matter, because inside `{…}` a variable (`"${N}"`) can only be written quoted. A free value (a protobuf Struct)
asks `as_json`, where quoted always means text. Strings need nothing: they are `scalar.text`.

Two departures from the letter of the schema, both so that a value stays what its author meant: a number with a leading
zero (`0123`: octal in YAML 1.1, decimal in 1.2) is text where text is possible and refused elsewhere, and a number too
large for a double (`1e400`) is refused instead of becoming infinity. `1e3` is the number 1000.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache

from reconciler.core.declaration import Scalar

_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_YAML_1_1 = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NUMERIC = frozenset("+-.0123456789")
"""How a number may begin."""
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")

# No field holds more than 20 digits and a double's largest integer has 309; `int()` itself gives up at 4,300.
_MOST_DIGITS = 400


def quoted(text: str) -> str:
    """The text as it may stand in a message: in quotes, escaped, on one line, shortened."""
    return repr(text if len(text) <= 60 else text[:57] + "…")


def as_json(scalar: Scalar) -> bool | int | float | str | None:
    """The value of a scalar whose type nothing else decides; ValueError (a sentence) if it is a number out of reach."""
    text = scalar.text
    if not scalar.plain:
        return text
    if scalar.is_null:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _LEADING_ZERO.match(text):
        return text
    number = _number(text)
    return text if number is None else number


def as_bool(scalar: Scalar) -> bool:
    """True or false, or ValueError with a sentence."""
    value = _BOOLEANS.get(scalar.text)
    if value is not None:
        return value
    meant = _YAML_1_1.get(scalar.text.lower())
    hint = f"; write {meant}" if meant else ""
    raise ValueError(f"{_named(scalar)} is not true or false{hint}")


def as_int(scalar: Scalar) -> int:
    """A whole number, or ValueError with a sentence."""
    number = _wanted_number(scalar, "a whole number")
    # Helm prints large integers as `1e+06`.
    if isinstance(number, float) and number.is_integer():
        return int(number)
    if isinstance(number, int):
        return number
    raise ValueError(f"{_named(scalar)} is not a whole number")


def as_float(scalar: Scalar) -> float:
    """A number (`.inf` and `.nan` included), or ValueError with a sentence."""
    number = _wanted_number(scalar, "a number")
    try:
        return float(number)
    except OverflowError:
        raise ValueError(f"{_named(scalar)} is too large for a number") from None


def fits_double(value: int | float) -> bool:
    """Whether a double holds the value exactly; only integers beyond 2^53 may not fit."""
    try:
        return not isinstance(value, int) or int(float(value)) == value
    except OverflowError:
        return False


def fits_float32(value: int | float) -> bool:
    """Whether a float32 can hold the value: rounded, perhaps, but not turned into infinity."""
    try:
        struct.pack("<f", value)
    except (OverflowError, struct.error):
        return False
    return True


def _wanted_number(scalar: Scalar, wanted: str) -> int | float:
    text = scalar.text
    if _LEADING_ZERO.match(text) and _FLOAT.fullmatch(text):
        raise ValueError(f"{_named(scalar)} has a leading zero; write it without, or 0o… for octal")
    number = _number(text)
    if number is None:
        raise ValueError(f"{_named(scalar)} is not {wanted}{_number_hint(text)}")
    return number


@lru_cache(maxsize=4096)  # most numbers of an estate stand in it many times
def _number(text: str) -> int | float | None:
    """The number a text spells, None if it spells none, ValueError if it is out of reach."""
    if text[:1] not in _NUMERIC:
        return None
    if _DECIMAL.fullmatch(text) or _BASED.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            raise ValueError(f"{quoted(text)} is too large: a number of {len(text):,} characters")
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    if not _FLOAT.fullmatch(text):
        return None
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{quoted(text)} is too large for a number")
    return number


def _number_hint(text: str) -> str:
    plain = text.replace("_", "").replace(",", ".")
    if plain != text and _FLOAT.fullmatch(plain):
        return f"; write {plain}"
    if text.lower().lstrip("+-") in ("inf", "infinity", "nan"):
        return "; write .inf, -.inf or .nan"
    return ""


def _named(scalar: Scalar) -> str:
    return "an empty value" if not scalar.text else quoted(scalar.text)
