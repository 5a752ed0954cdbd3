"""Random manifests of all kinds, and the combinations of emulator switches they are tried with."""

import dataclasses
import itertools
import json
import random
import re
import zlib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from reconciler.emulator.switches import Switches

# ---- text of manifests


class Plain(str):
    """A scalar written without quotes, as people write `no` and `0123`."""

    __slots__ = ()


_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def written(value: Any) -> str:
    """The value in YAML's flow style; JSON but for the plain scalars and what YAML takes for a line break."""
    if isinstance(value, Plain):
        return str(value)
    if isinstance(value, dict):
        entries = ", ".join(f"{written(str(key))}: {written(item)}" for key, item in value.items())
        return f"{{{entries}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


class Manifests:
    """One set of documents; prints as the YAML that can be put into a file and planned."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.documents = documents

    def __repr__(self) -> str:
        return "\n---\n".join(written(document) for document in self.documents)

    def edited(self, name: str, change: Callable[[dict[str, Any]], None]) -> "Manifests":
        """The same set with the spec of one document changed."""
        copy = Manifests(deepcopy(self.documents))
        change(next(d["spec"] for d in copy.documents if d["metadata"]["name"] == name))
        return copy

    def without(self, *names: str) -> "Manifests":
        """The same set without some documents."""
        return Manifests([d for d in self.documents if d["metadata"]["name"] not in names])

    def only(self, *names: str) -> "Manifests":
        """The same set with nothing but some documents."""
        return Manifests([d for d in self.documents if d["metadata"]["name"] in names])

    def file(self, folder: Path) -> str:
        """The path of a file that holds them."""
        path = folder / "random.yaml"
        path.write_text(repr(self), encoding="utf-8")
        return str(path)


def document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The envelope around a spec."""
    return {"apiVersion": "clarifai.reconciler/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


# ---- values

PLAIN_TEXTS = ("no", "0123", "12:30", "1e3", "null-ish", "on", "2020-01-01", "0x1F", "1_000")

quoted_texts = st.one_of(
    st.sampled_from(["no", "true", "null", "1", " blank ", "two\nlines", "tab\there", "$${NAME}", "ß→ü 😀", "a/b~c.d"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12).filter(
        lambda text: "${" not in text
    ),
)
texts = st.one_of(st.sampled_from([Plain(text) for text in PLAIN_TEXTS]), quoted_texts)
"""Texts of string fields: what YAML might mistake for something else, and any Unicode."""

fractions = st.one_of(
    st.sampled_from([0.1 + 0.2, 1e-7, 0.95, 0.5, 1.0, 0, 1, 1.401298464324817e-45, 0.1, 0.333333343, 0.9999999]),
    st.floats(0, 1),
)
"""Thresholds, with the edges of float32."""

numbers = st.one_of(
    st.sampled_from([0, 1, -1, 0.1 + 0.2, 1e-7, 1e300, 2**53, 16777217, 3.4028234663852886e38, 1.0, 5e-324]),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts, st.sampled_from(["", Plain("~"), Plain("True")]))
names = st.one_of(
    st.sampled_from(["a", "b", "no", "0", "a.b", "a/b", "~", "id", "reconcile"]),
    st.text(st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=5),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)
structs = st.dictionaries(names, anything, max_size=4)
"""What may stand in a Struct: nested, empty, null, true beside 1."""

visibilities = st.sampled_from([10, 30, 50, "PRIVATE", "ORG", "PUBLIC"]).map(lambda value: {"gettable": value})
words = st.lists(texts, min_size=1, max_size=3)
images = st.sampled_from(["https://example.com/a.png", "https://example.com/b.png"]).map(lambda url: {"url": url})


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the optional fields, in any order."""
    return st.fixed_dictionaries({}, optional=fields)


# ---- kinds

CONCEPT_IDS = ("people", "no", "0123", "größe", "c-1", "a.b", "ⓒ", "a.synonym.b", "@", "#")
MAIN_CONCEPTS = ("ai_l8TKp2h5", "ai_dxSG2s86", "ai_VPmHr5bm", "ai_8S2Vq3cR")
MAIN_MODELS = {
    "general-image-recognition": ("aa7f35c01e0642fda5cf400f543e7c40", "aa9ca48295b37401f8af92ad1af0d91d"),
    "aaa03c23b3724a16a56b629203edc62c": ("aa7f35c01e0642fda5cf400f543e7c40",),
    "moderation-recognition": ("aa8be956dbaa4b7a858826a84253cab9",),
}
MAIN = {"user_id": "clarifai", "app_id": "main"}
ELSEWHERE = {"user_id": "me-local", "app_id": "other"}
"""Another app of the same user, which the world is furnished with: a concept `there`, a model `over-there`."""

COMPARATORS = ("GREATER_THAN", "LESS_THAN", "EQUAL", 2, 4, "1", Plain("3"))
STATUSES = ("ANNOTATION_SUCCESS", "ANNOTATION_PENDING", 24150, "24151", Plain("24157"))

concept_specs = some(
    name=texts,
    definition=texts,
    metadata=structs,
    visibility=visibilities,
    keypoint_info=st.just({"keypoint_names": ["head", "no"], "skeleton": [{"k1": 0, "k2": 1}, {"k1": 1, "k2": 0}]}),
    image=images,
)


@st.composite
def relations(draw: Any, concepts: list[str]) -> list[dict[str, Any]]:
    """At most one relation for each pair of ends, in either direction, within the app and to clarifai/main."""
    pairs = [*itertools.combinations(concepts, 2), *itertools.product(concepts, (*MAIN_CONCEPTS, "there"))]
    found = []
    for one, other in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=4)) if pairs else ():
        place = ELSEWHERE if other == "there" else MAIN if other in MAIN_CONCEPTS else {}
        ends = [{"id": one}, {"id": other, **place}]
        if draw(st.booleans()):
            ends.reverse()
        predicate = draw(st.sampled_from(["hyponym", "hypernym", "synonym"]))
        spec = {"subject_concept": ends[0], "predicate": predicate, "object_concept": ends[1]}
        found.append(document("ConceptRelation", f"{one}-{other}", spec))
    return found


@st.composite
def thresholds(draw: Any, concepts: list[str]) -> list[dict[str, Any]]:
    """The concepts of a thresholder: some of the app's own, each with its value."""
    chosen = draw(st.lists(st.sampled_from(concepts), unique=True, min_size=1, max_size=4))
    return [{"id": name, "value": draw(fractions)} for name in chosen]


@st.composite
def model_versions(draw: Any, model_type: str, concepts: list[str]) -> dict[str, Any]:
    """A configuration that the type takes, with every field a version can have."""
    version = draw(some(description=texts, license=texts, metadata=structs))
    info: dict[str, Any] = {}
    if "threshold" in model_type:
        info["data"] = {"concepts": draw(thresholds(concepts))}
        info["params"] = {"concept_threshold_type": draw(st.sampled_from(COMPARATORS))}
    elif model_type == "annotation-writer":
        known = some(annotation_info=structs, task_id=quoted_texts)
        chosen = {"annotation_status": draw(st.sampled_from(STATUSES)), "annotation_user_id": "${CLARIFAI_USER_ID}"}
        info["params"] = chosen | draw(known)
    elif model_type == "concept-synonym-mapper":
        info |= draw(some(params=st.just({"knowledge_graph_id": ""})))
    elif model_type == "image-crop":
        info |= draw(some(params=some(margin=st.sampled_from([0, 1.1, 110, 1e-7]))))
    elif model_type == "rag-prompter":
        info |= draw(
            some(params=some(prompt_template=quoted_texts, min_score=fractions, max_results=st.integers(1, 9)))
        )
    else:
        info |= draw(some(params=structs, fields_map=st.just({"image": "no"})))
        info |= draw(some(output_config=st.just({"concepts_mutually_exclusive": True})))
        version |= draw(some(input_info=some(params=structs, fields_map=structs), train_info=some(params=structs)))
    return version | ({"output_info": info} if info else {})


OPERATORS = ("concept-thresholder", "concept-threshold", "annotation-writer", "concept-synonym-mapper", "random-sample")
OTHERS = (
    "own-type",
    "region-thresholder",
    "image-crop",
    "prompter",
    "rag-prompter",
    "isolation-operator",
    "text-embedder",
)


@st.composite
def models(draw: Any, name: str, concepts: list[str]) -> dict[str, Any]:
    """A model; of a trainable type only the shell, since a version would be a training."""
    model_type = draw(st.sampled_from([*OPERATORS, *OTHERS, "embedding-classifier"]))
    if "threshold" in model_type and not concepts:
        model_type = "concept-synonym-mapper"
    spec = draw(
        some(
            description=texts, notes=texts, metadata=structs, visibility=visibilities,
            toolkits=words, use_cases=words, languages=words, image=images,
        )
    )  # fmt: skip
    spec["model_type_id"] = model_type
    if model_type == "embedding-classifier":
        return document("Model", name, spec)
    version = draw(model_versions(model_type, concepts))
    if draw(st.integers(0, 4)) == 0 and "output_info" in version:
        moved = version.pop("output_info")
        spec["output_info"] = {key: value for key, value in moved.items() if key in ("data", "params")}
        if not spec["output_info"]:
            del spec["output_info"]
    if version or model_type == "random-sample":
        spec["model_version"] = version  # `{}` asks for a version too; this type has nothing to configure
    return document("Model", name, spec)


@st.composite
def foreign_models(draw: Any) -> dict[str, Any]:
    """A public model by either of its ids, with or without its app, pinned or not; or one of another app of ours."""
    if draw(st.integers(0, 4)) == 0:
        return {"id": "over-there", **draw(st.sampled_from([ELSEWHERE, {"app_id": "other"}]))}
    identifier = draw(st.sampled_from(sorted(MAIN_MODELS)))
    pins = [{}, *({"model_version": {"id": version}} for version in MAIN_MODELS[identifier])]
    return {"id": identifier, **draw(st.sampled_from([MAIN, {}])), **draw(st.sampled_from(pins))}


@st.composite
def workflows(draw: Any, name: str, operators: list[str]) -> dict[str, Any]:
    """A graph that starts with a public classifier, pinned or not, and goes on with our own operators."""
    nodes: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 5))):
        node: dict[str, Any] = {"id": draw(st.sampled_from(["n", "node-", "0"])) + str(number)}
        if not nodes or not operators or draw(st.integers(0, 3)) == 0:
            node["model"] = draw(foreign_models())
        else:
            node["model"] = {"id": draw(st.sampled_from(operators))}
            sources = draw(st.lists(st.sampled_from(nodes), unique_by=lambda n: n["id"], min_size=1, max_size=2))
            node["node_inputs"] = [{"node_id": source["id"]} for source in sources]
        node |= draw(some(suppress_output=st.booleans()))
        nodes.append(node)
    spec = draw(
        some(description=texts, notes=texts, metadata=structs, visibility=visibilities, use_cases=words, image=images)
    )
    return document("Workflow", name, {"nodes": draw(st.permutations(nodes)), **spec})


