"""What a forked run of the command line does to itself before it begins: arrange for its own death, or be watched.

Each trap writes a line to its log for whatever could have sprung it, so a run without a number finds all the places.
Belongs here: functions that `zygote` calls in the new process. Does not belong here: which place is tried (`test_*`).
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import reconciler.emulator.store as emulated

WRITING = os.O_WRONLY | os.O_RDWR
CHANGING = ("os.rename", "os.remove", "os.chmod", "os.truncate", "os.link", "os.symlink", "os.mkdir")
"""What the interpreter tells of before it does it; `os.replace` is told as a rename."""
STATEMENTS = ("INSERT", "UPDATE", "DELETE", "COMMIT")


class Trap:
    """Kills its own process when it is about to be sprung for the n-th time; 0 never."""

    def __init__(self, log: str, nth: int) -> None:
        self._left = nth
        self._log = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o666)

    def touch(self, what: str) -> None:
        os.write(self._log, f"{what}\n".encode())
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def die_before_a_change_to(folder: str, log: str, nth: int) -> None:
    """SIGKILL right before the n-th time that a file in a folder is opened for writing, renamed or removed."""
    trap = Trap(log, nth)

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and bool(arguments[2] & WRITING)
        if not (writes or event in CHANGING) or not isinstance(arguments[0], str | Path):
            return
        path = os.path.abspath(arguments[0])
        if path.startswith(folder):
            trap.touch(f"{event} {path}")

    sys.addaudithook(hear)


def die_before_a_statement(log: str, nth: int) -> None:
    """SIGKILL right before the embedded emulator's n-th change to its database, commits included."""
    trap, connect = Trap(log, nth), emulated._connect

    def hear(statement: str) -> None:
        if statement.startswith(STATEMENTS):
            trap.touch(statement.partition(" ")[0])

    def connected(database: str) -> sqlite3.Connection:
        connection = connect(database)
        connection.set_trace_callback(hear)
        return connection

    emulated._connect = connected  # type: ignore[assignment]


def break_down_with(secret: str) -> None:
    """A bug of ours in the middle of a plan, whose text holds what it must not."""
    import reconciler.pipeline

    def make_plan(*_: Any, **__: Any) -> Any:
        headers = {"authorization": f"Key {secret}"}
        raise KeyError(str(headers))

    reconciler.pipeline.make_plan = make_plan


def take_no_more_than(memory: int) -> None:
    """Fail to allocate rather than take the memory of the whole machine: so many bytes on top of what is loaded."""
    loaded = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (loaded + memory, loaded + memory))
