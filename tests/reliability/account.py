"""Whether the account of a run is true: what it says of each step, against what the service really holds.

Judged from the service's own rows, before and after, and from the same run without a fault: not from what the engine
reads. Belongs here: what a step's effect looks like in the rows. Does not belong here: what is run.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.outcome import Status, StepFinished, StepStarted
from reconciler.core.plan import Step, Verb
from reconciler.emulator.server import Emulator
from tests.reliability.stored import Row, Stored

BOOKKEEPING = (Verb.OPEN, Verb.CLOSE)
APP = OWNER = "app"
OBJECTS = ("concept", "relation", "input", "model", "workflow")
IN_INVENTORY = ("concepts/", "relations/")
"""Objects that cannot carry a record of their own."""


@dataclass(frozen=True)
class Picture:
    """What an app holds, without what differs from run to run: times, and the ids that the service makes up."""

    shapes: Mapping[str, str]
    """Address -> its content, with versions named by their model and number."""
    versions: Mapping[str, int]
    owners: Mapping[str, str]
    listed: Mapping[str, bool]
    """What our inventory lists -> whether it is pending there."""
    app: str
    default: str

    @classmethod
    def of(cls, stored: Stored) -> "Picture":
        objects = {row.address: row for row in stored.of(APP, *OBJECTS)}
        versions: dict[str, list[str]] = {row.id: [] for row in stored.of(APP, "model")}
        for row in stored.of(APP, "model_version"):
            versions[row.parent].append(row.id)
        names = {name: f"{model}#{number}" for model, found in versions.items() for number, name in enumerate(found)}
        app, listed = stored.app(APP), stored.inventory(APP)
        recorded = {address: _owner(row) for address, row in objects.items()}
        kept = {address: OWNER for address in listed if address in objects and address.startswith(IN_INVENTORY)}
        return cls(
            shapes={address: _shape(row, names) for address, row in objects.items()},
            versions={model: len(found) for model, found in versions.items()},
            owners={address: owner for address, owner in {**recorded, **kept}.items() if owner},
            listed=listed,
            app="" if app is None else f"{app.description}|{app.notes}",
            default="" if app is None else app.default_workflow.id,
        )

    @classmethod
    def at(cls, emulator: Emulator) -> "Picture":
        """Of what an emulator holds right now."""
        store: Any = emulator._store
        with store.transaction():
            rows = store._connection.execute("SELECT * FROM objects ORDER BY seq").fetchall()
        return cls.of(Stored(map(Row._make, rows)))

    @property
    def exists(self) -> bool:
        return bool(self.app)


def _metadata(row: Row) -> Any:
    message = row.message
    holder = message.data if row.kind == "input" else message
    return holder.metadata.fields if "metadata" in holder.DESCRIPTOR.fields_by_name else {}


def _owner(row: Row) -> str:
    """Whose record an object carries, if any."""
    fields = _metadata(row)
    text = fields["reconciler"].string_value if "reconciler" in fields else ""
    return str(json.loads(text)["owner"]) if text else ""


def _shape(row: Row, names: Mapping[str, str]) -> str:
    message = row.message
    for field in ("created_at", "modified_at", "version", "id", "status"):
        if field in message.DESCRIPTOR.fields_by_name:
            message.ClearField(field)
    fields = (message.data if row.kind == "input" else message).metadata.fields if _metadata(row) else {}
    for key in [key for key in fields if key.startswith("reconciler")]:
        del fields[key]
    for concept in message.data.concepts if row.kind == "input" else ():
        concept.ClearField("name")
    for node in message.nodes if row.kind == "workflow" else ():
        node.model.model_version.id = names.get(node.model.model_version.id, node.model.model_version.id)
    return str(message)


@dataclass(frozen=True)
class Account:
    """One run: before, after, and after the same run without a fault; `plan` and `result` are the engine's."""

    before: Picture
    after: Picture
    intended: Picture
    result: Any
    events: Sequence[Any] = ()

    def problems(self) -> Iterator[str]:
        """Every untrue word, and every promise that was broken."""
        for outcome in self.result.outcomes:
            there, step = self._effect(outcome.step), outcome.step.id
            if there is None:
                continue
            if outcome.status is Status.DONE and not there:
                yield f"{step} is told as done, and is not"
            if outcome.status is Status.FAILED and there and not _says_accepted(outcome.message):
                yield f"{step} is told as failed, and is done: {outcome.message}"
            if outcome.status in (Status.SKIPPED, Status.NOT_STARTED) and there:
                yield f"{step} is told as {outcome.status}, and is done"
        yield from self._deletes()
        yield from self._orphans()
        yield from self._code()

    def _deletes(self) -> Iterator[str]:
        """No delete was started after something failed, another delete included."""
        endings, failed = (Verb.DELETE, Verb.FORGET), ""
        for event in self.events:
            if isinstance(event, StepFinished) and event.outcome.status is not Status.DONE:
                failed = failed or event.outcome.step.id
            if isinstance(event, StepStarted) and event.step.verb in endings and failed:
                yield f"{event.step.id} was started after {failed} had failed"
        others = [o for o in self.result.outcomes if o.step.verb not in (*endings, Verb.CLOSE)]
        gone = self.before.shapes.keys() - self.after.shapes.keys()
        if gone and any(o.status is not Status.DONE for o in others):
            yield f"{sorted(gone)} went in a run in which something failed"

    def _orphans(self) -> Iterator[str]:
        """What is ours is in our inventory, but for what is adopted: that is listed when the run ends."""
        adopted = {str(step.address) for step in self.result.plan.steps if step.verb is Verb.ADOPT}
        ours = {address for address, owner in self.after.owners.items() if owner == OWNER} - adopted
        if self.after.exists and (lost := ours - self.after.listed.keys()):
            yield f"{sorted(lost)} are ours and in no inventory"

    def _code(self) -> Iterator[str]:
        """0 for all done, 6 for something done (as the service has it), else the error's own."""
        code, statuses = self.result.exit_code, {o.status for o in self.result.outcomes}
        if (code == 0) != (statuses <= {Status.DONE}):
            yield f"exit code {code} with {statuses}"
        moved = [
            outcome.step.id
            for outcome in self.result.outcomes
            if outcome.step.verb not in (*BOOKKEEPING, Verb.WAIT) and self._effect(outcome.step)
        ]
        if code not in (0, 6, 7) and moved:
            yield f"exit code {code}, although {moved} are done"
        # What the rows cannot tell counts as it was told: the App's own record, concepts whose record is the inventory.
        taken_at_its_word = [
            outcome
            for outcome in self.result.outcomes
            if outcome.status is Status.UNKNOWN
            or (
                outcome.status is Status.DONE and outcome.step.verb not in BOOKKEEPING and not self._tells(outcome.step)
            )
        ]
        if code == 6 and not moved and not taken_at_its_word:
            yield "exit code 6, although nothing is done"

    def _tells(self, step: Step) -> bool:
        return step.verb in _EFFECTS and _EFFECTS[step.verb](step, self.after, self) is not None

    def _effect(self, step: Step) -> bool | None:
        """Whether a step's effect is there now and was not before; None where the rows cannot tell."""
        judge = _EFFECTS.get(step.verb)
        now = judge and judge(step, self.after, self)
        return None if judge is None or now is None or judge(step, self.before, self) else now


