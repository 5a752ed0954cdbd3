"""Models: facts 3.5, 4.1, 14.1."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

Model = resources_pb2.Model


def patch(api, action="merge", **fields):
    return api("PatchModels", models=[Model(**fields)], action=action)


def ids(reply):
    return [model.id for model in reply.models]


def test_a_bare_model_is_an_embedding_classifier_without_a_version(api):
    model = api.ok("PostModels", models=[Model(id="m")]).model
    assert (model.id, model.name, model.model_type_id) == ("m", "m", "embedding-classifier")
    assert not model.HasField("model_version")
    assert model.HasField("metadata")


def test_the_service_makes_an_id_when_none_is_sent(api):
    assert len(api.ok("PostModels", models=[Model()]).model.id) == 32


def test_the_old_singular_field_is_taken(api):
    assert api.ok("PostModels", model=Model(id="m")).model.id == "m"


def test_several_models_are_made_and_one_is_answered(api):
    assert api.ok("PostModels", models=[Model(id="a"), Model(id="b")]).model.id == "a"
    assert sorted(ids(api.ok("ListModels"))) == ["a", "b"]


def test_output_info_makes_the_first_version(api):
    model = api.model("m", "concept-thresholder", output_info=api.thresholds())
    assert model.model_version.status.code == 21100
    assert len(model.model_version.id) == 32


def test_a_trainable_models_first_version_is_not_trained(api):
    info = resources_pb2.OutputInfo()
    info.data.concepts.add(id="p")
    assert api.model("m", "embedding-classifier", output_info=info).model_version.status.code == 21102


def test_a_taken_id_already_exists(api):
    api.model("m")
    status = api("PostModels", models=[Model(id="m")]).status
    assert status.code == 21202
    assert "already exists" in status.details


@pytest.mark.parametrize("identifier", ["a.b", "a b", "a/b", "a\tb", "x" * 49])
def test_bad_ids_are_refused(api, identifier):
    assert api.code("PostModels", models=[Model(id=identifier)]) == 11102


@pytest.mark.parametrize("rpc", ["GetModel", "GetModelOutputInfo", "DeleteModel", "ListModelVersions"])
def test_an_absent_model_says_the_words_clients_look_for(api, rpc):
    status = api(rpc, model_id="nope").status
    assert status.code == 21200
    assert status.description == status.details == "Model does not exist"


def test_an_absent_version_of_a_model_is_21200(api):
    api.model("m")
    assert api.code("GetModel", model_id="m", version_id="0" * 32) == 21200


def test_thresholds_show_only_in_output_info(api):
    api.thresholder("m")
    plain = api.ok("GetModel", model_id="m").model.model_version
    full = api.ok("GetModelOutputInfo", model_id="m").model.model_version
    assert plain.active_concept_count == 1
    assert not plain.output_info.HasField("data")
    assert plain.output_info.message.startswith("Show output_info with")
    assert [(c.id, c.value, c.app_id) for c in full.output_info.data.concepts] == [("p", 0.5, "app")]


def test_get_model_answers_the_version_that_is_asked_for(api):
    first = api.thresholder("m")
    second = api.version("m", output_info=api.thresholds(p=0.9))
    assert api.ok("GetModel", model_id="m").model.model_version.id == second.id
    assert api.ok("GetModel", model_id="m", version_id=first.id).model.model_version.id == first.id


def test_model_concepts_come_in_pages_with_their_thresholds(api):
    api.thresholder("m")
    concepts = api.ok("ListModelConcepts", model_id="m", per_page=1).concepts
    assert [(c.id, c.value) for c in concepts] == [("p", 0.5)]
    assert not api.ok("ListModelConcepts", model_id="m", page=2, per_page=1).concepts
    assert not api.ok("ListModelConcepts", model_id="m", search="zzz").concepts


def test_patch_changes_the_shell_and_makes_no_version(api):
    version = api.thresholder("m")
    model = patch(api, id="m", description="d", notes="n", toolkits=["t"]).models[0]
    assert (model.description, model.notes, list(model.toolkits)) == ("d", "n", ["t"])
    assert model.model_version.id == version.id
    assert len(api.ok("ListModelVersions", model_id="m").model_versions) == 1


def test_patch_moves_no_time(api):
    before = api.model("m")
    assert patch(api, id="m", description="d").models[0].modified_at == before.modified_at


def test_modified_at_is_the_newest_versions_creation(api):
    version = api.thresholder("m")
    assert api.ok("GetModel", model_id="m").model.modified_at == version.created_at


def test_name_is_echoed_after_overwrite(api):
    api.model("m")
    assert patch(api, "overwrite", id="m", name="new").models[0].name == "new"
    assert api.ok("GetModel", model_id="m").model.name == "new"


def test_the_type_of_a_model_never_moves(api):
    api.model("m", "prompter")
    assert patch(api, "overwrite", id="m", model_type_id="image-crop").models[0].model_type_id == "prompter"


def test_metadata_merges_and_overwrites(api):
    api.model("m", metadata={"a": 1, "b": {"c": 1}})
    assert dict(patch(api, id="m", metadata={"b": {"d": 2}}).models[0].metadata) == {"a": 1, "b": {"c": 1, "d": 2}}
    assert dict(patch(api, "overwrite", id="m", metadata={"x": 1}).models[0].metadata) == {"x": 1}


def test_an_empty_metadata_message_with_merge_empties_it(api):
    api.model("m", metadata={"a": 1})
    model = Model(id="m")
    model.metadata.SetInParent()
    assert not api.ok("PatchModels", models=[model], action="merge").models[0].metadata.fields


def test_absent_metadata_stays(api):
    api.model("m", metadata={"a": 1})
    assert dict(patch(api, "overwrite", id="m", description="d").models[0].metadata) == {"a": 1}


def test_sent_output_info_makes_a_new_version_on_top_of_the_old(api):
    first = api.thresholder("m")
    info = resources_pb2.OutputInfo()
    info.data.concepts.add(id="p", value=0.75)
    second = patch(api, id="m", output_info=info).models[0].model_version
    assert second.id != first.id
    data = api.ok("GetModelOutputInfo", model_id="m").model.model_version.output_info
    assert [c.value for c in data.data.concepts] == [0.75]
    assert data.params["concept_threshold_type"] == "GREATER_THAN"


def test_a_patch_that_names_an_absent_model_changes_nothing(api):
    api.model("m")
    reply = api("PatchModels", models=[Model(id="m", description="d"), Model(id="nope")], action="merge")
    assert reply.status.code == 21200
    assert not api.ok("GetModel", model_id="m").model.description


def test_an_unknown_action_is_refused(api):
    api.model("m")
    assert patch(api, "replace", id="m").status.code == 11102


def test_models_are_listed_by_their_newest_version(api):
    for identifier in ("a", "b", "c"):
        api.model(identifier)
    api.version("a")
    assert ids(api.ok("ListModels")) == ["a", "c", "b"]
    assert ids(api.ok("ListModels", sort_by_created_at=True, sort_ascending=True)) == ["a", "b", "c"]
    assert ids(api.ok("ListModels", sort_by_name=True)) == ["c", "b", "a"]


def test_versionless_models_are_listed(api):
    api.model("m")
    assert not api.ok("ListModels").models[0].HasField("model_version")


def test_the_list_holds_own_models_only(api):
    api.model("m")
    assert ids(api.ok("ListModels")) == ["m"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"model_type_id": "prompter"}, ["words"]),
        ({"trained_only": True}, ["words", "above"]),
        ({"input_fields": ["text"]}, ["words"]),
        ({"output_fields": ["concepts"]}, ["learner", "above"]),
        ({"toolkits": ["nlp"]}, ["words"]),
        ({"search": "prompt"}, ["words"]),
        ({"query": "ABOVE"}, ["above"]),
        ({"name": "learn"}, ["learner"]),
        ({"visibility": resources_pb2.Visibility(gettable=50)}, []),
        ({"bookmark": True}, []),
        ({"starred_only": True}, []),
        ({"license": "mit"}, []),
    ],
)
def test_list_filters(api, filters, expected):
    api.thresholder("above")
    api.model("learner", "embedding-classifier")
    api.model("words", "prompter", description="a prompt", toolkits=["nlp"])
    assert ids(api.ok("ListModels", **filters)) == expected


def test_the_list_filters_by_version_id(api):
    version = api.thresholder("a")
    api.thresholder("b")
    assert ids(api.ok("ListModels", model_version_ids=[version.id])) == ["a"]


def test_bookmarks_are_listed_only_when_asked_for(api):
    api.model("plain")
    api.model("marked", bookmark_origin=resources_pb2.BookmarkOrigin(id="x", user_id="u", app_id="a"))
    assert ids(api.ok("ListModels")) == ["plain"]
    assert ids(api.ok("ListModels", bookmark=True)) == ["marked"]
    assert api.code("ListModels", bookmark=True, trained_only=True) == 11102


def test_search_takes_wildcards_and_types(api):
    api.model("general-a")
    api.model("general-b", "image-crop")
    api.model("other")
    query = resources_pb2.ModelQuery(name="gen*")
    assert sorted(ids(api.ok("PostModelsSearches", model_query=query))) == ["general-a", "general-b"]
    query = resources_pb2.ModelQuery(name="gen*", model_type_id="image-crop")
    assert ids(api.ok("PostModelsSearches", model_query=query)) == ["general-b"]


def test_delete_removes_a_model_with_its_versions(api):
    version = api.thresholder("m")
    api.ok("DeleteModel", model_id="m")
    assert api.code("GetModelVersion", model_id="m", version_id=version.id) == 21200
    api.model("m")
    assert not api.ok("ListModelVersions", model_id="m").model_versions


def test_delete_models_is_all_or_none(api):
    api.model("m")
    assert api.code("DeleteModels", ids=["m", "nope"]) == 21200
    assert ids(api.ok("ListModels")) == ["m"]
    api.model("n")
    api.ok("DeleteModels", delete_all=True)
    assert not api.ok("ListModels").models


def test_deleting_a_used_model_deprecates_the_workflow_version(api):
    version = api.thresholder("m")
    api.workflow("w", api.node("n", "m", version.id))
    assert api.ok("GetModel", model_id="m").workflow_count == 1
    api.ok("DeleteModel", model_id="m")
    workflow = api.ok("GetWorkflow", workflow_id="w").workflow
    assert workflow.version.is_deprecated


@pytest.mark.parametrize(
    ("rpc", "field", "stored"),
    [
        ("PatchModelToolkits", "toolkits", "toolkits"),
        ("PatchModelUseCases", "usecases", "use_cases"),
        ("PatchModelLanguages", "languages", "languages"),
        ("PatchModelCheckConsents", "check_consents", "check_consents"),
    ],
)
def test_tag_lists_are_overwritten(api, rpc, field, stored):
    api.model("m", **{stored: ["old"]})
    reply = api.ok(rpc, model_id="m", action="overwrite", **{field: ["new", "newer"]})
    assert list(getattr(reply, field)) == ["new", "newer"]
    assert list(getattr(api.ok("GetModel", model_id="m").model, stored)) == ["new", "newer"]


def test_without_an_app_the_own_model_comes_before_the_public_one(api):
    nowhere = api.here("", "")
    assert api.ok("GetModel", user_app_id=nowhere, model_id="general-image-recognition").model.app_id == "main"
    api.model("general-image-recognition")
    assert api.ok("GetModel", user_app_id=nowhere, model_id="general-image-recognition").model.app_id == "app"


def test_without_an_app_lists_and_searches_cover_the_public_models(api):
    api.model("m")
    nowhere = api.here("", "")
    listed = ids(api.ok("ListModels", user_app_id=nowhere))
    assert listed[0] == "m"
    assert "general-image-recognition" in listed
    assert ids(api.ok("ListModels", user_app_id=nowhere, dont_fetch_from_main=True)) == ["m"]
    query = resources_pb2.ModelQuery(name="general-image-r*")
    found = api.ok("PostModelsSearches", user_app_id=nowhere, model_query=query)
    assert ids(found) == ["general-image-recognition"]
    assert not ids(api.ok("PostModelsSearches", model_query=query))


def test_a_public_model_is_found_from_a_named_app_that_has_none_of_its_id(api):
    found = api.ok("GetModel", model_id="general-image-recognition").model
    assert (found.user_id, found.app_id) == ("clarifai", "main")
    api.model("general-image-recognition")
    assert api.ok("GetModel", model_id="general-image-recognition").model.app_id != "main"


def test_a_public_model_is_not_changed_from_another_app(api):
    public = "general-image-recognition"
    assert api.code("PatchModels", models=[resources_pb2.Model(id=public, notes="x")], action="merge") == 21200
    assert api.code("DeleteModels", ids=[public]) == 21200
    version = resources_pb2.ModelVersion()
    assert api.code("PostModelVersions", model_id=public, model_versions=[version]) == 21200
