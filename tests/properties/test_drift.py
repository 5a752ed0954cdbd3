"""Somebody else edits the live app: what is declared is shown as drift and repaired, everything else is left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.core.change import Action, Cause
from reconciler.core.tree import ABSENT, same

OLD_VERSION, NEW_VERSION = "aa9ca48295b37401f8af92ad1af0d91d", "aa7f35c01e0642fda5cf400f543e7c40"
PUBLIC = {
    "id": "general-image-recognition", "user_id": "clarifai", "app_id": "main", "model_version": {"id": OLD_VERSION},
}  # fmt: skip
CONCEPTS = ("model_version", "output_info", "data", "concepts")
Seen = tuple[str, tuple[str, ...], Any, Any]
"""Where the plan must show drift: address, path, the live value, the manifest's value."""


def nodes_of(world: Any) -> list[Any]:
    return list(world.ask("GetWorkflow", workflow_id="uses-0").workflow.nodes)


def patch_nodes(world: Any, nodes: list[Any]) -> None:
    world.ask("PatchWorkflows", workflows=[{"id": "uses-0", "nodes": nodes}], action="overwrite")


# ---- edits of what is declared


def repins_a_node(world: Any) -> Seen:
    nodes = nodes_of(world)
    for node in nodes:
        if node.id == "public":
            node.model.model_version.id = OLD_VERSION
    patch_nodes(world, nodes)
    return "workflows/uses-0", ("nodes", "public", "model", "model_version", "id"), OLD_VERSION, NEW_VERSION


def adds_a_node(world: Any) -> Seen:
    patch_nodes(world, [*nodes_of(world), {"id": "extra", "model": PUBLIC}])
    return "workflows/uses-0", ("nodes", "extra"), {"model": PUBLIC}, ABSENT


def changes_what_a_node_reads(world: Any) -> Seen:
    nodes = nodes_of(world)
    for node in nodes:
        if node.id == "cut-again":
            node.node_inputs[0].node_id = "public"
    patch_nodes(world, nodes)
    path = ("nodes", "cut-again", "node_inputs")
    return "workflows/uses-0", path, [{"node_id": "public"}], [{"node_id": "cut"}]


def describes(kind: str, name: str) -> Callable[[Any], Seen]:
    def edit(world: Any) -> Seen:
        items = [{"id": name, "description": "theirs"}]
        world.ask(f"Patch{kind}s", **{f"{kind.lower()}s": items}, action="overwrite")
        return f"{kind.lower()}s/{name}", ("description",), "theirs", "ours"

    edit.__name__ = f"describes_the_{kind.lower()}"
    return edit


def redefines_a_concept(world: Any) -> Seen:
    world.ask("PatchConcepts", concepts=[{"id": "limit", "definition": "theirs"}], action="overwrite")
    return "concepts/limit", ("definition",), "theirs", "ours"


def changes_metadata_deep_inside(world: Any) -> Seen:
    world.ask("PatchModels", models=[{"id": "edited", "metadata": {"deep": {"in": 1}}}], action="merge")
    return "models/edited", ("metadata", "deep", "in"), 1, "ours"


def turns_true_into_one(world: Any) -> Seen:
    world.ask("PatchModels", models=[{"id": "edited", "metadata": {"deep": {"flag": 1}}}], action="merge")
    return "models/edited", ("metadata", "deep", "flag"), 1, True


def takes_a_metadata_key_away(world: Any) -> Seen:
    found = world.ask("GetWorkflow", workflow_id="uses-0").workflow.metadata
    del found.fields["team"]
    world.ask("PatchWorkflows", workflows=[{"id": "uses-0", "metadata": found}], action="overwrite")
    return "workflows/uses-0", ("metadata", "team"), ABSENT, "ours"


def posts_a_version_with_another_threshold(world: Any) -> Seen:
    post_version(world, ("limit", 0.75), ("limit-2", 0.25))
    return "models/edited", (*CONCEPTS, "limit", "value"), 0.75, 0.5


def posts_a_version_with_one_concept_more(world: Any) -> Seen:
    post_version(world, ("limit", 0.5), ("limit-2", 0.25), ("limit-3", 1))
    return "models/edited", (*CONCEPTS, "limit-3"), {"value": 1}, ABSENT


