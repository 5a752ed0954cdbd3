"""Sizes and formats of pictures, read from their headers alone."""

import struct

import pytest

from reconciler.emulator import image_info
from reconciler.emulator.image_info import ImageInfo

FRAME = b"\x08" + struct.pack(">HH", 5, 7)
JPEG = b"\xff\xd8\xff\xe0" + struct.pack(">H", 4) + b"JF" + b"\xff\xff\xc2" + struct.pack(">H", 7) + FRAME
TIFF = (
    b"II*\x00" + struct.pack("<IH", 8, 2) + struct.pack("<HHIHH", 256, 3, 1, 7, 0) + struct.pack("<HHII", 257, 4, 1, 5)
)
BIG_TIFF = (
    b"MM\x00*" + struct.pack(">IH", 8, 2) + struct.pack(">HHIHH", 256, 3, 1, 7, 0) + struct.pack(">HHII", 257, 4, 1, 5)
)
RIFF = b"RIFF\0\0\0\0WEBP"

PICTURES = {
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 7, 5),
    "GIF": b"GIF89a" + struct.pack("<HH", 7, 5),
    "JPEG": JPEG,
    "BMP": b"BM" + b"\0" * 12 + struct.pack("<Iii", 40, 7, -5),
    "BMP ": b"BM" + b"\0" * 12 + struct.pack("<IHH", 12, 7, 5),
    "TIFF": TIFF,
    "TIFF ": BIG_TIFF,
    "WEBP": RIFF + b"VP8 " + b"\0" * 10 + struct.pack("<HH", 7, 5),
    "WEBP ": RIFF + b"VP8L" + b"\0\0\0\0\x2f" + struct.pack("<I", 6 | 4 << 14),
    "WEBP  ": RIFF + b"VP8X" + b"\0" * 8 + (6).to_bytes(3, "little") + (4).to_bytes(3, "little"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_header_tells_size_and_format(name):
    assert image_info.read(PICTURES[name]) == ImageInfo(7, 5, name.strip())


@pytest.mark.parametrize("name", PICTURES)
def test_a_header_that_is_cut_off_is_no_picture(name):
    whole = PICTURES[name]
    assert all(image_info.read(whole[:end]) is None for end in range(len(whole) - 4))


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xda\0\0", b"GIF89a\0\0\0\0", RIFF + b"VP9 "])
def test_anything_else_is_no_picture(data):
    assert image_info.read(data) is None
