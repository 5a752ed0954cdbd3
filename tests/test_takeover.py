"""Export and adoption: what is written down, what is left out and said so, and that nothing but records is written."""

import dataclasses
from typing import Any

import pytest

from reconciler import takeover
from reconciler.client.api import ReadOnlyApi
from reconciler.core.diagnostics import ReconcilerError
from reconciler.emulator.switches import Switches
from reconciler.report import as_manifests

MAIN_MODEL = {"id": "general-image-recognition", "user_id": "clarifai", "app_id": "main"}
PINNED = {**MAIN_MODEL, "model_version": {"id": "aa7f35c01e0642fda5cf400f543e7c40"}}
RECORDS = {"PatchApps", "PatchModels", "PatchModelVersions", "PatchWorkflows"}


def export(world: Any) -> dict[str, Any]:
    """Kind/name -> document."""
    found = takeover.export_app(ReadOnlyApi(world.api), world.scope)
    return {f"{each.kind}/{each.name}": each for each in found.documents}


def text(world: Any) -> str:
    return as_manifests.stream(takeover.export_app(ReadOnlyApi(world.api), world.scope))


def adopt(world: Any, *manifests: Any, **options: Any) -> Any:
    adoption = takeover.adoption(world.plan(*manifests, **options))
    assert world.carry_out(adoption.planned).complete
    return adoption


def with_exported(world: Any) -> str:
    file = world.folder / "exported.yaml"
    file.write_text(text(world))
    return str(file)


@pytest.fixture
def foreign(world: Any) -> Any:
    """An app that others made by bare calls: two versions of a thresholder, one of them in a workflow."""
    world.api.call("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app"}])
    world.ask("PostConcepts", concepts=[{"id": "p"}, {"id": "q", "name": "Q"}])
    world.ask("PostModels", models=[{"id": "thr", "model_type_id": "concept-thresholder"}])
    for value in 0.25, 0.5:
        info = {"data": {"concepts": [{"id": "p", "value": value}]}, "params": {"concept_threshold_type": 1}}
        world.ask("PostModelVersions", model_id="thr", model_versions=[{"output_info": info}])
    newest, oldest = (version.id for version in world.versions("thr"))
    for name, version in ("new", newest), ("old", oldest):
        nodes = [
            {"id": "see", "model": PINNED},
            {
                "id": "cut",
                "model": {"id": "thr", "model_version": {"id": version}},
                "node_inputs": [{"node_id": "see"}],
            },
        ]
        world.ask("PostWorkflows", workflows=[{"id": name, "nodes": nodes}])
    return world


def test_only_what_the_service_does_not_fill_in_is_written(foreign: Any) -> None:
    found = export(foreign)
    assert found["Concept/p"].spec == {}
    assert found["Concept/q"].spec == {"name": "Q"}
    assert found["App/app"].spec == {"default_workflow": {"id": "Universal"}}
    assert found["Model/thr"].spec == {
        "model_type_id": "concept-thresholder",
        "model_version": {
            "output_info": {
                "data": {"concepts": [{"id": "p", "value": 0.5}]},
                "params": {"concept_threshold_type": "GREATER_THAN"},
            }
        },
    }


def test_a_pin_of_the_newest_version_of_our_own_model_is_left_open(foreign: Any) -> None:
    found = export(foreign)
    newest, oldest = (version.id for version in foreign.versions("thr"))
    see, cut = found["Workflow/new"].spec["nodes"]
    assert (see["model"], cut["model"]) == (PINNED, {"id": "thr"})
    assert found["Workflow/old"].spec["nodes"][1]["model"] == {"id": "thr", "model_version": {"id": oldest}}
    assert newest not in text(foreign)


def test_an_older_pin_stays_when_the_model_moves_on(foreign: Any) -> None:
    file = with_exported(foreign)
    adopt(foreign, file)
    assert foreign.plan(file).plan.summary.empty
    (foreign.folder / "exported.yaml").write_text(text(foreign).replace("value: 0.5", "value: 0.75"))
    assert foreign.actions(foreign.plan(file)) == {"models/thr": "update", "workflows/new": "update"}


def test_the_copy_of_a_base_workflow_is_left_out_unless_it_is_used(foreign: Any) -> None:
    assert "Workflow/Universal" in export(foreign)
    default = {"id": "app", "default_workflow": {"id": "new"}}
    foreign.ask("PatchApps", apps=[default], action="overwrite")
    assert "Workflow/Universal" not in export(foreign)


def test_adopting_writes_nothing_but_records(foreign: Any) -> None:
    file, before = with_exported(foreign), text(foreign)
    foreign.forget_calls()
    assert not adopt(foreign, file).left
    assert set(foreign.writes) <= RECORDS
    assert len(foreign.versions("thr")) == 2
    assert text(foreign) == before
    foreign.forget_calls()
    adopt(foreign, file)
    assert foreign.writes == []


def test_what_differs_is_named_and_left_alone(foreign: Any, documents: Any) -> None:
    wanted = [
        documents.concept("p"),
        documents.concept("q", name="other"),
        documents.concept("new"),
        documents.thresholder("thr", p=0.9),
    ]
    adoption = adopt(foreign, *wanted, owner="set", app_id="app")
    assert [d.summary for d in adoption.left] == [
        "concepts/q is not adopted: it differs in name",
        "concepts/new is not adopted: it is not in the app",
        "models/thr is not adopted: it differs in model_version.output_info.data.concepts.p.value",
    ]
    assert len(foreign.versions("thr")) == 2
    assert "new" not in {concept.id for concept in foreign.listed("ListConcepts")}
    left = foreign.plan(*wanted, owner="set", app_id="app")
    assert "concepts/p" not in foreign.actions(left)


