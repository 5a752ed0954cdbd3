"""The same work on many files, in as many processes as there are cores.

Python uses one core at a time, and reading a large set of manifests is half of a plan. Belongs here: processes. Does
not belong here: what is done with a file (`load`).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from stat import S_ISREG
from typing import BinaryIO, Generic, TypeVar

Result = TypeVar("Result")
Work = Callable[[Sequence[str]], Result]

SHARE_BYTES = 128 * 1024
"""What another process is worth its start, of some twenty milliseconds: fifty of reading."""
MOST_PROCESSES = 8
"""Each share is also taken in by this process, in a twentieth of the time that reading it takes."""


def in_parallel(work: Work[Result], files: Sequence[str], processes: int | None = None) -> Iterator[Result]:
    """What `work` makes of each share of the files, in their order; it must have no effect but its result.

    One process where the files are few, where it cannot be split, or where there is one core. Whatever ends one of the
    others (its memory, an exception, a limit on processes) makes this one do its share, so it is only ever slower.
    """
    sizes = [_size(file) for file in files]
    first, *others = shares([size or 0 for size in sizes], processes or _processes(sizes))
    children = [_Child.fork(work, files[share.start : share.stop]) for share in others]
    try:
        yield work(files[first.start : first.stop])
        for child in children:
            yield child.result()
    finally:
        for child in children:
            child.end()


def shares(sizes: Sequence[int], number: int) -> list[range]:
    """At most `number` runs of neighbours that are about as large; the first may be empty, no other is."""
    total, bounds = sum(sizes), [0]
    before = 0
    for index, size in enumerate(sizes):
        # Where the middle of a file lies decides whose it is.
        if len(bounds) < number and (before + size / 2) * number >= total * len(bounds) and index > bounds[-1]:
            bounds.append(index)
        before += size
    return [range(start, end) for start, end in zip(bounds, [*bounds[1:], len(sizes)], strict=True)]


def _size(file: str) -> int | None:
    """In bytes; None for a pipe or the like, which whoever reads it empties."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return 0
    return found.st_size if S_ISREG(found.st_mode) else None


def _processes(sizes: Sequence[int | None]) -> int:
    """One where something can be read only once: what a process took that then ended would be missing in silence."""
    size = sum(size or 0 for size in sizes)
    once = None in sizes
    return (
        1 if once or size < 2 * SHARE_BYTES or not _can_fork() else min(size // SHARE_BYTES, _cores(), MOST_PROCESSES)
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _can_fork() -> bool:
    """Whether a copy of this process is safe: of several threads only one is copied, and locks that others hold stay
    locked; elsewhere than on Linux even the libraries of the system may not survive it."""
    try:
        return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


@dataclass(slots=True)
class _Child(Generic[Result]):
    """Another process that does a share."""

    pid: int | None
    """None if there could be no other process; its pipe is then empty."""
    pipe: BinaryIO
    again: Callable[[], Result]
    """The same in this process."""

    @classmethod
    def fork(cls, work: Work[Result], share: Sequence[str]) -> _Child[Result]:
        reading, writing = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            pid = None
        if pid == 0:
            _be_the_child(lambda: work(share), writing)
        os.close(writing)
        return cls(pid, open(reading, "rb"), lambda: work(share))

    def result(self) -> Result:
        import pickle  # here, since a small set needs none

        try:
            # Written by our own copy, into a pipe that nobody else holds.
            result: Result = pickle.load(self.pipe)  # noqa: S301
            return result
        except (EOFError, pickle.UnpicklingError):
            return self.again()

    def end(self) -> None:
        self.pipe.close()
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


def _be_the_child(work: Callable[[], Result], writing: int) -> None:  # pragma: no cover
    """Do the work and be gone, without a word: the other process says what there is to say."""
    try:
        import pickle

        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(ending, signal.SIG_DFL)
        with open(writing, "wb") as pipe:
            pickle.dump(work(), pipe, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)
