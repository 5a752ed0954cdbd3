"""An image is downloaded only if somebody has to see it."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.execution.picture import download
from reconciler.emulator.execution.values import NotRun, RunFailed

URL = "https://x.invalid/a.jpg"


def test_a_picture_taught_by_its_url_need_not_exist(bench):
    bench.teach(URL, cat=0.9)
    picture = bench.reader.picture(r.Image(url=URL))
    assert [(score.name, score.value) for score in picture.concepts()] == [("cat", 0.9)]
    assert bench.fetched == []


def test_what_is_not_taught_of_it_is_no_reason_to_fail_the_run(bench):
    bench.teach(URL, cat=0.9)
    with pytest.raises(NotRun, match=r"vision"):
        bench.reader.picture(r.Image(url=URL)).embedding()


def test_a_strange_picture_is_downloaded_once(bench):
    bench.web[URL] = b"bytes"
    picture = bench.reader.picture(r.Image(url=URL))
    for question in (picture.concepts, picture.embedding, picture.faces):
        with pytest.raises(NotRun):
            question()
    assert bench.fetched == [URL]


def test_bytes_are_never_downloaded(bench):
    assert bench.reader.picture(r.Image(url=URL, base64=b"bytes")).content == b"bytes"
    assert bench.fetched == []


@pytest.mark.parametrize(("url", "code"), [("http://127.0.0.1:1/x", 30002), ("nonsense", 30106), ("file:///x", 30106)])
def test_what_cannot_be_had_fails_the_run(url, code):
    with pytest.raises(RunFailed) as failure:
        download(url)
    assert failure.value.status_code == code
