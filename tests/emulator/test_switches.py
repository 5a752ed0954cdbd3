"""Every switch really changes what a client sees, and is documented."""

import dataclasses
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.execution import teaching
from reconciler.emulator.prediction.interface import Score, best_first
from reconciler.emulator.prediction.taught import Answer, Answers
from reconciler.emulator.switches import Switches

RECOGNITION = ("general-image-recognition", "aa7f35c01e0642fda5cf400f543e7c40")
OLD_ID = "aaa03c23b3724a16a56b629203edc62c"
Model, Workflow, Concept = resources_pb2.Model, resources_pb2.Workflow, resources_pb2.Concept


# -- probes: each looks at the one thing its switch moves --------------------------------------------------------


def first_version(api):
    bare = api.model("bare").HasField("model_version")
    configured = api.model("set", output_info=resources_pb2.OutputInfo(message="x")).HasField("model_version")
    return bare, configured


def threshold_type(api):
    return api.model("m", "concept-threshold").model_type_id


def unknown_types(api):
    return api.code("PostModels", models=[Model(id="m", model_type_id="made-up")])


def enum_echo(api):
    api.thresholder("m", concept_threshold_type="LESS_THAN")
    info = api.ok("GetModel", model_id="m").model.model_version.output_info
    return info.params["concept_threshold_type"]


def default_params(api):
    api.model("m", "rag-prompter")
    return sorted(api.version("m").output_info.params.fields)


def output_info(api):
    api.thresholder("m")

    def places(rpc):
        model = api.ok(rpc, model_id="m").model
        return len(model.model_version.output_info.data.concepts), len(model.output_info.data.concepts)

    assert len(api.ok("ListModelConcepts", model_id="m").concepts) == 1
    return places("GetModel"), places("GetModelOutputInfo")


def omitted_threshold(api):
    api.model("m", "concept-thresholder")
    api.version("m", output_info=api.thresholds(p=0.0))
    return api.ok("GetModelOutputInfo", model_id="m").model.model_version.output_info.data.concepts[0].value


def unknown_concepts(api):
    api.model("m", "concept-thresholder")
    version = resources_pb2.ModelVersion(output_info=api.thresholds())
    return api.code("PostModelVersions", model_id="m", model_versions=[version])


def _patched_version(api):
    version = api.thresholder("m")
    info = resources_pb2.OutputInfo()
    info.params.update({"concept_threshold_type": "EQUAL"})
    sent = resources_pb2.ModelVersion(id=version.id, output_info=info)
    api.ok("PatchModelVersions", model_id="m", model_versions=[sent], action="merge")
    return api.ok("GetModelVersion", model_id="m", version_id=version.id).model_version


def version_patch(api):
    return _patched_version(api).output_info.params["concept_threshold_type"]


def version_modified_at(api):
    version = _patched_version(api)
    listed = api.ok("ListModels").models[0].model_version
    return version.modified_at != version.created_at, listed.HasField("modified_at")


def version_metadata(api):
    api.model("m")
    made = api.version("m", metadata={"k": 1})
    listed = api.ok("ListModels").models[0].model_version
    return "k" in made.metadata, "k" in listed.metadata


def model_in_use(api):
    version = api.thresholder("m")
    api.workflow("w", api.node("n", "m", version.id))
    return api.code("DeleteModel", model_id="m")


def main_models(api):
    api.model("m")

    def foreign(**fields):
        return any(m.app_id == "main" for m in api.ok("ListModels", **fields).models)

    return foreign(), foreign(dont_fetch_from_main=True)


def public_models(api):
    return api.code("GetModel", model_id="general-image-recognition")


def old_model_ids(api):
    got = api.ok("GetModel", user_app_id=api.here("main", "clarifai"), model_id=OLD_ID).model.id
    return got == OLD_ID, api.workflow("w", api.node("n", OLD_ID, RECOGNITION[1])).nodes[0].model.id == OLD_ID


def train_polls(api):
    api.model("m", "visual-classifier")
    version = api.version("m")
    polls = 0
    while api.ok("GetModelVersion", model_id="m", version_id=version.id).model_version.status.code in (21103, 21101):
        polls += 1
    return polls


# -- running models and workflows


def _ask(api, model_id, *inputs):
    return api("PostModelOutputs", user_app_id=api.here("main", "clarifai"), model_id=model_id, inputs=inputs)


