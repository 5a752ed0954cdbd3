"""Decode a picture: bytes of any usual format into an RGB image the right way up.

Belongs here: everything Pillow may object to, turned into `UnreadableImage`; the limits that keep one hostile
picture from filling the memory. Not here: how a net wants its input (`efficientnet.py`, `faces.py`).
"""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from reconciler.emulator.prediction.interface import UnreadableImage

MOST_PIXELS: Final = 50_000_000
"""Checked before anything is decoded: 150 MB as RGB. The emulator's own limit, above any phone's pictures."""


def decode(image: bytes) -> Image.Image:
    """The picture (of a moving one, its first frame), turned as its EXIF data say."""
    if not image:
        raise UnreadableImage("the image is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's on size, which is checked below, and on odd metadata
            return _decode(image)
    except UnidentifiedImageError as error:
        raise UnreadableImage("the image cannot be read: it is in no known format") from error
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise UnreadableImage(f"the image cannot be read: {error}") from error


def _decode(image: bytes) -> Image.Image:
    with Image.open(io.BytesIO(image)) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise ValueError(f"{picture.width} x {picture.height} pixels are more than {MOST_PIXELS}")
        return ImageOps.exif_transpose(picture).convert("RGB")
