"""PostWorkflowResults over real gRPC: which workflow, which version, what the reply looks like."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

URL, NOWHERE = "https://x.invalid/a.jpg", "http://127.0.0.1:1/none.jpg"
IN_MAIN = {"user_id": "clarifai", "app_id": "main"}


@pytest.fixture(autouse=True)
def taught(api, teach):
    teach(api, URL, embedding=(1.0,), people=0.9, man=0.5, adult=0.4, cat=0.3)


@pytest.fixture
def general(api, picture):
    """Run clarifai/main's workflow General."""

    def run(*urls, **fields):
        fields.setdefault("inputs", [picture(url) for url in urls])
        return api("PostWorkflowResults", user_app_id=IN_MAIN, workflow_id="General", **fields)

    return run


def prompt(api, text):
    info = r.OutputInfo()
    info.params["prompt_template"] = text
    return api.version("say", output_info=info).id


@pytest.fixture
def say(api):
    """A workflow of one prompter, and a way to run it."""
    api.model("say", "prompter")
    api.workflow("flow", api.node("say", "say", prompt(api, "first")))

    def run(**fields):
        fields.setdefault("workflow_id", "flow")
        return api("PostWorkflowResults", inputs=[r.Input(data=r.Data(text=r.Text(raw="x")))], **fields)

    return run


def said(reply):
    return [output.data.text.raw for output in reply.results[0].outputs]


def test_a_public_workflow_answers_in_the_order_of_its_nodes(general):
    reply = general(URL)
    assert reply.workflow.id == "General"
    concept, embed, cluster = reply.results[0].outputs
    assert (len(concept.data.concepts), len(embed.data.embeddings), len(cluster.data.clusters)) == (4, 1, 1)
    assert reply.workflow.nodes[0].id == "general-v1.5-concept"


def test_every_input_has_a_result(general):
    assert len(general(URL, URL).results) == 2


def test_the_output_config_caps_concepts(general):
    outputs = general(URL, output_config=r.OutputConfig(max_concepts=3)).results[0].outputs
    assert [concept.name for concept in outputs[0].data.concepts] == ["people", "man", "adult"]
    outputs = general(URL, output_config=r.OutputConfig(min_value=0.5)).results[0].outputs
    assert [concept.name for concept in outputs[0].data.concepts] == ["people", "man"]
    chosen = r.OutputConfig(select_concepts=[r.Concept(id="ai_VPmHr5bm")])
    assert [c.name for c in general(URL, output_config=chosen).results[0].outputs[0].data.concepts] == ["adult"]


@pytest.mark.parametrize("data", [r.Data(video=r.Video(url=URL)), r.Data(text=r.Text(raw="x"))])
def test_a_wrong_kind_is_30101_above_and_below(general, data):
    reply = general(inputs=[r.Input(data=data)])
    assert (reply.status.code, reply.status.description) == (30101, "Input format unsupported")
    assert reply.results[0].status.code == 30101


def test_a_failed_download_is_30002(general):
    reply = general(NOWHERE)
    assert (reply.status.code, reply.results[0].status.code) == (30002, 30002)


def test_an_unknown_workflow_or_version_is_11101(say):
    assert say(workflow_id="none").status.code == 11101
    assert say(version_id="none").status.code == 11101


def test_an_empty_id_is_the_apps_default(api, say):
    assert say(workflow_id="").results[0].outputs == []  # the app began with Empty
    api.ok("PatchApps", apps=[r.App(id="app", default_workflow_id="flow")], action="overwrite")
    assert said(say(workflow_id="")) == ["first"]


def test_the_newest_version_runs_unless_one_is_named(api, say):
    first = api.ok("GetWorkflow", workflow_id="flow").workflow.version.id
    nodes = [api.node("say", "say", prompt(api, "second"))]
    api.ok("PatchWorkflows", workflows=[r.Workflow(id="flow", nodes=nodes)], action="overwrite")
    assert said(say()) == ["second"]
    reply = say(version_id=first)
    assert (said(reply), reply.workflow.version.id) == (["first"], first)


def test_a_suppressed_node_is_left_out(api, say):
    version = prompt(api, "loud")
    nodes = [api.node("quiet", "say", version, suppress_output=True), api.node("loud", "say", version, "quiet")]
    api.ok("PatchWorkflows", workflows=[r.Workflow(id="flow", nodes=nodes)], action="overwrite")
    assert said(say()) == ["loud"]


def test_a_workflow_that_lost_a_version_cannot_be_run(api, say):
    api.ok("DeleteModel", model_id="say")
    assert say().status.code == 22999


@pytest.mark.parametrize("sent", ["init", "0123456789abcdef0123456789abcdef"])
def test_a_state_is_begun_or_echoed(say, sent):
    got = say(workflow_state=r.WorkflowState(id=sent)).workflow_state.id
    assert len(got) == 32
    assert (got == sent) == (sent != "init")


def test_without_a_state_there_is_none(say):
    assert not say().HasField("workflow_state")


def test_nobody_waits_for_a_run(api, say, monkeypatch):
    """A run does not hold the store: other calls are answered while it waits for a picture."""
    import threading

    from reconciler.emulator import downloads

    entered, leave = threading.Event(), threading.Event()

    def slow(url, **options):
        entered.set()
        leave.wait(10)
        raise downloads.DownloadFailed(30002, "slow")

    monkeypatch.setattr(downloads, "fetch", slow)
    inputs = [r.Input(data=r.Data(image=r.Image(url="http://slow.invalid")))]
    running = threading.Thread(
        target=lambda: api("PostWorkflowResults", user_app_id=IN_MAIN, workflow_id="General", inputs=inputs)
    )
    running.start()
    assert entered.wait(10)
    assert api("GetApp", timeout=5).status.code == 10000
    leave.set()
    running.join()
