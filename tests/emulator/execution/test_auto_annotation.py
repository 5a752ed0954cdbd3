"""The auto-annotation graph on taught pictures, as a dry run and as the app's default workflow (facts 4.6, 7)."""

import time

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

NODES = ["general-embed", "general-concept", "general-cluster", "mapper", "greater-than", "write-success", "less-than",
         "write-pending"]  # fmt: skip
URL = "https://x.invalid/a.jpg"
APP_CONCEPTS = {"peopleID": "ai_l8TKp2h5", "manID": "ai_dxSG2s86", "adultID": "ai_VPmHr5bm"}


def thresholds(comparator):
    info = r.OutputInfo()
    info.data.concepts.extend(
        r.Concept(id=i, value=v) for i, v in (("peopleID", 0.5), ("manID", 0.5), ("adultID", 0.95))
    )
    info.params["concept_threshold_type"] = comparator
    return info


def writer(status):
    info = r.OutputInfo()
    info.params.update({"annotation_status": status, "annotation_user_id": "me-local"})
    return info


@pytest.fixture
def graph():
    """Build the walkthrough's workflow in an app."""

    def build(api):
        names = {"peopleID": "people", "manID": "man", "adultID": "adult"}
        api.ok("PostConcepts", concepts=[r.Concept(id=i, name=n) for i, n in names.items()])
        for own, public in APP_CONCEPTS.items():
            api.relate(own, "synonym", public, app_id="main")
        made = {}
        for identifier, kind, info in [
            ("mapper", "concept-synonym-mapper", r.OutputInfo()),
            ("greater-than", "concept-threshold", thresholds(1)),
            ("less-than", "concept-thresholder", thresholds("LESS_THAN")),
            ("write-success", "annotation-writer", writer(24150)),
            ("write-pending", "annotation-writer", writer("ANNOTATION_PENDING")),
        ]:
            api.model(identifier, kind)
            made[identifier] = api.version(identifier, output_info=info).id
        return api.workflow(
            "flow",
            api.node("general-embed", "bbb5f41425b8468d9b7a554ff10f8581", "bb186755eda04f9cbb6fe32e816be104"),
            api.node("general-concept", "aaa03c23b3724a16a56b629203edc62c", "aa7f35c01e0642fda5cf400f543e7c40"),
            api.node("general-cluster", "cccbe437d6e54e2bb911c6aa292fb072", "cc2074cff6dc4c02b6f4e1b8606dcb54"),
            api.node("mapper", "mapper", made["mapper"], "general-concept"),
            api.node("greater-than", "greater-than", made["greater-than"], "mapper"),
            api.node("write-success", "write-success", made["write-success"], "greater-than"),
            api.node("less-than", "less-than", made["less-than"], "mapper"),
            api.node("write-pending", "write-pending", made["write-pending"], "less-than"),
        )

    return build


@pytest.fixture
def scored(api, graph, teach, values, picture):
    """Run the graph dry over one picture with these scores: node -> concepts."""
    graph(api)

    def run(**scores):
        teach(api, URL, embedding=(1.0,), cat=0.9, **scores)
        reply = api.ok("PostWorkflowResults", workflow_id="flow", inputs=[picture(URL)])
        outputs = reply.results[0].outputs
        assert [o.status.code for o in outputs] == [10000] * len(NODES)
        return {node: values(output.data) for node, output in zip(NODES, outputs, strict=True)}

    return run


@pytest.mark.parametrize(
    ("scores", "success", "pending"),
    [
        ({"people": 0.9, "man": 0.8, "adult": 0.99}, {"adultID": 0.99, "peopleID": 0.9, "manID": 0.8}, {}),
        ({"people": 0.4, "man": 0.1, "adult": 0.9}, {}, {"adultID": 0.9, "peopleID": 0.4, "manID": 0.1}),
        ({"people": 0.9, "man": 0.1, "adult": 0.9}, {"peopleID": 0.9}, {"adultID": 0.9, "manID": 0.1}),
        ({"people": 0.5, "man": 0.5, "adult": 0.95}, {}, {}),
        ({"people": 0.5, "adult": 0.96}, {"adultID": 0.96}, {}),
        ({"dog": 0.9}, {}, {}),
    ],
)
def test_every_score_takes_its_branch(scored, scores, success, pending):
    seen = scored(**scores)
    assert (seen["greater-than"], seen["write-success"]) == (success, success)
    assert (seen["less-than"], seen["write-pending"]) == (pending, pending)


