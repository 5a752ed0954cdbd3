"""What a training learned, as bytes: a line of JSON, then rows of float32.

Belongs here: the form of a table of embeddings with something about each row. A classifier has bytes of its own
(`prediction/learning.py`).
"""

from __future__ import annotations

import array
import json
from collections.abc import Sequence
from typing import Any


def pack(notes: Sequence[Any], rows: Sequence[Sequence[float]]) -> bytes:
    """A table: one note and one row of numbers for each entry."""
    head = json.dumps({"notes": list(notes), "width": len(rows[0]) if rows else 0})
    return head.encode() + b"\n" + b"".join(array.array("f", row).tobytes() for row in rows)


def unpack(content: bytes) -> tuple[list[Any], list[list[float]]]:
    """The notes and the rows."""
    head, _, body = content.partition(b"\n")
    told = json.loads(head)
    numbers, width = array.array("f", body), told["width"]
    return told["notes"], [list(numbers[i : i + width]) for i in range(0, len(numbers), width)] if width else []
