"""One fault: which calls it is for, and what happens to them.

Belongs here: the order of a fault as a value, its check, its JSON form, which RPCs it can strike, and the interface of
hooks. Not here: which faults are ordered (`fault_plane.py`), how one is carried out (`fault_effects.py`), behaviours of
the service that last (`switches.py`). Facts 2.4 and 12 name the faults worth having.
"""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, get_args

import grpc
from google.protobuf.message import Message

from reconciler.emulator.rpcs import RPCS, Rpc

When = Literal["before", "after"]
Effect = Literal[
    "reply", "unavailable", "deadline", "cancelled", "internal", "unknown", "exhausted",
    "slow", "hang", "lost", "late", "duplicate", "resent", "mixed", "stale", "truncated", "reset", "goaway", "killed",
]  # fmt: skip

CODES: Final[Mapping[str, grpc.StatusCode]] = {
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "deadline": grpc.StatusCode.DEADLINE_EXCEEDED,
    "cancelled": grpc.StatusCode.CANCELLED,
    "internal": grpc.StatusCode.INTERNAL,
    "unknown": grpc.StatusCode.UNKNOWN,
    "exhausted": grpc.StatusCode.RESOURCE_EXHAUSTED,
}
"""Effects that end a call with a gRPC status and no reply."""

WITHOUT_AFTER: Final = frozenset({"lost", "late", "duplicate", "resent", "mixed", "stale", "truncated"})
"""Effects that are about the way of a call as a whole: `when` says nothing about them."""

Phase = Literal["arrival", "answer"]
"""A fault strikes a call when it arrives, or when it was carried out and its reply is ready."""


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


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next `times` calls of `rpc` after `skip` good ones.

    `rpc` may hold wildcards (`Post*`); `times=-1` never ends. `when="after"` stores the call first, which the client
    cannot see, and that is the point. ValueError names everything that is wrong.
    """

    rpc: str = "*"
    effect: Effect = "reply"
    when: When = "before"
    skip: int = 0
    times: int = 1
    code: int = 11005
    """Of `reply`: the in-band status; of `mixed`: the status of the items that were not done."""
    details: str = "injected fault"
    seconds: float = 0.2
    """Of `slow`: how long it takes; of `goaway`: how long calls in flight may still last."""
    keep: int = -1
    """Of `truncated`: elements left on the page; of `mixed`: items that are done. -1 is the smaller half."""
    writes: int = 1
    """Of `stale`: how many writing calls the read does not see yet."""

    def __post_init__(self) -> None:
        """Refuse what could never strike."""
        problems = [*_wrong_types(self)] or [*_wrong_values(self)]
        if problems:
            raise ValueError("; ".join(problems))

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Fault:
        """The fault of a JSON object; ValueError says what is wrong with it."""
        known = [each.name for each in dataclasses.fields(cls)]
        unknown = [f"unknown field {name!r}{_meant(name, known)}" for name in fields if name not in known]
        if unknown:
            raise ValueError("; ".join(unknown))
        return cls(**{**fields, **({"seconds": float(fields["seconds"])} if _whole(fields.get("seconds")) else {})})

    def fields(self) -> dict[str, Any]:
        """The same as JSON: what differs from the defaults."""
        told = {each.name: (getattr(self, each.name), each.default) for each in dataclasses.fields(self)}
        return {name: value for name, (value, default) in told.items() if value != default or name in ("rpc", "effect")}

    @property
    def phase(self) -> Phase:
        """When it strikes."""
        return "answer" if self.when == "after" or self.effect == "truncated" else "arrival"

    def names(self, rpc: Rpc) -> bool:
        """Whether it is for calls of this RPC, and can do anything to them."""
        return fnmatch.fnmatchcase(rpc.name, self.rpc) and can_strike(self.effect, rpc)


def can_strike(effect: str, rpc: Rpc) -> bool:
    """Whether an effect means anything for an RPC: only reads are stale, only lists have pages, only batches halves."""
    if effect == "stale":
        return rpc.reads
    if effect == "truncated":
        return rpc.reads and list_field(rpc) is not None
    return effect != "mixed" or (not rpc.reads and any(each.is_repeated for each in rpc.request.DESCRIPTOR.fields))


def list_field(rpc: Rpc) -> str | None:
    """The field of a reply that holds the elements of a page."""
    repeated = [each.name for each in rpc.reply.DESCRIPTOR.fields if each.is_repeated and each.message_type]
    return repeated[0] if repeated else None


def _wrong_types(fault: Fault) -> list[str]:
    wanted = {"int": int, "str": str, "float": (int, float)}
    kinds: dict[str, Any] = {each.name: wanted.get(str(each.type), str) for each in dataclasses.fields(fault)}
    found = {name: getattr(fault, name) for name in kinds}
    return [
        f"{name}={value!r} is not {'a number' if kinds[name] is not str else 'text'}"
        for name, value in found.items()
        if not isinstance(value, kinds[name]) or isinstance(value, bool)
    ]


def _wrong_values(fault: Fault) -> list[str]:
    effects = get_args(Effect)
    if fault.effect not in effects:
        return [f"unknown effect {fault.effect!r}{_meant(fault.effect, effects)}; known are {', '.join(effects)}"]
    matching = [rpc for rpc in RPCS.values() if fnmatch.fnmatchcase(rpc.name, fault.rpc)]
    numbers = {
        "skip": fault.skip >= 0, "times": fault.times >= -1, "seconds": 0 <= fault.seconds < 3600,
        "keep": fault.keep >= -1, "writes": fault.writes >= 1,
    }  # fmt: skip
    problems = [f"{name}={getattr(fault, name)} makes no sense" for name, good in numbers.items() if not good]
    if not matching:
        problems.append(f"no RPC is called {fault.rpc!r}{_meant(fault.rpc, list(RPCS))}")
    elif not any(map(fault.names, matching)):
        problems.append(f"{fault.effect} means nothing for {fault.rpc}")
    if fault.when not in get_args(When):
        problems.append(f"when={fault.when!r} is neither before nor after")
    elif fault.when == "after" and fault.effect in WITHOUT_AFTER:
        problems.append(f"{fault.effect} has no when=after")
    return problems


def _meant(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
