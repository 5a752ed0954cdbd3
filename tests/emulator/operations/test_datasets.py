"""Datasets, their inputs and their versions: facts 11."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

Dataset, DatasetInput, Input = resources_pb2.Dataset, resources_pb2.DatasetInput, resources_pb2.Input


@pytest.fixture
def app(api):
    """The datasets d with the inputs a and b, and e with nothing; the input c is in neither."""
    api.ok("PostDatasets", datasets=[Dataset(id="d"), Dataset(id="e", description="empty")])
    sent = [api.text("a"), api.text("b"), api.text("c")]
    for each in sent[:2]:
        each.dataset_ids.append("d")
    api.posted(*sent)
    return api


def members(api, dataset="d", **fields):
    found = api.ok("ListDatasetInputs", dataset_id=dataset, **fields).dataset_inputs
    return "".join(each.input.id for each in found)


def test_a_dataset_shows_itself(app):
    dataset = app.ok("GetDataset", dataset_id="e").dataset
    assert (dataset.description, dataset.app_id, dataset.user_id) == ("empty", "app", "me-local")
    assert [each.id for each in app.ok("ListDatasets").datasets] == ["e", "d"]
    assert app.ok("GetResourceCounts").datasets == 2


def test_a_taken_id_makes_none_of_the_batch(app):
    status = app("PostDatasets", datasets=[Dataset(id="f"), Dataset(id="d")]).status
    assert (status.code, "already exists" in status.details) == (11102, True)
    assert app.code("GetDataset", dataset_id="f") == 11101


def test_patching(app):
    sent = Dataset(id="d", description="new", metadata={"k": 1})
    dataset = app.ok("PatchDatasets", datasets=[sent], action="merge").datasets[0]
    assert (dataset.description, dict(dataset.metadata)) == ("new", {"k": 1})


def test_deleting_leaves_the_inputs(app):
    app.ok("DeleteDatasets", dataset_ids=["d"])
    assert app.code("GetDataset", dataset_id="d") == 11101
    app.ok("PostDatasets", datasets=[Dataset(id="d")])
    assert members(app) == ""
    assert app.input_code("a") == 30000


def test_inputs_are_posted_into_datasets_and_do_not_show_them(app):
    assert members(app) == "ab"
    assert members(app, per_page=1, page=2) == "b"
    assert not app.ok("GetInput", input_id="a").input.dataset_ids
    sent = app.text("x")
    sent.dataset_ids.append("nope")
    assert app("PostInputs", inputs=[sent]).inputs[0].status.code == 11101


def test_inputs_are_added_and_taken_out(app):
    sent = [DatasetInput(input=Input(id=each)) for each in ("a", "c", "nope")]
    reply = app("PostDatasetInputs", dataset_id="d", dataset_inputs=sent)
    assert reply.status.code == 10010
    assert [each.input.status.code for each in reply.dataset_inputs] == [64101, 30000, 11101]
    assert members(app) == "abc"
    app.ok("DeleteDatasetInputs", dataset_id="d", input_ids=["a"])
    assert members(app) == "bc"
    assert app.code("GetDatasetInput", dataset_id="d", input_id="a") == 11101
    assert app.ok("GetDatasetInput", dataset_id="d", input_id="b").dataset_input.input.id == "b"


def test_an_input_of_a_dataset_shows_when_it_came_in(app):
    """The proto: "When the input was added to the dataset"."""

    def moment(stamp):
        return stamp.seconds, stamp.nanos

    def came_in(identifier):
        entry = app.ok("GetDatasetInput", dataset_id="d", input_id=identifier).dataset_input
        return moment(entry.created_at), moment(entry.input.created_at)

    joined, made = came_in("a")
    assert joined == made
    app.ok("PostDatasetInputs", dataset_id="d", dataset_inputs=[DatasetInput(input=Input(id="c"))])
    first, made = came_in("c")
    assert first > made
    app.ok("DeleteDatasetInputs", dataset_id="d", input_ids=["c"])
    app.ok("PostDatasetInputs", dataset_id="d", dataset_inputs=[DatasetInput(input=Input(id="c"))])
    assert came_in("c")[0] > first


def test_a_search_merges_one_dataset_into_another(app):
    query = resources_pb2.Query(filters=[resources_pb2.Filter(input=Input(dataset_ids=["d"]))])
    app.ok("PostDatasetInputs", dataset_id="e", search=resources_pb2.Search(query=query))
    assert members(app, "e") == "ab"


def test_a_deleted_input_leaves_its_datasets(app):
    app.ok("DeleteInput", input_id="a")
    assert members(app) == "b"


def test_versions(app):
    sent = resources_pb2.DatasetVersion(description="one", metadata={"k": 1})
    version = app.ok("PostDatasetVersions", dataset_id="d", dataset_versions=[sent]).dataset_versions[0]
    assert (version.status.code, version.description, version.dataset_id) == (64015, "one", "d")
    assert app.ok("GetDataset", dataset_id="d").dataset.version.id == version.id
    changed = resources_pb2.DatasetVersion(id=version.id, description="two")
    app.ok("PatchDatasetVersions", dataset_id="d", dataset_versions=[changed], action="overwrite")
    named = {"dataset_id": "d", "dataset_version_id": version.id}
    assert app.ok("GetDatasetVersion", **named).dataset_version.description == "two"
    assert len(app.ok("ListDatasetVersions", dataset_id="d").dataset_versions) == 1
    app.ok("DeleteDatasetVersions", dataset_id="d", dataset_version_ids=[version.id])
    assert app.code("GetDatasetVersion", **named) == 11101
