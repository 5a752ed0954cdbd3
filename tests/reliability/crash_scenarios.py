"""The runs that are killed at every call: what is there before, what is run, what must be there in the end.

Belongs here: values, and putting a scenario's start into a database. Does not belong here: killing
(`test_crash_matrix`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.emulator.server import Emulator
from reconciler.stages.guard import Rails
from tests.conftest import EVERYTHING, Documents, World

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "manifests" / "custom-model" / "pictures"
OTHER_OWNER = {"owner": "second", "app_id": "shop"}

Manifests = list[Any]


@dataclass(frozen=True)
class Scenario:
    """One command over one set of manifests."""

    name: str
    manifests: Manifests | Path
    """What the command reads."""
    versions: Mapping[str, int]
    """Model -> how many versions it has in the end, each of them ours."""
    command: str = "apply"
    flags: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """The same for a plan in the test's own process."""
    before: Manifests | None = None
    """What an earlier run has applied."""
    shared: bool = False
    """Whether the app also holds what others made."""
    teaches: bool = False
    """Whether the emulator is told the embeddings of the pictures."""
    app: str = "shop"

    def words(self, folder: Path) -> tuple[str, ...]:
        """The command line."""
        return (self.command, self.place(folder), "--auto-approve", *self.flags)

    def place(self, folder: Path) -> str:
        """Where the manifests are, written there if need be."""
        if isinstance(self.manifests, Path):
            return str(self.manifests)
        file = folder / "set.yaml"
        if not file.exists():
            file.write_text("\n---\n".join(map(json.dumps, self.manifests)))
        return str(file)

    def prepare(self, database: Path) -> None:
        """Make the database as it is before the run."""
        taught = _taught(database.with_suffix(".taught")) if self.teaches else None
        with Emulator(database, teach=taught) as emulator:
            world = World(emulator, database.parent)
            world.enter(self.app)
            if self.before is not None:
                world.apply(*self.before)
            if self.shared:
                _others(world)


def _taught(file: Path) -> Path:
    """Two concepts that lie apart: a training on them takes milliseconds and needs no net."""
    axes = {"brick": [1, 0.1], "grass": [0.1, 1]}
    answers = {str(PICTURES / f"{c}-{n}.jpg"): {"embedding": axes[c]} for c in axes for n in (1, 2)}
    file.write_text(json.dumps(answers))
    return file


def _others(world: World) -> None:
    """What other people and another manifest set have in the same app, and another app beside it."""
    make = world.documents
    world.ask("PostConcepts", concepts=[{"id": "theirs", "name": "Theirs"}])
    world.ask("PostModels", models=[{"id": "theirs", "model_type_id": "concept-thresholder", "notes": "mine"}])
    version = make.thresholder("theirs", theirs=0.3)["spec"]["model_version"]
    world.ask("PostModelVersions", model_id="theirs", model_versions=[version])
    world.ask("PostWorkflows", workflows=[{"id": "theirs", "nodes": [{"id": "n", "model": {"id": "theirs"}}]}])
    world.ask("PostInputs", inputs=[{"id": "theirs", "data": {"text": {"raw": "not yours"}}}])
    world.ask(
        "PatchApps",
        apps=[{"id": world.scope.app_id, "metadata": {"theirs": "kept"}}],
        action="overwrite",
        metadata_action={"op": "merge", "merge_conflict_resolution": "overwrite"},
    )
    second = [
        make.concept("second", definition="of the second set"),
        make.relation("second", "hyponym", "ai_8S2Vq3cR", app_id="main", user_id="clarifai"),
        make.thresholder("second", second=0.5),
        make.workflow("second", n="second"),
    ]
    world.apply(*second, **OTHER_OWNER)
    world.apply(make.app("another"), make.concept("elsewhere"))


# ---- the manifests


def _named(document: Any, **spec: Any) -> Any:
    """A document with more in its body."""
    return {**document, "spec": {**document["spec"], **spec}}


def _input(name: str, picture: str, label: str, source: str) -> Any:
    data = {"concepts": [{"id": label}], "metadata": {"source": source}}
    return Documents.document("Input", name, {"file": str(PICTURES / f"{picture}.jpg"), "data": data})


