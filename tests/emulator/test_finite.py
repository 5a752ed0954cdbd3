"""Numbers that JSON has not are refused, wherever a Struct may stand."""

import math

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r
from google.protobuf.json_format import MessageToDict

NO_NUMBERS = [math.nan, math.inf, -math.inf]


def model(api, number):
    return api("PostModels", models=[r.Model(id="m", metadata={"deep": [{"x": number}]})])


def version(api, number):
    info = r.OutputInfo(params={"x": number})
    return api("PostModelVersions", model_id="m", model_versions=[r.ModelVersion(output_info=info)])


def app(api, number):
    return api("PatchApps", apps=[r.App(id="app", metadata={"x": number})], action="overwrite")


@pytest.mark.parametrize("post", [model, version, app])
@pytest.mark.parametrize("number", NO_NUMBERS)
def test_what_json_has_not_is_refused_and_not_stored(api, post, number):
    status = post(api, number).status
    assert (status.code, status.description) == (11100, "Bad request format")
    assert api.code("GetModel", model_id="m") == 21200
    MessageToDict(api.ok("ListApps"))


@pytest.mark.parametrize("number", [0, -1.5, 1e308])
def test_other_numbers_are_kept(api, number):
    assert model(api, number).model.metadata["deep"][0]["x"] == number
