"""The auto-annotation walkthrough, from an empty folder to an empty account."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.emulator.server import Emulator

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SET = "auto-annotation"
WRITING = ("Post", "Patch", "Delete", "Put")


def writes(rpcs: dict[str, int]) -> dict[str, int]:
    return {rpc: count for rpc, count in rpcs.items() if rpc.startswith(WRITING)}


def test_from_nothing_to_nothing_on_the_local_emulator(shell: Any) -> None:
    assert shell("validate", SET).code == 0

    first = shell("plan", SET, "--local", "--detailed-exitcode")
    assert first.code == 2
    assert first.out.endswith("Plan: 13 to add, 0 to change, 0 to destroy.\n")
    assert shell("plan", SET, "--local").out == first.out

    applied = shell("apply", SET, "--local", "--auto-approve")
    assert (applied.code, applied.err) == (0, "")
    assert "Apply complete! Resources: 13 added, 0 changed, 0 destroyed." in applied.out

    assert shell("plan", SET, "--local", "--detailed-exitcode").code == 0
    again = shell("apply", SET, "--local", "--auto-approve", "--format", "json")
    assert (again.code, writes(again.json["rpcs"])) == (0, {})

    destroyed = shell("destroy", SET, "--local", "--auto-approve")
    assert (destroyed.code, destroyed.err) == (0, "")
    assert "Destroy complete! Resources: 9 destroyed, 4 forgotten." in destroyed.out


def test_the_whole_app_goes_by_its_name(shell: Any) -> None:
    assert shell("apply", SET, "--local", "-y").code == 0
    gone = shell("destroy", SET, "--local", "-y", "--delete-app", "me-local/people-app")
    assert gone.code == 0, gone.out + gone.err
    assert shell("plan", SET, "--local", "--detailed-exitcode").out.endswith(
        "Plan: 13 to add, 0 to change, 0 to destroy.\n"
    )


def test_an_edit_is_a_new_version_and_nothing_else(shell: Any) -> None:
    assert shell("apply", SET, "--local", "-y").code == 0
    models = shell.folder / SET / "models.yaml"
    models.write_text(models.read_text().replace("value: 0.95", "value: 0.9", 1))
    planned = shell("plan", SET, "--local", "--format", "json")
    changed = {change["address"]: change["action"] for change in planned.json["resource_changes"]}
    assert changed == {"models/greater-than": "update", "workflows/auto-annotation": "update"}
    assert shell("apply", SET, "--local", "-y").code == 0
    assert shell("plan", SET, "--local", "--detailed-exitcode").code == 0


def test_a_plan_reads_and_an_apply_writes(shell: Any, serving: Callable[..., Emulator]) -> None:
    emulator = serving()
    assert shell("plan", SET).code == 0
    assert emulator.calls.writes == []
    assert shell("apply", SET, "-y").code == 0
    assert emulator.calls.writes
    emulator.calls.reset()
    assert shell("apply", SET, "-y").code == 0
    assert emulator.calls.writes == []


def test_manifests_come_through_a_pipe(shell: Any) -> None:
    files = sorted((shell.folder / SET).glob("*.yaml"))
    text = "\n---\n".join(file.read_text() for file in files)
    assert shell("plan", "--local", "-f", "-", stdin=text).out.endswith("Plan: 13 to add, 0 to change, 0 to destroy.\n")


def test_local_runs_at_the_same_time_share_one_database(shell: Any) -> None:
    ended: list[Any] = []
    threads = [threading.Thread(target=lambda: ended.append(shell("plan", SET, "--local", "-q"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(ran.code, ran.err) for ran in ended] == [(0, "")] * 6
    assert shell("apply", SET, "--local", "-y").code == 0