def _taught(api, name, **scores):
    """An input whose scores are taught under its URL."""
    url = f"https://x.invalid/{name}"
    told = Answer(tuple(best_first(Score(*each) for each in scores.items())), embedding=(1.0,))
    teaching.put(api.emulator._store, Answers({}, {url: told}))
    return resources_pb2.Input(data=resources_pb2.Data(image=resources_pb2.Image(url=url)))


def _flow(api, kind, info, *, data):
    """What a workflow of general recognition and one operator gives for some scores."""
    api.model("op", kind)
    version = api.version("op", output_info=info)
    api.workflow("w", api.node("see", *RECOGNITION), api.node("op", "op", version.id, "see"))
    outputs = api.ok("PostWorkflowResults", workflow_id="w", inputs=[data]).results[0].outputs
    return [concept.id for concept in outputs[1].data.concepts]


def greater_than(api):
    info = resources_pb2.OutputInfo()
    info.data.concepts.add(id="ai_l8TKp2h5", value=0.5)
    info.params["concept_threshold_type"] = "GREATER_THAN"
    return _flow(api, "concept-thresholder", info, data=_taught(api, "a", people=0.5))


def _mapped(api, predicate, graph=""):
    api.concepts("mine")
    if graph:
        api.ok("PostKnowledgeGraphs", knowledge_graphs=[resources_pb2.KnowledgeGraph(id=graph)])
    target = Concept(id="ai_l8TKp2h5", app_id="main")
    relation = resources_pb2.ConceptRelation(predicate=predicate, object_concept=target, knowledge_graph_id=graph)
    api.ok("PostConceptRelations", concept_id="mine", concept_relations=[relation])
    return _flow(api, "concept-synonym-mapper", resources_pb2.OutputInfo(), data=_taught(api, "a", people=0.5))


def mapper_graph(api):
    return _mapped(api, "synonym", "g")


def mapper_relations(api):
    return _mapped(api, "hypernym")


def writer_concepts(api):
    info = resources_pb2.OutputInfo()
    info.params["annotation_status"] = "ANNOTATION_PENDING"
    _flow(api, "annotation-writer", info, data=_taught(api, "a", people=0.5))
    api.ok("PatchApps", apps=[resources_pb2.App(id="app", default_workflow_id="w")], action="overwrite")
    added = _taught(api, "a", people=0.5)
    added.id = "i"
    api.ok("PostInputs", inputs=[added])
    while api.ok("GetInput", input_id="i").input.status.code in (30001, 30003):
        time.sleep(0.01)
    found = api.ok("ListAnnotations", user_ids=["me"], list_all_annotations=True).annotations
    return sum(each.status.code == 24151 for each in found)


def mixed_predict(api):
    nowhere = resources_pb2.Input(data=resources_pb2.Data(image=resources_pb2.Image(url="http://127.0.0.1:1/")))
    reply = _ask(api, "general-image-recognition", _taught(api, "a", people=0.5), nowhere)
    return [each.status.code for each in (reply, *reply.outputs)]


def not_run(api):
    api.model("mail", "email")
    version = api.version("mail")
    api.workflow("w", api.node("see", *RECOGNITION), api.node("mail", "mail", version.id))
    return api("PostWorkflowResults", workflow_id="w", inputs=[_taught(api, "a", people=0.5)]).status.code


def random_seed(api):
    api.model("half", "random-sample")
    info = resources_pb2.OutputInfo()
    info.params["keep_fraction"] = 0.5
    api.version("half", output_info=info)
    texts = [resources_pb2.Input(data=resources_pb2.Data(text=resources_pb2.Text(raw=str(n)))) for n in range(16)]
    outputs = api.ok("PostModelOutputs", model_id="half", inputs=texts).outputs
    return "".join("x" if output.data.text.raw else "." for output in outputs)


def knn_neighbours(api):
    pytest.importorskip("numpy")
    inputs = []
    for number, concept in enumerate("aab"):
        told = _taught(api, str(number), people=0.5)
        told.id = f"i{number}"
        told.data.concepts.add(id=concept, value=1)
        inputs.append(told)
    api.ok("PostInputs", inputs=inputs)
    while any(each.status.code in (30001, 30003) for each in api.ok("ListInputs").inputs):
        time.sleep(0.01)
    api.model("m", "knn-concept")
    version = api.version("m")
    while api.ok("GetModelVersion", model_id="m", version_id=version.id).model_version.status.code != 21100:
        pass
    concepts = api.ok("PostModelOutputs", model_id="m", inputs=[inputs[0]]).outputs[0].data.concepts
    return {concept.id: round(concept.value, 2) for concept in concepts}


