"""Apps: facts 3.1, U5, U16, U31."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

App = resources_pb2.App


def patch(api, *, action="overwrite", metadata_action=None, metadata=None, **fields):
    app = App(id="app", metadata=metadata, **fields)
    more = {"metadata_action": metadata_action} if metadata_action else {}
    return api("PatchApps", apps=[app], action=action, **more)


def test_a_new_app_is_filled_in_by_the_service(start):
    app = start(empty=True).app("shop", description="d")
    assert (app.user_id, app.name, app.default_language, app.description) == ("me-local", "shop", "en", "d")
    assert app.visibility.gettable == resources_pb2.Visibility.PRIVATE
    assert app.embeddings_storage == App.POSTGRES
    assert app.HasField("metadata")
    assert app.created_at == app.modified_at


def test_the_owner_comes_from_the_key(api):
    assert api.app("mine", user_id="somebody-else").user_id == "me-local"


def test_a_taken_id_already_exists(api):
    reply = api("PostApps", apps=[App(id="app")])
    assert reply.status.code == 11102
    assert "already exists" in reply.status.details
    assert reply.status.description == "App already exists"


def test_a_batch_with_one_taken_id_makes_nothing(api):
    assert api.code("PostApps", apps=[App(id="new"), App(id="app")]) == 11102
    assert [app.id for app in api.ok("ListApps").apps] == ["app"]


def test_without_a_base_workflow_universal_is_copied(api):
    app = api.ok("PostApps", apps=[App(id="bare")]).apps[0]
    assert app.default_workflow_id == app.default_workflow.id == "Universal"
    assert app.default_workflow.app_id == "bare"
    inside = api.ok("ListWorkflows", user_app_id=api.here("bare")).workflows
    assert [workflow.id for workflow in inside] == ["Universal"]
    assert {node.model.user_id for node in inside[0].nodes} == {"clarifai"}


def test_empty_is_not_copied(api):
    assert api.ok("GetApp").app.default_workflow.app_id == "main"
    assert not api.ok("ListWorkflows").workflows


def test_a_base_workflow_that_does_not_exist_is_refused(api):
    assert api.code("PostApps", apps=[App(id="x", default_workflow_id="nope")]) == 11101
    assert api.code("GetApp", user_app_id=api.here("x")) == 11101


def test_patch_changes_what_is_sent_and_keeps_the_rest(api):
    patch(api, description="d", notes="n")
    app = patch(api, description="e").apps[0]
    assert (app.description, app.notes) == ("e", "n")
    assert app.modified_at.ToNanoseconds() > app.created_at.ToNanoseconds()


def test_patch_app_takes_the_id_from_the_address(api):
    reply = api.ok("PatchApp", app=App(description="d"), action="overwrite")
    assert reply.app.description == "d"


def test_merge_is_no_action_of_apps(api):
    assert patch(api, action="merge", description="d").status.code == 11102


def test_create_only_fields_do_not_move(api):
    app = patch(api, default_language="de", embeddings_storage=App.QDRANT).apps[0]
    assert (app.default_language, app.embeddings_storage) == ("en", App.POSTGRES)


def test_metadata_stays_without_a_metadata_action(api):
    assert not patch(api, metadata={"a": 1}).apps[0].metadata.fields


def test_metadata_moves_with_a_metadata_action(api):
    action = resources_pb2.PatchAction(op="merge", merge_conflict_resolution="overwrite")
    patch(api, metadata={"a": 1, "b": {"c": 1}}, metadata_action=action)
    app = patch(api, metadata={"b": {"d": 2}}, metadata_action=action).apps[0]
    assert dict(app.metadata) == {"a": 1, "b": {"c": 1, "d": 2}}


def test_a_bad_metadata_action_is_refused(api):
    assert patch(api, metadata_action=resources_pb2.PatchAction(op="explode")).status.code == 24900


def test_the_default_workflow_may_be_the_apps_own(api):
    api.workflow("own")
    app = patch(api, default_workflow_id="own").apps[0]
    assert (app.default_workflow_id, app.default_workflow.app_id) == ("own", "app")
    assert api.ok("GetWorkflow").workflow.id == "own"


def test_the_default_workflow_may_be_named_with_its_address(api):
    workflow = resources_pb2.Workflow(id="General", user_id="clarifai", app_id="main")
    assert patch(api, default_workflow=workflow).apps[0].default_workflow.app_id == "main"


def test_an_unknown_default_workflow_is_refused(api):
    assert patch(api, default_workflow_id="nope").status.code == 11101


def test_removing_the_image_takes_its_url(api):
    hosted = patch(api, image=resources_pb2.Image(url="http://a/b.png")).apps[0].image.url
    assert patch(api, action="remove", image=resources_pb2.Image(url="http://a/b.png")).apps[0].image.url == hosted
    assert not patch(api, action="remove", image=resources_pb2.Image(url=hosted)).apps[0].image.url


def test_details_only_reach_notes_description_and_image(api):
    app = App(id="app", description="d", name="new name")
    assert api.ok("PatchAppsDetails", apps=[app], action="overwrite").apps[0].name == "app"


def test_deleting_an_app_wipes_what_is_in_it(api):
    api.concepts("p")
    api.model("m")
    api.ok("DeleteApp")
    assert api.code("GetApp") == 11101
    api.app()
    assert not api.ok("ListConcepts").concepts
    assert not api.ok("ListModels").models


def test_deleting_an_absent_app_is_11101(api):
    assert api.code("DeleteApp", user_app_id=api.here("nope")) == 11101


def test_apps_are_listed_by_latest_change(api):
    api.app("b")
    api.app("c")
    patch(api, description="touched")
    assert [app.id for app in api.ok("ListApps").apps] == ["app", "c", "b"]
    assert [app.id for app in api.ok("ListApps", sort_by_id=True, sort_ascending=True).apps] == ["app", "b", "c"]


@pytest.mark.parametrize("filters", [{"search": "SHOP"}, {"name": "shop"}, {"id": "shop"}, {"query": "shop"}])
def test_list_filters(api, filters):
    api.app("my-shop")
    assert [app.id for app in api.ok("ListApps", **filters).apps] == ["my-shop"]


def test_search_finds_by_name(api):
    api.app("other")
    query = resources_pb2.AppQuery(name="oth*")
    assert [app.id for app in api.ok("PostAppsSearches", app_query=query).apps] == ["other"]


def test_resource_counts(api):
    api.model("m")
    api.workflow("w")
    api.workflow("v")
    counts = api.ok("GetResourceCounts")
    assert (counts.models, counts.workflows, counts.inputs, counts.datasets, counts.pipelines) == (1, 2, 0, 0, 0)


def test_an_app_shows_its_counts_to_whoever_asks(api):
    api.model("m")
    for field in ("counts", "all"):
        for app in (
            api.ok("GetApp", additional_fields=[field]).app,
            *api.ok("ListApps", additional_fields=[field]).apps,
        ):
            assert (app.extra_info.counts.models, app.extra_info.counts.workflows) == (1, 0)
    assert not api.ok("GetApp").app.HasField("extra_info")


def test_notes_have_a_limit(api):
    assert patch(api, notes="x" * 65537).status.code == 11102
