"""`fmt`: which files it writes, what it says, codes 0, 3 and 8."""

import pytest

WILD = "apiVersion:   clarifai.reconciler/v1\nkind: Concept\nmetadata:\n    name: hat\n"
TIDY = "apiVersion: clarifai.reconciler/v1\nkind: Concept\nmetadata:\n  name: hat\n"
BROKEN = "apiVersion: clarifai.reconciler/v1\nkind: [\n"


def test_files_that_change_are_written_and_named(shell):
    shell.write("a/wild.yaml", WILD)
    shell.write("a/tidy.yml", TIDY)
    shell.write("a/data.json", "{}")
    ended = shell("fmt", "a")
    assert (ended.code, ended.out, ended.err) == (0, "a/wild.yaml\n", "")
    assert (shell.folder / "a/wild.yaml").read_text() == TIDY
    assert shell("fmt", "a").out == ""


def test_check_writes_nothing_and_fails(shell):
    shell.write("wild.yaml", WILD)
    ended = shell("fmt", "--check")
    assert (ended.code, ended.out) == (8, "wild.yaml\n")
    assert "1 of 1 file" in ended.err
    assert (shell.folder / "wild.yaml").read_text() == WILD
    shell("fmt")
    assert shell("fmt", "--check").code == 0


def test_diff_shows_what_changes(shell):
    shell.write("wild.yaml", WILD)
    ended = shell("fmt", "--check", "--diff")
    assert ended.code == 8
    assert "-    name: hat\n+  name: hat\n" in ended.out


def test_standard_input_goes_to_standard_output(shell):
    ended = shell("fmt", "-", stdin=WILD)
    assert (ended.code, ended.out) == (0, TIDY)


def test_what_is_broken_is_named_with_its_place_and_the_others_are_written(shell):
    shell.write("broken.yaml", BROKEN)
    shell.write("wild.yaml", WILD)
    ended = shell("fmt")
    assert (ended.code, ended.out) == (3, "wild.yaml\n")
    assert "broken.yaml:3:1: error: not valid YAML" in ended.err
    assert (shell.folder / "broken.yaml").read_text() == BROKEN


def test_a_layout_that_cannot_change_is_said_and_left(shell):
    shell.write("odd.yaml", f"{TIDY}spec:\n  metadata:\n    ? k\n    : v\n")
    ended = shell("fmt")
    assert ended.code == 3
    assert "odd.yaml:" in ended.err
    assert "cannot be formatted" in ended.err


@pytest.mark.parametrize("words", [("fmt", "--format", "json"), ("explain", "--format", "json")])
def test_there_is_no_form_for_programs(shell, words):
    ended = shell(*words)
    assert ended.code == 1
    assert "has only text" in ended.err


def test_a_path_that_is_not_there(shell):
    ended = shell("fmt", "nowhere")
    assert ended.code == 3
    assert "nowhere:1:1: error: no such file or folder" in ended.err
