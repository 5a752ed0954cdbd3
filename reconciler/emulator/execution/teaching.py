"""Taught scores kept in the database, so that a running emulator can be taught.

Belongs here: writing the answers of a file into the store and finding them there. Not here: the file's form and what
answers are (`prediction/taught.py`). Every answer is a row of its own, outside all apps: what was taught before
stays, and the same picture taught again is taught anew. Every question looks into the store, so the next prediction
knows what another process taught.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reconciler.emulator.prediction.interface import Predictor, Region, Score
from reconciler.emulator.prediction.taught import Answer, Answers, TaughtPredictor
from reconciler.emulator.prediction.taught_file import TaughtFileError, read
from reconciler.emulator.store import Key, Store

__all__ = ["TaughtFileError", "predictor", "put", "teach"]

BY_SHA256 = "taught_sha256"
BY_URL = "taught_url"


def teach(database: Path | str, file: Path) -> int:
    """Write a file of taught answers into a database, in use or not; how many pictures it tells about.

    `TaughtFileError` says what is wrong with the file, `StoreError` what with the database.
    """
    answers = read(file)
    store = Store(database)
    try:
        return put(store, answers)
    finally:
        store.close()


def put(store: Store, answers: Answers) -> int:
    """Store answers, replacing what is known of the same pictures."""
    with store.transaction():
        for kind, told in ((BY_SHA256, answers.by_sha256), (BY_URL, answers.by_url)):
            for picture, answer in told.items():
                _put(store, Key("", "", kind, picture), json.dumps(asdict(answer)).encode())
    return len(answers.by_sha256) + len(answers.by_url)


def _put(store: Store, key: Key, body: bytes) -> None:
    known = store.get(key)
    if known is None:
        store.insert(key, body, created=store.tick())
    else:
        store.update(known, body, modified=store.tick())


def predictor(store: Store, nets: Predictor) -> Predictor:
    """What was taught first, then the nets."""
    return TaughtPredictor(Answers(_Stored(store, BY_SHA256), _Stored(store, BY_URL)), nets)


class _Stored(Mapping[str, Answer]):
    """The taught answers of one kind as they are in the store now."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store, self._kind = store, kind

    def __getitem__(self, picture: str) -> Answer:
        with self._store.transaction():
            row = self._store.get(Key("", "", self._kind, picture))
        if row is None:
            raise KeyError(picture)
        return _answer(json.loads(row.body))

    def __iter__(self) -> Iterator[str]:
        with self._store.transaction():
            return iter([row.key.id for row in self._store.select("", "", self._kind)])

    def __len__(self) -> int:
        with self._store.transaction():
            return self._store.count("", "", self._kind)


def _answer(told: Mapping[str, Any]) -> Answer:
    faces = told["faces"]
    return Answer(
        None if told["concepts"] is None else _scores(told["concepts"]),
        None if told["embedding"] is None else tuple(told["embedding"]),
        None if faces is None else tuple(Region(**{**face, "scores": _scores(face["scores"])}) for face in faces),
    )


def _scores(told: list[dict[str, Any]]) -> tuple[Score, ...]:
    return tuple(Score(**each) for each in told)