def posts_a_version_with_one_concept_less(world: Any) -> Seen:
    post_version(world, ("limit", 0.5))
    return "models/edited", (*CONCEPTS, "limit-2"), ABSENT, {"value": 0.25}


def post_version(world: Any, *thresholds: tuple[str, float]) -> None:
    concepts = [{"id": name, "value": value} for name, value in thresholds]
    params = {"concept_threshold_type": "GREATER_THAN"}
    version = {"output_info": {"data": {"concepts": concepts}, "params": params}}
    if len(concepts) > 2:
        world.ask("PostConcepts", concepts=[{"id": "limit-3"}])
    world.ask("PostModelVersions", model_id="edited", model_versions=[version])


def patches_params_in_place(world: Any) -> Seen:
    newest = world.ask("GetModel", model_id="edited").model.model_version.id
    info = {"params": {"concept_threshold_type": "LESS_THAN"}}
    versions = [{"id": newest, "output_info": info}]
    world.ask("PatchModelVersions", model_id="edited", model_versions=versions, action="merge")
    path = ("model_version", "output_info", "params", "concept_threshold_type")
    return "models/edited", path, "LESS_THAN", "GREATER_THAN"


def switches_the_default_workflow(world: Any) -> Seen:
    default = {"id": "General", "app_id": "main", "user_id": "clarifai"}
    world.ask("PatchApps", apps=[{"id": "app", "default_workflow": default}], action="overwrite")
    return "apps/app", ("default_workflow", "id"), "General", "uses-0"


EDITS = [
    repins_a_node,
    adds_a_node,
    changes_what_a_node_reads,
    describes("Workflow", "uses-0"),
    describes("Model", "edited"),
    describes("App", "app"),
    redefines_a_concept,
    changes_metadata_deep_inside,
    turns_true_into_one,
    takes_a_metadata_key_away,
    posts_a_version_with_another_threshold,
    posts_a_version_with_one_concept_more,
    posts_a_version_with_one_concept_less,
    patches_params_in_place,
    switches_the_default_workflow,
]


def plain(value: Any) -> Any:
    """Without the name that some reads show of a concept."""
    return {key: item for key, item in value.items() if key != "name"} if isinstance(value, dict) else value


def check_drift(world: Any, path: str, edit: Callable[[Any], Seen], *, clean: bool = True, **options: Any) -> None:
    """The plan shows this drift, the apply repairs it, and then there is nothing to do.

    With `clean` the edit touched nothing else: every other change only follows.
    """
    address, field, live, wanted = edit(world)
    planned = world.plan(path, **options)
    change = next((c for c in planned.plan.changes if str(c.address) == address), None)
    assert change is not None, f"nothing is planned for {address}"
    shown = {f.path: f for f in change.fields}
    assert field in shown, shown
    found = shown[field]
    assert found.cause is Cause.DRIFT
    assert same(plain(found.before), live), found.before
    assert same(found.after, wanted), found.after
    others = [f for c in planned.plan.changes for f in c.fields if (c, f.path) != (change, field)]
    assert {f.cause for f in others} <= ({Cause.FOLLOWS} if clean else {Cause.FOLLOWS, Cause.DRIFT})
    result = world.carry_out(planned)
    assert result.complete, [outcome.message for outcome in result.outcomes]
    assert world.plan(path, refresh="full").plan.changes == ()


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_an_edit_of_what_is_declared_is_drift_and_is_repaired(worlds, examples, known, edit, tmp_path):
    def holds(manifests: Any) -> None:
        world, path = worlds(), manifests.file(tmp_path)
        world.apply(path)
        check_drift(world, path, edit)

    examples.check(known, holds, 4)


def possible(edit: Callable[[Any], Seen], switches: dict[str, Any]) -> bool:
    """Whether the service lets the edit be made, and then undone."""
    if edit is patches_params_in_place:
        return bool(switches["version_patch"] == "in-place")
    return edit is not adds_a_node or bool(switches["nodes_overwrite"] == "replace")