@st.composite
def inputs(draw: Any, name: str, concepts: list[str]) -> dict[str, Any]:
    """A text with labels, each with or without a value, and metadata."""
    data = {"text": {"raw": draw(quoted_texts)}, **draw(some(metadata=structs))}
    if concepts and draw(st.booleans()):
        chosen = draw(st.lists(st.sampled_from(concepts), unique=True, max_size=3))
        values = some(value=st.sampled_from([0.001, 1e-7, 0.1 + 0.2, 0.95, 1]))
        data["concepts"] = [{"id": concept, **draw(values)} for concept in chosen]
    return document("Input", name, {"data": data})


@st.composite
def manifest_sets(draw: Any) -> Manifests:
    """A whole app: concepts, relations, inputs, models, workflows that use them, the app's default among these."""
    concepts = draw(st.lists(st.sampled_from(CONCEPT_IDS), unique=True, max_size=4))
    made = [document("Concept", name, draw(concept_specs)) for name in concepts]
    made += draw(relations(concepts))
    made += [draw(inputs(f"input-{number}", concepts)) for number in range(draw(st.integers(0, 3)))]
    own = [draw(models(f"model-{number}", concepts)) for number in range(draw(st.integers(0, 4)))]
    operators = [m["metadata"]["name"] for m in own if m["spec"]["model_type_id"] in OPERATORS]
    flows = [draw(workflows(f"flow-{number}", operators)) for number in range(draw(st.integers(0, 3)))]
    app = draw(
        some(
            name=texts, description=texts, notes=texts, metadata=structs, visibility=visibilities,
            sample_ms=st.integers(1, 5000), default_language=st.sampled_from(["en", "de"]), image=images,
        )
    )  # fmt: skip
    defaults: list[dict[str, Any]] = [{}, {"default_workflow": {"id": "General", **MAIN}}]
    for flow in flows:
        name = flow["metadata"]["name"]
        defaults += [{"default_workflow": {"id": name}}, {"default_workflow_id": name}]
    app |= draw(st.sampled_from(defaults))
    return Manifests(draw(st.permutations([document("App", "app", app), *made, *own, *flows])))