def _nodes_after(api, action):
    api.workflow("w", api.node("a", *RECOGNITION), api.node("b", *RECOGNITION))
    workflow = Workflow(id="w", nodes=[api.node("b", "general-image-embedding")])
    return [n.id for n in api.ok("PatchWorkflows", workflows=[workflow], action=action).workflows[0].nodes]


def nodes_merge(api):
    return _nodes_after(api, "merge")


def nodes_overwrite(api):
    return _nodes_after(api, "overwrite")


def workflow_version(api):
    def versions(**fields):
        api.ok("PatchWorkflows", workflows=[Workflow(id="w", **fields)], action="overwrite")
        return len(api.ok("ListWorkflowVersions", workflow_id="w").workflow_versions)

    nodes = [api.node("a", *RECOGNITION)]
    api.workflow("w", *nodes)
    return versions(description="d"), versions(nodes=nodes), versions(nodes=[api.node("b", *RECOGNITION)])


def node_version(api):
    return api.code("PostWorkflows", workflows=[Workflow(id="w", nodes=[api.node("n", RECOGNITION[0])])])


def node_types(api):
    version = api.thresholder("m")
    nodes = [api.node("e", "general-image-embedding"), api.node("t", "m", version.id, "e")]
    return api.code("PostWorkflows", workflows=[Workflow(id="w", nodes=nodes)])


def node_order(api):
    version = api.thresholder("m")
    nodes = [api.node("t", "m", version.id, "see"), api.node("x", *RECOGNITION), api.node("see", *RECOGNITION)]
    return [n.id for n in api.workflow("w", *nodes).nodes]


def default_workflow_delete(api):
    version = api.workflow("w").version.id
    api.ok("PatchApps", apps=[resources_pb2.App(id="app", default_workflow_id="w")], action="overwrite")
    last = api.code("DeleteWorkflowVersions", workflow_id="w", workflow_version_ids=[version])
    return last, api.code("DeleteWorkflow", workflow_id="w"), api.ok("GetApp").app.default_workflow_id


def base_workflow_copy(api):
    def inside(base):
        api.app(base.lower(), default_workflow_id=base)
        return [w.id for w in api.ok("ListWorkflows", user_app_id=api.here(base.lower())).workflows]

    return inside("Empty"), inside("General")


def metadata_action(api):
    app = resources_pb2.App(id="app", metadata={"k": 1})
    action = resources_pb2.PatchAction(op="overwrite")
    return "k" in api.ok("PatchApps", apps=[app], action="overwrite", metadata_action=action).apps[0].metadata


def implied_app(api):
    return api.code("ListConcepts", user_app_id=api.here("", ""))


def missing_app(api):
    return [api.code(rpc, user_app_id=api.here("nope")) for rpc in ("ListModels", "ListConcepts")]


def missing_concept(api):
    return api.code("GetConcept", concept_id="nope")


def concept_order(api):
    api.concepts("b", "c", "a")
    return "".join(c.id for c in api.ok("ListConcepts").concepts)


def concept_metadata(api):
    made = api.ok("PostConcepts", concepts=[Concept(id="p", metadata={"k": 1})]).concepts[0]
    return "k" in made.metadata, "k" in api.ok("ListConcepts").concepts[0].metadata


def hypernym(api):
    api.concepts("food", "honey")
    api.relate("food", "hypernym", "honey")
    return api.ok("ListConceptRelations").concept_relations[0].predicate


def relation_delete(api):
    api.concepts("p", "q")
    relation = api.relate("p", "hyponym", "q").concept_relations[0]
    return api.code("DeleteConceptRelations", concept_id="q", ids=[relation.id])


def relation_object_user(api):
    api.concepts("p")
    return api.relate("p", "synonym", "ai_l8TKp2h5", app_id="main").concept_relations[0].object_concept.user_id


def duplicate_code(api):
    api.concepts("p", "q")
    api.model("m")
    api.workflow("w")
    api.relate("p", "hyponym", "q")
    return (
        api.code("PostModels", models=[Model(id="m")]),
        api.code("PostApps", apps=[resources_pb2.App(id="app")]),
        api.code("PostWorkflows", workflows=[Workflow(id="w")]),
        api.relate("p", "hyponym", "q").status.code,
    )


