"""`plan --out`, `show`, `apply FILE`: exactly what was shown, or nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.core.secret import Secret
from reconciler.emulator.server import Emulator
from tests.canary import CANARY

HEAD = "apiVersion: clarifai.reconciler/v1\nkind: %s\nmetadata: {name: %s}\nspec: "
APP = HEAD % ("App", "shop") + "{description: Things}\n"
MODEL = "---\n" + HEAD % ("Model", "m1") + "{model_type_id: prompter, description: ours}\n"
SECRET = (
    "---\n"
    + HEAD % ("Model", "m2")
    + (
        "{model_type_id: prompter, description: d, model_version: "
        "{output_info: {params: {prompt_template: '{data.text.raw}', secrets: {key: canary-7f3a}}}}}\n"
    )
)


@pytest.fixture
def applied(shell: Any, emulator: Emulator) -> Emulator:
    shell.manifests(head=APP + MODEL)
    assert shell("apply", "-y").code == 0
    emulator.calls.reset()
    return emulator


def behind_our_back(emulator: Emulator, **fields: Any) -> None:
    with open_channel(parse_base(emulator.base)) as channel:
        api = GrpcApi(channel, ("authorization", Secret(f"Key {CANARY}")))
        scope = {"user_id": "me-local", "app_id": "shop"}
        api.call("PatchModels", user_app_id=scope, models=[{"id": "m1", **fields}], action="merge")
    emulator.calls.reset()


# ---- saving


def test_the_file_is_what_the_screen_shows_as_json(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    ended = shell("plan", "--out", "plan.json", "--format", "json")
    assert (shell.folder / "plan.json").read_text() == ended.out
    assert "reconciler apply plan.json" in ended.err
    assert shell("plan", "--format", "json").out == ended.out  # a plan beside the manifests is none of them


def test_the_hint(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    ended = shell("plan", "-o", "my plan")
    assert ended.out.endswith("\nSaved to my plan. To perform exactly these actions: reconciler apply 'my plan'\n")
    assert "Saved" not in shell("plan", "-o", "my plan", "--quiet").out


@pytest.mark.parametrize("file", ["-", "nowhere/plan.json", "."])
def test_a_file_that_cannot_be_written_is_told_before_the_service_is_asked(
    shell: Any, emulator: Emulator, file: str
) -> None:
    shell.manifests("hat")
    ended = shell("plan", "--out", file)
    assert (ended.code, "--out" in ended.err) == (1, True)
    assert not emulator.calls.counts


def test_a_sensitive_value_is_never_saved(shell: Any, emulator: Emulator) -> None:
    shell.manifests(head=APP + SECRET)
    for words in ([], ["--format", "json"]):
        ended = shell("plan", "--out", "plan.json", *words)
        assert ended.code == 3
        assert "models/m2 holds a sensitive value" in ended.err
        assert "canary" not in ended.out + ended.err
        assert not (shell.folder / "plan.json").exists()
    assert "desired" not in ended.json
    assert ended.json["resource_changes"]
    assert shell("plan", "--format", "json").code == 0


def test_nor_one_that_stays_as_it_is(shell: Any, emulator: Emulator) -> None:
    shell.manifests(head=APP + SECRET)
    assert shell("apply", "-y").code == 0
    shell.manifests("hat", head=APP + SECRET)
    ended = shell("plan", "--out", "plan.json", "--format", "json")
    assert ended.code == 3
    assert "canary" not in ended.out + ended.err


# ---- showing


def test_show_needs_no_network(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    planned = shell("plan", "--out", "plan.json")
    emulator.calls.reset()
    told = {name: shell("show", "plan.json", "--format", name) for name in ("text", "json", "markdown", "gitlab")}
    assert [ended.code for ended in told.values()] == [0] * 4
    assert planned.out.startswith(told["text"].out)
    assert told["json"].out == (shell.folder / "plan.json").read_text()
    assert "concepts/hat" in told["markdown"].out
    assert told["gitlab"].json == {"create": 2, "update": 0, "delete": 0}
    assert not emulator.calls.counts


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", 1, "not a saved plan"),
        ("kind: App", 1, "not a saved plan"),
        ('{"format_version": "2.0", "resource_changes": []}', 1, "format version 2.0"),
        ('{"format_version": "1.0", "resource_changes": []', 1, "not valid JSON"),
        ('{"format_version": "1.0", "resource_changes": [], "resource_changes": []}', 1, "not valid JSON"),
        ('{"format_version": "1.0", "resource_changes": []}', 1, "damaged at"),
    ],
)
def test_a_file_that_is_no_plan(shell: Any, text: str, code: int, said: str) -> None:
    shell.write("plan.json", text)
    ended = shell("show", "plan.json")
    assert (ended.code, said in ended.err) == (code, True), ended.err
    assert shell("show", "gone.json").code == 1


def test_an_edited_plan_is_not_shown(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    shell("plan", "--out", "plan.json")
    text = (shell.folder / "plan.json").read_text()
    shell.write("plan.json", text.replace("concepts/hat", "concepts/cap"))
    assert shell("show", "plan.json").code == 5


# ---- applying


def test_a_plan_is_applied_without_asking_and_without_manifests(shell: Any, emulator: Emulator, tmp_path: Path) -> None:
    shell.manifests("hat")
    shell("plan", "--out", str(tmp_path / "plan.json"))
    (shell.folder / "shop.yaml").unlink()
    ended = shell("apply", str(tmp_path / "plan.json"))
    assert (ended.code, "Apply complete! Resources: 2 added" in ended.out) == (0, True)
    again = shell("apply", str(tmp_path / "plan.json"))
    assert (again.code, "concepts/hat no longer changes" in again.err) == (5, True)


def test_what_moved_since_is_named_and_nothing_written(shell: Any, applied: Emulator) -> None:
    shell.manifests("hat", head=APP + MODEL.replace("ours", "newer"))
    shell("plan", "--out", "plan.json")
    behind_our_back(applied, description="theirs")
    ended = shell("apply", "plan.json", "--format", "json")
    assert ended.code == ended.json["error"]["exit_code"] == 5
    assert "models/m1: description" in ended.json["error"]["message"]
    assert applied.calls.writes == []


def test_a_field_that_is_not_ours_may_move(shell: Any, applied: Emulator) -> None:
    shell.manifests("hat", head=APP + MODEL)
    shell("plan", "--out", "plan.json")
    behind_our_back(applied, notes="theirs")
    assert shell("apply", "plan.json").code == 0


def test_manifests_beside_it_must_say_the_same(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    shell("plan", "--out", "plan.json")
    shell.manifests("hat", name="elsewhere/shop.yaml")
    shell.manifests("hat", "cap")
    ended = shell("apply", "plan.json", "shop.yaml")
    assert (ended.code, "the manifests are not the ones" in ended.err) == (5, True)
    assert emulator.calls.writes == []
    assert shell("apply", "plan.json", "elsewhere").code == 0


@pytest.mark.parametrize(
    "words", [["--prune"], ["--select", "apps"], ["--allow", "delete=*"], ["--refresh", "full"], ["--reindex"]]
)
def test_a_saved_plan_has_its_own_options(shell: Any, emulator: Emulator, words: list[str]) -> None:
    shell.manifests("hat")
    shell("plan", "--out", "plan.json")
    ended = shell("apply", "plan.json", *words)
    assert (ended.code, "plan --out" in ended.err) == (1, True)


def test_options_are_kept(shell: Any, applied: Emulator) -> None:
    """Rails of the settings file as well: what was planned under them is applied under them."""
    shell.manifests("hat", head=APP)
    shell.write("reconciler.yaml", "rails: {max_deletes: 0}\n")
    assert shell("plan", "--prune", "--exclude", "concepts", "--out", "plan.json").code == 4
    assert shell("apply", "plan.json").code == 4
    assert shell("plan", "--prune", "--allow", "delete=models/m1", "--exclude", "concepts", "-o", "plan.json").code == 0
    ended = shell("apply", "plan.json")
    assert (ended.code, "Resources: 0 added, 0 changed, 1 destroyed" in ended.out) == (0, True)


def test_who_reviews_a_plan_sees_what_was_let_pass(shell: Any, applied: Emulator) -> None:
    """A guard that a flag opened refuses nothing any more, so nothing else would tell."""
    shell.manifests(head=APP)
    flags = ("--adopt", "concepts/hat", "--allow", "delete=models/*")
    assert "Let pass" not in shell("plan", "--prune").out
    planned = shell("plan", "--prune", *flags, "--out", "plan.json")
    told = "Let pass by flags: --adopt concepts/hat, --allow delete=models/*"
    assert told in planned.out
    assert told in shell("show", "plan.json").out
    marked = shell("show", "plan.json", "--format", "markdown").out
    assert "**Let pass by flags:** `--adopt concepts/hat`, `--allow delete=models/*`\n" in marked


def test_limits_of_a_kind_are_kept(shell: Any, applied: Emulator) -> None:
    """What is planned under limits is applied under them, whatever the settings file says by then."""
    shell.manifests("hat", head=APP)
    shell.write("reconciler.yaml", "rails: {kinds: {Model: {max_deletes: 0}}}\n")
    planned = shell("plan", "--prune", "--out", "plan.json", "--format", "json")
    assert (planned.code, planned.json["options"]["kind_limits"]) == (4, {"Model": [1, 0.0]})
    (shell.folder / "reconciler.yaml").unlink()
    ended = shell("apply", "plan.json")
    assert ended.code == 4
    assert "rails.kinds.Model in reconciler.yaml" in " ".join(ended.out.split())
    assert applied.calls.writes == []
    assert shell("apply", "-y", "--prune").code == 0


def test_an_unknown_kind_is_refused_at_its_place(shell: Any) -> None:
    shell.manifests("hat")
    shell.write("reconciler.yaml", "rails:\n  kinds:\n    Workfow: {max_deletes: 0}\n")
    ended = shell("plan", "--local")
    assert ended.code == 3
    assert "reconciler.yaml:3:5" in ended.err
    assert "did you mean 'Workflow'?" in ended.err


def test_another_service_is_another_plan(shell: Any, serving: Callable[..., Emulator]) -> None:
    serving()
    shell.manifests("hat")
    shell("plan", "--out", "plan.json")
    other = serving()
    ended = shell("apply", "plan.json")
    assert (ended.code, "not for" in ended.err) == (5, True)
    assert not other.calls.counts
    assert shell("apply", "plan.json", "--app-id", "other").code == 1


def test_flags_name_the_app_of_the_plan_or_none(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    shell("plan", "--out", "plan.json")
    assert "not for what --app-id names" in shell("apply", "plan.json", "--app-id", "other").err


def test_two_plans_are_one_too_many(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    shell("plan", "--out", "a.json")
    shell("plan", "--out", "b.json")
    assert "one at a time" in shell("apply", "a.json", "b.json").err


def test_a_local_plan(shell: Any) -> None:
    shell.manifests("hat")
    assert shell("plan", "--local", "--user-id", "alice", "--out", "plan.json").code == 0
    assert shell("apply", "--local", "plan.json").code == 0


# ---- the key


def test_a_key_signs_and_is_demanded(shell: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.manifests("hat")
    shell("plan", "--out", "unsigned.json")
    monkeypatch.setenv("RECONCILER_PLAN_KEY", "canary-key")
    ended = shell("plan", "--out", "signed.json", "--format", "json")
    assert ended.out == (shell.folder / "signed.json").read_text()
    assert "canary-key" not in ended.out + ended.err
    for command in ("show", "apply"):
        assert shell(command, "unsigned.json").code == 4
        assert shell(command, "signed.json", RECONCILER_PLAN_KEY="another").code == 4
    assert emulator.calls.writes == []
    assert shell("show", "signed.json").code == 0
    assert shell("apply", "signed.json").code == 0


def test_a_rewritten_plan_does_not_pass_the_key(shell: Any, emulator: Emulator) -> None:
    """Every digest fits: only the key knows that somebody else wrote it."""
    shell.manifests("hat")
    shell("plan", "--out", "plan.json", RECONCILER_PLAN_KEY="key")
    signature = json.loads((shell.folder / "plan.json").read_text())["signature"]
    shell.manifests("hat", "cap")
    shell("plan", "--out", "plan.json")
    forged = json.loads((shell.folder / "plan.json").read_text()) | {"signature": signature}
    shell.write("plan.json", json.dumps(forged))
    assert shell("apply", "plan.json", RECONCILER_PLAN_KEY="key").code == 4
    assert emulator.calls.writes == []


def test_no_manifest_can_read_the_key(shell: Any, emulator: Emulator) -> None:
    shell.manifests("${RECONCILER_PLAN_KEY}")
    assert shell("plan", RECONCILER_PLAN_KEY="canary-key").code == 3


# ---- selection


def test_what_is_left_out_is_named(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat", "cap")
    shell("apply", "-y", "--exclude", "concepts/hat")
    ended = shell("plan", "--exclude", "concepts/hat")
    assert "1 left out; not selected, and would change:" in ended.out
    assert "concepts/hat" in ended.out
    assert "No changes. What is selected matches the manifests." in ended.out
    assert shell("plan", "--exclude", "concepts/hat", "--format", "json").json["left_out"] == ["concepts/hat"]
    assert "concepts/hat" in shell("plan", "--exclude", "concepts/hat", "--format", "markdown").out
    assert "did you mean 'concepts/hat'?" in shell("plan", "--select", "concepts/hatt").err


def test_a_selected_destroy(shell: Any, emulator: Emulator) -> None:
    shell.manifests(head=APP + MODEL + MODEL.replace("m1", "m3"))
    shell("apply", "-y")
    ended = shell("destroy", "-y", "--select", "models/m1")
    assert (ended.code, "models/m3" in ended.out) == (0, True)
    assert "Resources: 1 destroyed" in ended.out
