"""The plan: every change, the steps that make them real, and what was refused, as one frozen value.

Belongs here: `Plan`, `Step`, `Pin`, `Refusal`, `Summary`. Its JSON form is `plan_document`; computing it is the stages'
business; nothing here touches the network.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.address import Address, Scope
from reconciler.core.change import Action, ResourceChange
from reconciler.core.diagnostics import Diagnostic


class Verb(StrEnum):
    """What one step does."""

    OPEN = "open-inventory"
    """Before the first create or delete: note in the app what is about to exist."""
    CREATE = "create"
    VERSION = "create-version"
    WAIT = "wait-for-version"
    UPDATE = "update"
    LATE = "update-late"
    """Fields that refer to what earlier steps made: the app's default workflow."""
    ADOPT = "adopt"
    FORGET = "forget"
    DELETE = "delete"
    CLOSE = "close-inventory"
    """After the last step: the inventory as it now is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One unit of work: never half done as far as we can tell, and run only after all of `after` are done."""

    id: str
    address: Address
    verb: Verb
    title: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pin:
    """A version that was looked up for a reference that names none."""

    consumer: Address
    path: str
    target: Address
    value: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A guard's no: the rule, the object, the reason, and the flag that allows it (None: nothing does)."""

    rule: str
    address: Address
    message: str
    flag: str | None


def allowing(rule: str, address: Address | str) -> str:
    """The flag, as it is typed, that lets an object break a guard's rule."""
    return f"--adopt {address}" if rule == "adopt" else f"--allow {rule}={address}"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be deleted unasked: fewer objects than `count`, or up to this share of the owned ones."""

    count: int
    share: float

    def allows(self, doomed: int, owned: int) -> bool:
        """Whether so many of so many may go."""
        return doomed < self.count or doomed <= self.share * owned


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of the summary line, which is a public interface."""

    add: int
    change: int
    destroy: int
    adopt: int
    forget: int

    @property
    def empty(self) -> bool:
        """Whether nothing at all is to be done."""
        return not (self.add or self.change or self.destroy or self.adopt or self.forget)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run would do to one app. Equal inputs give equal plans."""

    scope: Scope
    owner: str
    host: str
    changes: tuple[ResourceChange, ...]
    """Only those with an action other than NO_OP, in the order in which they will happen."""
    steps: tuple[Step, ...]
    unchanged: tuple[Address, ...] = ()
    undeclared: tuple[Address, ...] = ()
    """Owned by this manifest set but no longer declared, and left alone by this plan."""
    refusals: tuple[Refusal, ...] = ()
    pins: tuple[Pin, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    destroying: bool = False
    prune: bool = False
    delete_app: bool = False
    left_out: tuple[Address, ...] = ()
    """Would change, but was not selected."""
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allowed: tuple[tuple[str, str], ...] = ()
    """The (rule, address or glob) pairs that flags allowed."""
    limits: Limit | None = None
    """What may go unasked, where that is not the default."""
    kind_limits: tuple[tuple[str, Limit], ...] = ()
    """The same for the objects of one kind, by its name, where a kind has limits of its own."""
    inputs: int = 0
    """How many inputs the app holds, where it gets another default workflow."""
    reindex: bool = False
    """Whether they are run again by the new one, which is billed."""
    rps: float = 0.0
    """Requests a second that the run may send (0: no limit); tells how long applying takes, and changes nothing."""
    refresh: str = "stamp"
    """How live models were read: `stamp` trusts an untouched version's mark, `full` reads each one."""

    @property
    def summary(self) -> Summary:
        """Counts as Terraform counts: a replace is one add and one destroy."""
        count = Counter(change.action for change in self.changes)
        replaced = count[Action.REPLACE]
        return Summary(
            add=count[Action.CREATE] + replaced,
            change=count[Action.UPDATE],
            destroy=count[Action.DELETE] + replaced,
            adopt=count[Action.ADOPT],
            forget=count[Action.FORGET],
        )

    def change_of(self, address: Address) -> ResourceChange | None:
        """The change of one object, or None when it stays as it is."""
        return next((change for change in self.changes if change.address == address), None)
