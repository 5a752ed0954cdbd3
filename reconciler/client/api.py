"""`core.remote.Api` over gRPC, and the wrapper that makes any Api unable to write.

Belongs here: one call from fields to reply. Does not belong here: what a resource is (`kinds`), when a call is
repeated (`retry`), which pages are asked for (`paging`), words of an error (`failures`).
"""

from __future__ import annotations

import copy
import importlib.metadata
import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import grpc
from google.protobuf.message import Message

from reconciler.client.endings import End, ending
from reconciler.client.failures import failure
from reconciler.client.limiter import Limiter
from reconciler.client.paging import one_by_one, read_ahead, without_repeats
from reconciler.client.retry import Outcome, Patience, Retrier, RpcClass, Step
from reconciler.client.rpcs import SERVICE, build_request, is_paged, items_field, method, reply_class, rpc_class
from reconciler.core.diagnostics import AuthenticationFailed
from reconciler.core.remote import Api, ApiError, WriteAttempted
from reconciler.core.secret import HIDDEN, Secret

Credential = tuple[str, Secret]
"""A metadata key and its value: `("authorization", "Key …")` or `("x-clarifai-session-token", "…")` (facts 1.3)."""

PER_PAGE = 500
"""Half of the documented maximum; above 1000 the service may refuse (facts U19)."""

SECRET_LENGTH = 16
"""A token shorter than this is a placeholder, which may be a word of any sentence; the service's have 32 characters."""


@cache
def request_id_prefix() -> str:
    """What the service's request ids begin with, so that its operators can tell who called: `reconciler-0.1.0`."""
    try:
        return f"reconciler-{importlib.metadata.version('reconciler')}"
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        return "reconciler-0"


