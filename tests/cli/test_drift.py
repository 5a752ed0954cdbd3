"""`drift`: reads, reports, and its codes."""

from typing import Any

import pytest

from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.core.secret import Secret
from reconciler.emulator.server import Emulator
from tests.canary import CANARY

SET = (
    "apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {description: Things}\n"
    "---\napiVersion: clarifai.reconciler/v1\nkind: Model\nmetadata: {name: m1}\n"
    "spec: {model_type_id: prompter, description: ours}\n"
)


@pytest.fixture
def applied(shell: Any, emulator: Emulator) -> Emulator:
    shell.manifests(head=SET)
    assert shell("apply", "-y").code == 0
    emulator.calls.reset()
    return emulator


def edit_behind_our_back(emulator: Emulator) -> None:
    with open_channel(parse_base(emulator.base)) as channel:
        GrpcApi(channel, ("authorization", Secret(f"Key {CANARY}"))).call(
            "PatchModels",
            user_app_id={"user_id": "me-local", "app_id": "shop"},
            models=[{"id": "m1", "description": "theirs"}],
            action="merge",
        )
    emulator.calls.reset()


def test_nothing_moved(shell: Any, applied: Emulator) -> None:
    ended = shell("drift")
    assert (ended.code, ended.err) == (0, "")
    assert applied.calls.writes == []


def test_what_others_changed_is_shown_and_coded(shell: Any, applied: Emulator) -> None:
    edit_behind_our_back(applied)
    ended = shell("drift")
    assert ended.code == 2
    assert "models/m1" in ended.out
    assert "theirs" in ended.out
    assert shell("drift", "--detailed-exitcode").code == 2
    assert applied.calls.writes == []
    assert shell("apply", "-y").code == 0
    assert shell("drift").code == 0


def test_only_what_is_selected_is_judged(shell: Any, applied: Emulator) -> None:
    edit_behind_our_back(applied)
    ended = shell("drift", "--exclude", "models/m1")
    assert ended.code == 0
    assert "1 object excluded." in ended.out
    assert shell("drift", "--select", "models").code == 2
    wrong = shell("drift", "--select", "models/m2")
    assert (wrong.code, wrong.out) == (1, "")
    assert "'models/m2' selects nothing" in wrong.err


def test_an_edit_that_waits_is_no_drift(shell: Any, applied: Emulator) -> None:
    shell.manifests(head=SET.replace("ours", "new"))
    assert shell("drift").code == 0
    assert shell("plan", "--detailed-exitcode").code == 2


def test_drift_as_json_and_in_a_line(shell: Any, applied: Emulator) -> None:
    edit_behind_our_back(applied)
    ended = shell("drift", "--format", "json")
    assert (ended.code, ended.err) == (2, "")
    assert ended.json["format_version"]
    assert len(shell("drift", "--quiet").out.splitlines()) == 1


def test_what_cannot_be_read_is_never_in_sync(shell: Any, applied: Emulator) -> None:
    applied.faults.add("GetModelOutputInfo", code=10020, details="not today", times=-1)
    assert shell("drift").code == 1
