"""Answers taught by a file: exact where it speaks, silent where it does not, and strict about its form."""

import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.emulator.prediction.interface import DIMENSIONS, Region, Score, Unavailable
from reconciler.emulator.prediction.loading import load_predictor
from reconciler.emulator.prediction.taught import TaughtPredictor
from reconciler.emulator.prediction.taught_file import TaughtFileError, read

URL = "https://example.com/a.jpg"


class Nobody:
    """A fallback that knows nothing."""

    def concepts(self, image: bytes, url: str | None = None) -> list[Score]:
        raise Unavailable("nobody knows")

    def embedding(self, image: bytes, url: str | None = None) -> list[float]:
        raise Unavailable("nobody knows")

    def faces(self, image: bytes, url: str | None = None) -> list[Region]:
        raise Unavailable("nobody knows")


@pytest.fixture
def teach(tmp_path: Path) -> Callable[[str], TaughtPredictor]:
    def write(text: str) -> TaughtPredictor:
        (file := tmp_path / "taught.yaml").write_text(text, encoding="utf-8")
        return TaughtPredictor(read(file), Nobody())

    return write


@pytest.fixture
def problems(tmp_path: Path) -> Callable[[str], list[str]]:
    def write(text: str) -> list[str]:
        (file := tmp_path / "taught.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(TaughtFileError) as caught:
            read(file)
        return [problem.replace(str(tmp_path), "") for problem in caught.value.problems]

    return write


def test_a_picture_gets_exactly_what_it_was_taught(teach: Callable) -> None:
    predictor = teach(f"{URL}: {{concepts: {{man: 0.12, people: 0.99}}}}")
    assert predictor.concepts(b"", URL) == [Score("people", 0.99), Score("man", 0.12)]


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_a_picture_is_known_by_its_sha256(teach: Callable, spelling: Callable) -> None:
    sha256 = spelling(hashlib.sha256(b"picture").hexdigest())
    predictor = teach(f"'{sha256}': {{concepts: {{people: 0.5}}}}")
    assert predictor.concepts(b"picture") == [Score("people", 0.5)]


def test_a_picture_is_known_by_its_file(teach: Callable, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    predictor = teach("a.jpg: {concepts: {people: 0.5}}")
    assert predictor.concepts(b"picture", URL) == [Score("people", 0.5)]


def test_bytes_are_asked_before_the_url(teach: Callable) -> None:
    sha256 = hashlib.sha256(b"picture").hexdigest()
    predictor = teach(f"{URL}: {{concepts: {{man: 1}}}}\n{sha256}: {{concepts: {{people: 1}}}}")
    assert predictor.concepts(b"picture", URL) == [Score("people", 1)]
    assert predictor.concepts(b"other", URL) == [Score("man", 1)]


def test_ids_are_understood_as_names_and_unknown_ones_kept(teach: Callable) -> None:
    predictor = teach(f"{URL}: {{concepts: {{ai_l8TKp2h5: 0.9, ai_98Xb0K3q: 0.8}}}}")
    assert predictor.concepts(b"", URL) == [Score("people", 0.9), Score("ai_98Xb0K3q", 0.8)]


def test_nothing_to_see_is_an_answer(teach: Callable) -> None:
    predictor = teach(f"{URL}: {{concepts: {{}}, faces: []}}")
    assert predictor.concepts(b"", URL) == predictor.faces(b"", URL) == []


def test_a_short_embedding_is_filled_up_and_has_length_one(teach: Callable) -> None:
    embedding = teach(f"{URL}: {{embedding: [3, 4]}}").embedding(b"", URL)
    assert embedding[:3] == [0.6, 0.8, 0.0]
    assert (len(embedding), math.hypot(*embedding)) == (DIMENSIONS, 1)


def test_faces_are_boxes_with_scores(teach: Callable) -> None:
    face = "{top: 0.1, left: 0.2, bottom: 0.5, right: 0.6, concepts: {people: 0.9}}"
    expected = Region(0.1, 0.2, 0.5, 0.6, (Score("people", 0.9),))
    assert teach(f"{URL}: {{faces: [{face}]}}").faces(b"", URL) == [expected]


@pytest.mark.parametrize("method", ["concepts", "embedding", "faces"])
def test_what_is_not_taught_is_left_to_the_nets(teach: Callable, method: str) -> None:
    predictor = teach(f"{URL}: {{}}")
    for url in (URL, "https://example.com/unknown.jpg", None):
        with pytest.raises(Unavailable):
            getattr(predictor, method)(b"picture", url)


def test_json_is_read_as_well(teach: Callable) -> None:
    assert teach(f'{{"{URL}": {{"concepts": {{"people": 1e-3}}}}}}').concepts(b"", URL) == [Score("people", 0.001)]


def test_an_empty_file_teaches_nothing(teach: Callable) -> None:
    with pytest.raises(Unavailable):
        teach("").concepts(b"picture")


def test_all_problems_are_told_at_once_each_with_its_place(problems: Callable) -> None:
    text = f"""\
{URL}:
  concepts: {{people: 1.5, man: high, ai_l8TKp2h5: 0.1}}
  embedding: []
  colour: red
nowhere.jpg: {{concepts: []}}
https://example.com/b.jpg:
  faces:
    - {{top: 0.9, left: 0.1, bottom: 0.5, right: 0.2}}
    - {{top: 0.1}}
"""
    assert problems(text) == [
        "/taught.yaml:4:3: an answer has no colour, only concepts, embedding, faces",
        "/taught.yaml:2:22: a score must be a number from 0 to 1",
        "/taught.yaml:2:32: a score must be a number from 0 to 1",
        "/taught.yaml:2:38: ai_l8TKp2h5 is the concept people, which was scored above",
        "/taught.yaml:3:14: an embedding needs a number other than 0",
        "/taught.yaml:5:25: expected a mapping with a concept as key",
        "/taught.yaml:5:1: nowhere.jpg is no URL, no SHA-256 in hex, and no file that can be read",
        "/taught.yaml:8:7: a face needs top < bottom and left < right",
        "/taught.yaml:9:7: a face needs left, bottom, right",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "1:1: expected a mapping with a picture as key"),
        (f"{URL}: {{}}\n{URL}: {{}}", f"2:1: {URL} is here twice"),
        (f"{URL}: people", "1:28: expected a mapping with the parts of an answer as key"),
        (f"{URL}: {{faces: {{}}}}", "faces: expected a list"),
        (f"{URL}: {{embedding: [.nan, x]}}", "a number of an embedding must be a number"),
        (f"{URL}: {{embedding: {[1] * 1281}}}", "an embedding of 1281 numbers is longer than 1280"),
        ("{", "expected"),
        ("[" * 600, ""),
        ("a: \x00", "special characters"),
        ("? [a]\n: {}", "a picture must be a text"),
    ],
)
def test_a_bad_form_is_told(problems: Callable, text: str, said: str) -> None:
    assert said in problems(text)[0]


def test_the_same_picture_twice_is_told(problems: Callable, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    sha256 = hashlib.sha256(b"picture").hexdigest()
    assert "was taught above" in problems(f"a.jpg: {{}}\n{sha256}: {{}}")[0]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaughtFileError, match="No such file"):
        load_predictor(tmp_path / "taught.yaml")
