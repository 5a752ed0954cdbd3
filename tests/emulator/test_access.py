"""Keys, users, apps and who may touch them: facts 1.3, 1.6, 14.1."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2

from reconciler.emulator.rpcs import RPCS

TOKENS = {"ann-pat": "ann", "bob-pat": "bob", "ann-key": "ann/shop"}


@pytest.fixture
def ann(start):
    api = start(empty=True, tokens=TOKENS, token="ann-pat")
    api.app("shop")
    return api


def as_(api, token):
    return {"metadata": (("authorization", f"Key {token}"),)}


def get_app(user, app):
    return service_pb2.GetAppRequest(user_app_id=resources_pb2.UserAppIDSet(user_id=user, app_id=app))


def test_an_unknown_key_is_11008_in_the_documented_words(ann):
    status = ann.send("ListModels", service_pb2.ListModelsRequest(), **as_(ann, "wrong")).status
    assert status.code == 11008
    assert status.description == "Invalid API key or Invalid API key/application pair"


@pytest.mark.parametrize("metadata", [(), (("authorization", "Key "),), (("authorization", "Basic x"),)])
def test_no_key_is_an_invalid_request(ann, metadata):
    assert ann.send("GetApp", get_app("me", "shop"), metadata=metadata).status.code == 11102


def test_any_key_will_do_without_tokens(api):
    assert api.send("GetApp", get_app("me", "app"), **as_(api, "whatever")).status.code == 10000


def test_a_session_token_stands_in_for_a_key(ann):
    metadata = (("x-clarifai-session-token", "ann-pat"),)
    assert ann.send("GetApp", get_app("me", "shop"), metadata=metadata).app.user_id == "ann"


def test_strangers_apps_do_not_exist(ann):
    assert ann.send("GetApp", get_app("ann", "shop"), **as_(ann, "bob-pat")).status.code == 11101
    assert ann.send("GetApp", get_app("me", "shop"), **as_(ann, "bob-pat")).status.code == 11101


def test_users_have_apps_of_the_same_id(ann):
    request = service_pb2.PostAppsRequest(apps=[resources_pb2.App(id="shop")])
    assert ann.send("PostApps", request, **as_(ann, "bob-pat")).apps[0].user_id == "bob"


def test_an_app_key_implies_its_app(ann):
    nowhere = service_pb2.ListConceptsRequest()
    request = service_pb2.PostConceptsRequest(concepts=[resources_pb2.Concept(id="p")])
    assert ann.send("PostConcepts", request, **as_(ann, "ann-key")).concepts[0].app_id == "shop"
    assert len(ann.send("ListConcepts", nowhere, **as_(ann, "ann-key")).concepts) == 1


def test_an_app_key_opens_no_other_app(ann):
    ann.app("other")
    assert ann.send("GetApp", get_app("me", "other"), **as_(ann, "ann-key")).status.code == 11008


@pytest.mark.parametrize(
    ("rpc", "fields"),
    [
        ("GetModel", {"model_id": "general-image-recognition"}),
        ("ListModels", {}),
        ("GetWorkflow", {"workflow_id": "General"}),
        ("PostModelOutputs", {"model_id": "general-image-recognition", "inputs": [resources_pb2.Input()]}),
        ("PostWorkflowResults", {"workflow_id": "General", "inputs": [resources_pb2.Input()]}),
    ],
)
def test_an_app_key_reaches_no_model_and_no_workflow_of_clarifai(ann, rpc, fields):
    main = resources_pb2.UserAppIDSet(user_id="clarifai", app_id="main")
    request = RPCS[rpc].request(user_app_id=main, **fields)
    assert ann.send(rpc, request, **as_(ann, "ann-key")).status.code == 11008
    assert ann.send(rpc, request, **as_(ann, "ann-pat")).status.code != 11008


@pytest.mark.parametrize("rpc", ["PostModelOutputs", "PostWorkflowResults"])
def test_nor_does_it_run_them_without_naming_them(ann, rpc):
    named = {"model_id": "general-image-recognition"} if rpc == "PostModelOutputs" else {"workflow_id": "General"}
    request = RPCS[rpc].request(inputs=[resources_pb2.Input()], **named)
    assert ann.send(rpc, request, **as_(ann, "ann-key")).status.code == 11008


def test_an_app_key_finds_public_concepts_and_pins_public_models(ann):
    """As Clarifai's tests do with an app key."""
    query = resources_pb2.ConceptQuery(name="dog*")
    found = ann.send("PostConceptsSearches", service_pb2.PostConceptsSearchesRequest(concept_query=query),
                     **as_(ann, "ann-key"))  # fmt: skip
    assert [concept.app_id for concept in found.concepts] == ["main"]
    node = resources_pb2.WorkflowNode(id="n", model=resources_pb2.Model(id="general-image-recognition"))
    sent = service_pb2.PostWorkflowsRequest(workflows=[resources_pb2.Workflow(id="w", nodes=[node])])
    assert ann.send("PostWorkflows", sent, **as_(ann, "ann-key")).status.code == 10000


def test_an_app_key_lacks_the_scopes_of_a_pat(ann):
    request = service_pb2.ListAppsRequest()
    assert ann.send("ListApps", request, **as_(ann, "ann-key")).status.code == 11007


def test_a_missing_app_is_11101_on_its_children(api):
    for rpc in ("ListConcepts", "ListModels", "ListWorkflows", "ListConceptRelations"):
        assert api.code(rpc, user_app_id=api.here("nope")) == 11101


def test_a_call_without_an_app_works_in_the_oldest(api):
    api.app("younger")
    concept = resources_pb2.Concept(id="p")
    assert api.ok("PostConcepts", user_app_id=api.here("", ""), concepts=[concept]).concepts[0].app_id == "app"


def test_a_caller_without_apps_gets_one_when_needed(start):
    api = start(empty=True)
    assert not api.ok("ListApps").apps
    api.ok("PostConcepts", user_app_id=api.here("", ""), concepts=[resources_pb2.Concept(id="p")])
    assert len(api.ok("ListApps").apps) == 1


@pytest.mark.parametrize(
    ("rpc", "fields"),
    [
        ("PostConcepts", {"concepts": [resources_pb2.Concept(id="p")]}),
        ("PostModels", {"models": [resources_pb2.Model(id="m")]}),
        ("PatchModels", {"models": [resources_pb2.Model(id="face-detection", notes="n")], "action": "merge"}),
        ("DeleteWorkflow", {"workflow_id": "General"}),
        ("DeleteApp", {}),
    ],
)
def test_the_public_app_is_read_only(api, rpc, fields):
    assert api.code(rpc, user_app_id=api.here("main", "clarifai"), **fields) == 11007
    assert api.ok("GetWorkflow", user_app_id=api.here("main", "clarifai"), workflow_id="General").workflow.nodes
