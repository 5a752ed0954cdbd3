"""The walkthrough to its end: what a picture's scores become as annotations, from the manifests of this repository."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.server import Emulator

SUCCESS, PENDING = 24150, 24151
PICTURES = {
    "sure": {"people": 0.9, "man": 0.8, "adult": 0.97},
    "unsure": {"people": 0.2, "man": 0.1, "adult": 0.6},
    "between": {"people": 0.7, "man": 0.3, "adult": 0.94},
    "at-the-threshold": {"people": 0.5},
    "nobody": {"dog": 0.99},
}


def url(name: str) -> str:
    return f"https://pictures.example/{name}.jpg"


@pytest.fixture
def taught(world: Any, tmp_path: Path) -> Iterator[Any]:
    """The walkthrough, applied to an emulator that was told what it sees in five pictures."""
    scores = tmp_path / "scores.yaml"
    lines = (f"{url(n)}:\n  concepts: {s}\n  embedding: [1, {i}]\n" for i, (n, s) in enumerate(PICTURES.items()))
    scores.write_text("".join(lines))
    shutil.copytree(Path(__file__).parents[1] / "manifests" / "auto-annotation", tmp_path / "auto-annotation")
    with Emulator(teach=scores) as emulator:
        told = type(world)(emulator, tmp_path)
        told.enter("people-app")
        told.apply(str(tmp_path / "auto-annotation"))
        yield told


def add(world: Any, picture: str, name: str = "") -> None:
    """Add a picture and wait until the default workflow is through with it."""
    image = {"url": url(picture), "allow_duplicate_url": True}
    world.ask("PostInputs", inputs=[{"id": name or picture, "data": {"image": image}}])
    deadline = time.monotonic() + 20
    while any(i.status.code != 30000 for i in world.listed("ListInputs")):
        assert time.monotonic() < deadline, world.listed("ListInputs")
        time.sleep(0.02)


def written(world: Any, name: str) -> dict[str, tuple[float, int, str]]:
    """Concept -> (value, status, user) of what the writers wrote about one picture."""
    listed = world.listed("ListAnnotations", input_ids=[name], user_ids=["me-local"], list_all_annotations=True)
    return {
        concept.id: (round(concept.value, 6), annotation.status.code, annotation.user_id)
        for annotation in listed
        if not annotation.input_level
        for concept in annotation.data.concepts
    }


@pytest.mark.parametrize(
    ("picture", "annotations"),
    [
        ("sure", {"people": (0.9, SUCCESS), "man": (0.8, SUCCESS), "adult": (0.97, SUCCESS)}),
        ("unsure", {"people": (0.2, PENDING), "man": (0.1, PENDING), "adult": (0.6, PENDING)}),
        ("between", {"people": (0.7, SUCCESS), "man": (0.3, PENDING), "adult": (0.94, PENDING)}),
        ("at-the-threshold", {}),
        ("nobody", {}),
    ],
)
def test_annotations_are_what_the_graph_implies(taught: Any, picture: str, annotations: dict[str, Any]) -> None:
    add(taught, picture)
    expected = {concept: (*told, "me-local") for concept, told in annotations.items()}
    assert written(taught, picture) == expected


def test_a_dry_run_writes_nothing(taught: Any) -> None:
    inputs = [{"data": {"image": {"url": url("sure")}}}]
    (result,) = taught.ask("PostWorkflowResults", workflow_id="auto-annotation", inputs=inputs).results
    passed = {c.id: round(c.value, 2) for o in result.outputs if o.model.id == "greater-than" for c in o.data.concepts}
    assert passed == PICTURES["sure"]
    assert taught.listed("ListAnnotations", list_all_annotations=True) == []


def test_a_workflow_that_is_not_the_default_writes_nothing(taught: Any) -> None:
    empty = {"id": "Empty", "app_id": "main", "user_id": "clarifai"}
    taught.ask("PatchApps", apps=[{"id": "people-app", "default_workflow": empty}], action="overwrite")
    add(taught, "sure")
    assert written(taught, "sure") == {}


def test_a_threshold_changed_in_git_changes_what_the_next_picture_gets_and_only_that(taught: Any) -> None:
    add(taught, "between")
    before = written(taught, "between")
    models = taught.folder / "auto-annotation" / "models.yaml"
    models.write_text(models.read_text().replace("{id: adult, value: 0.95}", "{id: adult, value: 0.93}"))
    taught.apply(str(taught.folder / "auto-annotation"))
    assert written(taught, "between") == before, "what is there stays"
    add(taught, "between", "next")
    assert written(taught, "next") == {**before, "adult": (0.94, SUCCESS, "me-local")}
