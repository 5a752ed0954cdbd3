"""Steps that the service does many at a time: making, awaiting and deleting inputs, with an end for each of them.

A reply has a status for each object (facts 2.5), so one bad picture fails alone. Belongs here: what is sent together
and what became of each. Does not belong here: objects that are made one by one (`write`), or which steps are ready
(`apply`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.address import Address
from reconciler.core.diagnostics import ReconcilerError, Refused
from reconciler.core.kind import Attachment, Kind, Subject, delete_calls, post_call
from reconciler.core.ownership import target_record
from reconciler.core.plan import Step, Verb
from reconciler.core.remote import Api, ApiError, ApiRefused, Call, NotFound, OutcomeUnknown, Unseen, insist
from reconciler.core.state import RECORD_KEY, Desired, DesiredState, Observed
from reconciler.core.tree import get

MOST_BYTES = 3_500_000
"""Files that travel in one request, which with all else must stay below 4 MB (facts U30); a larger one goes alone."""

TOGETHER = (Verb.CREATE, Verb.DELETE)

Progress = Callable[[Step, str], None]


class NotProcessed(ReconcilerError):
    """The service took an object and then could not make anything of it."""


class Unfinished(ReconcilerError):
    """The service did not come to an end in time."""


@dataclass(frozen=True)
class Batch:
    """Performs steps of one sort together. Holds nothing but what the plan saw; safe to call from many threads."""

    api: Api
    desired: DesiredState
    kinds: Mapping[str, Kind]
    """Keyed by plural."""
    read: Callable[[Address], Observed | None]
    """Reads one object, right now."""
    listed: Callable[[Kind, Sequence[str]], list[Observed]]
    """Reads some objects with one call; those that are gone are left out."""
    decode: Callable[[Any, Kind], Observed]
    contents: Callable[[Desired], Mapping[str, Attachment]]
    size: Callable[[Desired], int]
    doubt: Callable[[Observed, Desired, str], str | None]
    """What an object does not show of what was sent; the text is its record."""
    unmoved: Callable[[Step, Observed], None]
    """Raises StalePlan if an object is not what the plan saw."""
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    timeout: float = 600.0
    """Seconds until the service must have come to an end with a batch."""

    # --- which steps -----------------------------------------------------------------------------------------------

    @property
    def limit(self) -> int:
        """The most that one request takes."""
        return max((kind.batch for kind in self.kinds.values()), default=1)

    def sort(self, step: Step) -> str | None:
        """Creations of one kind go together, deletions of one kind do."""
        alone = self.kinds[step.address.kind].batch == 1 or step.verb not in TOGETHER
        return None if alone else f"{step.address.kind}:{step.verb}"

    def __call__(self, steps: Sequence[Step], progress: Progress) -> Mapping[str, ReconcilerError]:
        """Do them; the failures by step id."""
        failures: dict[str, ReconcilerError] = {}
        if steps[0].verb is Verb.DELETE:
            self._delete(steps, failures, progress)
        else:
            for some in self._by_size(steps):
                self._create(some, failures)
            self._await([s for s in steps if s.id not in failures], failures, progress)
        return failures

    def _by_size(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        some: list[Step] = []
        total = 0
        for step in steps:
            size = self.size(self._item(step))
            if some and total + size > MOST_BYTES:
                yield some
                some, total = [], 0
            some.append(step)
            total += size
        yield some

    # --- create ----------------------------------------------------------------------------------------------------

    def _create(self, steps: Sequence[Step], failures: dict[str, ReconcilerError]) -> None:
        calls: dict[str, Call] = {}
        for step in steps:
            try:
                calls[step.id] = self._call(step)
            except ReconcilerError as problem:
                failures[step.id] = problem
            except UnicodeDecodeError:
                names = ", ".join(self._item(step).files.values())
                failures[step.id] = ReconcilerError(f"{names} is no text in UTF-8")
        self._send([s for s in steps if s.id in calls], calls, failures, again=True)

    def _call(self, step: Step) -> Call:
        kind, item = self._kind(step), self._item(step)
        metadata = {**(get(item.tree, kind.metadata) or {}), RECORD_KEY: self._record(step)}
        return post_call(kind, Subject(step.address, item.tree, metadata, files=self.contents(item)))

    def _send(
        self, steps: list[Step], calls: Mapping[str, Call], failures: dict[str, ReconcilerError], *, again: bool
    ) -> None:
        """One request for all; without a word about each it is read what came of it, and the rest is sent once more."""
        if not steps:
            return
        kind, first = self._kind(steps[0]), calls[steps[0].id]
        items = [item for step in steps for item in calls[step.id].fields[kind.crud.items]]
        problem: ApiError | None = None
        try:
            reply: Any = self.api.call(first.rpc, **{**first.fields, kind.crud.items: items})
        except (ApiRefused, OutcomeUnknown) as raised:
            problem, reply = raised, raised.reply
        except ApiError as raised:
            failures.update({step.id: raised for step in steps})
            return
        answers = {shown.id: shown for shown in getattr(reply, kind.crud.items, ())}
        told = [step for step in steps if step.address.id in answers]
        for step in told:
            self._judge(step, answers[step.address.id], first.rpc, failures)
        self._untold([s for s in steps if s not in told], calls, failures, problem, again=again)

    def _judge(self, step: Step, shown: Any, rpc: str, failures: dict[str, ReconcilerError]) -> None:
        """One object's own status in the reply; a taken id may be this very object, sent a moment ago."""
        kind, found = self._kind(step), self.decode(shown, self._kind(step))
        processing = kind.processing
        if processing is None or not processing.failed(found.status):
            return
        try:
            there = self.read(step.address)
        except ApiError as unread:
            failures[step.id] = Unseen(rpc, unread)
            return
        if there is not None and there.record is not None and there.record.text() == self._record(step):
            return
        if there is not None:
            hint = "plan again to see it; --adopt takes it over"
            failures[step.id] = Refused(f"{step.address} exists and is not the one this run creates", hint=hint)
        else:
            failures[step.id] = NotProcessed(f"{rpc} refused it: {found.said}")

    def _untold(
        self,
        steps: list[Step],
        calls: Mapping[str, Call],
        failures: dict[str, ReconcilerError],
        problem: ApiError | None,
        *,
        again: bool,
    ) -> None:
        """What a reply was silent about: a lost one is looked into first, a refused batch is tried one by one."""
        if isinstance(problem, OutcomeUnknown):
            steps = [step for step in steps if self._is_missing(step, problem.rpc, failures)]
        if not steps:
            return
        if not again:
            failures.update({s.id: problem or ReconcilerError(f"{s.address} is not in the reply") for s in steps})
        elif isinstance(problem, ApiRefused) and len(steps) > 1:
            for step in steps:
                self._send([step], calls, failures, again=False)
        elif isinstance(problem, ApiRefused):
            failures[steps[0].id] = problem
        else:
            self._send(steps, calls, failures, again=False)

    def _is_missing(self, step: Step, rpc: str, failures: dict[str, ReconcilerError]) -> bool:
        """Whether a lost request did not make it; one that cannot be read is a failure."""
        try:
            found = self.read(step.address)
        except ApiError as unread:
            failures[step.id] = Unseen(rpc, unread)
            return False
        return found is None or found.record is None or found.record.text() != self._record(step)

    # --- wait ------------------------------------------------------------------------------------------------------

    def _await(self, steps: list[Step], failures: dict[str, ReconcilerError], progress: Progress) -> None:
        """Look until the service is done with each of them, and each shows what was sent."""
        waiting = {step.address.id: step for step in steps}
        started, pause, seen = self.clock(), 0.2, -1
        while waiting:
            kind = self._kind(steps[0])
            for found in self._seen(kind, waiting, kind.crud.post, failures):
                step = waiting[found.address.id]
                if kind.processing is None or found.status not in kind.processing.waiting:
                    self._conclude(step, found, failures)
                    del waiting[found.address.id]
            if not waiting:
                return
            if self.clock() - started > self.timeout:
                late = f"not processed after {self.timeout:.0f} s; the next run goes on waiting"
                failures.update({step.id: Unfinished(late) for step in waiting.values()})
                return
            if len(waiting) != seen:
                seen = len(waiting)
                progress(next(iter(waiting.values())), f"{len(steps) - seen} of {len(steps)} processed")
            self.sleep(pause)
            pause = min(pause * 1.5, 5.0)

    def _conclude(self, step: Step, found: Observed, failures: dict[str, ReconcilerError]) -> None:
        processing = self._kind(step).processing
        if processing is not None and processing.failed(found.status):
            failures[step.id] = NotProcessed(f"its processing failed: {found.said}")
            return
        doubt = self.doubt(found, self._item(step), self._record(step))
        if doubt is not None:
            failures[step.id] = ReconcilerError(f"it was taken, but {doubt}")

    # --- delete ----------------------------------------------------------------------------------------------------

    def _delete(self, steps: Sequence[Step], failures: dict[str, ReconcilerError], progress: Progress) -> None:
        """Those that are there and as the plan saw them; done when none of them is shown any more."""
        kind = self._kind(steps[0])
        by_id = {step.address.id: step for step in steps}
        doomed = []
        for found in self._there(kind, by_id):
            step = by_id[found.address.id]
            try:
                self.unmoved(step, found)
                doomed.append(step)
            except ReconcilerError as problem:
                failures[step.id] = problem
        if doomed:
            try:
                self._delete_now(kind, doomed)
            except ApiError as problem:
                failures.update({step.id: problem for step in doomed})
                return
        self._until_gone(kind, doomed, failures, progress)

    def _there(self, kind: Kind, ids: Collection[str]) -> list[Observed]:
        """What is there of some objects; one answer that lacks them does not prove them gone."""
        found = self.listed(kind, list(ids))
        lacking = set(ids) - {one.address.id for one in found}
        return [*found, *(self.listed(kind, sorted(lacking)) if lacking else ())]

    def _delete_now(self, kind: Kind, steps: Sequence[Step]) -> None:
        call = delete_calls(kind, Subject(steps[0].address, {}))[0]
        named = replace(call, fields={**call.fields, "ids": [step.address.id for step in steps]})
        with suppress(NotFound):
            insist(self.api, named)

    def _until_gone(
        self, kind: Kind, steps: Iterable[Step], failures: dict[str, ReconcilerError], progress: Progress
    ) -> None:
        waiting = {step.address.id: step for step in steps}
        started, pause = self.clock(), 0.2
        while waiting:
            left = {found.address.id for found in self._seen(kind, waiting, str(kind.crud.delete), failures)}
            waiting = {name: step for name, step in waiting.items() if name in left}
            if not waiting:
                return
            if self.clock() - started > self.timeout:
                late = Unfinished(f"still there {self.timeout:.0f} s after it was deleted")
                failures.update({step.id: late for step in waiting.values()})
                return
            progress(next(iter(waiting.values())), f"waiting until {len(waiting)} are gone")
            self.sleep(pause)
            pause = min(pause * 1.5, 5.0)

    def _seen(
        self, kind: Kind, waiting: dict[str, Step], rpc: str, failures: dict[str, ReconcilerError]
    ) -> list[Observed]:
        """What the service shows of those that are waited for; nobody waits any more for what cannot be read."""
        try:
            return self.listed(kind, list(waiting))
        except ApiError as unread:
            failures.update({step.id: Unseen(rpc, unread) for step in waiting.values()})
            waiting.clear()
            return []

    # --- words -----------------------------------------------------------------------------------------------------

    def _kind(self, step: Step) -> Kind:
        return self.kinds[step.address.kind]

    def _item(self, step: Step) -> Desired:
        return self.desired.resources[step.address]

    def _record(self, step: Step) -> str:
        item = self._item(step)
        return target_record(item, item.tree, self._kind(step), self.desired.owner).text()
