"""An app made by bare calls, exported and adopted: only records are written, and the plan is empty."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import takeover
from reconciler.client.api import ReadOnlyApi
from reconciler.report import as_manifests

TEXTS = st.one_of(
    st.sampled_from(
        ["no", "0123", "1e3", "2024-01-01", "12:30", "~", "${X}", "a: b", "# c", "two\nlines\n", "{data.text.raw}"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=20),
)
FREE = st.recursive(
    st.one_of(
        TEXTS, st.booleans(), st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False), st.none()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXTS, inner, max_size=2)),
    max_leaves=4,
)
METADATA = st.dictionaries(TEXTS, FREE, max_size=2)
WORDS = st.lists(TEXTS, min_size=1, max_size=2, unique=True)
IMAGE = st.just({"url": "https://example.com/a.png"})
KEYPOINTS = st.just({"keypoint_names": ["head", "no"], "skeleton": [{"k1": 0, "k2": 1}]})
GRAPH = "birds"
VISIBILITY = st.sampled_from(["PRIVATE", "PUBLIC"]).map(lambda word: {"gettable": word})
CONCEPTS = ["people", "man", "adult", "no", "0123"]
VALUES = st.floats(0, 1, width=32)
PUBLIC = {"user_id": "clarifai", "app_id": "main"}
MAIN = [
    {"id": "general-image-recognition", "model_version": {"id": "aa7f35c01e0642fda5cf400f543e7c40"}, **PUBLIC},
    {"id": "face-detection"},
]


def thresholds() -> st.SearchStrategy[Any]:
    concepts = st.dictionaries(st.sampled_from(CONCEPTS), VALUES)
    return st.tuples(concepts, st.sampled_from(["GREATER_THAN", 1, "LESS_THAN_OR_EQUAL", 4])).map(
        lambda drawn: {
            "data": {"concepts": [{"id": name, "value": value} for name, value in drawn[0].items()]},
            "params": {"concept_threshold_type": drawn[1]},
        }
    )


def params(**values: Any) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"params": st.fixed_dictionaries(values)})


CONFIGURATIONS = {
    "concept-thresholder": thresholds(),
    "region-thresholder": thresholds(),
    "annotation-writer": params(
        annotation_status=st.sampled_from([24150, 24151, "ANNOTATION_PENDING"]), annotation_user_id=st.just("me-local")
    ),
    "concept-synonym-mapper": params(knowledge_graph_id=st.just("")),
    "image-crop": params(margin=st.one_of(st.just(1), VALUES)),
    "prompter": params(prompt_template=TEXTS),
    "rag-prompter": params(min_score=st.sampled_from([0.95, 0, 1]), max_results=st.sampled_from([5, 3])),
    "barcode-operator": st.just({}),
    "byte-tracker": st.fixed_dictionaries({"params": METADATA}),
    "a-type-of-their-own": st.fixed_dictionaries({"params": METADATA, "fields_map": METADATA}),
    "embedding-classifier": st.nothing(),  # a version would be a training
}


CHAINED = ("concept-thresholder", "annotation-writer", "concept-synonym-mapper")


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


OVERRIDES = st.sampled_from(
    [None, {"params": {"max_concepts": 3}}, {"data": {"concepts": [{"id": "people", "value": 0.5}]}}]
)


@st.composite
def models(draw: Any) -> Any:
    kind = draw(st.sampled_from(sorted(CONFIGURATIONS)))
    shell = draw(some(description=TEXTS, notes=TEXTS, metadata=METADATA, visibility=VISIBILITY, toolkits=WORDS,
                      use_cases=WORDS, languages=WORDS, image=IMAGE))  # fmt: skip
    beside = some(description=TEXTS, license=TEXTS, metadata=METADATA, train_info=st.just({"params": {"a": 1}}))
    infos = draw(st.lists(CONFIGURATIONS[kind], max_size=2)) if kind != "embedding-classifier" else []
    return {"model_type_id": kind, **shell}, [{"output_info": info, **draw(beside)} for info in infos]


@st.composite
def apps(draw: Any) -> Any:
    """What to create, in plain data; nodes refer to models by number and say which version they pin."""
    nodes = st.lists(st.tuples(st.integers(0, 5), st.booleans(), OVERRIDES), min_size=1, max_size=4)
    told = {"metadata": METADATA, "visibility": VISIBILITY, "image": IMAGE}
    fields = some(
        description=TEXTS,
        notes=TEXTS,
        name=TEXTS,
        sample_ms=st.integers(1, 900),
        default_language=st.sampled_from(["en", "de"]),
        embeddings_storage=st.sampled_from([1, 2]),
        **told,
    )
    concept = some(name=TEXTS, definition=TEXTS, keypoint_info=KEYPOINTS, **told)
    relation = st.tuples(
        st.sampled_from(CONCEPTS),
        st.sampled_from(["hyponym", "hypernym", "synonym"]),
        st.sampled_from([*CONCEPTS, "ai_l8TKp2h5"]),
        st.sampled_from(["", GRAPH]),
    )
    return {
        "app": draw(fields),
        "concepts": {name: draw(concept) for name in CONCEPTS},
        "relations": draw(
            st.lists(
                relation.filter(lambda r: r[0] != r[2]),
                max_size=3,
                unique_by=lambda r: (frozenset((r[0], r[2])), r[3]),
            )
        ),
        "models": draw(st.lists(models(), max_size=3)),
        "workflows": draw(
            st.lists(st.tuples(some(description=TEXTS, notes=TEXTS, use_cases=WORDS, **told), nodes), max_size=2)
        ),
        "base": draw(st.sampled_from(["", "Empty", "General"])),
        "default": draw(st.booleans()),
    }


def build(world: Any, app: Any) -> None:
    """Make it with bare calls, as any other client would."""
    base = {"default_workflow": {"id": app["base"], **PUBLIC}} if app["base"] else {}
    wanted = {"id": world.scope.app_id, **app["app"], **base}
    world.api.call("PostApps", user_app_id={"user_id": world.scope.user_id}, apps=[wanted])
    world.ask("PostKnowledgeGraphs", knowledge_graphs=[{"id": GRAPH}])
    world.ask("PostConcepts", concepts=[{"id": name, **fields} for name, fields in app["concepts"].items()])
    for subject, predicate, target, graph in app["relations"]:
        end = {"id": target, **(PUBLIC if target.startswith("ai_") else {})}
        world.ask(
            "PostConceptRelations",
            concept_id=subject,
            concept_relations=[{"object_concept": end, "predicate": predicate, "knowledge_graph_id": graph}],
        )
    pins = []
    for number, (shell, versions) in enumerate(app["models"]):
        world.ask("PostModels", models=[{"id": f"model-{number}", **shell}])
        for version in versions:
            reply = world.ask("PostModelVersions", model_id=f"model-{number}", model_versions=[version])
            if shell["model_type_id"] in CHAINED:
                pins.append({"id": f"model-{number}", "model_version": {"id": reply.model.model_version.id}})
    for number, (fields, nodes) in enumerate(app["workflows"]):
        build_workflow(world, f"flow-{number}", fields, nodes, [*pins, *MAIN])
    if app["default"] and app["workflows"]:
        world.ask(
            "PatchApps", apps=[{"id": world.scope.app_id, "default_workflow": {"id": "flow-0"}}], action="overwrite"
        )


def build_workflow(world: Any, name: str, fields: Any, nodes: Any, known: list[Any]) -> None:
    """A public classifier first, which gives concepts to all that is ours."""
    listed: list[Any] = [{"id": "first", "model": MAIN[0]}]
    for number, (choice, silent, override) in enumerate(nodes):
        model = known[choice % len(known)]
        source: Any = {} if model in MAIN else {"node_inputs": [{"node_id": "first"}]}
        source |= {"output_info_override": override} if override else {}
        listed.append({"id": f"n{number}", "model": model, "suppress_output": silent, **source})
    world.ask("PostWorkflows", workflows=[{"id": name, **fields, "nodes": listed}])


def exported(world: Any) -> Any:
    return takeover.export_app(ReadOnlyApi(world.api), world.scope)


def check_taking_over(world: Any) -> None:
    """Export, adopt, plan: nothing but records is written, and nothing is left to do."""
    manifests = exported(world)
    text = as_manifests.stream(manifests)
    (world.folder / "exported.yaml").write_text(text)
    desired = world.desired(str(world.folder / "exported.yaml"))
    before = world.snapshot()
    adoption = takeover.adoption(world.plan(desired))
    assert not adoption.left, (adoption.left, text)
    assert world.carry_out(adoption.planned).complete
    assert world.plan(desired).plan.summary.empty, text
    assert exported(world) == manifests
    assert before.keys() == world.snapshot().keys()


numbers = iter(range(10**6))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(app=apps())
def test_whatever_others_made_can_be_taken_over(world: Any, app: Any) -> None:
    world.enter(f"app-{next(numbers)}")
    build(world, app)
    check_taking_over(world)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_what_we_applied_ourselves_needs_nothing_but_records(world: Any, manifests: Any, data: Any) -> None:
    drawn = data.draw(manifests)
    world.enter(f"own-{next(numbers)}")
    for document in drawn.documents:
        document["spec"].pop("image", None)  # the service does not tell where it came from
        if document["kind"] == "App":
            document["metadata"]["name"] = world.scope.app_id
    (world.folder / "own.yaml").write_text(repr(drawn))
    world.apply(str(world.folder / "own.yaml"))
    check_taking_over(world)
