"""Faults drawn at random, so that the same seed draws the same ones.

Belongs here: which fault a call gets, as a pure function of the seed, the RPC and how many calls of it came before. Not
here: counting calls (`fault_plane.py`). The draw looks at the calls of one RPC only: with several in flight, calls of
different RPCs may arrive in any order and still get the same faults.
"""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from reconciler.emulator.faults import CODES, WITHOUT_AFTER, Effect, Fault
from reconciler.emulator.rpcs import Rpc

KINDS: Final = ("reply", *CODES, "duplicate", "resent", "mixed", "stale", "truncated")
"""What a storm draws from unless it is told otherwise: everything that neither takes time nor a connection."""


@dataclass(frozen=True, slots=True)
class Storm:
    """Strikes a share `rate` of the calls, in bursts of up to `burst` calls of one RPC. ValueError if it cannot be.

    `kinds` are effects by name (before and after where there is a choice), or whole faults of which RPC, skip and times
    do not count.
    """

    seed: int
    rate: float
    kinds: Sequence[Fault | str] = KINDS
    rpcs: str = "*"
    burst: int = 1
    faults: tuple[Fault, ...] = field(init=False, compare=False)
    """The kinds as faults, each way of striking once."""

    def __post_init__(self) -> None:
        """Refuse what draws nothing, or nothing known."""
        if type(self.seed) is not int:
            raise ValueError(f"seed={self.seed!r} is not a number")
        if type(self.rate) not in (int, float) or not 0 < self.rate <= 1:
            raise ValueError(f"rate={self.rate!r} is not a share between 0 and 1")
        if type(self.burst) is not int or not 1 <= self.burst <= 100:
            raise ValueError(f"burst={self.burst!r} is not a number of calls between 1 and 100")
        if not self.kinds:
            raise ValueError("a storm needs kinds of faults")
        Fault(self.rpcs)
        object.__setattr__(self, "faults", tuple(fault for kind in self.kinds for fault in _ways(kind)))

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Storm:
        """The storm of a JSON object; its kinds are names or faults. ValueError says what is wrong with it."""
        unknown = sorted(set(fields) - {"seed", "rate", "kinds", "rpcs", "burst"})
        missing = sorted({"seed", "rate"} - set(fields))
        if unknown or missing:
            words = [*(f"unknown field {name!r}" for name in unknown), *(f"{name} is missing" for name in missing)]
            raise ValueError("; ".join(words))
        kinds = fields.get("kinds", KINDS)
        if not isinstance(kinds, (list, tuple)):
            raise ValueError(f"kinds={kinds!r} is not a list")
        read = [Fault.parse(kind) if isinstance(kind, Mapping) else kind for kind in kinds]
        return cls(**{**fields, "kinds": read})

    def fields(self) -> dict[str, Any]:
        """The same as JSON."""
        kinds = [kind if isinstance(kind, str) else kind.fields() for kind in self.kinds]
        return {"seed": self.seed, "rate": self.rate, "rpcs": self.rpcs, "burst": self.burst, "kinds": kinds}

    def at(self, rpc: Rpc, nth: int) -> Fault | None:
        """What happens to the nth call of an RPC, counted from 1."""
        if not fnmatch.fnmatchcase(rpc.name, self.rpcs):
            return None
        for first in range(max(1, nth - self.burst + 1), nth + 1):
            dice = random.Random(f"{self.seed}:{rpc.name}:{first}")  # noqa: S311  # no secret, but the same each time
            if dice.random() < self.rate and first + dice.randint(1, self.burst) > nth:
                possible = [fault for fault in self.faults if fault.names(rpc)]
                return dice.choice(possible) if possible else None
        return None


def _ways(kind: Fault | str) -> list[Fault]:
    if isinstance(kind, Fault):
        return [replace(kind, rpc="*", skip=0, times=1)]
    if kind not in get_args(Effect):
        raise ValueError(f"unknown kind {kind!r}; known are {', '.join(get_args(Effect))}")
    before = Fault(effect=kind)  # type: ignore[arg-type]  # checked above
    if kind in WITHOUT_AFTER:
        return [before]
    # Refused before anything is done is "too much"; refused after it was done is an error inside the service.
    return [before, replace(before, when="after", code=99009 if kind == "reply" else before.code)]