def test_every_drift_is_repaired_with_every_pair_of_switches(worlds, examples, known, row, tmp_path):
    def holds(manifests: Any) -> None:
        world = worlds(**row)
        path = few_of(manifests).file(tmp_path)
        world.apply(path)
        for edit in EDITS:
            if possible(edit, row):
                check_drift(world, path, edit, clean=row["overwrite_absent"] == "kept", refresh="full")

    examples.check(known, holds, 1)


def test_a_node_that_the_service_does_not_take_away_fails_the_step(worlds, documents):
    world = worlds(nodes_overwrite="by-id")
    manifests = [documents.app(), documents.concept("p"), documents.thresholder("m"), documents.workflow("w", n="m")]
    world.apply(*manifests)
    nodes = [*world.ask("GetWorkflow", workflow_id="w").workflow.nodes, {"id": "extra", "model": PUBLIC}]
    world.ask("PatchWorkflows", workflows=[{"id": "w", "nodes": nodes}], action="overwrite")
    result = world.carry_out(world.plan(*manifests))
    failed = [outcome.message for outcome in result.outcomes if outcome.status == "failed"]
    assert failed == ["PatchWorkflows was accepted, but of workflows/w the service shows other values: nodes"]


# ---- deletions behind our back


def delete_workflow(world: Any) -> str:
    default = {"id": "General", "app_id": "main", "user_id": "clarifai"}
    world.ask("PatchApps", apps=[{"id": "app", "default_workflow": default}], action="overwrite")
    world.ask("DeleteWorkflow", workflow_id="uses-0")
    return "workflows/uses-0"


def delete_relation(world: Any) -> str:
    found = next(r for r in world.listed("ListConceptRelations") if r.subject_concept.id == "limit")
    world.ask("DeleteConceptRelations", concept_id="limit", ids=[found.id])
    return "relations/limit.synonym.ai_98Xb0K3q@clarifai/main"


def delete_model(world: Any) -> str:
    world.ask("DeleteModel", model_id="edited")
    return "models/edited"


@pytest.mark.parametrize("delete", [delete_workflow, delete_relation, delete_model], ids=lambda d: d.__name__)
def test_an_object_deleted_behind_our_back_is_made_again(worlds, examples, known, delete, tmp_path):
    def holds(manifests: Any) -> None:
        world, path = worlds(), manifests.file(tmp_path)
        world.apply(path)
        address = delete(world)
        planned = world.plan(path)
        change = planned.plan.change_of(world.address(address))
        assert (change.action, change.cause) == (Action.CREATE, Cause.DRIFT)
        result = world.carry_out(planned)
        assert result.complete, [outcome.message for outcome in result.outcomes]
        assert world.plan(path, refresh="full").plan.changes == ()

    examples.check(known, holds, 4)


def test_a_version_deleted_behind_our_back_is_posted_again_and_pinned(worlds, examples, known, tmp_path):
    def holds(manifests: Any) -> None:
        world, path = worlds(), manifests.file(tmp_path)
        world.apply(path)
        gone = world.versions("edited")[0].id
        world.ask("DeleteModelVersion", model_id="edited", version_id=gone)
        planned = world.plan(path)
        assert {f.cause for f in planned.plan.change_of(world.address("models/edited")).fields} == {Cause.DRIFT}
        result = world.carry_out(planned)
        assert result.complete, [outcome.message for outcome in result.outcomes]
        assert world.plan(path, refresh="full").plan.changes == ()
        assert world.pins("uses-0")["cut"] == ("edited", world.versions("edited")[0].id) != ("edited", gone)

    examples.check(known, holds, 4)


# ---- what nobody declared


