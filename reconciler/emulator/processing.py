"""Work through new inputs in the background: download, look, run the default workflow, store.

Belongs here: threads, the order of work, what happens when something ends badly. Not here: looking at an input
(`examining.py`), storing a run (`outcomes.py`), what is waiting (`work.py`). Facts 7.1 to 7.3.

The queue is in the database: an input is taken off it in the transaction that stores its status and annotations, so
whatever was acknowledged is done exactly once, also after a `kill -9`. Nothing slow happens inside a transaction.
One thread works in the order in which inputs came; a few others fetch what was posted by URL ahead of it.
"""

from __future__ import annotations

import queue
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Final

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import downloads, examining, media, outcomes, work
from reconciler.emulator.access import Caller
from reconciler.emulator.context import Call, Memory
from reconciler.emulator.execution import teaching
from reconciler.emulator.execution.run import run_workflow
from reconciler.emulator.operations import input_jobs, input_views, inputs
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.store import Key, Row, Store
from reconciler.emulator.switches import Switches

Input = resources_pb2.Input

_FETCHERS: Final = 4
_AHEAD: Final = 32
_PATIENCE: Final = 0.02
_BREATH: Final = 0.0002
_FAREWELL: Final = 5.0
_UNEXPECTED: Final = examining.Verdict(
    codes.INPUT_UNCATEGORIZED, "unexpected failure while processing the input, see the emulator's log"
)