class Examples:
    """Runs a property on a fixed number of random sets, others in each test, and counts them."""

    def __init__(self, name: str) -> None:
        self.number, self.tried = zlib.crc32(name.encode()), 0

    def check(self, strategy: st.SearchStrategy[Manifests], holds: Callable[[Manifests], None], count: int) -> None:
        """The property holds for `count` sets of the strategy."""

        phases = [Phase.generate] if settings.default.derandomize else list(Phase)  # to shrink takes minutes

        @seed(self.number)
        @settings(max_examples=count, database=None, phases=phases)
        @given(strategy)
        def each(manifests: Manifests) -> None:
            self.tried += 1
            holds(manifests)

        each()
        assert self.tried >= count


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> Examples:
    """Random examples of a test's own."""
    return Examples(request.node.name)


@pytest.fixture
def worlds(worlds: Callable[..., Any]) -> Callable[..., Any]:
    """Worlds in which another app of the same user exists already."""

    def make(**switches: Any) -> Any:
        world = worlds(**switches)
        owner = {"user_app_id": {"user_id": "me-local"}}
        world.ask("PostApps", apps=[{"id": "other", "default_workflow_id": "Empty"}], **owner)
        world.ask("PostConcepts", user_app_id=ELSEWHERE, concepts=[{"id": "there"}])
        model = {"id": "over-there", "model_type_id": "keyword-filter-operator"}
        world.ask("PostModels", user_app_id=ELSEWHERE, models=[model])
        version = {"description": "over there"}
        world.ask("PostModelVersions", user_app_id=ELSEWHERE, model_id="over-there", model_versions=[version])
        world.forget_calls()
        return world

    return make


