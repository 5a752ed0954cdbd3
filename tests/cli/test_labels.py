"""`inputs add` and `annotations list`: pictures in, labels out, each with an end of its own."""

from pathlib import Path
from typing import Any

import pytest

PICTURES = Path(__file__).parents[2] / "manifests" / "custom-model" / "pictures"


@pytest.fixture
def shop(shell: Any, emulator: Any) -> Any:
    """A shell with an app, two pictures in a folder, and a file that is none."""
    shell.manifests("brick")
    assert shell("apply", "--auto-approve").code == 0
    for name in ("b.jpg", "deep/a.jpg"):
        shell.write(f"pictures/{name}", "")
        (shell.folder / "pictures" / name).write_bytes((PICTURES / "brick-1.jpg").read_bytes())
    shell.write("pictures/notes.md", "not an input")
    shell.write("bad.jpg", "no picture")
    return shell


def add(shop: Any, *words: str) -> Any:
    return shop("inputs", "add", *words, "--app-id", "shop")


def listed(shop: Any, *words: str) -> Any:
    ended = shop("annotations", "list", "--app-id", "shop", "--format", "json", *words)
    assert ended.code == 0
    return ended.json["annotations"]


def test_a_folder_is_added_with_all_beneath_it_and_its_labels(shop):
    ended = add(shop, "pictures", "--id-from-name", "--concept", "brick", "--concept", "grass=0.25")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "pictures/b.jpg: added as b",
        "pictures/deep/a.jpg: added as a",
        "2 inputs added to me-local/shop.",
    ]
    found = {(a["input_id"], c["concept"], c["value"]) for a in listed(shop) for c in a["concepts"]}
    assert found == {(i, c, v) for i in "ab" for c, v in (("brick", 1.0), ("grass", 0.25))}


def test_one_that_fails_does_not_stop_the_others(shop):
    ended = add(shop, "pictures/b.jpg", "bad.jpg")
    assert ended.code == 6
    assert "bad.jpg: failed: 30" in ended.out
    assert ended.out.endswith("1 input added to me-local/shop, 1 failed.\n")
    assert add(shop, "bad.jpg").code == 1


def test_a_taken_id_is_told_and_changes_nothing(shop):
    add(shop, "pictures/b.jpg", "--id-from-name")
    ended = add(shop, "pictures", "--id-from-name")
    assert ended.code == 6
    assert "pictures/b.jpg: failed: 30100" in ended.out


def test_the_account_is_json_if_asked_for(shop):
    ended = add(shop, "pictures/b.jpg", "--no-wait", "--format", "json")
    (only,) = ended.json["inputs"]
    assert (only["source"], only["status"], ended.json["added"]) == ("pictures/b.jpg", "pending", 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.jpg"], "nowhere.jpg: there is no such file or folder"),
        (["pictures/notes.md"], "what is it?"),
        (["bad.jpg", "--concept", "x=2"], "--concept x=2: it is no label"),
        (["pictures/b.jpg", "pictures/b.jpg/../b.jpg"], "there is no such file"),
    ],
)
def test_what_cannot_be_added_is_said_before_anything_is_sent(shop, emulator, words, said):
    emulator.calls.reset()
    ended = add(shop, *words)
    assert (ended.code, said in ended.err) == (1, True)
    assert [entry.rpc for entry in emulator.calls.writes] == []


def test_two_files_cannot_have_one_id(shop):
    (shop.folder / "pictures" / "a.png").write_bytes(b"x")
    ended = add(shop, "pictures", "--id-from-name")
    assert ended.code == 1
    assert "would both be 'a'" in ended.err


def test_an_app_must_be_named_and_be_there(shop):
    assert "which app?" in shop("inputs", "add", "bad.jpg").err
    for words in (["inputs", "add", "bad.jpg"], ["annotations", "list"]):
        ended = shop(*words, "--app-id", "nowhere")
        assert (ended.code, "there is no app me-local/nowhere" in ended.err) == (1, True)


def test_annotations_are_chosen_by_status_concept_and_input(shop):
    add(shop, "pictures", "--id-from-name", "--concept", "brick")
    add(shop, "pictures/b.jpg", "--concept", "grass")
    assert {a["input_id"] for a in listed(shop, "--concept", "brick")} == {"a", "b"}
    assert len(listed(shop, "--input", "a")) == 1
    assert len(listed(shop, "--status", "success", "--status", "pending")) == 3
    assert listed(shop, "--status", "pending") == []
    ended = shop("annotations", "list", "--app-id", "shop", "--status", "sucess")
    assert (ended.code, "did you mean 'success'?" in ended.err) == (1, True)


def test_the_table_fits_a_hundred_columns(shop):
    add(shop, "pictures", "--concept", "a-concept-with-a-long-name-that-goes-on")
    text = shop("annotations", "list", "--app-id", "shop", "--format", "table").out
    assert all(len(line) <= 100 for line in text.splitlines())
    assert text.splitlines()[0].split() == ["INPUT", "CONCEPT", "VALUE", "STATUS", "USER", "CREATED", "(UTC)"]
    assert text.endswith("2 annotations of 2 inputs: 2 success.\n")
    assert shop("annotations", "list", "--app-id", "shop", "--input", "x").out == "No annotations in me-local/shop.\n"


def test_more_than_one_request_takes_are_added(shop, emulator):
    for number in range(130):
        shop.write(f"texts/{number}.txt", f"text {number}")
    emulator.calls.reset()
    ended = add(shop, "texts", "--quiet")
    assert (ended.code, ended.out) == (0, "")
    assert [entry.rpc for entry in emulator.calls.writes] == ["PostInputs", "PostInputs"]


def test_apply_leaves_them_alone_and_the_app_is_not_deleted(shop):
    add(shop, "pictures/b.jpg")
    assert "No changes." in shop("plan", "--prune").out
    ended = shop("destroy", "--delete-app", "me-local/shop", "--auto-approve")
    assert (ended.code, "it holds 1 input" in ended.out) == (4, True)


def test_a_wrong_train_timeout_is_said_at_once(shop):
    ended = shop("apply", "--auto-approve", "--train-timeout", "soon")
    assert (ended.code, "--train-timeout soon" in ended.err) == (1, True)
