"""Custom models learn from the app's labelled inputs, over real gRPC."""

import sys
import time

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator import prediction
from reconciler.emulator.server import Emulator

CAT, CAT2, DOG, DOG2 = (f"https://x.invalid/{name}.jpg" for name in ("cat", "cat2", "dog", "dog2"))
EMBEDDINGS = {CAT: (1.0, 0.0, 0.0), CAT2: (0.9, 0.1, 0.0), DOG: (0.0, 1.0, 0.0), DOG2: (0.1, 0.9, 0.0)}


@pytest.fixture
def school(api, teach):
    """An app in which pictures are taught; `school(cat=[...], dog=[...])` posts labelled inputs."""
    for url, embedding in EMBEDDINGS.items():
        teach(api, url, embedding=embedding, people=0.1)
    return School(api)


class School:
    def __init__(self, api):
        self.api = api

    def inputs(self, *labelled, **more):
        """Post inputs as (url, {concept: value}) and wait for them."""
        posted = []
        for number, (url, labels) in enumerate(labelled):
            concepts = [r.Concept(id=i, value=v) for i, v in labels.items()]
            data = r.Data(image=r.Image(url=url, allow_duplicate_url=True), concepts=concepts)
            posted.append(r.Input(id=f"i{number}", data=data, **more))
        self.api.ok("PostInputs", inputs=posted)
        until = time.monotonic() + 20
        while any(i.status.code in (30001, 30003) for i in self.api.ok("ListInputs").inputs):
            assert time.monotonic() < until
            time.sleep(0.01)

    def start(self, *concepts, kind="embedding-classifier", model="m", exclusive=False, **fields):
        self.api.model(model, kind)
        info = r.OutputInfo(data=r.Data(concepts=[r.Concept(id=each) for each in concepts]))
        info.output_config.concepts_mutually_exclusive = exclusive
        return self.api.version(model, output_info=info, **fields)

    def poll(self, version, model="m"):
        return self.api.ok("GetModelVersion", model_id=model, version_id=version.id).model_version

    def end(self, version, model="m"):
        for _ in range(10):
            seen = self.poll(version, model)
            if seen.status.code not in (21103, 21101):
                return seen
        raise AssertionError(seen.status)

    def train(self, *concepts, **fields):
        return self.end(self.start(*concepts, **fields), fields.get("model", "m"))

    def ask(self, url, model="m", **config):
        info = r.OutputInfo(output_config=r.OutputConfig(**config))
        inputs = [r.Input(data=r.Data(image=r.Image(url=url)))]
        reply = self.api("PostModelOutputs", model_id=model, inputs=inputs, model=r.Model(output_info=info))
        assert reply.status.code == 10000, reply.status
        return reply.outputs[0].data


PETS = [(CAT, {"cat": 1}), (DOG, {"dog": 1}), (DOG2, {"dog": 1})]


@pytest.fixture
def numpy():
    return pytest.importorskip("numpy")


def test_a_training_is_queued_then_under_way_then_done(school, numpy):
    school.inputs(*PETS)
    version = school.start("cat", "dog")
    seen = [version, *(school.poll(version) for _ in range(4))]
    assert [each.status.code for each in seen] == [21103, 21103, 21101, 21100, 21100]
    assert seen[2].status.description == "Training stage in progress: 0/1 complete."
    assert seen[3].status.description == "Model is trained and ready"
    assert (seen[3].total_input_count, seen[3].active_concept_count) == (3, 2)
    assert seen[3].completed_at.seconds


def test_versions_sort_by_what_they_learned_from(school, numpy):
    school.inputs(*PETS)
    many = school.train("cat", "dog")
    school.api.ok("DeleteInputs", ids=["i2"])
    few = school.end(school.api.version("m", output_info=r.OutputInfo(data=r.Data(concepts=[r.Concept(id="dog")]))))
    listed = school.api.ok("ListModelVersions", model_id="m", sort_by_num_inputs=True).model_versions
    assert [(each.id, each.total_input_count) for each in listed] == [(many.id, 3), (few.id, 2)]


def test_what_was_learned_predicts(school, numpy):
    school.inputs(*PETS)
    school.train("cat", "dog")
    best = school.ask(CAT2).concepts[0]
    assert (best.id, best.app_id, best.value > 0.5) == ("cat", "app", True)
    assert school.ask(DOG).concepts[0].id == "dog"
    assert len(school.ask(DOG, max_concepts=1).concepts) == 1
    assert [c.id for c in school.ask(DOG, select_concepts=[r.Concept(id="cat")]).concepts] == ["cat"]


@pytest.mark.parametrize(
    ("selected", "code", "found"),
    [
        ([{"id": "cat"}, {"name": "dog"}], 10000, {"cat", "dog"}),
        ([{"id": "cat"}, {"name": "bird"}], 10010, {"cat"}),
        ([{"id": "Cat"}, {"name": "bird"}], 21202, set()),
    ],
)
def test_concepts_that_the_model_has_not_cannot_be_selected(school, numpy, selected, code, found):
    school.inputs(*PETS)
    school.train("cat", "dog")
    info = r.OutputInfo(output_config=r.OutputConfig(select_concepts=[r.Concept(**each) for each in selected]))
    inputs = [r.Input(data=r.Data(image=r.Image(url=CAT)))]
    reply = school.api("PostModelOutputs", model_id="m", inputs=inputs, model=r.Model(output_info=info))
    assert reply.status.code == code
    assert {each.id for output in reply.outputs for each in output.data.concepts} == found


