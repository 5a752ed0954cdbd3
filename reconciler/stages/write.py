"""One step of a plan -> the calls that do it: fill in, look again, send, read back.

Right before an update or a delete the object is read again and compared with what the plan saw; after a write the reply
or a read-back must show our record. Belongs here: what each verb sends and what its end means. Does not belong here:
which steps run when (`apply`), or the shape of a kind's requests (`kinds`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.address import Address, Scope
from reconciler.core.canonical import data_from
from reconciler.core.change import Action, Effect, ResourceChange
from reconciler.core.diagnostics import ReconcilerError, Refused, StalePlan
from reconciler.core.inventory import closing_inventory, opening_inventory, without
from reconciler.core.kind import (
    Keeps,
    Kind,
    Processing,
    Subject,
    Versions,
    delete_calls,
    patch_call,
    post_call,
    user_app,
)
from reconciler.core.outcome import Status, StepOutcome
from reconciler.core.ownership import fill, target_mark, target_record, value_at
from reconciler.core.plan import Plan, Step, Verb
from reconciler.core.remote import AlreadyExists, Api, ApiError, ApiRefused, Call, NotFound, OutcomeUnknown
from reconciler.core.sending import emptied, has_lists, kept_texts, metadata_for, tree_for_update
from reconciler.core.state import (
    RECORD_KEY,
    Desired,
    DesiredState,
    Inventory,
    LiveState,
    LiveVersion,
    Mark,
    Observed,
    inventory_key,
)
from reconciler.core.tree import ABSENT, Path, Tree, get, put, same, show_path

MERGE_METADATA = {"op": "merge", "merge_conflict_resolution": "overwrite"}
"""How our keys get into an App's metadata without touching others' (facts 3.1, U31)."""

Progress = Callable[[str], None]


class CameToNothing(ReconcilerError):
    """What a step waited for failed, or did not come in time."""


class Unconfirmed(ReconcilerError):
    """The service accepted a write, but what it shows afterwards is not what was sent; not tried again."""


@dataclass(frozen=True)
class Writer:
    """Performs the steps of one plan. Holds nothing but what the plan saw; safe to call from many threads."""

    api: Api
    plan: Plan
    desired: DesiredState
    live: LiveState
    kinds: Mapping[str, Kind]
    wants: Mapping[Address, Tree]
    read: Callable[[Address], Observed | None]
    """Reads one object in full, right now."""
    decode: Callable[[Any, Kind], Observed]
    """What a reply shows of an object."""
    may_delete_app: Callable[[], str | None]
    """Says what in the app is not ours, or None."""
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    version_timeout: float = 3600.0
    """Seconds to wait for a version that trains."""
    reindex: bool = False

    def __call__(
        self, step: Step, outputs: Mapping[str, str], outcomes: Mapping[str, StepOutcome], progress: Progress
    ) -> Mapping[str, str]:
        """Do one step; returns its outputs (a new version's id under the model's address)."""
        match step.verb:
            case Verb.CREATE:
                self._create(step, outputs)
            case Verb.VERSION:
                return self._version(step, outputs)
            case Verb.WAIT:
                self._wait(step, outputs, progress)
            case Verb.UPDATE:
                self._update(step, outputs)
            case Verb.LATE:
                self._late(step, outputs)
            case Verb.ADOPT:
                self._adopt(step, outputs)
            case Verb.FORGET:
                self._forget(step)
            case Verb.DELETE:
                self._delete(step)
            case Verb.OPEN:
                self._write_inventory(opening_inventory(self.plan, self.desired, self.live, self._records(outputs)))
            case Verb.CLOSE:
                done = _finished(self.plan, outcomes)
                closing = closing_inventory(self.plan, self.desired, self.live, self._records(outputs), done)
                self._write_inventory(closing, self._taken_over(done))
        return {}

    # --- what is wanted ------------------------------------------------------------------------------------------

    def _item(self, step: Step) -> tuple[Kind, Desired]:
        return self.kinds[step.address.kind], self.desired.resources[step.address]

    def _change(self, step: Step) -> ResourceChange:
        change = self.plan.change_of(step.address)
        if change is None:
            raise ValueError(f"{step.id} belongs to no change of the plan")
        return change

    def _want(self, address: Address, outputs: Mapping[str, str]) -> Tree:
        return fill(self.wants.get(address) or self.desired.resources[address].tree, outputs)

    def _records(self, outputs: Mapping[str, str]) -> Callable[[Address], Mapping[str, str]]:
        """Path -> fingerprint of an object whose record the inventory keeps."""

        def fields(address: Address) -> Mapping[str, str]:
            kind, item = self.kinds[address.kind], self.desired.resources[address]
            return target_record(item, self._want(address, outputs), kind, self.desired.owner).fields

        return fields

    def _record_text(self, item: Desired, want: Tree, kind: Kind, step: Step) -> str:
        """The record to store now. Late fields join it when their own step sets them."""
        record = target_record(item, want, kind, self.desired.owner)
        later = (
            any(s.address == step.address and s.verb is Verb.LATE for s in self.plan.steps)
            and step.verb is not Verb.LATE
        )
        if not later:
            return record.text()
        before = self.live.observed.get(step.address)
        known = before.record.fields if before and before.record else {}
        late = {n for n in record.fields if kind.effect(tuple(n.split("/"))) is Effect.LATE}
        fields = {
            n: known.get(n, v) if n in late else v for n, v in record.fields.items() if n not in late or n in known
        }
        return type(record)(record.owner, record.address, fields, record.protect, record.canon).text()

    # --- create ----------------------------------------------------------------------------------------------------

    def _create(self, step: Step, outputs: Mapping[str, str]) -> None:
        kind, item = self._item(step)
        want = self._want(step.address, outputs)
        shell = {name: value for name, value in want.items() if not (kind.versions and name == kind.versions.path[0])}
        record = self._record_text(item, want, kind, step)
        metadata: dict[str, Any] | None = {**(get(shell, kind.metadata) or {})} or None
        if kind.keeps is not Keeps.INVENTORY:
            metadata = {**(metadata or {}), RECORD_KEY: record}
        if kind.keeps is Keeps.APP:
            opened = opening_inventory(self.plan, self.desired, self.live, self._records(outputs))
            metadata = {**(metadata or {}), inventory_key(self.desired.owner): opened.text()}
        call = post_call(kind, Subject(step.address, shell, metadata))
        try:
            reply: Any = self.api.call(call.rpc, **call.fields)
        except AlreadyExists as problem:
            self._recognise(step, kind, record, problem)
            return
        except OutcomeUnknown as problem:
            self._settle_create(step, kind, record, call, problem)
            return
        if kind.keeps is Keeps.APP:
            self._check_account(reply, step.address.scope)
        self._confirm(step, kind, item, want, record, call.rpc, reply)

    def _recognise(self, step: Step, kind: Kind, record: str, problem: ApiError) -> None:
        """ "Exists" on a create means: read and compare; equal and ours is done, all else is a failure (S3)."""
        found = self.read(step.address)
        if found is None:
            if isinstance(problem, AlreadyExists) and kind.crud.get is None:
                return  # it is all there is to it, and only a list that lags behind could show it
            raise problem
        if kind.keeps is Keeps.INVENTORY or (found.record is not None and found.record.text() == record):
            return
        raise Refused(
            f"{step.address} exists and is not the one this run creates",
            hint="plan again to see it; --adopt takes it over",
        ) from problem

    def _settle_create(self, step: Step, kind: Kind, record: str, call: Call, problem: OutcomeUnknown) -> None:
        """A lost reply: the object is there with our record, or it is not and the call may be sent once more."""
        if self.read(step.address) is not None:
            self._recognise(step, kind, record, problem)
            return
        try:
            self.api.call(call.rpc, **call.fields)
        except AlreadyExists as again:
            self._recognise(step, kind, record, again)

    def _check_account(self, reply: Any, scope: Scope) -> None:
        """The service creates apps for the token's owner whatever is asked (facts 3.1)."""
        owner = reply.apps[0].user_id if reply.apps else ""
        if owner and owner != scope.user_id:
            raise Refused(
                f"the app was created for user {owner!r}, not {scope.user_id!r}: the token belongs to the former",
                hint=f"delete {owner}/{scope.app_id}, or use the token of {scope.user_id}",
            )

    # --- versions --------------------------------------------------------------------------------------------------

    def _version(self, step: Step, outputs: Mapping[str, str]) -> Mapping[str, str]:
        kind, item = self._item(step)
        versions = _versions(kind)
        parent = self._parent(step, item, kind)
        want = self._want(step.address, outputs)
        mark = target_mark(item, want, kind, self.desired.owner, parent)
        shape = kind.fields.shape.at(versions.path)
        tree = get(want, versions.path) or {}
        data = data_from(tree, shape) if shape else {}
        data["metadata"] = {**data.get("metadata", {}), RECORD_KEY: mark.text()}
        fields = {"user_app_id": user_app(step.address.scope), versions.parent_id_field: step.address.id}
        call = Call(versions.crud.post, {**fields, versions.crud.items: [data]})
        try:
            reply: Any = self.api.call(call.rpc, **call.fields)
        except OutcomeUnknown:
            made = self._marked(step.address, mark)
            if made is not None:
                return {str(step.address): made}
            # Read after the deadline and not there: this is no blind repetition (S4).
            reply = self.api.call(call.rpc, **call.fields)
        version = getattr(reply, kind.crud.item).model_version
        self._confirm_version(step, want, version.id, mark, reply, call.rpc)
        return {str(step.address): version.id, _status(step): str(version.status.code)}

    def _parent(self, step: Step, item: Desired, kind: Kind) -> str:
        """The newest version there is; somebody's newer one since the plan stops the step."""
        if any(s.address == step.address and s.verb is Verb.CREATE for s in self.plan.steps):
            return ""
        seen, found = self.live.observed.get(step.address), self.read(step.address)
        newest, before = (o.newest.id if o and o.newest else "" for o in (found, seen))
        if newest != before:
            raise StalePlan(
                f"{step.address} got a newer version since the plan ({newest or 'none'})", hint="plan again"
            )
        return newest

    def _marked(self, address: Address, mark: Mark) -> str | None:
        """The version that a lost reply was about, found by its mark."""
        found = self.read(address)
        versions = (found.managed, found.newest) if found else ()
        same_mark = (v.id for v in versions if v is not None and v.mark is not None and v.mark.digest == mark.digest)
        return next(same_mark, None)

    def _confirm_version(self, step: Step, want: Tree, made: str, mark: Mark, reply: Any, rpc: str) -> None:
        """The mark must show, and every declared value as it was sent: in the reply, else in a read-back."""
        kind, item = self._item(step)
        if not made:
            raise Unconfirmed(f"{rpc} answered without a version id")
        shown = self.decode(getattr(reply, kind.crud.item), kind).newest
        if shown is not None and _version_doubt(shown, kind, item, want, mark) is None:
            return
        found = self.read(step.address)
        versions = (found.newest, found.managed) if found else ()
        shown = next((v for v in versions if v is not None and v.id == made), None)
        doubt = "it cannot be read" if shown is None else _version_doubt(shown, kind, item, want, mark)
        if doubt is not None:
            raise Unconfirmed(f"{rpc} made version {made}, but {doubt}")

    def _wait(self, step: Step, outputs: Mapping[str, str], progress: Progress) -> None:
        """Poll until the version (the object itself, where there are none) can be used; operators are so at once."""
        kind = self.kinds[step.address.kind]
        by: Versions | Processing | None = kind.versions or kind.processing
        assert by is not None
        if int(outputs.get(_status(step), 0)) in by.ready:
            return
        name = f"version {outputs[str(step.address)]}" if kind.versions else str(step.address)
        started, pause, told = self.clock(), 0.5, ""
        while True:
            status = self._look(step, kind, outputs)
            words = f"{status.code} {status.description}" + (f": {status.details}" if status.details else "")
            if status.code in by.ready:
                return
            if by.failed(status.code):
                raise CameToNothing(f"{name} ended as {words}")
            if self.clock() - started > self.version_timeout:
                hint = "it may still become ready: run again, which goes on waiting; --train-timeout waits longer"
                raise CameToNothing(f"{name} is not ready after {self.version_timeout:.0f} s: {words}", hint=hint)
            percent = f" ({status.percent_completed} %)" if status.percent_completed else ""
            if (now := f"{status.description}{percent}") != told:
                told = now
                progress(now)
            self.sleep(pause)
            pause = min(pause * 1.5, 5.0)

    def _look(self, step: Step, kind: Kind, outputs: Mapping[str, str]) -> Any:
        """The status of what a step waits for."""
        fields: dict[str, Any] = {"user_app_id": user_app(step.address.scope)}
        if kind.versions is None:
            reply: Any = self.api.call(str(kind.crud.get), **fields, **{kind.crud.id_field: step.address.id})
            return getattr(reply, kind.crud.item).status
        fields |= {kind.versions.parent_id_field: step.address.id, "version_id": outputs[str(step.address)]}
        reply = self.api.call(str(kind.versions.crud.get), **fields)
        return getattr(reply, kind.versions.crud.item).status

    # --- update ----------------------------------------------------------------------------------------------------

    def _update(self, step: Step, outputs: Mapping[str, str]) -> None:
        kind, item = self._item(step)
        change, want = self._change(step), self._want(step.address, outputs)
        fresh = self._fresh(step, kind, [p for p in item.written if kind.effect(p) is Effect.IN_PLACE])
        paths = [f.path for f in change.fields if f.effect is Effect.IN_PLACE]
        tree = tree_for_update(kind, want, fresh.tree, item.written, change.fields)
        record = self._record_text(item, want, kind, step)
        whole = kind.keeps is Keeps.OVERWRITE or has_lists(kind, tree)
        metadata = metadata_for(kind, want, fresh, change.fields, record, whole=whole)
        if not tree and metadata is None:
            return
        if gone := emptied(kind, tree, fresh.tree):
            self._idempotent(patch_call(kind, Subject(step.address, gone), action="remove"))
        more: dict[str, Any] = {"metadata_action": MERGE_METADATA} if kind.keeps is Keeps.APP else {}
        if whole:
            more["action"] = "overwrite"
        tree = {**kept_texts(kind, fresh.tree, more.get("action", kind.patch_action)), **tree}
        self._patch(step, kind, item, want, record, tree, metadata, more, [p[0] for p in paths])

    def _patch(
        self,
        step: Step,
        kind: Kind,
        item: Desired,
        want: Tree,
        record: str,
        tree: Tree,
        metadata: Mapping[str, Any] | None,
        more: Mapping[str, Any],
        names: list[str],
    ) -> None:
        call = patch_call(kind, Subject(step.address, tree, metadata), **more)
        try:
            self.api.call(call.rpc, **call.fields)
        except OutcomeUnknown as problem:
            # A patch says what is to be, so reading tells whether it took effect, and sending it again is harmless.
            try:
                self._confirm(step, kind, item, want, record, call.rpc)
            except Unconfirmed:
                self.api.call(call.rpc, **call.fields)
            del problem
        self._confirm(step, kind, item, want, record, call.rpc)

    def _late(self, step: Step, outputs: Mapping[str, str]) -> None:
        """The app's default workflow; with `Empty` when what it was is about to be deleted (facts 3.1, U7)."""
        kind = self.kinds[step.address.kind]
        item = self.desired.resources.get(step.address)
        off = self.plan.destroying or item is None or get(item.tree, ("default_workflow",)) is ABSENT
        late = (
            dict(kind.unset_late)
            if off
            else {"default_workflow": self._want(step.address, outputs)["default_workflow"]}
        )
        found = self.read(step.address)
        app, more = dict(late), {}
        if not off and item is not None:
            self._unmoved_late(step, found)
            record = self._record_text(item, self._want(step.address, outputs), kind, step)
            app["metadata"] = {RECORD_KEY: record}
            more = {"metadata_action": MERGE_METADATA, "reindex": self.reindex}
        self._patch_app(app, found, **more)
        found = self.read(step.address)
        wanted = late["default_workflow"]["id"]
        if found is None or get(found.tree, ("default_workflow", "id")) != wanted:
            raise Unconfirmed(f"PatchApps was accepted, but {wanted!r} is not the app's default workflow")

    def _unmoved_late(self, step: Step, found: Observed | None) -> None:
        seen = self.live.observed.get(step.address)
        path = ("default_workflow", "id")
        if seen is not None and found is not None and not same(get(found.tree, path), get(seen.tree, path)):
            raise StalePlan(f"{step.address}: {show_path(path)} changed since the plan", hint="plan again")

    def _adopt(self, step: Step, outputs: Mapping[str, str]) -> None:
        """Write our record (and the mark of the version that serves) and nothing else."""
        kind, item = self._item(step)
        change, want = self._change(step), self._want(step.address, outputs)
        if kind.keeps is Keeps.INVENTORY:
            return
        fresh = self._fresh(step, kind, [p for p in item.written if kind.effect(p) is Effect.IN_PLACE])
        if change.record and not any(s.address == step.address and s.verb is Verb.UPDATE for s in self.plan.steps):
            record = self._record_text(item, want, kind, step)
            metadata = metadata_for(kind, want, fresh, (), record, whole=kind.keeps is Keeps.OVERWRITE)
            more = {"metadata_action": MERGE_METADATA} if kind.keeps is Keeps.APP else {}
            tree = kept_texts(kind, fresh.tree, kind.patch_action)
            self._patch(step, kind, item, want, record, tree, metadata, more, [])
        if change.mark:
            self._adopt_version(step, kind, item, want, fresh)

    def _adopt_version(self, step: Step, kind: Kind, item: Desired, want: Tree, fresh: Observed) -> None:
        versions = _versions(kind)
        version = fresh.managed or fresh.newest
        if version is None:
            raise StalePlan(f"{step.address} has no version any more", hint="plan again")
        parent = version.mark.parent if version.mark else ""
        mark = target_mark(item, want, kind, self.desired.owner, parent)
        patched = {"id": version.id, "metadata": {RECORD_KEY: mark.text()}}
        fields = {"user_app_id": user_app(step.address.scope), versions.parent_id_field: step.address.id}
        self._idempotent(Call(str(versions.crud.patch), {**fields, versions.crud.items: [patched], "action": "merge"}))
        found = self.read(step.address)
        shown = found.managed.mark if found and found.managed else None
        if shown != mark:
            raise Unconfirmed(f"{versions.crud.patch} was accepted, but version {version.id} does not show our mark")

    # --- delete ----------------------------------------------------------------------------------------------------

    def _forget(self, step: Step) -> None:
        """An App is released by an empty record; other records stand in the inventory, which the last step writes."""
        kind = self.kinds[step.address.kind]
        if kind.keeps is not Keeps.APP:
            return
        self._patch_app({"metadata": {RECORD_KEY: ""}}, self.read(step.address), metadata_action=MERGE_METADATA)

    def _delete(self, step: Step) -> None:
        kind = self.kinds[step.address.kind]
        found = self.read(step.address)
        if found is None:
            return
        self.unmoved_for_delete(step, found)
        if kind.keeps is Keeps.APP and (foreign := self.may_delete_app()) is not None:
            raise Refused(f"the app is not deleted: it holds {foreign}", hint="nothing overrides this")
        self._delete_now(kind, Subject(step.address, found.tree, service_id=found.service_id))

    def unmoved_for_delete(self, step: Step, found: Observed) -> None:
        """Raises StalePlan if an object that is about to be deleted is not what the plan saw."""
        kind, seen = self.kinds[step.address.kind], self.live.observed.get(step.address)
        if seen is None or kind.keeps is Keeps.APP:
            return
        # A relation reads differently from either end, hence nothing of an identity; a version has its own id.
        apart = (*kind.fields.identity, *(kind.versions.path if kind.versions else ()))
        shells = [{k: v for k, v in o.tree.items() if not kind.fields.any(apart, (k,))} for o in (seen, found)]
        newest = [o.newest.id if o.newest else "" for o in (seen, found)]
        if not same(*shells) or newest[0] != newest[1] or _text(seen) != _text(found):
            raise StalePlan(f"{step.address} changed since the plan", hint="plan again")

    def _delete_now(self, kind: Kind, subject: Subject) -> None:
        calls = delete_calls(kind, subject)
        for number, call in enumerate(calls, start=1):
            try:
                self._idempotent(call)
                return
            except NotFound:
                if self.read(subject.address) is None:
                    return
                if number == len(calls):
                    raise
            except ApiRefused:
                if number == len(calls):
                    raise

    # --- around a write --------------------------------------------------------------------------------------------

    def _idempotent(self, call: Call) -> Any:
        """Send a call that may safely be sent twice: once more after a lost reply."""
        try:
            return self.api.call(call.rpc, **call.fields)
        except OutcomeUnknown:
            return self.api.call(call.rpc, **call.fields)

    def _patch_app(self, app: Mapping[str, Any], found: Observed | None, **more: Any) -> None:
        """A patch of an App overwrites, so the texts that it does not change travel with it as they are."""
        kind, scope = self.kinds["apps"], self.live.scope
        kept = kept_texts(kind, found.tree, kind.patch_action) if found else {}
        fields = {"user_app_id": user_app(scope), "action": kind.patch_action, **more}
        self._idempotent(Call(str(kind.crud.patch), {**fields, "apps": [{"id": scope.app_id, **kept, **app}]}))

    def _fresh(self, step: Step, kind: Kind, paths: list[Path]) -> Observed:
        """The object as it is now; stops with `changed since the plan` if an owned value or the record moved."""
        seen, found = self.live.observed.get(step.address), self.read(step.address)
        if found is None:
            raise StalePlan(f"{step.address} was deleted since the plan", hint="plan again")
        if seen is None:
            return found
        moved = [p for p in sorted(paths) if not same(value_at(seen.tree, p, kind), value_at(found.tree, p, kind))]
        if moved or _text(seen) != _text(found):
            what = ", ".join(show_path(p) for p in moved) or "our record"
            raise StalePlan(f"{step.address} changed since the plan: {what}", hint="plan again")
        return found

    def _confirm(
        self, step: Step, kind: Kind, item: Desired, want: Tree, record: str, rpc: str, reply: Any = None
    ) -> None:
        """Our record must show, and every owned value must be as it was sent: in the reply, else in a read-back."""
        shown = [self.decode(message, kind) for message in getattr(reply, kind.crud.items, None) or ()]
        if reply is not None and hasattr(reply, kind.crud.item):
            shown = [self.decode(getattr(reply, kind.crud.item), kind)]
        if any(o.address == step.address and doubt(o, kind, item, want, record) is None for o in shown):
            return
        found = self.read(step.address)
        why = "it cannot be read" if found is None else doubt(found, kind, item, want, record)
        if why is not None:
            raise Unconfirmed(f"{rpc} was accepted, but of {step.address} {why}")

    def _taken_over(self, done: Collection[Address]) -> list[Address]:
        """What another owner's inventory still records as theirs, although it is ours now."""
        records = {a: o.record for a in done if (o := self.live.observed.get(a)) is not None}
        return [
            address
            for address, record in records.items()
            if record is not None
            and record.owner != self.desired.owner
            and self.kinds[address.kind].keeps is Keeps.INVENTORY
        ]

    def _write_inventory(self, inventory: Inventory, taken: Collection[Address] = ()) -> None:
        """Store the inventory in the App unless it says so already; an empty one is released."""
        text = inventory.text() if inventory.entries else ""
        before = self.live.inventory
        app = Address(self.live.scope, "apps", self.live.scope.app_id)
        key = inventory_key(inventory.owner)
        found = self.read(app)
        now = found.metadata if found else {}
        current = now.get(key, "")
        if current == text:
            return
        if found is not None and self.live.exists and current not in ("", before.text()) and not self._is_ours(current):
            raise StalePlan(
                "the inventory changed since the plan: another run of the same owner is at work", hint="plan again"
            )
        metadata = {key: text}
        for owner in self.live.others if taken else ():
            theirs = Inventory.parse(now.get(inventory_key(owner)), owner)
            if theirs is not None and (rest := without(theirs, taken)) != theirs:
                metadata[inventory_key(owner)] = rest.text() if rest.entries else ""
        self._patch_app({"metadata": metadata}, found, metadata_action=MERGE_METADATA)
        shown = self.read(app)
        if shown is None or any(shown.metadata.get(name, "") != sent for name, sent in metadata.items()):
            raise Unconfirmed("PatchApps was accepted, but the app does not show the inventory that was sent with it")

    def _is_ours(self, text: str) -> bool:
        """Whether it is what this very run wrote when it began."""
        opened = opening_inventory(self.plan, self.desired, self.live, self._records({}))
        return text == opened.text()


