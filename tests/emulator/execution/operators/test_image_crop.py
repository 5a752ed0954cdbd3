"""Regions cut out of the image."""

import io
import sys

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.execution.behaviour import answer
from reconciler.emulator.execution.operators.image_crop import pixels
from reconciler.emulator.execution.values import NotRun, RunFailed


def box(top, left, bottom, right):
    return r.BoundingBox(top_row=top, left_col=left, bottom_row=bottom, right_col=right)


@pytest.mark.parametrize(
    ("margin", "expected"),
    [(1.0, (50, 10, 150, 30)), (1.5, (25, 5, 175, 35)), (2.0, (0, 0, 200, 40)), (9.0, (0, 0, 200, 40)),
     (0.5, (75, 15, 125, 25))],
)  # fmt: skip
def test_a_box_grows_around_its_middle_up_to_the_edges(margin, expected):
    assert pixels(box(0.25, 0.25, 0.75, 0.75), margin, (200, 40)) == expected


def picture():
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    made = image.new("RGB", (100, 100), "red")
    made.paste("blue", (0, 0, 50, 50))
    made.save(file, "PNG")
    return r.Image(base64=file.getvalue())


def test_each_region_gets_its_part_as_a_picture(bench):
    image = pytest.importorskip("PIL.Image")
    corner, point = r.RegionInfo(bounding_box=box(0, 0, 0.5, 0.4)), r.RegionInfo(bounding_box=box(0.5, 0.5, 0.5, 0.5))
    data = r.Data(image=picture(), regions=[r.Region(id="a", region_info=corner), r.Region(id="b", region_info=point)])
    (region,) = answer(bench.task("image-crop", margin=1), data).regions
    assert (region.id, region.region_info) == ("a", corner)
    cut = image.open(io.BytesIO(region.data.image.base64))
    assert (cut.size, cut.getpixel((0, 0)), cut.getpixel((39, 49))) == ((40, 50), (0, 0, 255), (0, 0, 255))


def test_bytes_that_are_no_picture_fail_the_run(bench):
    pytest.importorskip("PIL")
    data = r.Data(image=r.Image(base64=b"nonsense"), regions=[r.Region()])
    with pytest.raises(RunFailed) as failure:
        answer(bench.task("image-crop"), data)
    assert failure.value.status_code == 30002


def test_without_pillow_it_says_what_to_install(bench, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    data = r.Data(image=r.Image(base64=b"x"), regions=[r.Region()])
    with pytest.raises(NotRun, match=r"reconciler\[vision\]") as failure:
        answer(bench.task("image-crop"), data)
    assert failure.value.status_code == 21313
