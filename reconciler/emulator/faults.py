"""Make chosen calls fail in chosen ways, before or after their commit.

Belongs here: the hook interface around the commit, and the faults a test can order. Not here: behaviours of the
service that last (`switches.py`). Facts 2.4 and 12 name the faults worth having.
"""

from __future__ import annotations

import fnmatch
import threading
from dataclasses import dataclass
from typing import Literal, Protocol

import grpc
from google.protobuf.message import Message

from reconciler.emulator.errors import Refusal

Effect = Literal["reply", "unavailable", "deadline", "hang"]
When = Literal["before", "after"]


class Interrupt(Exception):
    """End the call with a transport error instead of a reply."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class Hook(Protocol):
    """Something that watches calls. Either method may raise `Refusal` or `Interrupt` to change the outcome."""

    def before(self, rpc: str, request: Message, gone: threading.Event) -> None:
        """Called before anything is stored; `gone` is set when the client gives up."""

    def after(self, rpc: str, request: Message, reply: Message, gone: threading.Event) -> None:
        """Called once everything is stored, before the reply is sent."""


@dataclass(slots=True)
class Fault:
    """One ordered fault: which calls, how many, what happens to them."""

    rpc: str
    effect: Effect
    when: When
    code: int
    skip: int
    times: int
    details: str

    def strikes(self) -> bool:
        """Count one matching call and say whether the fault hits it."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times == 0:
            return False
        self.times -= 1
        return True


class Faults:
    """The faults ordered so far; a hook of the dispatcher."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[Fault] = []

    def add(
        self,
        rpc: str,
        effect: Effect = "reply",
        *,
        code: int = 11005,
        when: When = "before",
        times: int = 1,
        skip: int = 0,
        details: str = "injected fault",
    ) -> None:
        """Order a fault for the next `times` calls of `rpc` after `skip` good ones.

        `rpc` may hold wildcards (`Post*`). `times=-1` never ends. Effects: `reply` answers an in-band status
        `code`; `unavailable` and `deadline` end the call with that gRPC status; `hang` never answers.
        `when="after"` lets the call be stored first: the client cannot tell the two apart, which is the point.
        """
        with self._lock:
            self._ordered.append(Fault(rpc, effect, when, code, skip, times, details))

    def clear(self) -> None:
        """Take all ordered faults back."""
        with self._lock:
            self._ordered.clear()

    def before(self, rpc: str, request: Message, gone: threading.Event) -> None:
        """Strike calls whose fault comes before the commit."""
        self._strike(rpc, "before", gone)

    def after(self, rpc: str, request: Message, reply: Message, gone: threading.Event) -> None:
        """Strike calls whose fault comes after the commit."""
        self._strike(rpc, "after", gone)

    def _strike(self, rpc: str, when: When, gone: threading.Event) -> None:
        fault = self._next(rpc, when)
        if fault is None:
            return
        if fault.effect == "reply":
            raise Refusal(fault.code, fault.details)
        if fault.effect == "unavailable":
            raise Interrupt(grpc.StatusCode.UNAVAILABLE, fault.details)
        if fault.effect == "hang":
            gone.wait()
        raise Interrupt(grpc.StatusCode.DEADLINE_EXCEEDED, fault.details)

    def _next(self, rpc: str, when: When) -> Fault | None:
        with self._lock:
            for fault in self._ordered:
                if fault.when == when and fnmatch.fnmatchcase(rpc, fault.rpc) and fault.strikes():
                    return fault
        return None
