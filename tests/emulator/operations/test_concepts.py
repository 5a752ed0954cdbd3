"""Concepts: facts 3.2, 14.1.1, 14.1.8."""

from clarifai_grpc.grpc.api import resources_pb2

Concept = resources_pb2.Concept


def patch(api, action="overwrite", **fields):
    return api("PatchConcepts", concepts=[Concept(**fields)], action=action)


def test_a_concept_without_a_name_is_named_by_its_id(api):
    concept = api.ok("PostConcepts", concepts=[Concept(id="peopleID")]).concepts[0]
    assert concept.name == "peopleID"


def test_a_new_concept_shows_what_samples_show(api):
    concept = api.ok("PostConcepts", concepts=[Concept(id="p", name="people")]).concepts[0]
    assert (concept.value, concept.language, concept.app_id, concept.user_id) == (1.0, "en", "app", "me-local")
    assert concept.visibility.gettable == resources_pb2.Visibility.PRIVATE
    assert not concept.HasField("metadata")


def test_the_language_is_the_apps(api):
    api.app("deutsch", default_language="de")
    reply = api.ok("PostConcepts", user_app_id=api.here("deutsch"), concepts=[Concept(id="p")])
    assert reply.concepts[0].language == "de"


def test_a_duplicate_is_40003_and_says_so(api):
    api.concepts("p")
    status = api("PostConcepts", concepts=[Concept(id="p")]).status
    assert (status.code, status.description) == (40003, "Invalid request")
    assert "duplicate" in status.details


def test_a_batch_with_a_duplicate_makes_nothing(api):
    api.concepts("p")
    assert api.code("PostConcepts", concepts=[Concept(id="q"), Concept(id="p")]) == 40003
    assert api.code("GetConcept", concept_id="q") == 11101


def test_a_batch_may_not_repeat_itself(api):
    assert api.code("PostConcepts", concepts=[Concept(id="q"), Concept(id="q")]) == 40003


def test_patch_overwrites_only_what_is_sent(api):
    api.concepts("p")
    patch(api, id="p", definition="d", metadata={"k": "v"})
    concept = patch(api, id="p", name="people").concepts[0]
    assert (concept.name, concept.definition, dict(concept.metadata)) == ("people", "d", {"k": "v"})
    assert api.ok("GetConcept", concept_id="p").concept == concept


def test_patch_overwrites_metadata_whole(api):
    api.concepts("p")
    patch(api, id="p", metadata={"k": "v"})
    assert dict(patch(api, id="p", metadata={"l": "w"}).concepts[0].metadata) == {"l": "w"}


def test_a_concept_of_another_app_is_11101(api):
    status = patch(api, id="ai_l8TKp2h5", name="mine").status
    assert (status.code, status.description) == (11101, "Resource does not exist")


def test_merge_is_no_action_of_concepts(api):
    api.concepts("p")
    assert patch(api, "merge", id="p", name="x").status.code == 11102


def test_concepts_are_listed_in_order_of_creation(api):
    api.concepts("c", "a", "b")
    assert [c.id for c in api.ok("ListConcepts").concepts] == ["c", "a", "b"]


def test_the_list_filters_loosely_by_id(api):
    api.concepts("adultID", "manID", "dog")
    assert [c.id for c in api.ok("ListConcepts", id="id").concepts] == ["adultID", "manID"]


def test_search_matches_names_with_wildcards(api):
    api.ok("PostConcepts", concepts=[Concept(id="p1", name="people"), Concept(id="p2", name="dog")])
    for name in ("peo*", "eopl"):
        query = resources_pb2.ConceptQuery(name=name)
        found = api.ok("PostConceptsSearches", concept_query=query).concepts
        assert [c.id for c in found] == ["p1", "ai_l8TKp2h5"], "the app's own come first, then clarifai/main's"


def test_ids_may_not_hold_slashes_or_blanks(api):
    for identifier in ("", "a/b", "a b", "a\tb", "x" * 49):
        assert api.code("PostConcepts", concepts=[Concept(id=identifier)]) == 11102


def test_concepts_of_clarifai_main_are_readable(api):
    concept = api.ok("GetConcept", user_app_id=api.here("main", "clarifai"), concept_id="ai_l8TKp2h5").concept
    assert (concept.name, concept.app_id, concept.user_id) == ("people", "main", "clarifai")
