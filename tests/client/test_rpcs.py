from datetime import UTC, datetime

import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from reconciler.client.retry import RpcClass
from reconciler.client.rpcs import MADE_WITH_AN_ID, build_request, is_paged, items_field, method, reads, rpc_class

READ, WITH_ID, WITHOUT_ID = RpcClass


@pytest.mark.parametrize(
    ("rpc", "kind"),
    [
        *[(rpc, READ) for rpc in ("GetModel", "ListModels", "GetModelOutputInfo", "ListConceptRelations", "MyScopes")],
        *[(rpc, WITH_ID) for rpc in ("PostModels", "PatchModels", "DeleteModel", "PostConceptRelations", "PatchApps")],
        *[(rpc, WITHOUT_ID) for rpc in ("PostModelVersions", "PostWorkflowResults", "PostAnnotations", "PostSearches")],
    ],
)
def test_class_of_an_rpc(rpc, kind):
    assert rpc_class(rpc) is kind


def test_searches_and_predictions_are_no_reads_although_they_change_nothing_we_manage():
    """They are POST: a search may be saved, a prediction is billed."""
    assert {rpc_class(rpc) for rpc in ("PostModelsSearches", "PostModelOutputs", "PostWorkflowResults")} == {WITHOUT_ID}


def test_the_reads_are_just_the_gets():
    names = reads()
    assert len(names) >= 110
    assert not [name for name in names if not name.startswith(("Get", "List", "Stream", "MyScopes"))]


def test_the_creates_with_an_id_exist():
    assert all(method(rpc) for rpc in MADE_WITH_AN_ID)


@pytest.mark.parametrize(
    ("rpc", "complaint"),
    [("GetModle", "did you mean 'GetModel'"), ("", "no RPC ''"), ("StreamModelOutputs", "stream")],
)
def test_a_name_that_cannot_be_called_is_a_programming_error(rpc, complaint):
    with pytest.raises(ValueError, match=complaint):
        method(rpc)


@pytest.mark.parametrize(
    ("rpc", "field"),
    [
        ("ListModels", "models"),
        ("ListConceptRelations", "concept_relations"),
        ("ListModelTypes", "model_types"),
        ("ListModelInputs", "inputs"),
        ("ListKnowledgeGraphs", "knowledge_graphs"),
    ],
)
def test_where_the_elements_are(rpc, field):
    assert items_field(rpc) == field


def test_every_list_has_elements():
    assert all(items_field(rpc) for rpc in reads() if rpc.startswith("List"))


def test_what_is_paged():
    assert is_paged("ListModels")
    assert not is_paged("ListKnowledgeGraphs")


def data(message):
    return MessageToDict(message, preserving_proto_field_name=True)


def test_a_request_from_plain_data():
    request = build_request(
        "PostModels",
        {
            "user_app_id": {"user_id": "me", "app_id": "a"},
            "models": [{"id": "m", "visibility": {"gettable": "PUBLIC"}, "metadata": {"n": [1, {"x": None}], "e": {}}}],
        },
    )
    assert data(request) == {
        "user_app_id": {"user_id": "me", "app_id": "a"},
        "models": [{"id": "m", "visibility": {"gettable": "PUBLIC"}, "metadata": {"n": [1, {"x": None}], "e": {}}}],
    }


def test_messages_and_plain_data_mix():
    struct = Struct()
    struct["k"] = "v"
    model = resources_pb2.Model(id="m")
    request = build_request("PostModels", {"models": [model, {"id": "n", "metadata": struct}]})
    assert data(request) == {"models": [{"id": "m"}, {"id": "n", "metadata": {"k": "v"}}]}


def test_nested_plain_values_of_a_struct():
    value = {"a": {"b": {"c": [True, None, 1.5, ("x", {"y": []})]}}, "z": ""}
    request = build_request("PostModels", {"models": [{"metadata": value}]})
    assert data(request)["models"][0]["metadata"] == {"a": {"b": {"c": [True, None, 1.5, ["x", {"y": []}]]}}, "z": ""}


def test_an_empty_dict_is_present_and_none_is_absent():
    request = build_request("PatchModels", {"models": [{"id": "m", "metadata": {}}], "user_app_id": None})
    assert request.models[0].HasField("metadata")
    assert not request.HasField("user_app_id")


def test_wrappers_maps_and_times():
    made = datetime(2026, 1, 2, tzinfo=UTC)
    app = build_request("PostApps", {"apps": [{"is_template": True, "created_at": made}]}).apps[0]
    assert app.is_template.value is True
    assert app.created_at.ToDatetime(tzinfo=UTC) == made
    selectors = {"node": {"nodepool": {"id": "p"}}}
    results = build_request("PostWorkflowResults", {"node_runner_selectors": selectors})
    assert results.node_runner_selectors["node"].nodepool.id == "p"


def test_fields_that_are_given_do_not_change():
    fields = {"models": [{"id": "m", "metadata": {"a": [1]}}]}
    request = build_request("PostModels", fields)
    request.models[0].metadata["a"] = 2
    assert fields == {"models": [{"id": "m", "metadata": {"a": [1]}}]}
    assert isinstance(request, service_pb2.PostModelsRequest)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"modles": []}, r"PostModels: .* no field 'modles'; did you mean 'models'"),
        ({"models": [{"idd": "m"}]}, r"PostModels\.models\[0\]: Model has no field 'idd'"),
        ({"models": {"id": "m"}}, r"PostModels\.models: dict does not fit"),
        ({"models": "m"}, r"PostModels\.models: str does not fit"),
        ({"models": [{"id": 3}]}, r"models\[0\]\.id: int does not fit"),
        (
            {"models": [{"visibility": {"gettable": "PUBIC"}}]},
            r"gettable: str does not fit \(did you mean 'PUBLIC'\?\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(fields, complaint):
    with pytest.raises(ValueError, match=complaint):
        build_request("PostModels", fields)
