"""Values as people read them: one line, cut to the room there is, never a secret and never a control character.

Belongs here: the text of a single value or of a pair. Does not belong here: where on the screen it stands.
"""

from __future__ import annotations

import json
import re
from typing import Any

from reconciler.core.masking import SENSITIVE
from reconciler.core.tree import ABSENT, Unknown
from reconciler.report.lines import columns, printable

_PLAIN = re.compile(r"[^\W\d][\w./@:+-]*")
_READ_AS_OTHERS = {"true", "false", "null", "nan", "infinity"}
_VERSION_ID = re.compile(r"[0-9a-f]{32}")
_CONTENT = re.compile(r"sha256:[0-9a-f]{64}")
_CONTEXT = 12
"""Characters of common text kept in front of the first difference of two long texts."""


def value_text(value: Any, room: int = 60) -> str:
    """One value on one line, at most `room` columns wide."""
    if isinstance(value, str) and _VERSION_ID.fullmatch(value):
        return short_id(value)
    if isinstance(value, str) and _CONTENT.fullmatch(value):
        return f"{value[:15]}…"
    return _whole(value) if _is_mark(value) else cut(_whole(value), room)


def _is_mark(value: Any) -> bool:
    """Whether it stands for a value instead of being one: such words are never cut."""
    return value is SENSITIVE or value is ABSENT or isinstance(value, Unknown)


def pair_text(before: Any, after: Any, room: int) -> tuple[str, str]:
    """Two values that differ, together at most `room` columns wide, cut in such a way that the difference shows."""
    left, right = value_text(before, room), value_text(after, room)
    if left != right and columns(left) + columns(right) <= room:
        return left, right
    half = max(room // 2, room - min(columns(left), columns(right)))
    short = value_text(before, half), value_text(after, half)
    if short[0] != short[1] or _is_mark(before) or _is_mark(after):
        return short
    whole = _whole(before), _whole(after)
    start = max(0, _common(*whole) - _CONTEXT)
    first, second = (cut(("…" if start else "") + text[start:], room // 2) for text in whole)
    return first, second


def short_id(text: str) -> str:
    """A version id as one recognises it; other ids stay as they are."""
    return f"{text[:8]}…" if _VERSION_ID.fullmatch(text) else text


def cut(text: str, room: int) -> str:
    """The text, or its beginning and an ellipsis when it is wider than the room."""
    text = printable(text)
    if columns(text) <= room:
        return text
    kept, used = [], 1
    for char in text:
        used += columns(char)
        if used > room:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def _whole(value: Any) -> str:
    if value is ABSENT:
        return "(none)"
    if value is SENSITIVE or isinstance(value, Unknown):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(str(name))}: {_whole(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_whole(inner) for inner in value) + "]"
    return json.dumps(value) if value is None or isinstance(value, (bool, int, float)) else repr(value)


def _quoted(text: str) -> str:
    """A word stays bare when it cannot be taken for anything else; the rest is quoted like JSON."""
    if _PLAIN.fullmatch(text) and text.lower() not in _READ_AS_OTHERS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _common(left: str, right: str) -> int:
    length = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        length += 1
    return length
