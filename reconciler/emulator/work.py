"""Names of what is still to be done for an input; the links of its row are the queue of the background worker.

Belongs here: the marks and what each means. Not here: setting them (`operations/`), doing it (`processing.py`).

A mark is set in the transaction that acknowledges the call and taken off in the transaction that stores the result,
so that whatever was acknowledged is done exactly once, also after a `kill -9`.
"""

from __future__ import annotations

from typing import Final

from reconciler.emulator.store import Row, Store

DOWNLOAD: Final = "work:download"
"""Its bytes are still behind a URL."""

RUN: Final = "work:run"
"""It is here; the default workflow has not run on it."""

RERUN: Final = "work:rerun"
"""It was run on before; an annotation brought new data (facts 7.1)."""

REINDEX: Final = "work:reindex"
"""The app got another default workflow and was asked to reindex (facts 7.3)."""

DELETE: Final = "work:delete"
"""It was deleted and is not gone yet (facts 3.9)."""

REINDEXED: Final = "done:reindex"
REINDEX_FAILED: Final = "failed:reindex"

_FIRST_PASS: Final = (DOWNLOAD, RUN)


def waiting(store: Store, row: Row) -> bool:
    """The input has not come to its first end."""
    targets = store.targets(row)
    return any(mark in targets for mark in _FIRST_PASS)


def call_off(store: Store, row: Row) -> None:
    """Take the input out of the queue."""
    for mark in _FIRST_PASS:
        store.unlink(row, mark)
