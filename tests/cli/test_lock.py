"""`--lock app` on the command line: who is refused and how, waiting, unlocking, trying the lock out."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.address import Scope
from reconciler.core.lease import Holder, Made
from reconciler.core.secret import Secret
from reconciler.emulator.server import Emulator
from reconciler.locking.app_leases import AppLeases
from reconciler.locking.clocks import Clocks
from reconciler.locking.lease_lock import LeaseLock

APPLY = ("apply", "--auto-approve", "--lock", "app")
OTHER = Holder("apply", "ci@runner-7 for octocat", "0.1.0", "2026-11-24 11:00:00 UTC", "https://ci.example/runs/7")


@pytest.fixture
def shop(shell: Any, emulator: Emulator) -> Any:
    """An app with one concept that is not in the manifests yet as a second one is."""
    shell.manifests("hat")
    assert shell("apply", "--auto-approve").code == 0
    shell.manifests("hat", "shoe")
    return shell


def api_of(emulator: Emulator) -> GrpcApi:
    return GrpcApi(open_channel(parse_base(emulator.base)), ("authorization", Secret("Key any")), limiter=Limiter(0))


@pytest.fixture
def held(emulator: Emulator) -> Callable[..., Any]:
    """Hold the lock of the shop as another run would."""

    @contextmanager
    def hold(**options: Any) -> Iterator[LeaseLock]:
        clocks = Clocks(background=False)
        store = AppLeases(api_of(emulator), Scope("me-local", "shop"))
        with LeaseLock(store, OTHER, clocks=clocks, warn=lambda text: None, **options) as lock:
            yield lock

    return hold


def leases(emulator: Emulator) -> dict[str, str]:
    """Every dataset of the shop, and the state of the leases among them."""
    reply: Any = api_of(emulator).call("ListDatasets", user_app_id={"user_id": "me-local", "app_id": "shop"})
    return {d.id: json.loads(d.metadata["reconciler_lease"])["state"] for d in reply.datasets}


def test_an_apply_takes_the_lock_before_it_reads_and_releases_it(shop: Any, emulator: Emulator) -> None:
    emulator.calls.reset()
    assert shop(*APPLY).code == 0
    names = [name for name in emulator.calls.names if name != "GetUser"]  # whose app it is, says the token
    assert names[:2] == ["ListDatasets", "PostDatasets"]
    assert names.index("PostDatasets") < names.index("GetApp")
    assert names[-1] == "PatchDatasets"
    assert leases(emulator) == {"reconciler-lease-000001": "released"}


def test_monitoring_is_told_how_long_a_run_waited_even_in_vain(shop: Any, held: Any) -> None:
    pytest.importorskip("prometheus_client")
    success, waited = "clarifai_reconciler_last_success_timestamp_seconds{", "clarifai_reconciler_lock_wait_seconds{"

    def told(*more: str, code: int) -> tuple[str, float]:
        assert shop(*APPLY, "--textfile", "apply.prom", *more).code == code
        lines = (shop.folder / "apply.prom").read_text().splitlines()
        [last], [seconds] = ([line for line in lines if line.startswith(name)] for name in (success, waited))
        return last, float(seconds.split()[-1])

    last, seconds = told(code=0)
    assert 0 < seconds < 30
    with held():
        again, seconds = told("--lock-timeout", "300ms", code=9)
    assert 0.3 <= seconds < 30
    assert again == last, "a run that came to nothing is no success"


def test_a_lock_that_is_held_ends_with_9_and_says_who_has_it(shop: Any, emulator: Emulator, held: Any) -> None:
    with held():
        emulator.calls.reset()
        ended = shop(*APPLY)
        assert emulator.calls.writes == []
    assert ended.code == 9
    lines = [line.strip() for line in re.sub(r"in \d+ min", "in N min", ended.err).splitlines()]
    assert [*lines[:10], " ".join(lines[10:])] == [
        "Error: app me-local/shop is locked by another run",
        "Lock Info:",
        "ID:        reconciler-lease-000001",
        "Path:      app me-local/shop",
        "Operation: apply",
        "Who:       ci@runner-7 for octocat",
        "Version:   0.1.0",
        "Created:   2026-11-24 11:00:00 UTC",
        "Run:       https://ci.example/runs/7",
        "Expires:   in N min unless it is renewed",
        "wait for it with --lock-timeout 10m; if that run is gone for good: "
        "reconciler force-unlock --user-id me-local --app-id shop reconciler-lease-000001",
    ]
    assert shop(*APPLY).code == 0


@pytest.mark.parametrize(
    ("environ", "run", "whom"),
    [
        (
            {
                "GITHUB_SERVER_URL": "https://gh",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_RUN_ID": "7",
                "GITHUB_ACTOR": "octo",
            },
            "https://gh/a/b/actions/runs/7",
            " for octo",
        ),
        (
            {"CI_JOB_URL": "https://gl/a/-/jobs/9", "GITLAB_USER_LOGIN": "tanuki"},
            "https://gl/a/-/jobs/9",
            " for tanuki",
        ),
        ({}, "", ""),
    ],
    ids=["GitHub", "GitLab", "a person"],
)
def test_the_holder_says_who_and_which_run_it_is(
    shop: Any, emulator: Emulator, environ: dict[str, str], run: str, whom: str
) -> None:
    assert shop(*APPLY, **environ).code == 0
    [sent] = [call.request.datasets[0] for call in emulator.calls if call.rpc == "PostDatasets"]
    holder = json.loads(sent.metadata["reconciler_lease"])["holder"]
    assert holder.get("run", "") == run
    assert holder["operation"] == "apply"
    assert re.fullmatch(rf".+@.+?{re.escape(whom)}", holder["who"])


def test_a_machine_that_slept_past_its_lease_sends_no_more_writes(
    shop: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept, clock = [0.0], time.clock_gettime
    monkeypatch.setattr("reconciler.locking.clocks.time.clock_gettime", lambda which: clock(which) + slept[0])

    class Sleep:
        """An hour passes while the first write is answered."""

        def before(self, rpc: str, request: Any, gone: threading.Event) -> None:
            slept[0] = 3600.0 if rpc == "PatchApps" else slept[0]

        def after(self, rpc: str, request: Any, reply: Any, gone: threading.Event) -> None:
            pass

    emulator.hooks.append(Sleep())
    emulator.calls.reset()
    ended = shop(*APPLY)
    assert ended.code != 0
    assert "was not sent: the lock reconciler-lease-000001 is over, or ends before the call may" in ended.out
    assert [call.rpc for call in emulator.calls.writes] == ["PostDatasets", "PatchApps", "PatchDatasets"]


@pytest.mark.parametrize("command", ["destroy", "adopt"])
def test_whatever_writes_takes_the_lock(shop: Any, held: Any, command: str) -> None:
    with held():
        assert shop(command, "--auto-approve", "--lock", "app").code == 9


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_what_only_reads_takes_none(shop: Any, held: Any, command: str) -> None:
    shop.write("reconciler.yaml", "lock: app\n")
    with held():
        assert shop(command).code == 0


def test_the_settings_file_may_ask_for_the_lock_and_a_flag_may_not_want_it(shop: Any, held: Any) -> None:
    shop.write("reconciler.yaml", "lock: app\nlock_timeout: 0s\n")
    with held():
        assert shop("apply", "--auto-approve").code == 9
        assert shop("apply", "--auto-approve", "--lock", "none").code == 0


def test_a_saved_plan_is_applied_under_the_lock(shop: Any, held: Any) -> None:
    assert shop("plan", "--out", "plan.json").code == 0
    with held():
        assert shop("apply", "plan.json", "--lock", "app").code == 9
    assert shop("apply", "plan.json", "--lock", "app").code == 0


def test_the_lock_is_waited_for(shop: Any, held: Any) -> None:
    with held() as lock:
        threading.Timer(0.3, lock.__exit__).start()
        ended = shop(*APPLY, "--lock-timeout", "30s")
    assert ended.code == 0, ended.err
    assert "Waiting up to 30 s for the lock: app me-local/shop is locked by another run" in ended.err


def test_waiting_ends(shop: Any, held: Any) -> None:
    with held():
        assert shop(*APPLY, "--lock-timeout", "100ms").code == 9


@pytest.mark.parametrize("word", ["nope", "ftp://x", "App"])
def test_a_lock_that_does_not_exist_is_an_error_that_blames_who_named_it(shop: Any, word: str) -> None:
    ended = shop("apply", "--auto-approve", "--lock", word)
    assert ended.code == 1
    assert f"--lock {word}: a lock is none, app, or a URL" in ended.err
    shop.write("reconciler.yaml", f"lock: {word}\n")
    assert f"reconciler.yaml {word}: a lock is none" in shop("apply", "--auto-approve").err


def test_a_store_that_does_not_answer_lets_nothing_through(shop: Any, emulator: Emulator) -> None:
    emulator.faults.add("PostDatasets", code=99009, times=-1)
    emulator.calls.reset()
    assert shop(*APPLY, "--timeout", "100ms").code in (1, 9)
    assert {call.rpc for call in emulator.calls.writes} == {"PostDatasets"}


# ---- an app that is not there yet


def test_the_first_apply_creates_the_app_and_then_takes_the_lock(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    ended = shell(*APPLY)
    assert ended.code == 0, ended.err
    writes = [call.rpc for call in emulator.calls.writes]
    assert writes[:3] == ["PostApps", "PostDatasets", "PostConcepts"]
    assert leases(emulator) == {"reconciler-lease-000001": "released"}


def test_who_comes_second_to_a_new_app_changes_nothing(shell: Any, emulator: Emulator, held: Any) -> None:
    shell.manifests("hat")
    twin: list[Any] = []

    class Meanwhile:
        """Another run makes the app and holds its lock, right before ours creates it."""

        def before(self, rpc: str, request: Any, gone: threading.Event) -> None:
            if rpc == "PostApps" and not twin:
                twin.append(None)
                api_of(emulator).call("PostApps", user_app_id=request.user_app_id, apps=request.apps)
                twin[0] = held()
                twin[0].__enter__()

        def after(self, rpc: str, request: Any, reply: Any, gone: threading.Event) -> None:
            pass

    emulator.hooks.append(Meanwhile())
    ended = shell(*APPLY)
    assert ended.code == 6, ended.err  # the app is as this run wanted to make it
    assert "PostConcepts" not in [call.rpc for call in emulator.calls.writes]
    assert "is locked by another run" in ended.out + ended.err
    twin[0].__exit__(None, None, None)


# ---- an app that goes


def test_an_app_with_nothing_but_leases_and_ours_can_be_deleted(shop: Any, emulator: Emulator) -> None:
    assert shop(*APPLY).code == 0
    ended = shop("destroy", "--auto-approve", "--lock", "app", "--delete-app", "me-local/shop")
    assert ended.code == 0, ended.out + ended.err
    assert emulator.calls.counts["DeleteApp"] == 1
    assert "warning" not in ended.err


def test_an_app_that_another_run_has_locked_is_not_deleted(shop: Any, emulator: Emulator, held: Any) -> None:
    with held():
        ended = shop("destroy", "--auto-approve", "--delete-app", "me-local/shop")
    assert ended.code == 4
    assert "the app is not deleted: it holds 1 lock" in ended.out + ended.err


def test_a_dataset_of_others_still_saves_an_app(shop: Any, emulator: Emulator) -> None:
    assert shop(*APPLY).code == 0
    ids = {"user_id": "me-local", "app_id": "shop"}
    api_of(emulator).call("PostDatasets", user_app_id=ids, datasets=[{"id": "reconciler-lease"}])
    ended = shop("destroy", "--auto-approve", "--delete-app", "me-local/shop")
    assert ended.code == 4
    assert "it holds 1 dataset" in ended.out + ended.err


def test_leases_are_no_drift_and_are_not_exported(shop: Any) -> None:
    assert shop(*APPLY).code == 0
    assert shop("drift").code == 0
    assert "lease" not in shop("export", "shop").out


# ---- lock show, force-unlock


def test_show_says_who_has_the_lock(shop: Any, held: Any) -> None:
    words = ("lock", "show", "--app-id", "shop")
    assert shop(*words).out == "app me-local/shop is not locked.\n"
    with held():
        assert "Who:       ci@runner-7 for octocat" in shop(*words).out
        assert shop(*words, "--format", "json").json["lock"]["id"] == "reconciler-lease-000001"
    assert shop(*words, "--format", "json").json["lock"] is None


@pytest.mark.parametrize("name", ["reconciler-lease-000001", "1"])
def test_force_unlock_lets_the_next_in_and_stops_the_holder(shop: Any, held: Any, name: str) -> None:
    with held() as lock:
        ended = shop("force-unlock", name, "--app-id", "shop", "--force")
        assert ended.code == 0, ended.err
        assert ended.out == "reconciler-lease-000001 has been unlocked. It was held by ci@runner-7 for octocat.\n"
        lock.renew()
        with pytest.raises(Exception, match="was taken away"), lock.write("PostModels"):
            pass
        assert shop(*APPLY).code == 0


def test_force_unlock_asks(shop: Any, held: Any, answering: Any) -> None:
    with held():
        assert shop("force-unlock", "1", "--app-id", "shop").code == 1  # no terminal
        asked = answering("no")
        assert shop("force-unlock", "1", "--app-id", "shop").code == 1
        assert len(asked) == 1
        answering("yes")
        assert shop("force-unlock", "1", "--app-id", "shop").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("force-unlock", "--force", "7", "--app-id", "shop"), "reconciler-lease-000007 is not held"),
        (("force-unlock", "--force", "my-dataset", "--app-id", "shop"), "my-dataset is no lock"),
        (("force-unlock", "--force", "1", "--app-id", "nope"), "there is no app me-local/nope"),
        (("force-unlock", "--force", "1"), "which app?"),
        (("force-unlock", "--force", "1", "--app-id", "shop", "--lock", "tooz+file:///x"), "keeps no leases"),
        (("lock", "show", "--app-id", "shop", "--format", "markdown"), "knows text and json"),
    ],
)
def test_what_cannot_be_unlocked(shop: Any, words: tuple[str, ...], said: str) -> None:
    ended = shop(*words)
    assert ended.code == 1
    assert said in ended.err


# ---- lock selftest


def test_the_selftest_has_one_winner_each_round_and_leaves_nothing_behind(shop: Any, emulator: Emulator) -> None:
    ended = shop("lock", "selftest", "--app-id", "shop", "--rounds", "3", "--takers", "4")
    assert ended.code == 0, ended.err
    assert ended.out == (
        "round 1: 1 of 4 got in\nround 2: 1 of 4 got in\nround 3: 1 of 4 got in\n"
        "The lock holds: 3 rounds, one winner each.\n"
    )
    assert leases(emulator) == {}


def test_the_selftest_finds_out_a_store_that_takes_an_id_twice(
    shop: Any, monkeypatch: pytest.MonkeyPatch, emulator: Emulator
) -> None:
    monkeypatch.setattr(AppLeases, "entries", lambda self: ())
    monkeypatch.setattr(AppLeases, "create", lambda self, lease: Made(0.0))
    ended = shop("lock", "selftest", "--app-id", "shop", "--rounds", "2", "--format", "json")
    assert ended.code == 8
    assert json.loads(ended.out.partition("\n")[0])["winners"] == [4, 4]
    assert "the lock does not hold: 2 rounds with several winners, 0 with none" in ended.err
