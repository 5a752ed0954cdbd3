"""The faults of one emulator: ordered one by one, drawn by a storm, or replayed from a journal.

Belongs here: which fault a call gets, and the journal of those that struck. Not here: what a fault is (`faults.py`) or
does (`fault_effects.py`).

A call is known by its RPC and how many calls of that RPC came before it since the last `clear`, `storm` or `replay`. So
the same program meets the same faults again, whatever the order in which calls of different RPCs arrive.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf.message import Message

from reconciler.emulator.faults import Effect, Fault, Phase, list_field
from reconciler.emulator.rpcs import RPCS, Rpc
from reconciler.emulator.storm import Storm


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that has come: the `nth` of its RPC, and what happens to it before it is carried out."""

    rpc: Rpc
    nth: int
    call: int
    """Among all calls."""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that struck: an entry of the journal."""

    call: int
    rpc: str
    nth: int
    fault: Fault

    def fields(self) -> dict[str, Any]:
        """The entry as JSON, as `replay` takes it."""
        described = {name: value for name, value in self.fault.fields().items() if name not in ("skip", "times")}
        return {"call": self.call, **described, "rpc": self.rpc, "nth": self.nth}

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Strike:
        """The entry of a JSON object; ValueError says what is wrong with it."""
        if not isinstance(fields, Mapping):
            raise ValueError(f"{fields!r} is no entry of a journal")
        nth, call = fields.get("nth"), fields.get("call", 0)
        if not isinstance(nth, int) or not isinstance(call, int) or nth < 1:
            raise ValueError(f"nth={nth!r} is not the number of a call")
        fault = Fault.parse({name: value for name, value in fields.items() if name not in ("nth", "call")})
        if fault.rpc not in RPCS:
            raise ValueError(f"an entry of a journal names one RPC, not {fault.rpc!r}")
        return cls(call, fault.rpc, nth, replace(fault, skip=0, times=1))


@dataclass(slots=True)
class _Order:
    """A fault with what is left of it; `skip` and `times` count down."""

    fault: Fault
    skip: int
    times: int

    def strikes(self) -> bool:
        """Count one call it is for, and say whether it hits it."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times == 0:
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class _Script:
    """What was set and what happened since then; replaced whole by `clear`, `storm` and `replay`."""

    orders: list[_Order] = field(default_factory=list)
    storm: Storm | None = None
    replayed: Mapping[tuple[str, int], Fault] = field(default_factory=dict)
    journal: list[Strike] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    calls: int = 0

    @property
    def calm(self) -> bool:
        """Nothing can strike."""
        return not self.orders and self.storm is None and not self.replayed

    @property
    def faults(self) -> list[Fault]:
        """All that may yet strike."""
        ordered = [order.fault for order in self.orders if order.times]
        return [*ordered, *(self.storm.faults if self.storm else ()), *self.replayed.values()]


