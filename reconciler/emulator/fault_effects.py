"""What a fault does to a call: on its way in, in place of one plain execution, and to its reply.

Belongs here: the effects. Not here: which call gets one (`fault_plane.py`), connections (`connection_faults.py`).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import grpc
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.message import Message

from reconciler.emulator import statuses
from reconciler.emulator.errors import Refusal
from reconciler.emulator.faults import CODES, Fault, Interrupt, list_field
from reconciler.emulator.rpcs import Rpc

Execute = Callable[[Message], Message]
"""Carry a request out, wholly or not at all: `Refusal` if not."""


@dataclass(slots=True)
class Powers:
    """What only the emulator as a whole can do; `Faults.impossible` names what this one cannot."""

    reset: Callable[[str], None] = lambda peer: None
    """Break the connection of a peer."""
    drain: Callable[[float], None] = lambda seconds: None
    """Send every client away to a new server on the same address."""
    kill: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGKILL)


class Wire:
    """The client's end of a call. Every call has one and few look at it, so it asks gRPC only then."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context

    @property
    def peer(self) -> str:
        """Where it is."""
        return self._context.peer()

    @cached_property
    def gone(self) -> threading.Event:
        """Set once it has given up."""
        gone = threading.Event()
        if not self._context.add_callback(gone.set):
            gone.set()
        return gone


def strike(fault: Fault | None, wire: Wire, powers: Powers) -> None:
    """A fault in the way of a request or of its reply; returns if the call goes on."""
    match fault:
        case None:
            return
        case Fault(effect="reply"):
            raise Refusal(fault.code, fault.details)
        case Fault(effect="slow"):
            wire.gone.wait(fault.seconds)
        case Fault(effect="late"):
            wire.gone.wait()
        case Fault(effect="hang" | "lost"):
            wire.gone.wait()
            raise Interrupt(grpc.StatusCode.DEADLINE_EXCEEDED, fault.details)
        case Fault(effect="reset"):
            powers.reset(wire.peer)
            raise Interrupt(grpc.StatusCode.UNAVAILABLE, fault.details)
        case Fault(effect="goaway"):
            powers.drain(fault.seconds)
            if not fault.seconds:  # no time at all: not even for this call
                wire.gone.wait()
                raise Interrupt(grpc.StatusCode.UNAVAILABLE, fault.details)
        case Fault(effect="killed"):
            powers.kill()
            time.sleep(60)  # the signal is on its way: nothing may happen any more
        case _ if fault.effect in CODES:
            raise Interrupt(CODES[fault.effect], fault.details)


def carry_out(fault: Fault | None, request: Message, execute: Execute) -> Message:
    """Execute a request once, or as the fault has it."""
    match fault:
        case Fault(effect="duplicate"):
            reply = execute(request)
            _again(request, execute)
            return reply
        case Fault(effect="resent"):
            _again(request, execute)
            return execute(request)
        case Fault(effect="mixed"):
            return _half(fault, request, execute)
        case _:
            return execute(request)


def _again(request: Message, execute: Execute) -> None:
    """The delivery whose answer nobody sees."""
    try:
        execute(request)
    except Refusal:
        return


def _half(fault: Fault, request: Any, execute: Execute) -> Message:
    """Do some items of a batch, and say 10010 of the whole."""
    name = next((f.name for f, value in request.ListFields() if f.is_repeated and value), None)
    if name is None:
        return execute(request)
    items = list(getattr(request, name))
    kept = len(items) // 2 if fault.keep < 0 else min(fault.keep, len(items))
    mixed = Refusal(codes.MIXED_STATUS, fault.details)
    if kept == 0:
        raise mixed
    part = type(request)()
    part.CopyFrom(request)
    del getattr(part, name)[kept:]
    reply: Any = execute(part)
    reply.status.CopyFrom(mixed.status(""))
    _tell_each(reply, name, items[kept:], fault)
    return reply  # type: ignore[no-any-return]


def _tell_each(reply: Any, name: str, undone: list[Any], fault: Fault) -> None:
    """The items that were not done, in the reply, if their kind has a status of its own."""
    field = reply.DESCRIPTOR.fields_by_name.get(name)
    if field is None or not field.message_type or "status" not in field.message_type.fields_by_name:
        return
    for item in undone:
        shown = getattr(reply, name).add()
        shown.CopyFrom(item)
        shown.status.CopyFrom(statuses.status(fault.code, fault.details))


def shorten(fault: Fault | None, rpc: Rpc, reply: Message) -> None:
    """Let a page lose its tail, if that is the fault."""
    if fault is not None and fault.effect == "truncated" and (name := list_field(rpc)):
        elements = getattr(reply, name)
        del elements[len(elements) // 2 if fault.keep < 0 else fault.keep :]