def everything(text: str = "first", threshold: float = 0.5, label: str = "p") -> Manifests:
    """Something of each kind; what the arguments say can be edited."""
    make = Documents()
    return [
        make.app("shop", description=text, default_workflow={"id": "flow"}),
        make.concept("p", name=f"P {text}"),
        make.concept("q"),
        make.concept("r", name="r", definition=text),
        make.relation("p", "hyponym", "q"),
        make.relation("q", "synonym", "ai_8S2Vq3cR", app_id="main", user_id="clarifai"),
        _named(make.thresholder("limit", p=threshold, q=0.5), description="Two of them"),
        make.thresholder("other", r=threshold),
        _named(make.thresholder("plain", p=0.9), description=text, notes=text),
        make.workflow("flow", a="limit", b="plain"),
        make.workflow("side", c="other", d="limit") | {"lifecycle": {"protect": False}},
        _input("one", "brick-1", label, text),
        _input("two", "grass-1", "q", "first"),
    ]


def _without(manifests: Manifests, *names: str) -> Manifests:
    return [m for m in manifests if (m["kind"], m["metadata"]["name"]) not in {tuple(n.split("/")) for n in names}]


def training(exclusive: bool = True) -> Manifests:
    """A model that learns from pictures, and a workflow around it that is the app's default."""
    make = Documents()
    embed = {"id": "general-image-embedding", "user_id": "clarifai", "app_id": "main"}
    output = {
        "data": {"concepts": [{"id": "brick"}, {"id": "grass"}]},
        "output_config": {"concepts_mutually_exclusive": exclusive},
    }
    spec = {"model_type_id": "embedding-classifier", "model_version": {"output_info": output}}
    return [
        make.app("shop", default_workflow={"id": "flow"}),
        make.concept("brick"),
        make.concept("grass"),
        *(_input(f"{label}-{n}", f"{label}-{n}", label, "git") for label in ("brick", "grass") for n in (1, 2)),
        make.document("Model", "texture", spec),
        make.thresholder("sure", brick=0.7, grass=0.7),
        make.workflow("flow", embed=embed, texture="texture", sure="sure"),
    ]


def replaced() -> Manifests:
    """The same set with one model of another type."""
    mapper = {"model_type_id": "concept-synonym-mapper", "model_version": {"output_info": {"params": {}}}}
    return [
        Documents.document("Model", "other", mapper) if m["metadata"]["name"] == "other" else m for m in everything()
    ]


OWN = {"limit": 1, "other": 1, "plain": 1}
REST = _without(everything(), "Workflow/side", "Model/other", "Input/two", "Concept/r")[:]
PRUNED = [m for m in REST if m["kind"] != "ConceptRelation"]

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "create-walkthrough", ROOT / "manifests" / "auto-annotation", app="people-app",
            versions=dict.fromkeys(("synonyms", "greater-than", "less-than", "write-success", "write-pending"), 1),
        ),
        Scenario("create-everything", everything(), OWN),
        Scenario(
            "change", everything("second", 0.75, label="q"), {"limit": 2, "other": 2, "plain": 1},
            before=everything(), shared=True,
        ),
        Scenario(
            "replace", replaced(), OWN, before=everything(), shared=True,
            flags=("--allow", "replace=models/other"), options={"rails": EVERYTHING},
        ),
        Scenario(
            "prune", PRUNED, {"limit": 1, "plain": 1}, before=everything(), shared=True,
            flags=("--prune", "--allow", "delete=*"), options={"prune": True, "rails": EVERYTHING},
        ),
        Scenario(
            "destroy", everything(), {}, "destroy", before=everything(), shared=True,
            options={"destroying": True, "rails": EVERYTHING},
        ),
        Scenario(
            "delete-app", everything(), {}, "destroy", ("--delete-app", "me-local/shop"), before=everything(),
            options={"destroying": True, "delete_app": True, "rails": Rails(EVERYTHING.allowed)},
        ),
        Scenario("train", training(), {"texture": 1, "sure": 1}, teaches=True),
        Scenario(
            "train-anew", training(exclusive=False), {"texture": 2, "sure": 1}, before=training(), teaches=True,
            flags=("--allow", "train=models/texture"), options={"rails": EVERYTHING}, shared=True,
        ),
    )
}  # fmt: skip