def list_metadata(api):
    api.model("m", metadata={"k": 1})
    api.workflow("w", metadata={"k": 1})
    listed = [api.ok("ListModels").models[0], api.ok("ListWorkflows").workflows[0]]
    got = [api.ok("GetModel", model_id="m").model, api.ok("GetWorkflow", workflow_id="w").workflow]
    return ["k" in each.metadata for each in (*listed, *got)]


def overwrite_absent(api):
    api.model("m", description="d", notes="n")
    model = api.ok("PatchModels", models=[Model(id="m", notes="x")], action="overwrite").models[0]
    return model.description, model.notes


def patch_reply(api):
    api.model("m", notes="n")
    model = api.ok("PatchModels", models=[Model(id="m", description="d")], action="merge").models[0]
    return sorted(field.name for field, _ in model.ListFields() if field.name in ("id", "description", "notes"))


def image_url(api):
    image = resources_pb2.Image(url="http://a/b.png")
    made = api.model("m", image=image).image.url == image.url
    workflow = api.workflow("w", image=image).image.url == image.url
    patched = api.ok("PatchModels", models=[Model(id="m", image=image)], action="overwrite").models[0].image.url
    return made, workflow, patched == image.url


def page_limit(api):
    return api.code("ListConcepts", per_page=1001)


def timestamps(api):
    stamps = []
    for number in range(5):  # a nanosecond count divisible by 1000 is possible once, not five times
        api.concepts(f"p{number}")
        stamps.append(api.ok("GetConcept", concept_id=f"p{number}").concept.created_at.nanos % 1000)
    return any(stamps)


def longest_id(api):
    return [api.code("PostModels", models=[Model(id="x" * n)]) for n in (32, 33, 49)]


def list_delay(api):
    api.concepts("p")
    seen = [len(api.ok("ListConcepts").concepts)]
    time.sleep(0.25)
    return [*seen, len(api.ok("ListConcepts").concepts)]


def list_delay_reads(api):
    api.concepts("p")
    return [len(api.ok("ListConcepts").concepts) for _ in range(3)]


# -- inputs and annotations


def _write(api, status=24151, *, writer=True):
    """Make a default workflow whose writer writes what is above a half."""
    above = api.thresholder("above")
    nodes = [api.node("above", "above", above.id)]
    if writer:
        api.model("write", "annotation-writer")
        info = resources_pb2.OutputInfo()
        info.params.update({"annotation_status": status, "annotation_user_id": "me-local"})
        nodes.append(api.node("write", "write", api.version("write", output_info=info).id, "above"))
    api.workflow("w", *nodes)
    api.ok("PatchApps", apps=[resources_pb2.App(id="app", default_workflow_id="w")], action="overwrite")


def _written(api):
    api.posted(api.text("a", concepts=[Concept(id="p", value=0.75)]))
    return api.ok("ListAnnotations", list_all_annotations=True, statuses=[{"code": 24151}]).annotations[0]


def input_delay(api):
    api.ok("PostInputs", inputs=[api.text("a")])
    time.sleep(0.15)
    early = api.input_code("a")
    api.until(lambda: api.input_code("a") == 30000)
    return early


def delete_delay(api):
    api.posted(api.text("a"))
    api.ok("DeleteInput", input_id="a")
    early = api.input_code("a")
    api.until(lambda: api.input_code("a") == 11101)
    return early


def input_order(api):
    api.posted(api.text("a"), api.text("b"))
    return [each.id for each in api.ok("ListInputs").inputs]


def failed_run(api):
    api.concepts("p")
    _write(api)
    api.ok("DeleteModel", model_id="above")
    api.posted(api.text("a"))
    api.ok("PatchApps", apps=[resources_pb2.App(id="app", default_workflow_id="Empty")], action="overwrite")
    api.ok("DeleteWorkflow", workflow_id="w")
    _write(api, writer=False)
    api.ok("DeleteModel", model_id="above")
    api.posted(api.text("b"))
    return api.input_code("a"), api.input_code("b")


def omitted_concept(api):
    alone = api.text("a", concepts=[Concept(id="p")])
    beside = api.text("b", concepts=[Concept(id="p"), Concept(id="q", value=1)])
    return tuple(each.data.concepts[0].value for each in api.ok("PostInputs", inputs=[alone, beside]).inputs)


def annotation_order(api):
    api.posted(api.text("a"))
    api.ok("PostAnnotations", annotations=[resources_pb2.Annotation(id="later", input_id="a")])
    return [each.input_level for each in api.ok("ListAnnotations").annotations]


