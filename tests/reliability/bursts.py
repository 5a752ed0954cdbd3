"""Faults in bursts: several calls in a row, so that no retry eats them all.

Belongs here: the kinds of faults by name, and ordering a burst of them. Does not belong here: when one comes, or what
must hold then (`machine`, `checks`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

KINDS: dict[str, dict[str, Any]] = {
    "throttled": {"effect": "reply", "code": 11005},
    "exhausted": {"effect": "exhausted"},
    "unavailable": {"effect": "unavailable"},
    "unavailable, done": {"effect": "unavailable", "when": "after"},
    "deadline": {"effect": "deadline"},
    "deadline, done": {"effect": "deadline", "when": "after"},
    "internal, done": {"effect": "internal", "when": "after"},
    "maybe": {"effect": "reply", "code": 40015},
    "maybe, done": {"effect": "reply", "code": 99009, "when": "after"},
    "half a batch": {"effect": "mixed"},
    "delivered twice": {"effect": "duplicate"},
    "sent again": {"effect": "resent"},
}
"""Name -> the fault. `done` means that the call took effect, which its client cannot see."""

HAZE: dict[str, dict[str, Any]] = {
    "stale": {"effect": "stale"},
    "very stale": {"effect": "stale", "writes": 5},
    "short page": {"effect": "truncated"},
    "empty page": {"effect": "truncated", "keep": 0},
}
"""The same of answers that look like any other, and show another app than there is."""

DOUBLING = ("duplicate", "resent")
"""The network delivers a request twice; nothing a client does can prevent a second version then."""

CALLS = ("*", "*", "*", "Post*", "Patch*", "Delete*", "Get*", "List*", "PostModelVersions", "PatchApps", "PostInputs")
"""Which calls a burst is for."""


@dataclass(frozen=True)
class Burst:
    """So many calls in a row that go wrong, after some that do not."""

    kinds: Sequence[str]
    calls: str
    skip: int

    def order(self, faults: Any) -> None:
        for kind in self.kinds:
            faults.add(self._possible(kind), skip=self.skip, times=1, **(KINDS | HAZE)[kind])

    def _possible(self, kind: str) -> str:
        """Only writes of many things can end halfway."""
        return "Post*" if kind == "half a batch" and self.calls not in ("*", "PostInputs", "Delete*") else self.calls


def struck(journal: Iterable[Any]) -> Counter[str]:
    """How often each kind struck, by name."""
    return Counter(_name(strike.fault) for strike in journal)


def _name(fault: Any) -> str:
    usual = {"when": "before", "writes": 1, "keep": -1}
    for name, fields in (KINDS | HAZE).items():
        if all(getattr(fault, field) == value for field, value in {**usual, **fields}.items()):
            return name
    raise AssertionError(f"{fault} is of no kind that bursts are made of")


def doubled(journal: Iterable[Any]) -> int:
    """How many requests for a version the network may have delivered twice."""
    return sum(s.rpc == "PostModelVersions" and s.fault.effect in DOUBLING for s in journal)
