"""What a predictor is: values in and out, and the two ways it can fail.

    PredictionError
    ├── Unavailable       nothing is installed that could answer (status 21313 with the sentence)
    └── UnreadableImage   the bytes are no picture (status 30002 or what the call has for it)

Coordinates are shares of the picture's height and width, as in Clarifai's `BoundingBox`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

DIMENSIONS: Final = 1280
"""Length of every embedding."""

INSTALL: Final = "pip install 'reconciler[vision]'"


class PredictionError(Exception):
    """Why there is no prediction; the message is a sentence for the caller."""


class Unavailable(PredictionError):
    """No net is installed that could answer."""


class UnreadableImage(PredictionError):
    """The bytes cannot be decoded as a picture."""


@dataclass(frozen=True, slots=True)
class Score:
    """How sure a predictor is of one concept; `names.concept_id` turns the name into an id of clarifai/main."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Region:
    """A box in the picture and what was seen inside it."""

    top: float
    left: float
    bottom: float
    right: float
    scores: tuple[Score, ...]


class Predictor(Protocol):
    """Whatever can look at a picture. All methods may be called from several threads at once.

    `url` is where the picture came from, if it came from anywhere: a taught answer may be filed under it. A
    picture known by its URL alone may have empty bytes.
    """

    def concepts(self, image: bytes, url: str | None = None) -> list[Score]:
        """Everything that was scored, best first; the caller cuts to `max_concepts` and `min_value`."""

    def embedding(self, image: bytes, url: str | None = None) -> list[float]:
        """`DIMENSIONS` numbers of length one: pictures alike have a large dot product."""

    def faces(self, image: bytes, url: str | None = None) -> list[Region]:
        """One region for each face, in the order of the detector; empty if nobody looks into the camera."""


def best_first(scores: Iterable[Score]) -> list[Score]:
    """Scores in the order in which Clarifai lists concepts; equal scores by name, so that the order is total."""
    return sorted(scores, key=lambda score: (-score.value, score.name))


@contextmanager
def vision_extra() -> Iterator[None]:
    """Turn an import that fails inside into the sentence which says what to install."""
    try:
        yield
    except ImportError as error:
        missing = f" ({error.name} is missing)" if error.name else f" ({error})"
        raise Unavailable(f"predictions on pictures need the vision extra: {INSTALL}{missing}") from error
