"""Custom models, neighbours and clusters: deterministic, and good enough to tell three textures apart."""

import math
import pickle
from pathlib import Path

import pytest

from reconciler.emulator.prediction.learning import (
    Example,
    Reason,
    Untrainable,
    classify,
    cluster,
    nearest,
    train,
    vote,
)
from reconciler.emulator.prediction.vision import VisionPredictor

TEXTURES = ("brick", "grass", "gravel")
EAST, NORTH, NORTH_EAST = [1.0, 0.0], [0.0, 1.0], [math.sqrt(0.5), math.sqrt(0.5)]


def example(embedding: list[float], *concepts: str) -> Example:
    return Example(embedding, frozenset(concepts))


def two_sorts() -> list[Example]:
    return [example(EAST, "east"), example(NORTH, "north"), example([0.8, 0.6], "east"), example([0.6, 0.8], "north")]


@pytest.fixture(scope="module")
def textures(nets: VisionPredictor) -> dict[tuple[str, int], list[float]]:
    folder = Path(__file__).parents[3] / "manifests" / "custom-model" / "pictures"
    places = [(name, number) for name in TEXTURES for number in range(1, 10)]
    return {(n, i): nets.embedding((folder / f"{n}-{i}.jpg").read_bytes()) for n, i in places}


@pytest.mark.parametrize("exclusive", [True, False])
def test_five_pictures_a_class_are_enough(textures: dict, exclusive: bool) -> None:
    """12 of 12 held-out cuts are told right; chance is 4 of 12. The floor leaves room for another CPU."""
    examples = [example(embedding, name) for (name, number), embedding in textures.items() if number <= 5]
    model = train(examples, TEXTURES, exclusive=exclusive)
    held_out = [(name, embedding) for (name, number), embedding in textures.items() if number > 5]
    right = sum(classify(model, embedding)[0].name == name for name, embedding in held_out)
    assert len(held_out) == 12
    assert right >= 11


def test_exclusive_scores_share_one_and_others_do_not() -> None:
    shared = classify(train(two_sorts(), ["east", "north"], exclusive=True), EAST)
    assert sum(score.value for score in shared) == pytest.approx(1)
    both = [*two_sorts(), example(NORTH_EAST, "east", "north")]
    single = classify(train(both, ["east", "north"], exclusive=False), NORTH_EAST)
    assert sum(score.value for score in single) != pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("exclusive", [True, False])
def test_the_same_examples_give_the_same_bytes(exclusive: bool) -> None:
    models = {train(two_sorts(), ["east", "north"], exclusive=exclusive) for _ in range(3)}
    assert len(models) == 1


def test_scores_come_best_first_by_the_trained_names() -> None:
    model = train(two_sorts(), ["north", "east"], exclusive=True)
    assert [score.name for score in classify(model, EAST)] == ["east", "north"]
    assert [score.name for score in classify(model, NORTH)] == ["north", "east"]


def test_what_carries_no_concept_teaches_what_is_none() -> None:
    examples = [example(EAST, "east"), example([0.9, 0.1], "east"), example(NORTH), example([0.1, 0.9])]
    model = train(examples, ["east"], exclusive=False)
    assert classify(model, EAST)[0].value > 0.8
    assert classify(model, NORTH)[0].value < 0.2


@pytest.mark.parametrize(
    ("examples", "concepts", "exclusive", "reason"),
    [
        ([], ["east"], True, Reason.NO_DATA),
        (two_sorts(), [], True, Reason.NO_DATA),
        ([example(EAST, "up")], ["east", "north"], True, Reason.NO_DATA),
        ([example(EAST, "east")], ["east", "north"], True, Reason.NO_POSITIVES),
        ([example(EAST), example(NORTH)], ["east"], False, Reason.NO_POSITIVES),
        ([example(EAST, "east")], ["east"], False, Reason.ONE_VS_N_SINGLE_CLASS),
        (two_sorts(), ["east"], True, Reason.ONE_VS_N_SINGLE_CLASS),
    ],
)
def test_examples_that_make_no_model_are_refused(
    examples: list[Example], concepts: list[str], exclusive: bool, reason: Reason
) -> None:
    with pytest.raises(Untrainable) as caught:
        train(examples, concepts, exclusive=exclusive)
    assert caught.value.reason is reason


def test_stored_models_are_never_unpickled() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        classify(pickle.dumps(print), EAST)


def test_the_nearest_come_first_and_equals_in_order() -> None:
    found = nearest(EAST, [NORTH, EAST, NORTH_EAST, EAST], 3)
    assert [neighbour.place for neighbour in found] == [1, 3, 2]
    assert [neighbour.similarity for neighbour in found] == pytest.approx([1, 1, math.sqrt(0.5)])
    assert nearest(EAST, [], 3) == nearest(EAST, [EAST], 0) == []


def test_neighbours_vote() -> None:
    labels = [{"north"}, {"east"}, {"north", "east"}, {"east"}]
    found = vote(nearest(EAST, [NORTH, EAST, NORTH_EAST, EAST], 3), labels)
    assert [(score.name, score.value) for score in found] == [("east", 1), ("north", pytest.approx(1 / 3))]
    assert vote([], labels) == []


def test_clusters_gather_what_is_alike(textures: dict) -> None:
    centres = cluster(list(textures.values()), 3)
    places = {name: {nearest(textures[name, i], centres, 1)[0].place for i in range(1, 10)} for name in TEXTURES}
    assert places == {"brick": {0}, "grass": places["grass"], "gravel": places["gravel"]}
    assert len(places["grass"] | places["gravel"]) == 2
    assert cluster(list(textures.values()), 3) == centres


def test_there_are_no_more_clusters_than_different_embeddings() -> None:
    assert cluster([EAST, EAST, NORTH], 5) == [EAST, NORTH]
    assert cluster([], 5) == []
