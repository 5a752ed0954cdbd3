"""The embeddings of an app's inputs, as stored: made when an input is processed, used by training.

Belongs here: one row for each input and embedder version. Not here: making them (`nets.py`), deleting them with
their input (whoever deletes it calls `forget`). Rows are float32, as embeddings are on the wire.
"""

from __future__ import annotations

import array
from collections.abc import Sequence

from reconciler.emulator.access import Scope
from reconciler.emulator.execution.values import NodeOutput
from reconciler.emulator.store import Store

KIND = "embedding"


def keep(store: Store, scope: Scope, input_id: str, outputs: Sequence[NodeOutput]) -> None:
    """Store what the embedders of a run over a whole input gave (facts 7.2); call it inside a transaction."""
    for output in outputs:
        if output.ran and output.data.embeddings:
            put(store, scope, input_id, output.model.model_version.id, list(output.data.embeddings[0].vector))


def put(store: Store, scope: Scope, input_id: str, embedder_version: str, vector: Sequence[float]) -> None:
    """Store one embedding, replacing the one of the same input and embedder."""
    body = array.array("f", vector).tobytes()
    key = scope.key(KIND, embedder_version, input_id)
    known = store.get(key)
    if known is None:
        store.insert(key, body, created=store.tick())
    else:
        store.update(known, body)


def get(store: Store, scope: Scope, input_id: str, embedder_version: str) -> list[float] | None:
    """The stored embedding of an input by one version of an embedder, or None."""
    row = store.get(scope.key(KIND, embedder_version, input_id))
    return None if row is None else list(array.array("f", row.body))


def forget(store: Store, scope: Scope, input_id: str) -> None:
    """Drop every embedding of an input."""
    store.wipe_children(scope.user, scope.app, KIND, input_id)
