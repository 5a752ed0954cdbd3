"""The dictionary of status codes, readable without a key."""

from clarifai_grpc.grpc.api import service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2


def test_every_code_is_listed_without_a_key(api):
    reply = api.send("ListStatusCodes", service_pb2.ListStatusCodesRequest(), metadata=())
    assert reply.status.code == 10000
    assert {s.code for s in reply.statuses} == set(status_code_pb2.StatusCode.values()) - {0}
    assert all(s.description for s in reply.statuses)


def test_one_code_by_number_or_name(api):
    for wanted in ("21200", "MODEL_DOES_NOT_EXIST"):
        reply = api.send("GetStatusCode", service_pb2.GetStatusCodeRequest(status_code_id=wanted), metadata=())
        assert (reply.status.code, reply.status.description) == (21200, "Model does not exist")


def test_an_unknown_code_is_11101(api):
    assert api.code("GetStatusCode", status_code_id="1") == 11101