def test_the_mapper_gives_the_apps_own_concepts(scored):
    assert scored(people=0.9, man=0.2)["mapper"] == {"peopleID": 0.9, "manID": 0.2}


def test_a_dry_run_writes_nothing(api, scored):
    scored(people=0.9)
    assert not api.ok("ListInputs").inputs
    assert not api.ok("ListAnnotations", list_all_annotations=True).annotations


def test_outputs_name_the_pinned_versions(api, graph, teach, picture):
    nodes = graph(api).nodes
    teach(api, URL, people=0.9)
    result = api.ok("PostWorkflowResults", workflow_id="flow", inputs=[picture(URL)]).results[0]
    pinned = [(node.model.id, node.model.model_version.id) for node in nodes]
    assert [(o.model.id, o.model.model_version.id) for o in result.outputs] == pinned
    assert (result.status.code, len(result.id), result.input.data.image.url) == (10000, 32, URL)


def test_without_a_net_the_scores_still_go_through(api, graph, teach, picture, values):
    graph(api)
    teach(api, URL, people=0.9)
    reply = api.ok("PostWorkflowResults", workflow_id="flow", inputs=[picture(URL)])
    assert [o.status.code for o in reply.results[0].outputs][:3] == [21313, 10000, 21313]
    assert values(reply.results[0].outputs[5].data) == {"peopleID": 0.9}


def written(api):
    found = api.ok("ListAnnotations", user_ids=["me-local"], list_all_annotations=True).annotations
    return sorted(
        (a.status.code, {c.id: round(c.value, 3) for c in a.data.concepts}) for a in found if not a.input_level
    )


def added(api, *inputs):
    api.ok("PostInputs", inputs=inputs)
    for sent in inputs:
        until = time.monotonic() + 20
        while api.ok("GetInput", input_id=sent.id).input.status.code in (30001, 30003):
            assert time.monotonic() < until
            time.sleep(0.01)


def test_as_default_workflow_it_writes_what_the_graph_implies(api, graph, teach):
    graph(api)
    api.ok("PatchApps", apps=[r.App(id="app", default_workflow_id="flow")], action="overwrite")
    teach(api, URL, people=0.9, man=0.1, adult=0.9, cat=1.0)
    added(api, r.Input(id="i", data=r.Data(image=r.Image(url=URL))))
    assert api.ok("GetInput", input_id="i").input.status.code == 30000
    assert written(api) == [(24150, {"peopleID": 0.9}), (24151, {"adultID": 0.9, "manID": 0.1})]


def test_a_picture_that_meets_no_branch_gets_no_annotation(api, graph, teach):
    graph(api)
    api.ok("PatchApps", apps=[r.App(id="app", default_workflow_id="flow")], action="overwrite")
    teach(api, URL, people=0.5, cat=1.0)
    added(api, r.Input(id="i", data=r.Data(image=r.Image(url=URL))))
    assert written(api) == []


def test_a_picture_posted_as_bytes_is_known_by_its_hash(api, graph, pictures, tmp_path):
    from reconciler.emulator.execution import teaching
    from reconciler.emulator.prediction.taught_file import read

    picture = pictures / "auto-annotation" / "pictures" / "astronaut.jpg"
    file = tmp_path / "taught.yaml"
    file.write_text(f"{picture}: {{concepts: {{people: 0.99, man: 0.01, adult: 0.96}}, embedding: [1], faces: []}}")
    teaching.put(api.emulator._store, read(file))
    graph(api)
    api.ok("PatchApps", apps=[r.App(id="app", default_workflow_id="flow")], action="overwrite")
    added(api, r.Input(id="i", data=r.Data(image=r.Image(base64=picture.read_bytes()))))
    assert written(api) == [(24150, {"adultID": 0.96, "peopleID": 0.99}), (24151, {"manID": 0.01})]