@dataclass(slots=True)
class Traffic:
    """What the run has cost so far; counted by all threads, read by the report."""

    calls: Counter[str] = field(default_factory=Counter)
    """Requests that were sent, by RPC; a repeated one counts each time."""
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How they ended, by RPC and code: the service's number, or gRPC's name where no reply came."""
    repeats: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Those that were sent again, by RPC and reason; what gRPC repeats by itself nobody sees."""
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """How long each took, by RPC."""
    throttled_seconds: float = 0.0
    """Time that threads spent waiting because the service said "too much"."""
    limited_seconds: float = 0.0
    """Time that threads spent waiting for our own limiter."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def retries(self) -> int:
        """How many requests were sent again."""
        return self.repeats.total()

    def sent(self, rpc: str, waited: float) -> None:
        """One more request, after a wait for the limiter."""
        with self._lock:
            self.calls[rpc] += 1
            self.limited_seconds += waited

    def ended(self, rpc: str, end: End, seconds: float) -> None:
        """A request came to an end."""
        with self._lock:
            self.ends[rpc, end.grpc if end.reply is None else str(end.code)] += 1
            self.seconds[rpc].append(seconds)

    def will_repeat(self, rpc: str, end: End, step: Step, pause: float) -> None:
        """A request that ended in such a way will be sent again after a pause."""
        with self._lock:
            self.repeats[rpc, ending(end).name.lower()] += 1
            self.throttled_seconds += pause if step is Step.BACK_OFF else 0.0


class GrpcApi:
    """Calls by RPC name over one channel; safe to share between threads."""

    def __init__(
        self,
        channel: grpc.Channel,
        credential: Credential,
        *,
        target: str = "the service",
        limiter: Limiter | None = None,
        patience: Patience | None = None,
        timeout: float = 30.0,
        per_page: int = PER_PAGE,
        ahead: bool = True,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`timeout` is the deadline of one attempt in seconds; `target` is how errors name the other side.

        `ahead` says whether a page of a list may be on its way while the one before is worked on.
        """
        self.traffic = Traffic()
        self._channel = channel
        self._credential = _sendable(credential)
        self._target = target
        self._limiter = limiter or Limiter(clock=clock, sleep=sleep)
        self._retrier = Retrier(patience or Patience(), clock, sleep)
        self._timeout = timeout
        self._per_page = per_page
        self._ahead = ahead
        self._clock = clock
        self._sleep = sleep
        self._stubs: dict[str, Any] = {}
        self._gate: Callable[[str], AbstractContextManager[None]] = _open

    @property
    def rate(self) -> float:
        """Requests a second that may be sent now; 0 where there is no limit."""
        return self._limiter.rate if math.isfinite(self._limiter.rate) else 0.0

    def guarded(self, gate: Callable[[str], AbstractContextManager[None]]) -> GrpcApi:
        """The same handle for a run with a lock: `gate` surrounds each attempt at a write, and may raise before it.

        Here and not around `call`: between two attempts a call may wait for minutes.
        """
        other = copy.copy(self)
        other._gate = gate
        return other

    def call(self, rpc: str, /, **fields: Any) -> Message:
        """One unary call: the reply of a success; any other end raises an ApiError that says whether it happened."""
        request, kind = build_request(rpc, fields), rpc_class(rpc)
        outcome = self._retrier.run(kind, lambda: self._attempt(rpc, request), partial(self._pausing, rpc))
        if outcome.verdict.step is Step.USE and outcome.end.reply is not None:
            return outcome.end.reply
        raise self._failed(rpc, kind, outcome)

    def _failed(self, rpc: str, kind: RpcClass, outcome: Outcome) -> ApiError:
        """The error of an outcome; an unknown one only after a pause, so that the caller can simply read again.

        The service finished a write 0.4 s after its caller's deadline had passed (measured), hence a whole
        deadline from now.
        """
        if outcome.verdict.step is Step.WAIT_OUT:
            self._sleep(self._timeout)
        return failure(rpc, kind, outcome, self._target)

    def _pausing(self, rpc: str, end: End, step: Step, pause: float) -> None:
        self.traffic.will_repeat(rpc, end, step, pause)
        if step is Step.BACK_OFF:
            self._limiter.slow_down()

    def _attempt(self, rpc: str, request: Message) -> End:
        waited = self._limiter.acquire()
        with _open(rpc) if rpc_class(rpc) is RpcClass.READ else self._gate(rpc):
            self.traffic.sent(rpc, waited)
            started = self._clock()
            end = self._send(rpc, request)
        self.traffic.ended(rpc, end, self._clock() - started)
        return end

    def _send(self, rpc: str, request: Message) -> End:
        try:
            reply = self._stub(rpc)(request, timeout=self._timeout, metadata=self._metadata())
        except grpc.RpcError as error:
            # Only its words go on: the traceback of the error holds gRPC's frames, and these the token.
            return End(grpc=error.code().name, details=self._hushed(error.details() or ""))
        status: Any = reply.status
        return End(
            code=status.code,
            description=self._hushed(status.description),
            details=self._hushed(status.details),
            request_id=status.req_id,
            reply=reply,
        )

    def _hushed(self, text: str) -> str:
        """Somebody else's words without our token: a service or a proxy may quote what it refuses."""
        if not text:
            return text
        token = self._credential[1].reveal().rpartition(" ")[2]
        return text.replace(token, HIDDEN) if len(token) >= SECRET_LENGTH else text

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        key, value = self._credential
        return (key, value.reveal()), ("x-clarifai-request-id-prefix", request_id_prefix())

    def _stub(self, rpc: str) -> Any:
        # Two threads may both make one; either is as good.
        stub = self._stubs.get(rpc)
        if stub is None:
            stub = self._stubs[rpc] = self._channel.unary_unary(
                f"/{SERVICE}/{method(rpc).name}",
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=reply_class(rpc).FromString,
            )
        return stub

    def pages(self, rpc: str, /, *, expected: int = 0, **fields: Any) -> Iterator[list[Message]]:
        """The pages of a List RPC until an empty one; an element that moved to a later page comes once.

        Of a list that is `expected` to be long, several pages travel at once, where calls may do that at all. A page
        that is not full proves nothing: the service may clamp `per_page`, or filter after cutting (facts 3.0).
        """
        name = items_field(rpc)
        if not is_paged(rpc):
            yield from without_repeats(filter(None, [list(getattr(self.call(rpc, **fields), name))]), rpc)
            return
        per_page = fields.setdefault("per_page", self._per_page)

        def fetch(page: int) -> list[Message]:
            return list(getattr(self.call(rpc, **fields, page=page), name))

        found = read_ahead(fetch, per_page, expected) if self._ahead else one_by_one(fetch)
        yield from without_repeats(found, rpc)


def _open(rpc: str) -> AbstractContextManager[None]:
    """Everything may pass."""
    return nullcontext()


def _sendable(credential: Credential) -> Credential:
    """The credential, if a header can carry it; gRPC's own complaint would quote the token."""
    key, value = credential
    text = value.reveal()
    if not (text.isascii() and text.isprintable()):
        raise AuthenticationFailed(
            "the access token holds characters that no token has", hint="check CLARIFAI_PAT: was it copied whole?"
        )
    return key, value


class ReadOnlyApi:
    """An Api that cannot write: `plan` and `drift` get nothing else."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def call(self, rpc: str, /, **fields: Any) -> Message:
        """The call, if all HTTP bindings of the RPC are GET; else WriteAttempted, and nothing is sent."""
        _only_read(rpc)
        return self._api.call(rpc, **fields)

    def pages(self, rpc: str, /, *, expected: int = 0, **fields: Any) -> Iterator[list[Message]]:
        """The pages, under the same rule; it is checked now, not when the first page is asked for."""
        _only_read(rpc)
        return self._api.pages(rpc, expected=expected, **fields)


def _only_read(rpc: str) -> None:
    if rpc_class(rpc) is not RpcClass.READ:
        raise WriteAttempted(rpc, "is not a read, and this run may only read; nothing was sent")
