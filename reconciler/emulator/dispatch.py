"""Turn a gRPC call into an operation and its outcome into the reply of that RPC.

Belongs here: the order of what happens to every call (fault, record, hooks, key, throttle, transaction, reply) and the
generic handler built from the descriptor. Not here: what an RPC does (`operations/`) or a fault (`fault_effects.py`).

Business failures are OK replies with a status; only injected faults end a call with a gRPC error (facts 0.1).
A bug in an operation becomes an in-band 99009 with the traceback on stderr: the server must not die of it.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from google.protobuf.message import Message

from reconciler.emulator import fault_effects, finite, statuses
from reconciler.emulator.access import Keyring
from reconciler.emulator.calls import Calls
from reconciler.emulator.context import Call, Memory, Operation
from reconciler.emulator.errors import Refusal
from reconciler.emulator.fault_effects import Powers, Wire
from reconciler.emulator.fault_plane import Arrival, Faults
from reconciler.emulator.faults import Fault, Hook, Interrupt
from reconciler.emulator.history import History
from reconciler.emulator.rpcs import RPCS, Rpc
from reconciler.emulator.store import Store
from reconciler.emulator.switches import Switches
from reconciler.emulator.throttle import Throttle


@dataclass(slots=True)
class Dispatcher:
    """Answers calls: everything a handler needs, wired once by the server."""

    store: Store
    switches: Switches
    keyring: Keyring
    operations: Mapping[str, Operation]
    calls: Calls
    memory: Memory
    faults: Faults = field(default_factory=Faults)
    powers: Powers = field(default_factory=Powers)
    hooks: list[Hook] = field(default_factory=list)
    long: frozenset[str] = frozenset()
    """Operations that open their own transactions, since they must not hold the store all the time."""
    throttle: Throttle = field(init=False)
    history: History = field(init=False)

    def __post_init__(self) -> None:
        """Make the limiter from the switches."""
        self.throttle = Throttle(self.switches.rps)
        self.history = History(self.store)

    def answer(self, rpc: Rpc, request: Message, context: grpc.ServicerContext) -> Message:
        """The reply to one call; raises `Interrupt` when the call shall end with a transport error."""
        arrival = self.faults.arrived(rpc, older=bool(self.history))
        if arrival.fault is None or arrival.fault.effect != "lost":
            self.calls.record(rpc.name, request)
        request_id = statuses.new_request_id()
        try:
            return self._answer(arrival, request, context, request_id)
        except Refusal as refusal:
            return _refused(rpc, refusal.status(request_id))
        except Interrupt:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            details = f"unexpected failure in {rpc.name}, see the emulator's log"
            return _refused(rpc, statuses.status(codes.INTERNAL_UNCATEGORIZED, details, request_id=request_id))
        finally:
            self.faults.left(arrival)

    def _answer(self, arrival: Arrival, request: Message, context: grpc.ServicerContext, request_id: str) -> Message:
        """The way of a call through faults and hooks, to its operation and back."""
        rpc, fault = arrival.rpc, arrival.fault
        wire = Wire(context)
        if self.switches.latency:
            time.sleep(self.switches.latency)
        fault_effects.strike(fault, wire, self.powers)
        for hook in self.hooks:
            hook.before(rpc.name, request, wire.gone)
        if self.faults.stale_depth and not rpc.reads:
            self.history.keep(self.faults.stale_depth)
        reply = fault_effects.carry_out(fault, request, lambda asked: self._operate(rpc, asked, context, fault))
        self._stamp(reply, request_id)
        after = self.faults.answered(arrival, reply)
        fault_effects.shorten(after, rpc, reply)
        fault_effects.strike(after, wire, self.powers)
        for hook in self.hooks:
            hook.after(rpc.name, request, reply, wire.gone)
        return reply

    def _operate(self, rpc: Rpc, request: Message, context: grpc.ServicerContext, fault: Fault | None) -> Message:
        caller = self.keyring.identify(rpc, context.invocation_metadata())
        self.throttle.check(caller.user)
        operation = self.operations.get(rpc.name)
        if operation is None:
            raise Refusal(codes.NOT_IMPLEMENTED, f"the emulator does not implement {rpc.name}")
        if not rpc.reads:
            finite.check(request)
        call = Call(rpc, caller, self.store, self.switches, self.memory)
        if fault is not None and fault.effect == "stale":
            with self.history.before(fault.writes) as older:
                # What a read before the last writes changes itself is lost.
                memory = replace(self.memory, polls=dict(self.memory.polls))
                reply = self._within(replace(call, store=older, memory=memory), operation, request)
        else:
            reply = self._within(call, operation, request)
        self.calls.record_execution(rpc.name)
        return reply

    def _within(self, call: Call, operation: Operation, request: Message) -> Message:
        """The call in its transaction."""
        if call.rpc.name in self.long:
            return operation(call, request)
        with call.store.transaction():
            return operation(call, request)

    def _stamp(self, reply: Any, request_id: str) -> None:
        status = reply.status
        if not status.code:
            status.MergeFromString(statuses.OK)
        status.req_id = request_id


def _refused(rpc: Rpc, status: statuses.Status) -> Message:
    reply: Any = rpc.reply()
    reply.status.CopyFrom(status)
    return reply  # type: ignore[no-any-return]


class Handlers(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs, not at run time
    """Serves every method of the service descriptor, streaming ones included."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._by_path = {rpc.path: _handler(rpc, dispatcher) for rpc in RPCS.values()}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler of a path; None makes gRPC answer UNIMPLEMENTED."""
        return self._by_path.get(handler_call_details.method)


def _handler(rpc: Rpc, dispatcher: Dispatcher) -> grpc.RpcMethodHandler[Any, Any]:
    def unary(request: Message, context: grpc.ServicerContext) -> Message:
        try:
            return dispatcher.answer(rpc, request, context)
        except Interrupt as interrupt:
            context.abort(interrupt.code, interrupt.details)
            raise

    def streamed(request: Message, context: grpc.ServicerContext) -> Iterator[Message]:
        yield unary(request, context)

    def both_streamed(requests: Iterator[Message], context: grpc.ServicerContext) -> Iterator[Message]:
        # A client that sends nothing still gets an answer of the right type.
        yield unary(next(requests, rpc.request()), context)

    make = grpc.unary_unary_rpc_method_handler
    behaviour: Any = unary
    if rpc.client_streaming:
        make, behaviour = grpc.stream_stream_rpc_method_handler, both_streamed
    elif rpc.server_streaming:
        make, behaviour = grpc.unary_stream_rpc_method_handler, streamed
    return make(behaviour, request_deserializer=rpc.request.FromString, response_serializer=_serialize)


def _serialize(reply: Message) -> bytes:
    return reply.SerializeToString()
