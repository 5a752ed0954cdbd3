"""image-crop: cut the regions out of the image, each box made `margin` times as large (facts 4.5).

Pillow does the cutting and is loaded by the first crop; without it the node says what to install.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data, NotRun, RunFailed, unsupported
from reconciler.emulator.prediction.interface import INSTALL

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]


def run(task: Task, data: Data) -> Data:
    """The regions, each with its part of the image as PNG."""
    if not data.HasField("image"):
        raise unsupported("an image-crop needs an image")
    if not data.regions:
        raise unsupported("an image-crop needs regions")
    picture = _open(task.reader.picture(data.image).content)
    margin = task.number("margin", 1.0) or 1.0
    result = Data()
    for region in data.regions:
        box = pixels(region.region_info.bounding_box, margin, picture.size)
        if box[0] < box[2] and box[1] < box[3]:
            cropped = result.regions.add(id=region.id, region_info=region.region_info, value=region.value)
            cropped.data.image.base64 = _png(picture.crop(box))
    return result


def pixels(box: resources_pb2.BoundingBox, margin: float, size: tuple[int, int]) -> Box:
    """Left, top, right, bottom of a box in pixels: grown around its middle, cut at the edges of the image."""
    width, height = size
    left, right = _grown(box.left_col, box.right_col, margin, width)
    top, bottom = _grown(box.top_row, box.bottom_row, margin, height)
    return left, top, right, bottom


def _grown(low: float, high: float, margin: float, length: int) -> tuple[int, int]:
    middle, half = (low + high) / 2, (high - low) / 2 * margin
    return round(max(middle - half, 0.0) * length), round(min(middle + half, 1.0) * length)


def _open(content: bytes) -> Image:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise NotRun(f"cropping pictures needs the vision extra: {INSTALL}") from error
    try:
        return Image.open(io.BytesIO(content)).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise RunFailed(codes.INPUT_DOWNLOAD_FAILED, f"the image cannot be decoded: {error}") from error


def _png(picture: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
