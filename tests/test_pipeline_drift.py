"""The story of drift: what another client changes is found, named, repaired and gone, whatever the field."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from reconciler import pipeline
from reconciler.client.api import ReadOnlyApi
from reconciler.client.rpcs import RpcClass, rpc_class
from reconciler.core.drift import DriftStatus
from reconciler.core.remote import ApiError
from reconciler.core.selection import Selection
from reconciler.manifests import by_plural
from reconciler.stages.guard import Rails

OLD_VERSION, NEW_VERSION = "aa9ca48295b37401f8af92ad1af0d91d", "aa7f35c01e0642fda5cf400f543e7c40"
PUBLIC_MODEL = {"id": "general-image-recognition", "user_id": "clarifai", "app_id": "main"}
VERSION = {
    "description": "ours",
    "license": "ours",
    "metadata": {"team": "ours"},
    "output_info": {
        "params": {"concept_threshold_type": "GREATER_THAN"},
        "data": {"concepts": [{"id": "p", "value": 0.5}]},
        "fields_map": {"image": "ours"},
        "output_config": {"concepts_mutually_exclusive": True},
    },
    "input_info": {
        "params": {"size": 1},
        "fields_map": {"image": "ours"},
        "base_embed_model": {**PUBLIC_MODEL, "model_version": {"id": NEW_VERSION}},
    },
    "train_info": {"params": {"epochs": 1}},
}
NODES = [
    {"id": "a", "model": {"id": "m"}},
    {
        "id": "b",
        "model": {"id": "m"},
        "node_inputs": [{"node_id": "a"}],
        "suppress_output": True,
        "output_info_override": {"params": {"x": 1}, "data": {"concepts": [{"id": "p", "value": 0.5}]}},
    },
    {"id": "public", "model": {**PUBLIC_MODEL, "model_version": {"id": NEW_VERSION}}},
]
PICTURE = Path(__file__).parents[1] / "manifests" / "custom-model" / "pictures" / "brick-1.jpg"


@pytest.fixture
def applied(world: Any, documents: Any) -> Any:
    """An app in which every field that can move is declared."""
    seen = {"visibility": {"gettable": "PRIVATE"}}
    words = {"description": "ours", "notes": "ours", "metadata": {"team": "ours"}, **seen}
    flow = {**words, "use_cases": ["ours"], "nodes": NODES}
    model = {**words, "toolkits": ["ours"], "use_cases": ["ours"], "languages": ["ours"]}
    keypoints = {"keypoint_names": ["eye", "ear"], "skeleton": [{"k1": 1, "k2": 2}]}
    world.manifests = [
        documents.app(**words, sample_ms=900, default_workflow={"id": "w"}),
        documents.concept(
            "p", name="ours", definition="ours", metadata={"team": "ours"}, keypoint_info=keypoints, **seen
        ),
        documents.concept("q"),
        documents.relation("p", "synonym", "q"),
        documents.document("Model", "m", {**model, "model_type_id": "concept-thresholder", "model_version": VERSION}),
        documents.thresholder("m2", p=0.5),
        documents.workflow("v", n="m"),
        documents.document("Workflow", "w", flow),
    ]
    world.apply(*world.manifests)
    world.forget_calls()
    return world


@pytest.fixture
def labelled(world: Any, documents: Any) -> Any:
    """An app with a picture, labelled."""
    data = {"concepts": [{"id": "p", "value": 0.5}], "metadata": {"deep": {"team": "ours"}}}
    example = documents.document("Input", "i", {"file": str(PICTURE), "data": data})
    world.manifests = [documents.app(), documents.concept("p"), documents.concept("q"), example]
    world.apply(*world.manifests)
    return world


def look(world: Any, *manifests: Any, **options: Any) -> Any:
    """`drift`, with a handle that cannot write."""
    desired = world.desired(*(manifests or world.manifests))
    options = {"refresh": "full", **options}
    return pipeline.find_drift(ReadOnlyApi(world.api), desired, pipeline.PlanOptions(**options))


def moved(report: Any) -> dict[str, set[str]]:
    """Address -> the paths that moved."""
    bad = report.with_status(DriftStatus.DRIFTED, DriftStatus.MISSING)
    return {str(e.address): {".".join(f.path) for f in e.moved} for e in bad}


def nodes(**b: Any) -> Any:
    return [NODES[0], {**NODES[1], **b}, NODES[2]]


TEXTS = ("description", "notes")
META = {"metadata": {"team": "theirs"}}
LISTS = ("toolkits", "use_cases", "languages")

PUBLIC = {"visibility": {"gettable": "PUBLIC"}}

EDITS: list[tuple[str, str, dict[str, Any]]] = [
    *((a, "visibility.gettable", PUBLIC) for a in ("apps/app", "concepts/p", "models/m", "workflows/w")),
    *(("apps/app", f, {f: "theirs"}) for f in TEXTS),
    ("apps/app", "sample_ms", {"sample_ms": 800}),
    ("apps/app", "default_workflow.id", {"default_workflow": {"id": "v"}}),
    ("concepts/p", "name", {"name": "theirs"}),
    ("concepts/p", "definition", {"definition": "theirs"}),
    ("concepts/p", "metadata.team", META),
    ("concepts/p", "keypoint_info.keypoint_names", {"keypoint_info": {"keypoint_names": ["eye", "nose"]}}),
    ("concepts/p", "keypoint_info.skeleton", {"keypoint_info": {
        "keypoint_names": ["eye", "ear"], "skeleton": [{"k1": 2, "k2": 1}]}}),
    *(("models/m", f, {f: "theirs"}) for f in TEXTS),
    *(("models/m", f, {f: ["theirs"]}) for f in LISTS),
    *(("workflows/w", f, {f: "theirs"}) for f in TEXTS),
    ("workflows/w", "use_cases", {"use_cases": ["theirs"]}),
    ("workflows/w", "nodes.b.output_info_override.params.x", {"nodes": nodes(
        output_info_override={"params": {"x": 2}, "data": {"concepts": [{"id": "p", "value": 0.5}]}})}),
    ("workflows/w", "nodes.b.output_info_override.data.concepts.p.value", {"nodes": nodes(
        output_info_override={"params": {"x": 1}, "data": {"concepts": [{"id": "p", "value": 0.75}]}})}),
    ("workflows/w", "nodes.b.suppress_output", {"nodes": nodes(suppress_output=False)}),
    ("workflows/w", "nodes.b.node_inputs", {"nodes": nodes(node_inputs=[])}),
    ("workflows/w", "nodes.b.model.id", {"nodes": nodes(model={"id": "m2"})}),
    ("workflows/w", "nodes.public.model.model_version.id", {"nodes": [
        *NODES[:2], {"id": "public", "model": {**PUBLIC_MODEL, "model_version": {"id": OLD_VERSION}}}]}),
    *(("workflows/w", f"nodes.public.model.{name}", {"nodes": [*NODES[:2], {"id": "public", "model": {"id": "m2"}}]})
        for name in ("app_id", "user_id")),
    ("workflows/w", "nodes.c", {"nodes": [*NODES, {"id": "c", "model": {"id": "m"}}]}),
]  # fmt: skip
PATCHES = {"apps": "PatchApps", "concepts": "PatchConcepts", "models": "PatchModels", "workflows": "PatchWorkflows"}


@pytest.mark.parametrize(("address", "path", "fields"), EDITS, ids=[f"{a}:{p}" for a, p, _ in EDITS])
def test_an_edit_of_a_field_is_named_and_repaired(applied: Any, address: str, path: str, fields: Any) -> None:
    kind, _, name = address.partition("/")
    assert look(applied).exit_code == 0
    more = {"user_app_id": {"user_id": "me-local"}} if kind == "apps" else {}
    applied.ask(PATCHES[kind], **{kind: [{"id": name, **fields}]}, action="overwrite", **more)
    report = look(applied)
    assert report.exit_code == 2
    assert list(moved(report)) == [address]
    assert any(found == path or found.startswith(f"{path}.") for found in moved(report)[address]), moved(report)
    applied.apply(*applied.manifests)
    assert (look(applied).exit_code, moved(look(applied))) == (0, {})


VERSION_EDITS: dict[str, Any] = {
    "description": "theirs",
    "license": "theirs",
    "metadata.team": "theirs",
    "output_info.params.concept_threshold_type": "LESS_THAN",
    "output_info.data.concepts.p.value": 0.75,
    "output_info.fields_map.image": "theirs",
    "output_info.output_config.concepts_mutually_exclusive": False,
    "input_info.params.size": 2,
    "input_info.fields_map.image": "theirs",
    "input_info.base_embed_model.id": "general-image-embedding",
    "input_info.base_embed_model.app_id": "app",
    "input_info.base_embed_model.user_id": "me-local",
    "input_info.base_embed_model.model_version.id": OLD_VERSION,
    "train_info.params.epochs": 2,
    "output_info.data.concepts.q": 0.5,
}


def version_with(path: str, value: Any) -> Any:
    """Our version with one field changed, or one concept more."""
    version = copy.deepcopy(VERSION)
    concepts = version["output_info"]["data"]["concepts"]
    *above, name = path.split(".")
    if above[-1:] == ["concepts"]:
        concepts.append({"id": name, "value": value})
        return version
    place: Any = version
    for step in above:
        place = next(c for c in place if c["id"] == step) if isinstance(place, list) else place[step]
    place[name] = value
    return version


def test_a_version_that_somebody_put_on_top_is_named_and_repaired_whatever_the_field(applied: Any) -> None:
    for path, value in VERSION_EDITS.items():
        applied.ask("PostModelVersions", model_id="m", model_versions=[version_with(path, value)])
        report = look(applied)
        assert report.exit_code == 2, path
        found = moved(report)
        assert any(f"{f}.".startswith(f"model_version.{path}.") for f in found["models/m"]), (path, found)
        applied.apply(*applied.manifests)
        assert (look(applied).exit_code, moved(look(applied))) == (0, {}), path


LABELS: dict[str, tuple[str, Any]] = {
    "data.concepts.p.value": ("merge", {"concepts": [{"id": "p", "value": 0.25}]}),
    "data.concepts.q": ("merge", {"concepts": [{"id": "q", "value": 1.0}]}),
    "data.concepts.p": ("remove", {"concepts": [{"id": "p", "value": 0.5}]}),
    "data.metadata.deep.team": ("merge", {"metadata": {"deep": {"team": "theirs"}}}),
}


def test_a_label_or_a_word_of_an_input_is_named_and_repaired(labelled: Any) -> None:
    for path, (action, data) in LABELS.items():
        labelled.ask("PatchInputs", inputs=[{"id": "i", "data": data}], action=action)
        report = look(labelled)
        assert (report.exit_code, moved(report)) == (2, {"inputs/i": {path}})
        labelled.apply(*labelled.manifests)
        assert (look(labelled).exit_code, moved(look(labelled))) == (0, {}), path


GONE = {
    "workflows/v": ("DeleteWorkflow", {"workflow_id": "v"}),
    "relations/p.synonym.q": ("DeleteConceptRelations", {"concept_id": "p"}),
}


@pytest.mark.parametrize("address", GONE)
def test_what_somebody_deleted_is_missing_and_made_again(applied: Any, address: str) -> None:
    rpc, fields = GONE[address]
    if rpc == "DeleteConceptRelations":
        fields = {**fields, "ids": [r.id for r in applied.listed("ListConceptRelations", concept_id="p")]}
    applied.ask(rpc, **fields)
    report = look(applied)
    (entry,) = report.with_status(DriftStatus.MISSING)
    assert str(entry.address) == address
    assert report.exit_code == 2
    applied.apply(*applied.manifests)
    assert look(applied).exit_code == 0


def test_what_is_no_longer_declared_and_was_deleted_by_hand_is_no_drift(applied: Any) -> None:
    left = [m for m in applied.manifests if m["metadata"]["name"] != "v"]
    assert len(left) < len(applied.manifests)
    applied.ask("DeleteWorkflow", workflow_id="v")
    assert look(applied, *left).exit_code == 0
    assert applied.actions(applied.plan(*left)) == {"workflows/v": "forget"}
    applied.apply(*left)
    assert "workflows/v" not in applied.plan(*left).live.inventory.entries


@pytest.fixture
def left(world: Any, documents: Any) -> list[Any]:
    """Manifests that no longer declare a model, a workflow and a concept which are still in the app, and still ours."""
    kept = [documents.app(), documents.concept("p")]
    flow = documents.workflow("old-flow", n="old")
    flow["spec"]["description"] = "ours"
    world.apply(*kept, documents.concept("old-concept"), documents.thresholder("old", p=0.5), flow)
    return kept


@pytest.fixture
def unheard_of(world: Any, documents: Any) -> Any:
    """A model of a type that nobody of us has heard of, after others deleted its version."""
    version = {"output_info": {"params": {"top": 3}}}
    world.model = documents.document("Model", "m", {"model_type_id": "not-typed-by-us", "model_version": version})
    world.apply(documents.app(), world.model)
    [made] = world.versions("m")
    world.ask("DeleteModelVersion", model_id="m", version_id=made.id)
    return world


def test_a_version_that_others_deleted_is_missed_whatever_the_type(unheard_of: Any, documents: Any) -> None:
    manifests = [documents.app(), unheard_of.model]
    report = look(unheard_of, *manifests)
    assert report.exit_code == 2
    assert moved(report) == {"models/m": {"model_version.output_info.params.top"}}
    unheard_of.apply(*manifests)
    assert look(unheard_of, *manifests).exit_code == 0


def test_also_of_a_model_that_is_no_longer_declared(unheard_of: Any, documents: Any) -> None:
    report = look(unheard_of, documents.app())
    assert (report.exit_code, moved(report)) == (2, {"models/m": {"model_version"}})


def test_what_is_no_longer_declared_is_a_note_as_long_as_nobody_touches_it(world: Any, left: list[Any]) -> None:
    report = look(world, *left)
    assert (report.exit_code, moved(report)) == (0, {})
    assert {str(one.address): one.message for one in report.unapplied} == dict.fromkeys(
        ("concepts/old-concept", "models/old", "workflows/old-flow"), "no longer declared; --prune deletes it"
    )
    assert report.unmanaged == ()


def test_what_is_no_longer_declared_is_held_against_its_record(world: Any, left: list[Any]) -> None:
    world.ask("PatchWorkflows", workflows=[{"id": "old-flow", "description": "theirs"}], action="merge")
    world.ask("PatchConcepts", concepts=[{"id": "old-concept", "name": "theirs"}], action="overwrite")
    theirs = {"params": {"concept_threshold_type": "LESS_THAN"}, "data": {"concepts": [{"id": "p", "value": 0.5}]}}
    world.ask("PostModelVersions", model_id="old", model_versions=[{"output_info": theirs}])
    report = look(world, *left)
    assert report.exit_code == 2
    assert moved(report) == {
        "concepts/old-concept": {"name"},
        "models/old": {"model_version.output_info.params.concept_threshold_type"},
        "workflows/old-flow": {"description"},
    }


def test_what_nobody_manages_is_listed_apart_and_so_is_what_another_owner_has(
    world: Any, documents: Any, left: list[Any]
) -> None:
    world.ask("PostConcepts", concepts=[{"id": "loose", "name": "loose"}])
    world.apply(documents.concept("other"), owner="them", app_id="app")
    report = look(world, *left)
    assert report.exit_code == 0
    assert {str(one.address): one.owner for one in report.unmanaged} == {
        "concepts/loose": None,
        "concepts/other": "them",
    }


def test_what_is_declared_but_was_never_ours_is_a_note(world: Any, documents: Any, left: list[Any]) -> None:
    world.ask("PostConcepts", concepts=[{"id": "loose", "name": "loose"}])
    world.apply(documents.concept("other"), owner="them", app_id="app")
    report = look(world, *left, documents.concept("loose"), documents.concept("other"))
    assert report.exit_code == 0
    said = {str(one.address): one.message for one in report.unapplied}
    assert said["concepts/loose"] == "declared, but the live object is nobody's"
    assert said["concepts/other"] == "declared, but the live object is that of owner 'them'"


@pytest.mark.parametrize(("description", "fields"), [("theirs", {"description"}), ("ours", set())])
def test_what_another_owner_took_over_has_moved(
    world: Any, documents: Any, left: list[Any], description: str, fields: set[str]
) -> None:
    model = documents.thresholder("old", p=0.5)
    model["spec"]["description"] = "ours"
    world.apply(*left, model)
    model["spec"]["description"] = description
    world.apply(model, owner="them", app_id="app", rails=world.everything)
    model["spec"]["description"] = "ours"
    report = look(world, *left, model)
    (entry,) = report.with_status(DriftStatus.DRIFTED)
    assert (report.exit_code, entry.message) == (2, "owner 'them' has taken it over")
    assert moved(report) == {"models/old": fields}
    assert look(world, *left).exit_code == 0, "who gives it up is at peace"


def test_an_owner_that_nobody_knows_is_warned_of_for_it_could_never_drift(world: Any, left: list[Any]) -> None:
    desired = world.desired(*left)
    report = pipeline.find_drift(ReadOnlyApi(world.api), replace(desired, owner="ap"), pipeline.PlanOptions())
    (said,) = report.notes
    assert str(said) == "warning: owner 'ap' has applied nothing to this app; 'app' did (did you mean 'app'?)"
    assert look(world, *left).notes == ()


SELECTED = {
    ("models/old",): {"models/old"},
    ("+workflows/old-flow",): {"workflows/old-flow", "models/old", "concepts/p"},
    ("concepts",): {"concepts/p", "concepts/old-concept", "concepts/loose"},
}


@pytest.mark.parametrize("select", SELECTED, ids=" ".join)
def test_what_is_left_out_is_named_and_not_judged(
    world: Any, documents: Any, left: list[Any], select: tuple[str, ...]
) -> None:
    world.ask("PatchWorkflows", workflows=[{"id": "old-flow", "description": "theirs"}], action="merge")
    world.ask("PostConcepts", concepts=[{"id": "loose", "name": "loose"}])
    kept = [*left, documents.thresholder("old", p=0.5), documents.workflow("old-flow", n="old")]
    report = look(world, *kept, selection=Selection(select))
    judged = {str(e.address) for e in report.entries if e.status is not DriftStatus.EXCLUDED}
    assert judged | {str(u.address) for u in (*report.unapplied, *report.unmanaged)} == SELECTED[select]
    assert report.exit_code == (2 if "workflows/old-flow" in judged else 0)
    assert len(report.entries) == len(look(world, *kept).entries)
    assert look(world, *kept, selection=Selection((), ("workflows",))).exit_code == 0


def test_an_app_that_is_gone_is_one_thing_that_is_missing(world: Any, documents: Any, left: list[Any]) -> None:
    world.ask("DeleteApp")
    report = look(world, *left)
    (entry,) = report.entries
    assert (str(entry.address), entry.status, report.exit_code) == ("apps/app", DriftStatus.MISSING, 2)


def test_an_edit_of_the_manifests_is_a_note(applied: Any, documents: Any) -> None:
    more = [*applied.manifests, documents.concept("new")]
    more[0]["spec"]["notes"] = "newer"
    report = look(applied, *more)
    assert report.exit_code == 0
    assert report.counts.waiting == 2


@pytest.mark.parametrize("rpc", ["GetModelOutputInfo", "ListWorkflows"])
def test_what_cannot_be_read_is_no_sync(applied: Any, rpc: str) -> None:
    applied.emulator.faults.add(rpc, code=10020, details="not today", times=-1)
    try:
        code = look(applied).exit_code
    except ApiError as problem:
        code = problem.exit_code
    assert code == 1


ELSEWHERE = {
    ("apps", "default_workflow_id"),  # the older name of default_workflow.id
    ("apps", "name"),  # the id; a patch does not change it
    ("models", "output_info.data.concepts.*.value"),  # the place before 2023 of what a version holds
    ("models", "output_info.params"),
    ("models", "model_version.output_info.data.concepts.*.name"),  # what the concept itself is called
    *((plural, "metadata") for plural in ("apps", "models", "workflows")),  # below
}
"""What can never differ, or is told in another test."""


def test_what_cannot_be_read_is_told_with_its_place(applied: Any) -> None:
    applied.emulator.faults.add("GetModelOutputInfo", code=10020, details="not today", times=-1)
    unread = look(applied).with_status(DriftStatus.UNKNOWN)
    assert [(str(entry.address), entry.location.line) for entry in unread] == [("models/m", 9), ("models/m2", 11)]


def test_every_field_that_can_move_is_in_the_story() -> None:
    """What is left out can never differ, is made with the object, or cannot be read back."""
    told = [(address.split("/")[0], path) for address, path, _ in EDITS]
    told += [("models", f"model_version.{path}") for path in VERSION_EDITS] + [("inputs", path) for path in LABELS]
    left = {
        (plural, pattern)
        for plural, kind in by_plural().items()
        for pattern in kind.fields.writable
        if not any(
            kind.fields.any(rule, tuple(pattern.split(".")))
            for rule in (kind.fields.create_only, kind.fields.write_only, kind.fields.identity, kind.fields.sensitive)
        )
        and not any(plural == where and tells(path, pattern) for where, path in told)
    }
    assert left == ELSEWHERE


LISTS_AS_ONE = ("keypoint_info.skeleton", "nodes.*.node_inputs")
"""Lists without ids differ as a whole."""


def tells(path: str, pattern: str) -> bool:
    """Whether an edit of the path is one of the field."""
    pattern = next((each for each in LISTS_AS_ONE if pattern.startswith(each)), pattern)
    names, words = path.split("."), pattern.split(".")
    return len(names) >= len(words) and all(word in ("*", name) for word, name in zip(words, names, strict=False))


def live_metadata(world: Any, address: str) -> Any:
    kind = {"models": "Model", "workflows": "Workflow"}[address.partition("/")[0]]
    name = address.partition("/")[2]
    found = getattr(world.ask(f"Get{kind}", **{f"{kind.lower()}_id": name}), kind.lower())
    return json_format.MessageToDict(found.metadata)


@pytest.mark.parametrize("address", ["models/m", "workflows/w"])
def test_a_key_of_the_metadata_is_named_and_repaired(applied: Any, address: str) -> None:
    """Read, changed and written back, as a form in a browser does."""
    kind, _, name = address.partition("/")
    changed = live_metadata(applied, address) | {"team": "theirs"}
    applied.ask(PATCHES[kind], **{kind: [{"id": name, "metadata": changed}]}, action="overwrite")
    assert moved(look(applied)) == {address: {"metadata.team"}}
    applied.apply(*applied.manifests)
    assert look(applied).exit_code == 0


@pytest.mark.parametrize("address", ["models/m", "workflows/w"])
@pytest.mark.parametrize("team", ["ours", "theirs"])
def test_metadata_replaced_whole_takes_our_record_with_it(applied: Any, address: str, team: str) -> None:
    kind, _, name = address.partition("/")
    applied.ask(PATCHES[kind], **{kind: [{"id": name, "metadata": {"team": team}}]}, action="overwrite")
    report = look(applied)
    (entry,) = report.with_status(DriftStatus.DRIFTED)
    assert (str(entry.address), report.exit_code) == (address, 2)
    assert "record" in entry.message
    assert moved(report)[address] == ({"metadata.team"} if team == "theirs" else set())
    applied.apply(*applied.manifests, rails=applied.everything)
    assert look(applied).exit_code == 0


def test_the_apps_metadata(applied: Any) -> None:
    action = {"op": "merge", "merge_conflict_resolution": "overwrite"}
    applied.ask(
        "PatchApps",
        apps=[{"id": "app", "metadata": {"team": "theirs"}}],
        metadata_action=action,
        action="overwrite",
        user_app_id={"user_id": "me-local"},
    )
    assert moved(look(applied)) == {"apps/app": {"metadata.team"}}
    applied.apply(*applied.manifests)
    assert look(applied).exit_code == 0


def test_plan_and_drift_send_nothing_but_reads(applied: Any) -> None:
    applied.ask("PatchModels", models=[{"id": "m", "description": "theirs"}], action="merge")
    applied.emulator.calls.reset()
    for refresh in ("stamp", "full"):
        applied.plan(*applied.manifests, prune=True, refresh=refresh)
        applied.plan(*applied.manifests, destroying=True)
        look(applied, refresh=refresh)
    counts = applied.emulator.calls.counts
    assert counts
    assert [rpc for rpc in counts if rpc_class(rpc) is not RpcClass.READ] == []


# ---- protection


def test_a_protected_workflow_whose_file_is_gone_is_refused_by_name(world: Any, documents: Any) -> None:
    rest = [documents.app(), documents.concept("p"), documents.thresholder("m", p=0.5)]
    world.apply(*rest, documents.workflow("precious", {"protect": True}, n="m"))
    planned = world.plan(*rest, prune=True).plan
    assert [(r.rule, str(r.address)) for r in planned.refusals] == [("protected", "workflows/precious")]
    world.forget_calls()
    with pytest.raises(pipeline.Refused):
        world.carry_out(world.plan(*rest, prune=True))
    assert world.writes == []
    allowed = Rails(allowed=frozenset({("protected", "workflows/precious")}))
    assert world.actions(world.plan(*rest, prune=True, rails=allowed)) == {"workflows/precious": "delete"}