def plain_annotations(api):
    _write(api)
    _written(api)
    return len(api.ok("ListAnnotations").annotations)


def writer_worker(api):
    _write(api)
    return _written(api).worker.WhichOneof("worker")


def writer_trusted(api):
    _write(api)
    return _written(api).trusted


def writer_values(api):
    _write(api)
    return _written(api).data.concepts[0].value


# -- the wire


def latency(api):
    before = time.monotonic()
    api.ok("GetApp")
    return time.monotonic() - before >= 0.2


def rps(api):
    codes = [api.code("GetApp") for _ in range(8)]
    return 11005 in codes


def max_message_mb(api):
    try:
        api("PostConcepts", concepts=[Concept(id="p", definition="x" * (2 << 20))])
    except Exception as error:
        return "RESOURCE_EXHAUSTED" in str(error)
    return False


ALL = ["max_results", "min_score"]

CASES: dict[Callable[[Any], Any], dict[Any, Any]] = {
    first_version: {"configured": (False, True), "always": (True, True), "never": (False, False)},
    threshold_type: {"as-sent": "concept-threshold", "canonical": "concept-thresholder"},
    unknown_types: {"accepted": 10000, "refused": 21202},
    enum_echo: {"as-sent": "LESS_THAN", "number": 3, "string": "LESS_THAN"},
    default_params: {"filled": ALL, "none": [], "extra": ["internal_server_default", *ALL]},
    output_info: {
        "output-info-rpc": ((0, 0), (1, 0)),
        "everywhere": ((1, 0), (1, 0)),
        "old-place": ((0, 0), (0, 1)),
        "listed-apart": ((0, 0), (0, 0)),
    },
    omitted_threshold: {"zero": 0.0, "one": 1.0},
    unknown_concepts: {"created": 10000, "refused": 40003},
    version_patch: {"in-place": "EQUAL", "ignored": "GREATER_THAN"},
    version_modified_at: {"moves": (True, True), "stays": (False, True), "not-in-lists": (True, False)},
    version_metadata: {"returned": (True, True), "dropped-in-lists": (True, False), "dropped": (False, False)},
    model_in_use: {"deprecates": 10000, "refused": 21202},
    main_models: {"own-only": (False, False), "leak-unless-told": (True, False), "leak": (True, True)},
    public_models: {"found": 10000, "own-app-only": 21200},
    old_model_ids: {"readable-in-get": (False, True), "as-sent": (True, True), "readable": (False, False)},
    train_polls: {2: 2, 0: 0, 5: 5},
    greater_than: {"strict": [], "or-equal": ["ai_l8TKp2h5"]},
    mapper_graph: {"all": ["mine"], "app-wide": []},
    mapper_relations: {"all": ["mine"], "synonyms": []},
    writer_concepts: {"own": 0, "all": 1},
    mixed_predict: {"fail-fast": [10020, 30104, 30002], "mixed": [10010, 10000, 30002]},
    not_run: {"fails-the-node": 10000, "fails-the-run": 21313},
    random_seed: {0: "xxx.xxx.xxx.....", 7: "xxx...x.x.x.xxxx"},
    knn_neighbours: {5: {"a": 0.67, "b": 0.33}, 1: {"a": 1.0}},
    nodes_merge: {"by-id": ["a", "b"], "replace": ["b"]},
    nodes_overwrite: {"replace": ["b"], "by-id": ["a", "b"]},
    workflow_version: {"nodes-differ": (1, 1, 2), "nodes-sent": (1, 2, 3), "every-patch": (2, 3, 4)},
    node_version: {"latest": 10000, "required": 22107},
    node_types: {"checked": 22107, "unchecked": 10000},
    node_order: {"as-sent": ["t", "x", "see"], "sorted": ["x", "see", "t"], "reversed": ["see", "x", "t"]},
    default_workflow_delete: {"refused": (22999, 22999, "w"), "allowed": (10000, 10000, "Empty")},
    base_workflow_copy: {
        "except-empty": ([], ["General"]),
        "never": ([], []),
        "always": (["Empty"], ["General"]),
    },
    metadata_action: {"obeyed": True, "ignored": False},
    implied_app: {"oldest": 10000, "refused": 11102},
    missing_app: {"11101": [11101, 11101], "by-resource": [21200, 11101]},
    missing_concept: {"11101": 11101, "40003": 40003},
    concept_order: {"oldest-first": "bca", "newest-first": "acb", "by-id": "abc"},
    concept_metadata: {"returned": (True, True), "dropped-in-lists": (True, False), "dropped": (False, False)},
    hypernym: {"hyponym": "hyponym", "as-posted": "hypernym"},
    relation_delete: {"either-side": 10000, "subject": 11101},
    relation_object_user: {"filled": "clarifai", "empty": ""},
    duplicate_code: {
        "by-kind": (21202, 11102, 22100, 40003),
        "40010": (40010,) * 4,
        "40003": (40003,) * 4,
        "11102": (11102,) * 4,
    },
    list_metadata: {"returned": [True] * 4, "dropped": [False, False, True, True]},
    overwrite_absent: {"kept": ("d", "x"), "cleared": ("", "x")},
    patch_reply: {"full": ["description", "id", "notes"], "sent-fields": ["description", "id"]},
    image_url: {"hosted": (False,) * 3, "as-sent": (True,) * 3},
    page_limit: {"refused": 11102, "clamped": 10000},
    timestamps: {"ns": True, "us-on-read": False},
    longest_id: {48: [10000, 10000, 11102], 32: [10000, 11102, 11102]},
    list_delay: {0.0: [1, 1], 0.2: [0, 1]},
    list_delay_reads: {0: [1, 1, 1], 2: [0, 0, 1]},
    input_delay: {0.0: 30000, 0.5: 30001},
    delete_delay: {0.0: 11101, 0.3: 30000},
    input_order: {"newest-first": ["b", "a"], "oldest-first": ["a", "b"]},
    failed_run: {"awaited": (30002, 30000), "always": (30002, 30002), "never": (30000, 30000)},
    omitted_concept: {"one-unless-others": (1, 0), "one": (1, 1), "zero": (0, 0)},
    annotation_order: {"newest-first": [False, True], "oldest-first": [True, False]},
    plain_annotations: {"trusted": 1, "user-made": 2},
    writer_worker: {"user": "user", "workflow": "workflow"},
    writer_trusted: {"by-status": False, "always": True},
    writer_values: {"kept": 0.75, "one": 1.0},
    latency: {0.0: False, 0.2: True},
    rps: {0: False, 3: True},
    max_message_mb: {64: False, 1: True},
}