def doubt(found: Observed, kind: Kind, item: Desired, want: Tree, record: str) -> str | None:
    """What an object does not show of what was sent, in words; None when it shows everything."""
    if kind.keeps is not Keeps.INVENTORY and (found.record is None or found.record.text() != record):
        return "the service does not show the record that was sent with it"
    have = kind.align(want, found.tree)
    return _other_values(kind, item, want, have, Effect.IN_PLACE)


def _version_doubt(version: LiveVersion, kind: Kind, item: Desired, want: Tree, mark: Mark) -> str | None:
    """The same of a new version."""
    if version.mark != mark:
        return "it does not show the mark that was sent with it"
    have = put({}, _versions(kind).path, version.tree or ABSENT)
    return _other_values(kind, item, want, have, Effect.NEW_VERSION)


def _other_values(kind: Kind, item: Desired, want: Tree, have: Tree, effect: Effect) -> str | None:
    hidden = (*kind.fields.write_only, *kind.fields.sensitive, *kind.fields.late)
    wrong = [
        path
        for path in sorted(item.written - item.ignored)
        if kind.effect(path) is effect
        and not kind.fields.any(hidden, path)
        and not same(value_at(want, path, kind), value_at(have, path, kind))
    ]
    return f"the service shows other values: {', '.join(show_path(path) for path in wrong)}" if wrong else None


def _finished(plan: Plan, outcomes: Mapping[str, StepOutcome]) -> frozenset[Address]:
    """The objects all of whose steps got done."""
    steps = [s for s in plan.steps if s.verb not in (Verb.OPEN, Verb.CLOSE)]
    undone = {s.address for s in steps if (o := outcomes.get(s.id)) is None or o.status is not Status.DONE}
    return frozenset({c.address for c in plan.changes if c.action is not Action.NO_OP} - undone)


def _status(step: Step) -> str:
    """The output under which a new version's first status travels to the step that waits for it."""
    return f"{step.address}#status"


def _versions(kind: Kind) -> Versions:
    if kind.versions is None:
        raise ValueError(f"a {kind.name} has no versions")
    return kind.versions


def _text(observed: Observed) -> str | None:
    return observed.record.text() if observed.record else None
