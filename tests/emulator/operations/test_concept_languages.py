"""Names of concepts in other languages: facts 3.2."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

Language = resources_pb2.ConceptLanguage


@pytest.fixture
def french(api):
    """The concept p, which is named homme in French."""
    api.concepts("p")
    api.ok("PostConceptLanguages", concept_id="p", concept_languages=[Language(id="fr", name="homme")])
    return api


def test_the_default_language_is_the_concept_itself(french):
    listed = french.ok("ListConceptLanguages", concept_id="p").concept_languages
    assert [(each.id, each.name) for each in listed] == [("en", "p"), ("fr", "homme")]
    assert french.ok("GetConceptLanguage", concept_id="p", language="en").concept_language.name == "p"


def test_a_language_is_patched_in_place(french):
    sent = [Language(id="fr", definition="d")]
    french.ok("PatchConceptLanguages", concept_id="p", concept_languages=sent, action="overwrite")
    got = french.ok("GetConceptLanguage", concept_id="p", language="fr").concept_language
    assert (got.name, got.definition) == ("homme", "d")


@pytest.mark.parametrize("taken", ["en", "fr"])
def test_a_language_is_there_only_once(french, taken):
    sent = [Language(id=taken, name="x")]
    assert french.code("PostConceptLanguages", concept_id="p", concept_languages=sent) == 40003


def test_what_is_absent_is_11101(french):
    assert french.code("GetConceptLanguage", concept_id="p", language="de") == 11101
    assert french.code("ListConceptLanguages", concept_id="nope") == 11101
    sent = [Language(id="de", name="x")]
    assert french.code("PatchConceptLanguages", concept_id="p", concept_languages=sent, action="overwrite") == 11101