# ---- switches

SWITCHES = {
    field.name: (field.default, *(value for value in field.metadata["values"] if value != field.default))
    for field in dataclasses.fields(Switches)
    if isinstance(field.metadata["values"], tuple)
}
HOPELESS = {"metadata_action": "ignored", "version_metadata": "dropped"}
"""With these nothing of ours can be remembered in the app, so every apply must end in an error; they have own tests."""

SOUND: dict[str, tuple[Any, ...]] = {
    name: tuple(value for value in values if HOPELESS.get(name) != value) for name, values in SWITCHES.items()
} | {"list_delay_reads": (0, 1), "train_polls": (2, 0)}
"""Every other switch with its values, the default first."""

Row = dict[str, Any]


def alone() -> list[Row]:
    """Each value of each switch that is not its default, by itself."""
    return [{name: value} for name, values in SOUND.items() for value in values[1:]]


def covering_array(factors: dict[str, tuple[Any, ...]]) -> list[Row]:
    """Few rows in which every pair of values of two factors occurs; greedy, and the same each time."""
    dice, choices = random.Random(0), [(name, value) for name, values in factors.items() for value in values]
    missing = {pair(one, other) for one, other in itertools.combinations(choices, 2) if one[0] != other[0]}
    rows = []
    while missing:
        candidates = [_candidate(factors, missing, dice) for _ in range(10)]
        rows.append(max(candidates, key=lambda row: len(missing & pairs_of(row))))
        missing -= pairs_of(rows[-1])
    return rows


