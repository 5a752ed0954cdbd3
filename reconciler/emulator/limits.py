"""Sizes the service does not let a field grow over.

Belongs here: limits of fields that several resources share (facts 9). Not here: pages (`paging.py`), ids (`ids.py`),
graphs (`graph.py`).
"""

from __future__ import annotations

from typing import Final

from reconciler.emulator import errors

LONGEST_NOTES: Final = 64 * 1024
"""Bytes of the `notes` of an app, a model, a workflow."""


def check_notes(notes: str) -> None:
    """Refuse notes that are too long."""
    size = len(notes.encode())
    if size > LONGEST_NOTES:
        raise errors.invalid(f"notes are {size} bytes long, at most {LONGEST_NOTES} are allowed")
