"""Locks between real processes: nobody is inside with another, one that is killed is followed soon, one that sleeps
past its lease writes nothing when it wakes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.server import Emulator
from reconciler.locking.clocks import since_boot
from tests.reliability import lock_worker

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).parent / "lock_worker.py"

TTL = 3.0
PROCESSES = 4


@pytest.fixture
def service() -> Iterator[Emulator]:
    """An emulator with an app that is called shop."""
    with Emulator() as emulator:
        ids = {"user_id": "me-local"}
        lock_worker.api_of(emulator.base).call("PostApps", user_app_id=ids, apps=[{"id": "shop"}])
        yield emulator


@pytest.fixture
def worker(service: Emulator, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start workers; none outlives the test."""
    running: list[subprocess.Popen[str]] = []

    def start(mode: str, where: str = "app", *, ttl: float = TTL, number: int = 1) -> subprocess.Popen[str]:
        words = [sys.executable, str(WORKER), mode, where, service.base, str(tmp_path), str(ttl), str(number)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        running.append(subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("kind", "number"), [("app", 15), ("tooz", 50), ("folder", 25)])
def test_four_processes_take_turns_and_are_never_inside_together(
    worker: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    kind: str,
    number: int,
    figures: Callable[[str, float], None],
) -> None:
    where = {"app": "app", "tooz": f"tooz+{tmp_path.as_uri()}/locks", "folder": f"{tmp_path.as_uri()}/leases"}[kind]
    (tmp_path / "leases").mkdir()
    (tmp_path / "total").write_text("0")
    processes = [worker("count", where, ttl=60, number=number) for _ in range(PROCESSES)]
    ends = [(process.communicate(timeout=110)[1], process.returncode) for process in processes]
    assert [code for _, code in ends] == [0] * PROCESSES, ends
    assert int((tmp_path / "total").read_text()) == PROCESSES * number
    figures("locks taken by racing processes", PROCESSES * number)


def test_a_holder_that_is_killed_is_followed_when_its_lease_is_over(
    worker: Callable[..., subprocess.Popen[str]], service: Emulator
) -> None:
    holder = worker("work", number=100_000)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "inside\n"
    holder.kill()
    killed = since_boot()
    with lock_worker.lock("app", service.base, TTL, "next"):
        assert since_boot() - killed <= TTL * 1.1


class Held:
    """Keeps the next GetApp of the worker waiting for its answer, so that it is known where the worker is."""

    def __init__(self) -> None:
        self.wanted, self.caught, self.go_on = threading.Event(), threading.Event(), threading.Event()

    def before(self, rpc: str, request: Any, gone: threading.Event) -> None:
        if rpc == "GetApp" and self.wanted.is_set():
            self.caught.set()
            self.go_on.wait(60)

    def after(self, rpc: str, request: Any, reply: Any, gone: threading.Event) -> None:
        pass


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
@pytest.mark.parametrize("again", range(3))
def test_a_holder_that_was_stopped_past_its_lease_writes_nothing_when_it_wakes(
    worker: Callable[..., subprocess.Popen[str]],
    service: Emulator,
    again: int,
    figures: Callable[[str, float], None],
) -> None:
    held = Held()
    service.hooks.append(held)
    holder = worker("work", ttl=1.0, number=100_000)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "inside\n"
    held.wanted.set()
    assert held.caught.wait(30)
    os.kill(holder.pid, signal.SIGSTOP)
    # To get in is to know that the lease is over.
    with lock_worker.lock("app", service.base, 60, "next"):
        before = service.calls.counts["PostConcepts"]
        held.go_on.set()
        os.kill(holder.pid, signal.SIGCONT)
        out, _ = holder.communicate(timeout=60)
    assert service.calls.counts["PostConcepts"] == before
    assert "lost: PostConcepts was not sent: the lock reconciler-lease-000001" in out
    figures("holders stopped past their lease", 1)
