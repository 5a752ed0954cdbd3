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
    "barcode-operator": st.just({}),
}


CHAINED = ("concept-thresholder", "annotation-writer", "concept-synonym-mapper")


@st.composite
def models(draw: Any) -> Any:
    kind = draw(st.sampled_from(sorted(CONFIGURATIONS)))
    shell = draw(
        st.fixed_dictionaries(
            {}, optional={"description": TEXTS, "notes": TEXTS, "metadata": METADATA, "visibility": VISIBILITY}
        )
    )
    return {"model_type_id": kind, **shell}, draw(st.lists(CONFIGURATIONS[kind], min_size=1, max_size=2))


@st.composite
def apps(draw: Any) -> Any:
    """What to create, in plain data; nodes refer to models by number and say which version they pin."""
    nodes = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=4)
    fields = st.fixed_dictionaries(
        {},
        optional={"description": TEXTS, "notes": TEXTS, "metadata": METADATA, "name": TEXTS, "visibility": VISIBILITY},
    )
    concept = st.fixed_dictionaries(
        {}, optional={"name": TEXTS, "definition": TEXTS, "metadata": METADATA, "visibility": VISIBILITY}
    )
    relation = st.tuples(
        st.sampled_from(CONCEPTS),
        st.sampled_from(["hyponym", "hypernym", "synonym"]),
        st.sampled_from([*CONCEPTS, "ai_l8TKp2h5"]),
    )
    return {
        "app": draw(fields),
        "concepts": {name: draw(concept) for name in CONCEPTS},
        "relations": draw(
            st.lists(relation.filter(lambda r: r[0] != r[2]), max_size=3, unique_by=lambda r: frozenset((r[0], r[2])))
        ),
        "models": draw(st.lists(models(), max_size=3)),
        "workflows": draw(
            st.lists(
                st.tuples(st.fixed_dictionaries({}, optional={"description": TEXTS, "metadata": METADATA}), nodes),
                max_size=2,
            )
        ),
        "default": draw(st.booleans()),
    }


def build(world: Any, app: Any) -> None:
    """Make it with bare calls, as any other client would."""
    world.api.call(
        "PostApps", user_app_id={"user_id": world.scope.user_id}, apps=[{"id": world.scope.app_id, **app["app"]}]
    )
    world.ask("PostConcepts", concepts=[{"id": name, **fields} for name, fields in app["concepts"].items()])
    for subject, predicate, target in app["relations"]:
        end = {"id": target, **(PUBLIC if target.startswith("ai_") else {})}
        world.ask(
            "PostConceptRelations",
            concept_id=subject,
            concept_relations=[{"object_concept": end, "predicate": predicate}],
        )
    pins = []
    for number, (shell, versions) in enumerate(app["models"]):
        world.ask("PostModels", models=[{"id": f"model-{number}", **shell}])
        for info in versions:
            reply = world.ask("PostModelVersions", model_id=f"model-{number}", model_versions=[{"output_info": info}])
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
    for number, (choice, silent) in enumerate(nodes):
        model = known[choice % len(known)]
        source = {} if model in MAIN else {"node_inputs": [{"node_id": "first"}]}
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
