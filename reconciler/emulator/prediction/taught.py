"""Taught answers: a file that says what the emulator sees in which picture, for tests that must not depend on a net.

Belongs here: the answers as values and the predictor that gives them. The file itself is read by `taught_file.py`.

    # YAML or JSON; the key is a picture's file (relative to this one), its SHA-256, or the URL it is posted with
    pictures/astronaut.jpg:
      concepts: {people: 0.99, man: 0.12, ai_VPmHr5bm: 0.97}   # names, or ids of clarifai/main
    https://example.com/cat.jpg:
      concepts: {cat: 0.9}
      embedding: [0, 1]                # any length up to 1280: filled up with zeros, then brought to length one
      faces:
        - {top: 0.1, left: 0.2, bottom: 0.5, right: 0.6, concepts: {people: 0.9}}

A picture gets exactly the concepts it was taught, and no others. What the file does not say of it (its embedding,
its faces), and every picture the file does not know, is left to the nets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.emulator.prediction.interface import Predictor, Region, Score


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one picture; `None` is left to the nets."""

    concepts: tuple[Score, ...] | None = None
    embedding: tuple[float, ...] | None = None
    faces: tuple[Region, ...] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """All that a file teaches, by SHA-256 of the picture (lower-case hex) and by URL."""

    by_sha256: Mapping[str, Answer] = field(default_factory=dict)
    by_url: Mapping[str, Answer] = field(default_factory=dict)

    def find(self, image: bytes, url: str | None) -> Answer:
        """The answer for a picture: by its bytes, else by where it came from, else an empty one."""
        found = self.by_sha256.get(hashlib.sha256(image).hexdigest()) if image else None
        return found or self.by_url.get(url or "") or Answer()


class TaughtPredictor:
    """A `Predictor` that says what it was taught and asks another about everything else."""

    def __init__(self, answers: Answers, fallback: Predictor) -> None:
        self._answers = answers
        self._fallback = fallback

    def concepts(self, image: bytes, url: str | None = None) -> list[Score]:
        """Exactly the taught scores, best first."""
        taught = self._answers.find(image, url).concepts
        return self._fallback.concepts(image, url) if taught is None else list(taught)

    def embedding(self, image: bytes, url: str | None = None) -> list[float]:
        """The taught embedding."""
        taught = self._answers.find(image, url).embedding
        return self._fallback.embedding(image, url) if taught is None else list(taught)

    def faces(self, image: bytes, url: str | None = None) -> list[Region]:
        """The taught faces."""
        taught = self._answers.find(image, url).faces
        return self._fallback.faces(image, url) if taught is None else list(taught)
