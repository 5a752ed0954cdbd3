"""The concepts the nets can name, and the id that clarifai/main has, or is given, for each.

Belongs here: names and ids, readable without NumPy, so that the emulator can seed its catalogue at start.
Sources: `imagenet_names.txt` (see LICENSES.md beside it), `coarse.py`, the nets behind `faces.py`; ids: facts 14.2.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from reconciler.emulator.prediction import coarse

PEOPLE: Final = "people"
MAN: Final = "man"
WOMAN: Final = "woman"
ADULT: Final = "adult"
CHILD: Final = "child"
OF_FACES: Final = (PEOPLE, MAN, WOMAN, ADULT, CHILD)

_KNOWN: Final[Mapping[str, str]] = {
    PEOPLE: "ai_l8TKp2h5",
    MAN: "ai_dxSG2s86",
    ADULT: "ai_VPmHr5bm",
    "dog": "ai_8S2Vq3cR",
}
_ID: Final = re.compile(r"ai_[0-9A-Za-z]{8}")
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase


@cache
def imagenet() -> tuple[str, ...]:
    """ImageNet's thousand names, in the order of the net's outputs."""
    text = resources.files(__package__).joinpath("imagenet_names.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


@cache
def vocabulary() -> tuple[str, ...]:
    """Every name the nets may give a score: people first, then the wide concepts, then ImageNet's."""
    return (*OF_FACES, *coarse.TABLE, *imagenet())


@cache
def concept_id(name: str) -> str:
    """The concept's id in clarifai/main: the real one where it is known, else one made from the name.

    Made-up ids have the shape of real ones (`ai_` and eight of base 62, from the name's SHA-256). They stay the
    same from run to run, and mean nothing to the real service: a relation that is to work there needs the id that
    Clarifai shows. A name that is an id already, as taught scores may have, is its own id.
    """
    if _ID.fullmatch(name):
        return name
    return _KNOWN.get(name) or f"ai_{_base62(hashlib.sha256(name.encode()).digest(), 8)}"


@cache
def _names_by_id() -> Mapping[str, str]:
    return {concept_id(name): name for name in vocabulary()}


def concept_name(identifier: str) -> str:
    """The name behind an id of the vocabulary, else the id itself: the inverse of `concept_id`."""
    return _names_by_id().get(identifier, identifier)


def _base62(digest: bytes, length: int) -> str:
    number = int.from_bytes(digest)
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(digits)