class Processor:
    """The background of one emulator, between `start` and `stop`."""

    def __init__(self, store: Store, switches: Switches, memory: Memory, run: examining.Runner = run_workflow) -> None:
        self._store, self._switches, self._memory, self._run = store, switches, memory, run
        self._stopping = threading.Event()
        self._wanted: queue.SimpleQueue[Row | None] = queue.SimpleQueue()
        self._claimed: set[int] = set()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to work; what an earlier process left is done first."""
        self._threads = [
            threading.Thread(target=target, name=f"emulator-{name}", daemon=True)
            for target, name in [(self._work, "inputs"), *((self._fetch_all, "fetch") for _ in range(_FETCHERS))]
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is being done, as long as that takes no longer than a few seconds."""
        self._stopping.set()
        self._memory.wake.set()
        for _ in range(_FETCHERS):
            self._wanted.put(None)
        until = time.monotonic() + _FAREWELL
        for thread in self._threads[:1]:
            thread.join(max(0.0, until - time.monotonic()))

    # -- the worker ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._memory.wake.clear()
            busy = self._guarded(self._step)
            if busy:
                time.sleep(_BREATH)  # lets a call have the store in between
            elif not self._stopping.is_set():
                self._memory.wake.wait(_PATIENCE if self._delays else None)

    @property
    def _delays(self) -> bool:
        return bool(self._switches.input_delay or self._switches.delete_delay)

    def _guarded(self, step: Callable[[], bool]) -> bool:
        """Do a step; an unexpected error is shown and does not end the thread, unless all is ending."""
        try:
            return step()
        except Exception:
            if not self._stopping.is_set():
                traceback.print_exc(file=sys.stderr)
            return False

    def _step(self) -> bool:
        """One piece of work; False if there is none at the moment."""
        self._order_downloads()
        return self._delete() or any(self._process(mark) for mark in (work.RUN, work.RERUN, work.REINDEX))

    def _first(self, mark: str, limit: int = 1) -> list[Row]:
        return self._store.linked(mark, input_views.KIND, limit=limit)

    def _delete(self) -> bool:
        with self._store.transaction():
            due = time.time_ns() - int(self._switches.delete_delay * 1e9)
            rows = [row for row in self._first(work.DELETE, _AHEAD) if row.modified <= due]
            for row in rows:
                inputs.drop(self._store, row)
            if rows:
                media.sweep(self._store)
        return bool(rows)

    def _call(self, row: Row) -> Call:
        """A call on behalf of the owner of an input."""
        return Call(RPCS["PostInputs"], Caller(row.key.user), self._store, self._switches, self._memory)

    def _due(self, row: Row) -> bool:
        return row.created + self._switches.input_delay * 1e9 <= time.time_ns()

    def _process(self, mark: str) -> bool:
        """Look at the first input under a mark and store what came of it."""
        with self._store.transaction():
            row = next(iter(self._first(mark)), None)
            if row is None or not self._due(row):
                return False
            call = self._call(row)
            case = examining.gather(call, row)
        verdict = self._examine(call, case)
        try:
            with self._store.transaction():
                self._conclude(call, case, verdict, mark)
        except sqlite3.Error:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            with self._store.transaction():
                self._conclude(call, case, _UNEXPECTED, mark)
        return True

    def _examine(self, call: Call, case: examining.Case) -> examining.Verdict:
        try:
            return examining.examine(call, case, self._run)
        except sqlite3.Error:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return _UNEXPECTED

    def _conclude(self, call: Call, case: examining.Case, verdict: examining.Verdict, mark: str) -> None:
        """Store a verdict, if its input is still there and waits for it."""
        row = self._store.get(case.row.key)
        if row is None or row.seq != case.row.seq or mark not in self._store.targets(row):
            return
        self._store.unlink(row, mark)
        if verdict.run is not None:
            outcomes.keep(call, case.scope, row, verdict.run, case.workflow)
        if mark == work.RUN:
            self._settle(row, verdict)
        elif mark == work.REINDEX:
            good = verdict.code == input_views.READY
            self._store.link(row, work.REINDEXED if good else work.REINDEX_FAILED)

    def _settle(self, row: Row, verdict: examining.Verdict) -> None:
        """Give an input its final status."""
        message = Input.FromString(row.body)
        input_views.set_status(message, verdict.code, verdict.details)
        if verdict.picture is not None:
            info = message.data.image.image_info
            info.width, info.height, info.format = verdict.picture.width, verdict.picture.height, verdict.picture.format
        row = input_views.save(self._store, row, message, modified=self._store.tick())
        work.call_off(self._store, row)
        input_jobs.settle(self._store, row, verdict.code)

    # -- downloads -------------------------------------------------------------------------------------------

    def _order_downloads(self) -> None:
        with self._store.transaction():
            rows = self._first(work.DOWNLOAD, _AHEAD)
        for row in rows:
            if row.seq not in self._claimed and self._due(row):
                self._claimed.add(row.seq)
                self._wanted.put(row)

    def _fetch_all(self) -> None:
        while (row := self._wanted.get()) is not None and not self._stopping.is_set():
            self._guarded(lambda: self._fetch(row))
            self._memory.wake.set()

    def _fetch(self, row: Row) -> bool:
        """Fetch an input's bytes and hand it to the worker, or settle it as failed."""
        failure: downloads.DownloadFailed | None = None
        fetched: dict[str, bytes] = {}
        for field, address in _addresses(Input.FromString(row.body)):
            try:
                fetched[field] = downloads.fetch(address)
            except downloads.DownloadFailed as reason:
                failure = failure if self._taught(address) else reason
        with self._store.transaction():
            current = self._store.get(row.key)
            if current is not None and current.seq == row.seq and work.DOWNLOAD in self._store.targets(current):
                if failure is not None:
                    self._settle(current, examining.Verdict(failure.code, failure.details))
                else:
                    self._hand_over(current, fetched)
        self._claimed.discard(row.seq)
        return True

    def _taught(self, address: str) -> bool:
        """The answers for a picture are taught under its address: it need not exist anywhere."""
        with self._store.transaction():
            return self._store.get(Key("", "", teaching.BY_URL, address)) is not None

    def _hand_over(self, row: Row, fetched: Mapping[str, bytes]) -> None:
        message = Input.FromString(row.body)
        input_views.set_status(message, codes.INPUT_DOWNLOAD_IN_PROGRESS)
        for field, content in fetched.items():
            digest = media.put(self._store, content)
            getattr(message.data, field).hosted.CopyFrom(media.hosted(row.key.user, row.key.app, field, digest))
            self._store.link(row, media.target(digest))
        self._store.unlink(row, work.DOWNLOAD)
        self._store.link(row, work.RUN)
        input_views.save(self._store, row, message)


def _addresses(message: Input) -> list[tuple[str, str]]:
    """What of an input is still behind a URL."""
    held = [(field, getattr(message.data, field)) for field in input_views.MEDIA_FIELDS if message.data.HasField(field)]
    return [(field, shown.url) for field, shown in held if shown.url and not shown.HasField("hosted")]