def adds_foreign_things(world: Any) -> None:
    """Fields nobody wrote on objects of ours, and objects that are not ours."""
    world.ask("PatchModels", models=[{"id": "edited", "notes": "theirs", "metadata": {"x": 1}}], action="merge")
    found = world.ask("GetWorkflow", workflow_id="uses-0").workflow.metadata
    found.update({"x": {"deep": ["theirs"]}})
    world.ask("PatchWorkflows", workflows=[{"id": "uses-0", "notes": "theirs", "metadata": found}], action="overwrite")
    nodes = nodes_of(world)
    for node in nodes:
        if node.id == "public":
            node.suppress_output = True
            node.output_info_override.params.update({"min_value": 0.5})
    patch_nodes(world, nodes)
    world.ask("PatchConcepts", concepts=[{"id": "limit", "metadata": {"x": 1}}], action="overwrite")
    world.ask("PostConcepts", concepts=[{"id": "stranger"}])
    world.ask("PostConceptRelations", concept_id="stranger", concept_relations=[
        {"predicate": "hyponym", "object_concept": {"id": "limit"}}
    ])  # fmt: skip
    world.ask("PostModels", models=[{"id": "stranger", "model_type_id": "prompter"}])
    world.ask("PostModelVersions", model_id="stranger", model_versions=[{"description": "theirs"}])
    world.ask("PostWorkflows", workflows=[{"id": "stranger", "nodes": [{"id": "n", "model": PUBLIC}]}])


def theirs(world: Any) -> dict[str, Any]:
    """Everything that `adds_foreign_things` put there, as it is now."""
    ask = world.ask
    model, workflow = ask("GetModel", model_id="edited").model, ask("GetWorkflow", workflow_id="uses-0").workflow
    public = next(node for node in workflow.nodes if node.id == "public")
    concepts = [ask("GetConcept", concept_id=name).concept for name in ("limit", "stranger")]
    return {
        "model": (model.notes, model.metadata["x"]),
        "workflow": (workflow.notes, str(workflow.metadata["x"])),
        "node": (public.suppress_output, str(public.output_info_override)),
        "concept": str(concepts[0].metadata),
        "strangers": [
            str(concepts[1]),
            str(ask("GetModelOutputInfo", model_id="stranger").model),
            str(ask("GetWorkflow", workflow_id="stranger").workflow),
        ],
    }


def few_of(manifests: Any) -> Any:
    """The known objects alone: none of them asks for what some switch forbids."""
    return manifests.only("app", "limit", "limit-2", "related", "edited", "uses-0", "uses-1")


def test_what_nobody_declared_is_no_drift_and_stays_as_it_is(worlds, examples, known, tmp_path):
    def holds(manifests: Any) -> None:
        world, path = worlds(), manifests.file(tmp_path)
        world.apply(path)
        adds_foreign_things(world)
        before = world.snapshot()
        assert world.plan(path).plan.changes == ()
        assert world.plan(path, refresh="full").plan.changes == ()
        world.apply(path)
        assert world.snapshot() == before

    examples.check(known, holds, 10)


def test_what_nobody_declared_survives_edits_of_the_same_objects(worlds, examples, known, tmp_path):
    def holds(manifests: Any) -> None:
        world = worlds()
        world.apply(manifests.file(tmp_path))
        adds_foreign_things(world)
        before = theirs(world)
        world.apply(edit_everything(manifests).file(tmp_path))
        assert theirs(world) == before

    examples.check(known, holds, 10)


def test_what_nobody_declared_survives_with_every_pair_of_switches(worlds, examples, known, row, tmp_path):
    def holds(manifests: Any) -> None:
        world, few = worlds(**row), few_of(manifests)
        world.apply(few.file(tmp_path))
        adds_foreign_things(world)
        before = theirs(world)
        path = edit_everything(few).file(tmp_path)
        world.apply(path)
        assert world.plan(path, refresh="full").plan.changes == ()
        assert theirs(world) == before

    examples.check(known, holds, 1)


def edit_everything(manifests: Any) -> Any:
    """The same set with new values in every known object."""

    def threshold(spec: Any) -> None:
        spec["description"], spec["metadata"] = "edited", {"team": "edited", "deep": {"in": "edited"}}
        spec["model_version"]["output_info"]["data"]["concepts"][0]["value"] = 0.125

    def graph(spec: Any) -> None:
        spec["description"], spec["metadata"] = "edited", {"team": "edited"}
        spec["nodes"].append({"id": "one-more", "model": {"id": "edited"}, "node_inputs": [{"node_id": "public"}]})

    named = {"limit": lambda spec: spec.update(definition="edited"), "edited": threshold, "uses-0": graph}
    for name, change in named.items():
        manifests = manifests.edited(name, change)
    return manifests