def test_a_training_that_failed_is_named_for_what_it_is(foreign: Any) -> None:
    foreign.ask("PostModels", models=[{"id": "learns", "model_type_id": "embedding-classifier"}])
    made = foreign.ask("PostModelVersions", model_id="learns", model_versions=[{"output_info": {}}]).model.model_version
    for _ in range(9):  # each look takes the training a step further
        seen = foreign.ask("GetModelVersion", model_id="learns", version_id=made.id).model_version
    assert seen.status.code == 21110
    (left,) = adopt(foreign, with_exported(foreign)).left
    assert left.summary.startswith("models/learns is not adopted: its last training failed: 21110 ")
    assert left.summary.endswith("; `apply` starts another one, which is billed")


def test_what_another_set_owns_is_left_alone(foreign: Any) -> None:
    file = with_exported(foreign)
    adopt(foreign, file)
    concepts = [d for d in export(foreign).values() if d.kind == "Concept"]
    (foreign.folder / "theirs.yaml").write_text("---\n".join(map(as_manifests.document, concepts)))
    adoption = takeover.adoption(foreign.plan(str(foreign.folder / "theirs.yaml"), owner="them", app_id="app"))
    assert all("belongs to owner 'app'" in problem.summary for problem in adoption.left)
    assert adoption.planned.plan.summary.empty


def test_owner_and_protection_are_part_of_what_is_exported(world: Any, documents: Any) -> None:
    app = documents.app(lifecycle={"owner": "shop", "protect": True})
    world.apply(app, documents.concept("p", lifecycle={"protect": True}))
    found = export(world)
    assert found["App/app"].lifecycle == {"protect": True, "owner": "shop"}
    assert found["Concept/p"].lifecycle == {"protect": True}
    assert world.plan(with_exported(world)).plan.summary.empty


def test_our_own_walkthrough_comes_back_without_a_change(world: Any, walkthrough: str) -> None:
    world.enter("people-app")
    world.apply(walkthrough)
    assert world.plan(with_exported(world)).plan.summary.empty


SHOWN = (
    "enum_echo", "default_params", "output_info", "version_metadata", "main_models", "node_order", "hypernym",
    "relation_object_user", "list_metadata", "concept_metadata", "threshold_type", "concept_order", "old_model_ids",
)  # fmt: skip
OTHERWISE = [
    {each.name: value}
    for each in dataclasses.fields(Switches)
    if each.name in SHOWN
    for value in each.metadata["values"][1:]
    if (each.name, value) != ("version_metadata", "dropped")  # apply refuses to work with that
]


@pytest.mark.parametrize("switches", OTHERWISE, ids=lambda switches: "=".join(*switches.items()))
def test_however_the_service_shows_it_it_can_be_taken_over(worlds: Any, walkthrough: str, switches: Any) -> None:
    world = worlds(**switches)
    world.enter("people-app")
    world.apply(walkthrough)
    file = with_exported(world)
    assert not adopt(world, file).left
    assert world.plan(file).plan.summary.empty


def test_what_is_hidden_is_left_out_with_a_comment(world: Any) -> None:
    world.api.call("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app"}])
    world.ask("PostModels", models=[{"id": "m", "model_type_id": "any-to-any", "image": {"url": "https://x/y.png"}}])
    info = {"params": {"secrets": [{"id": "token", "value": "hunter2"}], "size": 3, "bell\x07\nkind: App": 1}}
    world.ask("PostModelVersions", model_id="m", model_versions=[{"output_info": info}])
    model = export(world)["Model/m"]
    assert model.spec["model_version"] == {"output_info": {"params": {"size": 3}}}
    said = as_manifests.document(model)
    assert "params.secrets (secret" in said
    assert "image.url (hosted" in said
    assert r"params.bell\u0007\nkind: App (holds control characters" in said
    assert "hunter2" not in text(world)
    assert not adopt(world, with_exported(world)).left


def test_texts_that_look_like_variables_stay_texts(world: Any) -> None:
    world.api.call(
        "PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app", "description": "${HOME} $${X}"}]
    )
    file = with_exported(world)
    assert not adopt(world, file).left


def test_an_app_that_is_not_there_is_an_error(world: Any) -> None:
    with pytest.raises(ReconcilerError, match="there is no app me-local/app"):
        text(world)


def test_an_operator_without_a_version_stays_without_one(world: Any) -> None:
    world.api.call("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app"}])
    for number, kind in enumerate(("annotation-writer", "concept-thresholder", "embedding-classifier", "a-new-type")):
        world.ask("PostModels", models=[{"id": f"m{number}", "model_type_id": kind}])
    said = {name: each.spec.get("model_version", "unsaid") for name, each in export(world).items() if "Model/" in name}
    assert said == {"Model/m0": None, "Model/m1": None, "Model/m2": "unsaid", "Model/m3": "unsaid"}
    file = with_exported(world)
    assert not adopt(world, file).left
    assert world.plan(file).plan.summary.empty
    world.ask(
        "PostModelVersions", model_id="m1", model_versions=[{"output_info": {"params": {"concept_threshold_type": 1}}}]
    )
    assert world.plan(file).plan.summary.empty  # it is theirs
