"""An image on its way to a net: downloaded only if somebody has to see it.

Belongs here: from a `resources_pb2.Image` to bytes, and from a predictor's errors to ours. Not here: what is seen
(`prediction/`). A picture whose answers are taught under its URL need not exist anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import downloads
from reconciler.emulator.execution.values import NotRun, RunFailed
from reconciler.emulator.prediction.interface import (
    PredictionError,
    Predictor,
    Region,
    Score,
    Unavailable,
    UnreadableImage,
)

T = TypeVar("T")
Fetch = Callable[[str], bytes]

LARGEST: Final = 20_000_000
"""Bytes of an image (facts 9)."""


def download(url: str) -> bytes:
    """The bytes behind a URL; `RunFailed`, mostly 30002, if they cannot be had (facts 2.3)."""
    try:
        return downloads.fetch(url, largest=LARGEST)
    except downloads.DownloadFailed as error:
        raise RunFailed(error.code, error.details) from error


class Picture:
    """One image and everything that can be asked about it."""

    def __init__(self, image: resources_pb2.Image, predictor: Predictor, fetch: Fetch = download) -> None:
        self.url = image.url or None
        self._content = bytes(image.base64)
        self._predictor = predictor
        self._fetch = fetch

    @property
    def content(self) -> bytes:
        """The image's bytes, downloaded by the first who needs them."""
        if not self._content and self.url:
            self._content = self._fetch(self.url)
        return self._content

    def concepts(self) -> list[Score]:
        """Every concept that was scored, best first."""
        return self._ask(self._predictor.concepts)

    def embedding(self) -> list[float]:
        """What the picture looks like, as numbers."""
        return self._ask(self._predictor.embedding)

    def faces(self) -> list[Region]:
        """The faces in it."""
        return self._ask(self._predictor.faces)

    def _ask(self, question: Callable[[bytes, str | None], T]) -> T:
        if not self._content and self.url and self._taught_by_url():
            return self._ask_unseen(question)
        return _told(question, self.content, self.url)

    def _ask_unseen(self, question: Callable[[bytes, str | None], T]) -> T:
        """Ask about a picture whose URL is known, with its bytes only if the URL is not enough."""
        try:
            return question(b"", self.url)
        except PredictionError as error:
            if isinstance(error, Unavailable):
                raise NotRun(str(error)) from error
        try:
            content = self.content
        except RunFailed as error:
            raise NotRun(f"only scores are taught for {self.url}, and it cannot be downloaded") from error
        return _told(question, content, self.url)

    def _taught_by_url(self) -> bool:
        """Nets cannot answer without bytes, so an answer was taught."""
        try:
            self._predictor.concepts(b"", self.url)
        except PredictionError:
            return False
        return True


def _told(question: Callable[[bytes, str | None], T], content: bytes, url: str | None) -> T:
    try:
        return question(content, url)
    except Unavailable as error:
        raise NotRun(str(error)) from error
    except UnreadableImage as error:
        raise RunFailed(codes.INPUT_DOWNLOAD_FAILED, str(error)) from error
