"""Read the size and format of a picture from its first bytes.

Belongs here: the headers of the formats the service takes (JPEG, PNG, GIF, WebP, BMP, TIFF). Not here: decoding,
which only a prediction needs (`prediction/`). None of this trusts the bytes: anything odd is "not a picture".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

UNKNOWN: Final = "UnknownImageFormat"
"""What a reply shows until the picture has been looked at (facts 3.9)."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Width, height and format as replies name them."""

    width: int
    height: int
    format: str


def read(data: bytes) -> ImageInfo | None:
    """What the bytes are, or None if they are no picture the service takes."""
    for reader in (_png, _gif, _webp, _bmp, _jpeg, _tiff):
        try:
            found = reader(data)
        except (struct.error, IndexError):
            continue
        if found is not None and found.width > 0 and found.height > 0:
            return found
    return None


def _png(data: bytes) -> ImageInfo | None:
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return ImageInfo(width, height, "PNG")


def _gif(data: bytes) -> ImageInfo | None:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    width, height = struct.unpack_from("<HH", data, 6)
    return ImageInfo(width, height, "GIF")


def _bmp(data: bytes) -> ImageInfo | None:
    if data[:2] != b"BM":
        return None
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    return ImageInfo(width, abs(height), "BMP")


def _webp(data: bytes) -> ImageInfo | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    kinds: dict[bytes, Callable[[bytes], tuple[int, int]]] = {b"VP8 ": _lossy, b"VP8L": _lossless, b"VP8X": _extended}
    size = kinds.get(data[12:16])
    return None if size is None else ImageInfo(*size(data), "WEBP")


def _lossy(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _lossless(data: bytes) -> tuple[int, int]:
    (bits,) = struct.unpack_from("<I", data, 21)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _extended(data: bytes) -> tuple[int, int]:
    if len(data) < 30:
        raise IndexError("cut off")
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1


def _jpeg(data: bytes) -> ImageInfo | None:
    if data[:3] != b"\xff\xd8\xff":
        return None
    for marker, position in _segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 3)
            return ImageInfo(width, height, "JPEG")
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of the length of each JPEG segment before the pixels."""
    position = 2
    while data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # padding
            position += 1
            continue
        if marker == 0xDA:
            return
        yield marker, position + 2
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + length


_TIFF_WIDTH: Final = 256
_TIFF_HEIGHT: Final = 257


def _tiff(data: bytes) -> ImageInfo | None:
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(data[:4])
    if order is None:
        return None
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (entries,) = struct.unpack_from(order + "H", data, directory)
    sizes: dict[int, int] = {}
    for number in range(entries):
        place = directory + 2 + 12 * number
        tag, kind = struct.unpack_from(order + "HH", data, place)
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT):
            (sizes[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place + 8)
    return ImageInfo(sizes.get(_TIFF_WIDTH, 0), sizes.get(_TIFF_HEIGHT, 0), "TIFF")
