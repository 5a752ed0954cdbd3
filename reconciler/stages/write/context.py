"""What every step of a run knows, and what surrounds each write: look again before, confirm after.

Belongs here: the plan with the states it was made from, and the checks that all verbs share. Does not belong here:
what a verb sends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from reconciler.core.address import Address
from reconciler.core.change import Effect, ResourceChange
from reconciler.core.diagnostics import ReconcilerError, StalePlan
from reconciler.core.kind import Kind, user_app
from reconciler.core.ownership import fill, target_record, value_at
from reconciler.core.plan import Plan, Step, Verb
from reconciler.core.remote import Api, ApiError, Call, Unseen, insist
from reconciler.core.sending import kept_texts
from reconciler.core.state import Desired, DesiredState, LiveState, Observed
from reconciler.core.tree import Path, Tree, same, show_path
from reconciler.stages.write.doubts import doubt, same_record

MERGE_METADATA = {"op": "merge", "merge_conflict_resolution": "overwrite"}
"""How our keys get into an App's metadata without touching others' (facts 3.1, U31)."""

LAG = (0.5, 1.0)
"""Seconds between looks at what an accepted write should show."""

Progress = Callable[[str], None]
Outputs = Mapping[str, str]
"""What finished steps made known: version ids by address."""


class CameToNothing(ReconcilerError):
    """What a step waited for failed, or did not come in time."""


class Unconfirmed(ReconcilerError):
    """The service accepted a write, but what it shows afterwards is not what was sent; not tried again."""


@dataclass(frozen=True)
class Context:
    """One run: nothing but what the plan saw, and the ways to the service; safe to use from many threads."""

    api: Api
    plan: Plan
    desired: DesiredState
    live: LiveState
    kinds: Mapping[str, Kind]
    wants: Mapping[Address, Tree]
    read: Callable[[Address], Observed | None]
    """Reads one object in full, right now."""
    recorded: Callable[[Mapping[Address, Observed]], Mapping[Address, Observed]]
    """The same objects with the records that the App keeps of some of them, as it has them right now."""
    decode: Callable[[Any, Kind], Observed]
    """What a reply shows of an object."""
    may_delete_app: Callable[[], str | None]
    """Says what in the app is not ours, or None."""
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    version_timeout: float = 3600.0
    """Seconds to wait for a version that trains."""

    def item(self, step: Step) -> tuple[Kind, Desired]:
        return self.kinds[step.address.kind], self.desired.resources[step.address]

    def change(self, step: Step) -> ResourceChange:
        change = self._changes.get(step.address)
        if change is None:
            raise ValueError(f"{step.id} belongs to no change of the plan")
        return change

    def want(self, address: Address, outputs: Mapping[str, str]) -> Tree:
        return fill(self.wants.get(address) or self.desired.resources[address].tree, outputs)

    def records(self, outputs: Mapping[str, str]) -> Callable[[Address], Mapping[str, str]]:
        """Path -> fingerprint of an object whose record the inventory keeps."""

        def fields(address: Address) -> Mapping[str, str]:
            kind, item = self.kinds[address.kind], self.desired.resources[address]
            return target_record(item, self.want(address, outputs), kind, self.desired.owner).fields

        return fields

    def record_text(self, item: Desired, want: Tree, kind: Kind, step: Step) -> str:
        """The record to store now. Late fields join it when their own step sets them."""
        record = target_record(item, want, kind, self.desired.owner)
        if step.verb is Verb.LATE or not self.has_step(step.address, Verb.LATE):
            return record.text()
        before = self.live.observed.get(step.address)
        known = before.record.fields if before and before.record else {}
        late = {n for n in record.fields if kind.effect(tuple(n.split("/"))) is Effect.LATE}
        fields = {
            n: known.get(n, v) if n in late else v for n, v in record.fields.items() if n not in late or n in known
        }
        return replace(record, fields=fields).text()

    def has_step(self, address: Address, verb: Verb) -> bool:
        """Whether the plan does this to an object, in whatever step."""
        return (address, verb) in self._verbs

    @cached_property
    def _changes(self) -> Mapping[Address, ResourceChange]:
        return {change.address: change for change in self.plan.changes}

    @cached_property
    def _verbs(self) -> Collection[tuple[Address, Verb]]:
        return frozenset((step.address, step.verb) for step in self.plan.steps)

    # --- around a write --------------------------------------------------------------------------------------------

    def idempotent(self, call: Call) -> Any:
        """Send a call that may safely be sent twice: once more after a lost reply."""
        return insist(self.api, call)

    def patch_app(self, app: Mapping[str, Any], found: Observed | None, **more: Any) -> None:
        """A patch of an App overwrites, so the texts that it does not change travel with it as they are."""
        kind, scope = self.kinds["apps"], self.live.scope
        kept = kept_texts(kind, self.twice_if_moved(found).tree, kind.patch_action) if found else {}
        fields = {"user_app_id": user_app(scope), "action": kind.patch_action, **more}
        self.idempotent(Call(str(kind.crud.patch), {**fields, "apps": [{"id": scope.app_id, **kept, **app}]}))

    def read_again(self, address: Address) -> Observed | None:
        """The object and whose it is, right before a write."""
        found = self.read(address)
        return None if found is None else self.recorded({address: found})[address]

    def fresh(self, step: Step, kind: Kind, paths: list[Path]) -> Observed:
        """The object as it is now; stops with `changed since the plan` if an owned value or the record moved."""
        found = self.read_again(step.address)
        if found is None:
            raise StalePlan(f"{step.address} was deleted since the plan", hint="plan again")
        return self.unmoved(step, kind, paths, found)

    def unmoved(self, step: Step, kind: Kind, paths: list[Path], found: Observed) -> Observed:
        """The object that was found, if it is what the plan saw; else StalePlan."""
        seen = self.live.observed.get(step.address)
        if seen is None:
            return found
        found = self.twice_if_moved(found)
        moved = [p for p in sorted(paths) if not same(value_at(seen.tree, p, kind), value_at(found.tree, p, kind))]
        if moved or not same_record(seen, found):
            what = ", ".join(show_path(p) for p in moved) or "our record"
            raise StalePlan(f"{step.address} changed since the plan: {what}", hint="plan again")
        return found

    def twice_if_moved(self, found: Observed) -> Observed:
        """The object, looked at once more where a text that travels with a patch is not what was planned from.

        One read may be a moment behind (facts U28); an overwrite would then put back what others have changed since.
        """
        kind, seen = self.kinds[found.address.kind], self.live.observed.get(found.address)
        if seen is None:
            return found
        before, wanted = (
            kept_texts(kind, tree, kind.patch_action) for tree in (seen.tree, self.wants.get(found.address, {}))
        )
        if kept_texts(kind, found.tree, kind.patch_action) in (before, before | wanted):
            return found
        return self.read_again(found.address) or found

    def look(self, address: Address, rpc: str) -> Observed | None:
        """Read an object that `rpc` was sent for: if that fails, nobody knows what came of it."""
        try:
            return self.read(address)
        except ApiError as problem:
            raise Unseen(rpc, problem) from problem

    def look_until(self, address: Address, rpc: str, lacks: Callable[[Observed | None], str | None]) -> str | None:
        """What is still lacking after some looks: a read may be a moment behind an accepted write (facts U28)."""
        why = lacks(self.look(address, rpc))
        for pause in LAG:
            if why is None:
                break
            self.sleep(pause)
            why = lacks(self.look(address, rpc))
        return why

    def confirm(
        self, step: Step, kind: Kind, item: Desired, want: Tree, record: str, rpc: str, reply: Any = None
    ) -> None:
        """Our record must show, and every owned value must be as it was sent: in the reply, else in a read-back."""
        shown = [self.decode(message, kind) for message in getattr(reply, kind.crud.items, None) or ()]
        if reply is not None and hasattr(reply, kind.crud.item):
            shown = [self.decode(getattr(reply, kind.crud.item), kind)]
        if any(o.address == step.address and doubt(o, kind, item, want, record) is None for o in shown):
            return
        why = self.look_until(
            step.address,
            rpc,
            lambda found: "it cannot be read" if found is None else doubt(found, kind, item, want, record),
        )
        if why is not None:
            raise Unconfirmed(f"{rpc} was accepted, but of {step.address} {why}")