class Faults:
    """What happens to calls. Thread-safe; `impossible` are effects this emulator cannot produce, with the reason."""

    def __init__(self, impossible: Mapping[str, str] | None = None) -> None:
        self.impossible: dict[str, str] = dict(impossible or {})
        self._changed = threading.Condition()
        self._script = _Script()
        self._struck = 0
        self.stale_depth = 0
        """How many older states have to be kept for the faults that were set."""

    # -- setting

    def add(self, rpc: str = "*", effect: Effect = "reply", **fields: Any) -> Fault:
        """Order a fault: the fields of `Fault`, ValueError if they make none."""
        return self.order(Fault(rpc, effect, **fields))

    def order(self, fault: Fault) -> Fault:
        """Order a fault; of several that fit a call the first one strikes."""
        self._possible([fault])
        with self._changed:
            self._script.orders.append(_Order(fault, fault.skip, fault.times))
            self._keep_enough()
        return fault

    def storm(self, seed: int, rate: float, *args: Any, **fields: Any) -> Storm:
        """From now on draw faults for calls at random: the fields of `Storm`. Begins a new journal."""
        return self.begin(Storm(seed, rate, *args, **fields))

    def begin(self, storm: Storm) -> Storm:
        """Let a storm begin, and a new journal with it."""
        self._possible(storm.faults)
        self._restart(_Script(storm=storm))
        return storm

    def replay(self, journal: Iterable[Strike] | str) -> None:
        """Strike the calls of a journal again, and no others; text is what `recipe` gave. Begins a new journal."""
        entries = read_journal(journal) if isinstance(journal, str) else list(journal)
        self._possible([entry.fault for entry in entries])
        self._restart(_Script(replayed={(entry.rpc, entry.nth): entry.fault for entry in entries}))

    def clear(self) -> None:
        """Take everything back, and forget the journal."""
        self._restart(_Script())

    def _restart(self, script: _Script) -> None:
        with self._changed:
            self._script = script
            self._keep_enough()

    def _keep_enough(self) -> None:
        self.stale_depth = max((fault.writes for fault in self._script.faults if fault.effect == "stale"), default=0)

    def _possible(self, faults: Iterable[Fault]) -> None:
        reasons = {fault.effect: self.impossible[fault.effect] for fault in faults if fault.effect in self.impossible}
        if reasons:
            raise ValueError("; ".join(f"{effect} cannot be: {reason}" for effect, reason in reasons.items()))

    # -- looking

    @property
    def journal(self) -> list[Strike]:
        """Every fault that struck, in order."""
        with self._changed:
            return list(self._script.journal)

    @property
    def recipe(self) -> str:
        """The journal as one line that `replay` takes."""
        return json.dumps([entry.fields() for entry in self.journal])

    @property
    def ordered(self) -> list[Fault]:
        """The orders of which something is left; `skip` and `times` say what."""
        with self._changed:
            return [replace(o.fault, skip=o.skip, times=o.times) for o in self._script.orders if o.times]

    @property
    def blowing(self) -> Storm | None:
        """The storm that was begun, if any."""
        return self._script.storm

    def settle(self, seconds: float = 10) -> bool:
        """Wait until no call that a fault struck is being worked on any more; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._struck, seconds)

    # -- striking

    def arrived(self, rpc: Rpc, *, older: bool) -> Arrival:
        """Count a call and say what happens to it; `older` if there is an older state to read from."""
        with self._changed:
            script = self._script
            script.seen[rpc.name] += 1
            script.calls += 1
            arrival = Arrival(rpc, script.seen[rpc.name], script.calls)
            if script.calm:
                return arrival
            fault = self._next(arrival, "arrival", older=older)
            self._struck += fault is not None
            return replace(arrival, fault=fault)

    def answered(self, arrival: Arrival, reply: Message) -> Fault | None:
        """What happens to a call that was carried out."""
        with self._changed:
            return None if self._script.calm else self._next(arrival, "answer", reply=reply)

    def left(self, arrival: Arrival) -> None:
        """A call is over."""
        if arrival.fault is not None:
            with self._changed:
                self._struck -= 1
                self._changed.notify_all()

    def _next(self, arrival: Arrival, phase: Phase, *, older: bool = False, reply: Any = None) -> Fault | None:
        def fits(fault: Fault) -> bool:
            if fault.phase != phase or not fault.names(arrival.rpc):
                return False
            if fault.effect == "truncated":
                return bool(getattr(reply, list_field(arrival.rpc) or ""))
            return fault.effect != "stale" or older

        fault = self._find(arrival, fits)
        if fault is not None:
            self._script.journal.append(Strike(arrival.call, arrival.rpc.name, arrival.nth, fault))
        return fault

    def _find(self, arrival: Arrival, fits: Any) -> Fault | None:
        script = self._script
        for order in script.orders:
            if fits(order.fault) and order.strikes():
                return order.fault
        drawn = script.storm.at(arrival.rpc, arrival.nth) if script.storm else None
        drawn = drawn or script.replayed.get((arrival.rpc.name, arrival.nth))
        return drawn if drawn is not None and fits(drawn) else None


def read_journal(text: str) -> list[Strike]:
    """The journal in a line of JSON; ValueError says what is wrong with it."""
    try:
        entries = json.loads(text)
    except ValueError as reason:
        raise ValueError(f"a journal is one line of JSON: {reason}") from None
    if not isinstance(entries, list):
        raise ValueError("a journal is a list of what struck")
    return [Strike.parse(entry) for entry in entries]