def _candidate(factors: dict[str, tuple[Any, ...]], missing: set[Any], dice: random.Random) -> Row:
    """A row that starts with a pair still missing; each further value covers as many others as it can."""
    row = dict(min(missing, key=repr))
    for name in dice.sample(sorted(factors), len(factors)):
        gains = {v: sum(pair((name, v), other) in missing for other in row.items()) for v in factors[name]}
        row.setdefault(name, max(dice.sample(factors[name], len(factors[name])), key=lambda value: gains[value]))
    return {name: row[name] for name in factors}


def pair(one: tuple[str, Any], other: tuple[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Two settings in the order of their names."""
    return (one, other) if one[0] < other[0] else (other, one)


def pairs_of(row: Row) -> set[Any]:
    """Every pair of settings that a row tries together."""
    return {pair(one, other) for one, other in itertools.combinations(row.items(), 2)}


ALONE, ROWS = alone(), covering_array(SOUND)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`alone` and `row` run over each switch by itself and over the rows of the covering array."""
    if "alone" in metafunc.fixturenames:
        metafunc.parametrize("alone", ALONE, ids=["-".join(map(str, *row.items())) for row in ALONE])
    if "row" in metafunc.fixturenames:
        metafunc.parametrize("row", ROWS, ids=map(str, range(len(ROWS))))


@pytest.fixture(scope="session")
def switches() -> SimpleNamespace:
    """What the tests of the switches say about themselves."""
    return SimpleNamespace(alone=ALONE, rows=ROWS, sound=SOUND, pairs_of=pairs_of, pair=pair)


def _known_documents(workflows_count: int) -> list[dict[str, Any]]:
    thresholds_ = [{"id": "limit", "value": 0.5}, {"id": "limit-2", "value": 0.25}]
    info = {"params": {"concept_threshold_type": "GREATER_THAN"}, "data": {"concepts": thresholds_}}
    public = {"id": "general-image-recognition", **MAIN, "model_version": {"id": "aa7f35c01e0642fda5cf400f543e7c40"}}
    nodes = [
        {"id": "public", "model": public},
        {"id": "cut", "model": {"id": "edited"}, "node_inputs": [{"node_id": "public"}]},
        {"id": "cut-again", "model": {"id": "edited"}, "node_inputs": [{"node_id": "cut"}]},
    ]
    ends = {"subject_concept": {"id": "limit"}, "object_concept": {"id": "ai_98Xb0K3q", **MAIN}}
    told = {"description": "ours", "metadata": {"team": "ours", "deep": {"in": "ours", "flag": True}}}
    return [
        document("Concept", "limit", {"name": "Limit", "definition": "ours"}),
        document("Concept", "limit-2", {}),
        document("ConceptRelation", "related", {**ends, "predicate": "synonym"}),
        document(
            "Model", "edited", {**told, "model_type_id": "concept-thresholder", "model_version": {"output_info": info}}
        ),
        *(document("Workflow", f"uses-{n}", {**told, "nodes": nodes}) for n in range(workflows_count)),
    ]


@st.composite
def known_sets(draw: Any) -> Manifests:
    """A random set to which objects with known ids and fields were added: `edited`, the workflows that use it, …"""
    drawn = draw(manifest_sets())
    known = _known_documents(draw(st.integers(1, 3)))
    app = next(d for d in drawn.documents if d["kind"] == "App")
    app["spec"].pop("default_workflow_id", None)
    app["spec"] |= {"description": "ours", "default_workflow": {"id": "uses-0"}}
    return Manifests([*drawn.documents, *known])


@pytest.fixture(scope="session")
def known() -> st.SearchStrategy[Manifests]:
    """The strategy of random sets with known parts to edit: App, `limit`, `related`, `edited`, `uses-0` and more."""
    return known_sets()


@pytest.fixture(scope="session")
def manifests() -> st.SearchStrategy[Manifests]:
    """The strategy of random manifest sets, each with its own App document named `app`."""
    return manifest_sets()
