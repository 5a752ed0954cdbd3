"""PostModelOutputs over real gRPC."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

URL, OTHER, NOWHERE = "https://x.invalid/a.jpg", "https://x.invalid/b.jpg", "http://127.0.0.1:1/none.jpg"
RECOGNITION, VERSIONS = (
    "general-image-recognition",
    ("aa7f35c01e0642fda5cf400f543e7c40", "aa9ca48295b37401f8af92ad1af0d91d"),
)
OLD_ID = "aaa03c23b3724a16a56b629203edc62c"


@pytest.fixture
def predict(api, picture):
    """Ask a public model about URLs."""

    def ask(*urls, model=RECOGNITION, app="main", user="clarifai", client=None, info=None, version=None, **fields):
        fields.setdefault("inputs", [picture(url) for url in urls])
        fields["model"] = r.Model(output_info=info, model_version=r.ModelVersion(output_info=version))
        return (client or api)("PostModelOutputs", user_app_id=api.here(app, user), model_id=model, **fields)

    return ask


@pytest.fixture(autouse=True)
def taught(api, teach):
    teach(api, URL, people=0.99, man=0.2, adult=0.95, cat=0.5)
    teach(api, OTHER, dog=0.75, embedding=(0.6, 0.8), faces=())


def test_an_output_names_its_model_input_and_time(predict):
    reply = predict(URL)
    (output,) = reply.outputs
    assert (reply.status.code, output.status.code, output.status.description) == (10000, 10000, "Ok")
    assert (output.model.id, output.model.model_version.id) == (RECOGNITION, VERSIONS[0])
    assert (output.model.user_id, output.model.app_id, output.model.model_version.status.code) == (
        "clarifai",
        "main",
        21100,
    )
    assert (len(output.id), len(output.input.id), output.input.data.image.url) == (32, 32, URL)
    assert output.created_at.seconds > 1_600_000_000


def test_concepts_are_those_of_clarifai_main_best_first(predict):
    concepts = predict(URL).outputs[0].data.concepts
    assert [(c.id, c.name, round(c.value, 3), c.app_id) for c in concepts][:2] == [
        ("ai_l8TKp2h5", "people", 0.99, "main"), ("ai_VPmHr5bm", "adult", 0.95, "main"),
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["", *VERSIONS])
def test_a_version_may_be_named(predict, version):
    assert predict(URL, version_id=version).outputs[0].model.model_version.id == (version or VERSIONS[0])


def test_the_old_id_finds_the_same_model(predict):
    assert predict(URL, model=OLD_ID).outputs[0].model.id == RECOGNITION


def test_a_call_without_an_app_finds_public_models(predict):
    assert predict(URL, app="", user="").status.code == 10000


@pytest.mark.parametrize(
    ("config", "names"),
    [({}, ["people", "adult", "cat", "man"]), ({"max_concepts": 2}, ["people", "adult"]),
     ({"min_value": 0.5}, ["people", "adult", "cat"]), ({"min_value": 0.95, "max_concepts": 1}, ["people"]),
     ({"select_concepts": [r.Concept(name="man")]}, ["man"]),
     ({"select_concepts": [r.Concept(id="ai_VPmHr5bm"), r.Concept(name="unseen")]}, ["adult"])],
)  # fmt: skip
@pytest.mark.parametrize("at", ["info", "version"])
@pytest.mark.parametrize("place", ["output_config", "params"])
def test_the_request_says_how_many_and_which(predict, config, names, place, at):
    info = r.OutputInfo()
    if place == "output_config":
        info.output_config.CopyFrom(r.OutputConfig(**config))
    else:
        chosen = [{"id": c.id, "name": c.name} for c in config.get("select_concepts", [])]
        info.params.update({**config, "select_concepts": chosen})
    reply = predict(URL, **{at: info})
    assert [c.name for c in reply.outputs[0].data.concepts] == names


def test_twenty_concepts_unless_more_are_asked_for(api, teach, predict):
    teach(api, URL, **{f"concept {number}": 0.5 for number in range(30)})
    assert len(predict(URL).outputs[0].data.concepts) == 20
    more = r.OutputInfo(output_config=r.OutputConfig(max_concepts=25))
    assert len(predict(URL, info=more).outputs[0].data.concepts) == 25


def test_embedding_clusters_and_faces(api, teach, predict):
    teach(api, OTHER, embedding=(0.6, 0.8), dog=0.75)
    (embedding,) = predict(OTHER, model="general-image-embedding").outputs[0].data.embeddings
    assert (embedding.num_dimensions, [round(x, 3) for x in embedding.vector[:2]]) == (2, [0.6, 0.8])
    first, again = (predict(OTHER, model="general-clusterering").outputs[0].data.clusters[0] for _ in range(2))
    assert (first.id, len(first.id), len(first.projection)) == (again.id, 32, 2)


def test_faces_are_regions_with_boxes_and_values(api, predict):
    from reconciler.emulator.execution import teaching
    from reconciler.emulator.prediction.interface import Region, Score
    from reconciler.emulator.prediction.taught import Answer, Answers

    face = Region(0.1, 0.2, 0.5, 0.6, (Score("people", 0.9), Score("man", 0.8)))
    teaching.put(api.emulator._store, Answers({}, {URL: Answer((), None, (face,))}))
    (region,) = predict(URL, model="face-detection").outputs[0].data.regions
    box = region.region_info.bounding_box
    assert [round(x, 3) for x in (box.top_row, box.left_col, box.bottom_row, box.right_col)] == [0.1, 0.2, 0.5, 0.6]
    assert (round(region.value, 3), [c.name for c in region.data.concepts]) == (0.9, ["people", "man"])


# -- what goes wrong ---------------------------------------------------------------------------------------------


def test_a_failed_download_is_told_twice(predict):
    reply = predict(NOWHERE, NOWHERE)
    assert [s.code for s in (reply.status, *(o.status for o in reply.outputs))] == [30002] * 3


def test_one_bad_input_fails_the_call(predict):
    reply = predict(URL, NOWHERE)
    assert [s.code for s in (reply.status, *(o.status for o in reply.outputs))] == [10020, 30104, 30002]


def test_one_bad_input_may_fail_alone(start, teach, predict):
    api = start(mixed_predict="mixed")
    teach(api, URL, people=0.99)
    reply = predict(URL, NOWHERE, client=api)
    assert [s.code for s in (reply.status, *(o.status for o in reply.outputs))] == [10010, 10000, 30002]


@pytest.mark.parametrize("data", [r.Data(text=r.Text(raw="x")), r.Data(video=r.Video(url=URL)), r.Data()])
def test_a_wrong_kind_is_30101(predict, data):
    reply = predict(inputs=[r.Input(data=data)])
    assert (reply.status.code, reply.outputs[0].status.code) == (30101, 30101)
    assert reply.status.description == "Input format unsupported"


def test_a_model_without_a_net_says_so(predict):
    status = predict(URL, model="moderation-recognition").status
    assert (status.code, status.details) == (
        21313,
        "the emulator has no net for the public model moderation-recognition",
    )


@pytest.mark.parametrize("count", [0, 129])
def test_no_inputs_or_too_many_are_refused(predict, count):
    assert predict(*[URL] * count).status.code == 40001


def test_unknown_models_versions_and_deployments(api, predict):
    assert predict(URL, model="none").status.code == 21200
    assert predict(URL, version_id="0" * 32).status.code == 21200
    selector = r.RunnerSelector(deployment=r.Deployment(id="d"))
    assert predict(URL, runner_selector=selector).status.code == 11101


def test_an_untrained_model_is_21102(api, predict):
    api.model("m", "embedding-classifier")
    assert predict(URL, model="m", app="app", user="me").status.code == 21102
    api.version("m")
    assert predict(URL, model="m", app="app", user="me").status.code == 21102


# -- own models, stored inputs -----------------------------------------------------------------------------------


def test_an_operator_of_the_app_answers(api, predict):
    api.model("say", "prompter")
    info = r.OutputInfo()
    info.params["prompt_template"] = "Say {data.text.raw}"
    api.version("say", output_info=info)
    text = r.Input(data=r.Data(text=r.Text(raw="hi")))
    assert predict(model="say", app="app", user="me", inputs=[text]).outputs[0].data.text.raw == "Say hi"
    other = r.OutputInfo()
    other.params["prompt_template"] = "Sing {data.text.raw}"
    assert predict(model="say", app="app", user="me", inputs=[text], info=other).outputs[0].data.text.raw == "Sing hi"


def test_an_input_of_the_app_is_named_by_its_id(api, predict):
    api.model("say", "prompter")
    info = r.OutputInfo()
    info.params["prompt_template"] = "{data.text.raw}!"
    api.version("say", output_info=info)
    api.ok("PostInputs", inputs=[r.Input(id="i", data=r.Data(text=r.Text(raw="hi")))])
    reply = predict(model="say", app="app", user="me", inputs=[r.Input(id="i")])
    assert (reply.outputs[0].input.id, reply.outputs[0].data.text.raw) == ("i", "hi!")
    assert predict(model="say", app="app", user="me", inputs=[r.Input(id="none")]).status.code == 11101