def _says_accepted(message: str) -> bool:
    """A write that was accepted and then not confirmed failed as a step, and its words say that it was sent."""
    return any(words in message for words in ("was accepted, but", "it was taken, but", " made version "))


Effect = Callable[[Step, Picture, Account], bool | None]


def _created(step: Step, picture: Picture, account: Account) -> bool:
    return picture.exists if step.address.kind == "apps" else str(step.address) in picture.shapes


def _version(step: Step, picture: Picture, account: Account) -> bool:
    return picture.versions.get(step.address.id, 0) >= account.intended.versions.get(step.address.id, 0)


def _updated(step: Step, picture: Picture, account: Account) -> bool:
    if step.address.kind == "apps":
        return picture.app == account.intended.app
    address = str(step.address)
    return picture.shapes.get(address) == account.intended.shapes.get(address)


def _late(step: Step, picture: Picture, account: Account) -> bool | None:
    # Before the app itself goes, its default is what can be left alone.
    return picture.default == (account.intended.default or "Empty") if picture.exists else None


def _deleted(step: Step, picture: Picture, account: Account) -> bool:
    return not _created(step, picture, account)


def _adopted(step: Step, picture: Picture, account: Account) -> bool | None:
    own = step.address.kind in ("models", "workflows", "inputs")
    return picture.owners.get(str(step.address)) == OWNER if own else None


_EFFECTS: Mapping[Verb, Effect] = {
    Verb.CREATE: _created,
    Verb.VERSION: _version,
    Verb.UPDATE: _updated,
    Verb.LATE: _late,
    Verb.DELETE: _deleted,
    Verb.ADOPT: _adopted,
}


def differences(found: Picture, wanted: Picture, extra: int = 0) -> Iterator[str]:
    """How the end differs from the end without a fault; `extra` versions may be there that nobody asked for twice."""
    for what in ("owners", "app", "default"):
        if getattr(found, what) != getattr(wanted, what):
            yield f"{what}: {getattr(found, what)} and not {getattr(wanted, what)}"
    # What is gone may still be listed: no run had a reason to write the inventory since.
    listed = {address: pending for address, pending in found.listed.items() if address in found.shapes}
    if listed != wanted.listed:
        yield f"listed: {listed} and not {wanted.listed}"
    if found.shapes.keys() != wanted.shapes.keys():
        yield f"objects: {sorted(found.shapes.keys() ^ wanted.shapes.keys())} differ"
    more = Counter(found.versions)
    more.subtract(wanted.versions)
    if any(count < 0 for count in more.values()) or sum(more.values()) > extra:
        yield f"versions: {found.versions} and not {wanted.versions}"
    if not any(more.values()):  # the number of a version is its place among the others
        moved = [a for a in found.shapes.keys() & wanted.shapes.keys() if found.shapes[a] != wanted.shapes[a]]
        yield from (f"{a} is {found.shapes[a]!r} and not {wanted.shapes[a]!r}" for a in moved)
