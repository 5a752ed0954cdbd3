"""`init`: what it writes can be planned and applied at once, and what is there is never overwritten."""

from pathlib import Path

import pytest
import yaml

from reconciler.formatting import formatted

MANIFESTS = ["manifests/app.yaml", "manifests/concepts.yaml", "manifests/workflow.yaml", "manifests/reconciler.yaml"]
ROOT = Path(__file__).parents[2]


def written(shell):
    return sorted(p.relative_to(shell.folder).as_posix() for p in shell.folder.rglob("*") if p.is_file())


def test_what_it_writes_is_valid_plans_applies_and_is_then_in_sync(shell, emulator):
    ended = shell("init", "--app-id", "shop")
    assert ended.code == 0
    assert written(shell) == sorted([*MANIFESTS, ".gitignore"])
    assert shell("validate", "manifests").code == 0
    assert shell("plan", "manifests", "--detailed-exitcode").code == 2
    assert shell("apply", "manifests", "--auto-approve").code == 0
    assert shell("plan", "manifests", "--detailed-exitcode").code == 0
    assert "me-local/shop" in shell("drift", "manifests").out + shell("drift", "manifests", "--format", "json").out


def test_each_file_has_the_layout_of_fmt(shell):
    shell("init")
    for name in MANIFESTS:
        text = (shell.folder / name).read_text()
        assert formatted(text) == text


def test_what_is_there_is_left_and_named(shell):
    shell.write("manifests/app.yaml", "mine\n")
    ended = shell("init")
    assert "exists   manifests/app.yaml\n" in ended.out
    assert "created  manifests/concepts.yaml\n" in ended.out
    assert (shell.folder / "manifests/app.yaml").read_text() == "mine\n"


def test_a_gitignore_gets_only_the_lines_that_it_lacks(shell):
    shell.write(".gitignore", "*.pyc\n.reconciler/")
    assert "extended .gitignore\n" in shell("init").out
    assert (shell.folder / ".gitignore").read_text() == "*.pyc\n.reconciler/\n*.plan.json\n"
    assert "exists   .gitignore\n" in shell("init").out


@pytest.mark.parametrize(
    ("ci", "place", "jobs"),
    [
        ("github", ".github/workflows/clarifai.yml", {"plan", "live"}),
        ("gitlab", ".gitlab/clarifai.yml", {"plan", "apply", "drift"}),
    ],
)
def test_a_pipeline_on_request(shell, ci, place, jobs):
    ended = shell("init", "shop", "--ci", ci)
    assert f"created  shop/{place}\n" in ended.out
    pipeline = yaml.safe_load((shell.folder / "shop" / place).read_text())
    assert jobs <= set(pipeline.get("jobs", pipeline))


def test_the_id_of_the_app_comes_from_the_flag_or_the_environment(shell):
    shell("init", "a", CLARIFAI_APP_ID="from-env")
    shell("init", "b", "--app-id", "from-flag", CLARIFAI_APP_ID="from-env")
    assert "{name: from-env}" in (shell.folder / "a/manifests/app.yaml").read_text()
    assert "{name: from-flag}" in (shell.folder / "b/manifests/app.yaml").read_text()


@pytest.mark.parametrize("name", ["two words", "-a", "a" * 49, "a/b"])
def test_an_id_that_no_app_can_have(shell, name):
    ended = shell("init", f"--app-id={name}")
    assert ended.code == 1
    assert "cannot be the id of an app" in ended.err
    assert written(shell) == []


def test_a_folder_that_cannot_be_made(shell):
    shell.write("manifests", "a file")
    ended = shell("init")
    assert ended.code == 1
    assert "manifests/app.yaml: cannot be written" in ended.err