def test_exclusive_concepts_share_a_total_of_one(school, numpy):
    school.inputs(*PETS)
    school.train("cat", "dog", exclusive=True)
    assert sum(concept.value for concept in school.ask(CAT).concepts) == pytest.approx(1, abs=1e-5)


def test_without_a_list_every_labelled_concept_is_learned(school, numpy):
    school.inputs(*PETS)
    assert school.train().active_concept_count == 2


@pytest.mark.parametrize(
    ("labelled", "concepts", "exclusive", "code"),
    [
        ([], ["cat"], False, 21110),
        ([(CAT, {})], ["cat"], False, 21110),
        (PETS, ["cat", "bird"], False, 21111),
        ([(CAT, {"cat": 1})], ["cat"], False, 21112),
        (PETS, ["cat"], True, 21112),
    ],
)
def test_what_is_missing_is_told(school, numpy, labelled, concepts, exclusive, code):
    if labelled:
        school.inputs(*labelled)
    status = school.train(*concepts, exclusive=exclusive).status
    assert status.code == code
    assert status.details


def test_an_input_that_failed_teaches_nothing(school, numpy):
    school.inputs(("http://127.0.0.1:1/none.jpg", {"cat": 1}))
    assert school.train("cat").status.code == 21110


def test_annotations_count_once_they_succeed(school, numpy):
    school.inputs((CAT, {}), (DOG, {"dog": 1}))
    for code, expected in ((24151, 21111), (24150, 21100)):
        annotation = r.Annotation(input_id="i0", data=r.Data(concepts=[r.Concept(id="cat", value=1)]))
        annotation.status.code = code
        school.api.ok("PostAnnotations", annotations=[annotation])
        assert school.train("cat", "dog", model=f"m{code}").status.code == expected


def test_without_the_extra_it_says_what_to_install(school, monkeypatch):
    school.inputs(*PETS)
    monkeypatch.setitem(sys.modules, "reconciler.emulator.prediction.regression", None)
    monkeypatch.delattr(prediction, "regression", raising=False)  # where an earlier test has loaded it
    status = school.train("cat", "dog").status
    assert (status.code, "reconciler[vision]" in status.details) == (21106, True)


def test_a_type_nobody_trains_here_fails_with_a_sentence(school):
    school.inputs(*PETS)
    status = school.train("cat", kind="visual-detector").status
    assert (status.code, "embedding-classifier" in status.details) == (21106, True)


def test_neighbours_vote(school, numpy):
    school.inputs(*PETS)
    assert school.train("cat", "dog", kind="knn-concept").status.code == 21100
    assert {c.id: round(c.value, 3) for c in school.ask(CAT).concepts} == {"dog": 0.667, "cat": 0.333}


def test_a_clusterer_needs_no_labels(school, numpy):
    school.inputs((CAT, {}), (CAT, {}), (DOG, {}))
    params = r.TrainInfo()
    params.params["coarse_clusters"] = 2
    assert school.train(kind="clusterer", train_info=params).status.code == 21100
    cat, dog = school.ask(CAT).clusters[0], school.ask(DOG2).clusters[0]
    assert (cat.id != dog.id, cat.count, dog.count) == (True, 2, 1)
    assert school.ask(CAT2).clusters[0].id == cat.id


def test_a_trained_model_works_in_a_workflow(school, numpy, picture):
    school.inputs(*PETS)
    version = school.train("cat", "dog")
    embedder = ("general-image-embedding", "bb186755eda04f9cbb6fe32e816be104")
    api = school.api
    api.workflow("flow", api.node("e", *embedder), api.node("c", "m", version.id, "e"))
    reply = api.ok("PostWorkflowResults", workflow_id="flow", inputs=[picture(CAT)])
    assert reply.results[0].outputs[1].data.concepts[0].id == "cat"


def test_an_interrupted_training_goes_on_after_a_restart(tmp_path, client, teach, numpy):
    with Emulator(tmp_path / "db") as emulator:
        api = client(emulator.address)
        api.emulator = emulator
        api.app()
        for url, embedding in EMBEDDINGS.items():
            teach(api, url, embedding=embedding, people=0.1)
        school = School(api)
        school.inputs(*PETS)
        version = school.start("cat", "dog")
        assert [school.poll(version).status.code for _ in range(2)] == [21103, 21101]
    with Emulator(tmp_path / "db") as emulator:
        school = School(client(emulator.address))
        assert school.poll(version).status.code in (21101, 21103)
        assert school.end(version).status.code == 21100
        assert school.ask(CAT).concepts[0].id == "cat"


def test_what_was_learned_goes_with_the_version(school, numpy):
    school.inputs(*PETS)
    version = school.train("cat", "dog")
    store = school.api.emulator._store

    def kept():
        with store.transaction():
            return store.count("me-local", "app", "artefact")

    assert kept() == 1
    school.api.ok("DeleteModelVersion", model_id="m", version_id=version.id)
    assert kept() == 0


def test_what_was_learned_follows_a_renamed_model(school, numpy):
    school.inputs(*PETS)
    school.train("cat", "dog")
    school.api.ok("PatchModelIds", ids=[{"id": "m", "new_id": "n"}], action="overwrite")
    assert school.ask(CAT, model="n").concepts[0].id == "cat"
