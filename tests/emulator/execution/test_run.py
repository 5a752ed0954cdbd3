"""The walk over a workflow's graph, without a server."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.access import PUBLIC
from reconciler.emulator.execution.run import run_workflow
from reconciler.emulator.execution.values import RunFailed
from reconciler.emulator.switches import Switches

URL = "https://x.invalid/a.jpg"


class Flow:
    """Nodes in the making, on a bench."""

    def __init__(self, bench):
        self.bench, self.nodes = bench, []

    def node(self, identifier, kind, *sources, home=None, override=None, concepts=(), **params):
        """A node whose model has the node's id, or one of clarifai/main's with `home`."""
        scope = PUBLIC if home else self.bench.reader.scope
        name = home or identifier
        version = r.ModelVersion(id="v")
        version.output_info.params.update(params)
        version.output_info.data.concepts.extend(r.Concept(id=i, value=v) for i, v in dict(concepts).items())
        store = self.bench.store
        with store.transaction():
            if store.get(scope.key("model", name)) is None:
                body = r.Model(id=name, model_type_id=kind).SerializeToString()
                store.insert(scope.key("model", name), body, created=store.tick())
                store.insert(scope.key("model_version", "v", name), version.SerializeToString(), created=store.tick())
        made = r.WorkflowNode(id=identifier, node_inputs=[r.NodeInput(node_id=each) for each in sources])
        made.model.CopyFrom(
            r.Model(id=name, user_id=scope.user, app_id=scope.app, model_version=r.ModelVersion(id="v"))
        )
        if override is not None:
            made.output_info_override.CopyFrom(override)
        self.nodes.append(made)

    def prompt(self, identifier, *sources, **more):
        self.node(identifier, "prompter", *sources, prompt_template=f"{identifier}({{data.text.raw}})", **more)

    def run(self, data, **config):
        return run_workflow(self.bench.reader, self.nodes, data, output_config=r.OutputConfig(**config))


@pytest.fixture
def flow(bench):
    return Flow(bench)


def text(raw):
    return r.Data(text=r.Text(raw=raw))


def texts(run):
    return [output.data.text.raw for output in run.outputs]


def test_outputs_come_in_the_order_of_the_nodes_whatever_the_order_of_running(flow):
    flow.prompt("c", "b")
    flow.prompt("a")
    flow.prompt("b", "a")
    assert texts(flow.run(text("x"))) == ["c(b(a(x)))", "a(x)", "b(a(x))"]


def test_a_node_where_nothing_is_left_ends_its_branch(flow):
    flow.node("cats", "regex-based-classifier", regex="cat", concepts={"cat": 0})
    flow.node("writer", "annotation-writer", "cats", annotation_status=24151)
    flow.prompt("other")
    yes, no = flow.run(text("a cat")), flow.run(text("a dog"))
    assert [output.ran for output in yes.outputs] == [True, True, True]
    assert [output.ran for output in no.outputs] == [True, False, True]
    assert [draft.status_code for draft in yes.annotations] == [24151]
    assert no.annotations == []


def test_of_several_sources_those_that_are_left_count(flow, values):
    for word in ("cat", "dog"):
        flow.node(word, "regex-based-classifier", regex=word, concepts={word: 0})
    flow.node("both", "annotation-writer", "cat", "dog")
    assert values(flow.run(text("cat and dog")).annotations[0].data) == {"cat": 1, "dog": 1}
    assert values(flow.run(text("dog")).annotations[0].data) == {"dog": 1}


def test_an_override_counts_for_its_node_only(flow):
    override = r.OutputInfo()
    override.params["prompt_template"] = "OVER"
    flow.prompt("a")
    flow.node("b", "prompter", override=override, prompt_template="b")
    assert texts(flow.run(text("x"))) == ["a(x)", "OVER"]


def test_overridden_thresholds_replace_the_versions(flow, values):
    override = r.OutputInfo(data=r.Data(concepts=[r.Concept(id="p", value=0.9)]))
    settings = {"concepts": {"p": 0.5}, "concept_threshold_type": "GREATER_THAN"}
    flow.node("plain", "concept-thresholder", **settings)
    flow.node("over", "concept-thresholder", override=override, **settings)
    run = flow.run(flow.bench.concepts("app", p=0.7))
    assert [values(output.data) for output in run.outputs] == [{"p": 0.7}, {}]


def test_a_crop_behind_a_detector_looks_back_for_the_image(flow, pictures):
    pytest.importorskip("PIL")
    content = (pictures / "auto-annotation" / "pictures" / "astronaut.jpg").read_bytes()
    flow.bench.teach(URL, faces=[(0.1, 0.1, 0.5, 0.5, 0.9)])
    flow.node("detect", "visual-detector", home="face-detection")
    flow.node("crop", "image-crop", "detect", margin=1.0)
    run = flow.run(r.Data(image=r.Image(url=URL, base64=content)))
    detected, cropped = (output.data.regions[0] for output in run.outputs)
    assert (cropped.id, cropped.region_info) == (detected.id, detected.region_info)
    assert cropped.data.image.base64.startswith(b"\x89PNG")


def test_a_node_that_cannot_be_run_ends_its_branch_and_says_why(flow):
    flow.node("mail", "email")
    flow.prompt("behind", "mail")
    flow.prompt("a")
    run = flow.run(text("x"))
    assert [(output.ran, output.failure is None) for output in run.outputs] == [
        (False, False),
        (False, True),
        (True, True),
    ]
    assert run.outputs[0].failure.details == "the emulator does not run models of type email"


def test_if_no_node_can_be_run_the_run_fails(flow):
    flow.node("mail", "email")
    flow.prompt("behind", "mail")
    with pytest.raises(RunFailed, match="type email") as failure:
        flow.run(text("x"))
    assert failure.value.status_code == 21313


def test_a_run_may_be_all_or_nothing(flow):
    flow.bench.switches = Switches(not_run="fails-the-run")
    flow.node("mail", "email")
    flow.prompt("a")
    with pytest.raises(RunFailed, match="type email"):
        flow.run(text("x"))


def test_a_wrong_kind_of_input_fails_the_run(flow):
    flow.prompt("a")
    with pytest.raises(RunFailed) as failure:
        flow.run(r.Data(image=r.Image(url=URL)))
    assert failure.value.status_code == 30101


def test_a_version_that_is_gone_fails_the_run(flow):
    flow.prompt("a")
    flow.nodes[0].model.model_version.id = "w"
    with pytest.raises(RunFailed) as failure:
        flow.run(text("x"))
    assert failure.value.status_code == 21200


def test_limits_hold_for_every_model_that_recognises(flow, values):
    flow.bench.teach(URL, people=0.9, man=0.8, cat=0.1)
    flow.node("see", "visual-classifier", home="general-image-recognition")
    run = flow.run(r.Data(image=r.Image(url=URL)), max_concepts=2)
    assert [concept.name for concept in run.outputs[0].data.concepts] == ["people", "man"]
    run = flow.run(r.Data(image=r.Image(url=URL)), min_value=0.85)
    assert [concept.name for concept in run.outputs[0].data.concepts] == ["people"]


def test_an_empty_workflow_has_no_outputs(flow):
    assert flow.run(text("x")).outputs == []
