"""From manifests to the desired state: the same, however many processes read the files."""

import io
import shutil
from pathlib import Path

import pytest

from reconciler.manifests import read_manifests
from reconciler.stages import parallel
from reconciler.stages.resolve import Options
from tests.core.test_sdk_workflow import CROP

HEAD = "apiVersion: clarifai.reconciler/v1\n"
CONCEPT = HEAD + "kind: Concept\nmetadata: {name: %s}\nspec: {name: '%s'}\n"
ROOT = Path(__file__).parents[1]
SETS = {
    "right": {
        "a.yaml": HEAD + "kind: App\nmetadata: {name: app}\nspec: {description: d}\n",
        "b.yaml": CONCEPT % ("cat", "${WORD}"),
        "c.yaml": CONCEPT % ("dog", "Dog"),
        "d.yaml": CROP,
        "e.yaml": CROP.replace("crop-faces", "crop-again"),
    },
    "wrong": {
        "a.yaml": CONCEPT % ("cat", "${NOBODY}"),
        "b.yaml": CONCEPT % ("cat", "Cat") + "---\n" + CONCEPT % ("a/b", "x"),
        "c.yaml": CROP,
        "d.yaml": CROP.replace("crop-faces", "crop-again").replace("1.2", "1.3"),
        "e.yaml": "{",
        "f.yaml": HEAD + "kind: Cat\nmetadata: {name: x}\nspec: {}\n",
        "g.yaml": b"\xff",
    },
}


def write(folder, files):
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def read(tmp_path, monkeypatch):
    def read_in(processes, **options):
        monkeypatch.setattr(parallel, "_processes", lambda size: processes)
        defaults = {"user_id": "me", "owner": "set", "variables": {"WORD": "a word"}, "offline": True}
        return read_manifests([str(tmp_path)], Options(**defaults | options))

    return read_in


@pytest.mark.parametrize("name", SETS)
def test_any_number_of_processes_reads_the_same(name, read, tmp_path):
    write(tmp_path, SETS[name])
    alone = read(1)
    assert alone.ok == (name == "right")
    assert len(alone.diagnostics) >= (7 if name == "wrong" else 0)
    for processes in range(2, 9):
        assert read(processes) == alone


@pytest.mark.parametrize("name", ["auto-annotation", "custom-model"])
def test_the_examples_read_the_same_in_several_processes(name, read, tmp_path):
    shutil.copytree(ROOT / "manifests" / name, tmp_path, dirs_exist_ok=True)
    alone = read(1)
    assert alone.ok
    assert read(3) == alone
    positions = [resource.positions for resource in alone.state.resources.values()]
    assert positions == [resource.positions for resource in read(3).state.resources.values()]


def test_standard_input_is_read_by_this_process(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "_processes", lambda size: 3)
    write(tmp_path, SETS["right"])
    stdin = io.BytesIO((CONCEPT % ("cow", "Cow")).encode())
    read = read_manifests(
        [str(tmp_path), "-"], Options(owner="set", variables={"WORD": "w"}, offline=True), stdin=stdin
    )
    assert {address.id for address in read.state.resources} >= {"cow", "dog", "cat"}
    assert stdin.read() == b""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "the folder holds no manifests"),
        ("kind: App\n  metadata: {name: shop}\n", "not valid YAML"),
        (HEAD + "kind: Ap\nmetadata: {name: shop}\n", "unknown kind 'Ap'"),
    ],
)
def test_what_an_unread_document_may_have_said_is_not_missed(content, said, tmp_path):
    if content:
        write(tmp_path, {"a.yaml": content})
    (problem,) = read_manifests([str(tmp_path)], Options()).diagnostics
    assert said in problem.summary