@pytest.mark.parametrize(
    ("probe", "value", "expected"),
    [
        pytest.param(probe, value, expected, id=f"{probe.__name__}={value}")
        for probe, cases in CASES.items()
        for value, expected in cases.items()
    ],
)
def test_a_switch_changes_what_a_client_sees(start, probe, value, expected):
    assert probe(start(**{probe.__name__: value})) == expected


def test_enum_echo_turns_numbers_into_names(start):
    api = start(enum_echo="string")
    api.thresholder("m", concept_threshold_type=3)
    info = api.ok("GetModel", model_id="m").model.model_version.output_info
    assert info.params["concept_threshold_type"] == "LESS_THAN"


def test_every_switch_and_every_value_is_tried():
    tried = {probe.__name__: set(cases) for probe, cases in CASES.items()}
    assert set(tried) == {each.name for each in dataclasses.fields(Switches)}
    for each in dataclasses.fields(Switches):
        values = each.metadata["values"]
        assert each.default in tried[each.name]
        if isinstance(values, tuple):
            assert tried[each.name] == set(values)


def test_the_listing_tells_values_default_meaning_and_fact():
    listing = {info.name: info for info in Switches.listing()}
    assert listing["enum_echo"].values == "as-sent|number|string"
    assert listing["train_polls"].default == "2"
    assert all(info.meaning and info.fact for info in listing.values())
    assert all(re.fullmatch(r"U\d+|[\d.]+", info.fact) for info in listing.values())


def test_parse_reads_command_line_words():
    switches = Switches.parse(["enum-echo=number", "train_polls=5", "latency=0.5"])
    assert (switches.enum_echo, switches.train_polls, switches.latency) == ("number", 5, 0.5)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("enum_ecko=number", "there is no switch 'enum_ecko'; did you mean 'enum_echo'?"),
        ("enum_echo=numbr", "switch enum_echo is one of as-sent, number, string, not 'numbr'; did you mean 'number'?"),
        ("enum_echo", "switch 'enum_echo' is not of the form name=value"),
        ("rps=many", "switch rps is a number, not 'many'"),
        ("rps=-1", "switch rps is a number from 0 up, not -1"),
    ],
)
def test_parse_refuses_with_a_sentence(word, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Switches.parse([word])
