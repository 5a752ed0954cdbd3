"""Writes that the service takes many at a time, all or none: concepts, and the relations of one subject.

A reply says nothing about each object, and whether a refused batch left nothing behind is only assumed (facts 2.5,
3.2). So a refusal is halved until what is refused stands alone, and whatever is in doubt goes the way of a single
step (`creating`, `updating`, `deleting`), which knows all the ends that a write may have. Belongs here: which steps
share a request, and taking a failed one apart. Does not belong here: objects with a status of their own (`batch`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from reconciler.core.address import Address
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.kind import Kind, Subject, delete_calls, post_call
from reconciler.core.plan import Step, Verb
from reconciler.core.remote import ApiError, ApiRefused, Call, NotAuthorised, OutcomeUnknown, Unseen
from reconciler.core.state import Observed
from reconciler.stages.write.deleting import check_unmoved
from reconciler.stages.write.doubts import doubt
from reconciler.stages.write.updating import in_place, patch_of
from reconciler.stages.write.writer import Writer

Failures = dict[str, ReconcilerError]
"""By step id."""

Known = Mapping[Address, Observed]

MOST = 128
"""Objects that one request may hold; what the service really takes is not documented (facts 9)."""


@dataclass(frozen=True)
class Several:
    """Performs steps of one sort with one request. Holds nothing but what the plan saw; safe to use from threads."""

    writer: Writer
    again: Callable[[Sequence[Address]], Known]
    """Reads some objects of one kind once more, with as few requests as that takes."""

    @property
    def limit(self) -> int:
        """The most that one request takes."""
        return MOST

    def sort(self, step: Step) -> str | None:
        """Steps whose requests differ in nothing but their items have one sort."""
        return self._sorts.get(step.id)

    @cached_property
    def _sorts(self) -> Mapping[str, str]:
        """By step id; worked out once, since a ready step is asked for its sort more than once."""
        steps = (step for step in self.writer.plan.steps if self.writer.kinds[step.address.kind].all_or_none)
        return {step.id: sort for step in steps if (sort := self._sort(step)) is not None}

    def _sort(self, step: Step) -> str | None:
        kind = self.writer.kinds[step.address.kind]
        match step.verb:
            case Verb.CREATE:
                call = self._post(step)
            case Verb.DELETE if (found := self.writer.live.observed.get(step.address)) is not None:
                call = _delete(kind, found)
            case Verb.UPDATE if kind.crud.patch is not None:
                return f"{kind.crud.patch} {step.address.scope}"
            case _:
                return None
        rest = {name: value for name, value in call.fields.items() if name not in (kind.crud.items, "ids")}
        return f"{call.rpc} {sorted(rest.items())}"

    def __call__(self, steps: Sequence[Step], progress: Callable[[Step, str], None]) -> Failures:
        """Do them; the failures by step id."""
        failures: Failures = {}
        if len(steps) == 1:
            self._alone(steps[0], failures)
        else:
            ways = {Verb.CREATE: self._create, Verb.UPDATE: self._update, Verb.DELETE: self._remove}
            ways[steps[0].verb](steps, failures)
        return failures

    def _alone(self, step: Step, failures: Failures) -> None:
        try:
            self.writer(step, {}, {}, lambda text: None)
        except ReconcilerError as problem:
            failures[step.id] = problem

    # --- create ----------------------------------------------------------------------------------------------------

    def _post(self, step: Step) -> Call:
        """The request of one creation. Records of such objects stand in the inventory, so none is sent along."""
        kind, _ = self.writer.item(step)
        return post_call(kind, Subject(step.address, self.writer.want(step.address, {})))

    def _create(self, steps: Sequence[Step], failures: Failures) -> None:
        self._send(steps, {step.id: self._post(step) for step in steps}, failures, looked=False)

    # --- update ----------------------------------------------------------------------------------------------------

    def _update(self, steps: Sequence[Step], failures: Failures) -> None:
        """Look again at all of them, and patch those that are as the plan saw them."""
        kind = self.writer.kinds[steps[0].address.kind]
        known = self._again(steps, None, failures)
        calls: dict[str, Call] = {}
        for step in [step for step in steps if step.id not in failures]:
            found = known.get(step.address)
            try:
                patch = None if found is None else patch_of(self.writer, step, self._unmoved(step, kind, found), {})
            except ReconcilerError as problem:
                failures[step.id] = problem
                continue
            if patch is not None and patch.first is None:
                calls[step.id] = patch.call
            elif found is None or patch is not None:
                self._alone(step, failures)  # not in the list, which may lag behind; or it takes two requests
        together = [step for step in steps if step.id in calls]
        if together:
            self._send(together, calls, failures, looked=False)

    def _unmoved(self, step: Step, kind: Kind, found: Observed) -> Observed:
        return self.writer.unmoved(step, kind, in_place(kind, self.writer.item(step)[1]), found)

    # --- delete ----------------------------------------------------------------------------------------------------

    def _remove(self, steps: Sequence[Step], failures: Failures) -> None:
        """Look again at all of them, and delete what is there and as the plan saw it."""
        kind = self.writer.kinds[steps[0].address.kind]
        known = self._again(steps, None, failures)
        doomed: list[tuple[Step, Observed]] = []
        for step in [step for step in steps if step.id not in failures]:
            found = known.get(step.address)
            if found is None:
                self._alone(step, failures)
                continue
            try:
                check_unmoved(self.writer, step, found)
                doomed.append((step, found))
            except ReconcilerError as problem:
                failures[step.id] = problem
        if not doomed:
            return
        call = _delete(kind, doomed[0][1])
        call = replace(call, fields={**call.fields, "ids": [found.service_id for _, found in doomed]})
        try:
            self.writer.idempotent(call)
        except ApiRefused:
            for step, _ in doomed:
                self._alone(step, failures)
        except ApiError as problem:
            failures.update({step.id: problem for step, _ in doomed})

    # --- one request for many --------------------------------------------------------------------------------------

    def _send(self, steps: Sequence[Step], calls: Mapping[str, Call], failures: Failures, *, looked: bool) -> None:
        """One request for all; `looked`: what a failed request may have left behind has been looked for already."""
        if len(steps) == 1:
            self._alone(steps[0], failures)
            return
        call = _merged([calls[step.id] for step in steps], self.writer.kinds[steps[0].address.kind])
        try:
            reply: Any = self.writer.api.call(call.rpc, **call.fields)
        except NotAuthorised as problem:
            failures.update({step.id: problem for step in steps})
        except ApiRefused:
            left = list(steps) if looked else self._missing(steps, call.rpc, failures)
            for half in (left[: len(left) // 2], left[len(left) // 2 :]):
                if half:
                    self._send(half, calls, failures, looked=True)
        except OutcomeUnknown as problem:
            left = self._missing(steps, call.rpc, failures)
            if looked:
                failures.update({step.id: problem for step in left})
            elif left:
                self._send(left, calls, failures, looked=True)
        except ApiError as problem:
            failures.update({step.id: problem for step in steps})
        else:
            self._confirm(steps, call.rpc, reply, failures)

    def _confirm(self, steps: Sequence[Step], rpc: str, reply: Any, failures: Failures) -> None:
        """What the reply does not show as it was sent is read back; an update always is (facts U27)."""
        kind = self.writer.kinds[steps[0].address.kind]
        shown: Known = {}
        if steps[0].verb is Verb.CREATE:
            decoded = (self.writer.decode(message, kind) for message in getattr(reply, kind.crud.items))
            shown = {one.address: one for one in decoded}
        left = [step for step in steps if self._doubt(step, shown.get(step.address)) is not None]
        if left and steps[0].verb is not Verb.CREATE:
            shown = self._again(left, rpc, failures)
            left = [s for s in left if s.id not in failures and self._doubt(s, shown.get(s.address)) is not None]
        for step in left:
            _, item = self.writer.item(step)
            want = self.writer.want(step.address, {})
            try:
                self.writer.confirm(step, kind, item, want, self.writer.record_text(item, want, kind, step), rpc)
            except ReconcilerError as problem:
                failures[step.id] = problem

    def _missing(self, steps: Sequence[Step], rpc: str, failures: Failures) -> list[Step]:
        """The steps that have not happened. One that is there and not as it was sent is looked at alone."""
        known = self._again(steps, rpc, failures)
        missing = []
        for step in [step for step in steps if step.id not in failures]:
            found = known.get(step.address)
            if found is None or (step.verb is Verb.UPDATE and self._doubt(step, found) is not None):
                missing.append(step)
            elif self._doubt(step, found) is not None:
                self._alone(step, failures)
        return missing

    def _again(self, steps: Sequence[Step], rpc: str | None, failures: Failures) -> Known:
        """The objects as they are now, before a write also whose. Unread, nobody knows what came of `rpc`."""
        try:
            found = self.again([step.address for step in steps])
            return found if rpc else self.writer.recorded(found)
        except ApiError as problem:
            failures.update({step.id: Unseen(rpc, problem) if rpc else problem for step in steps})
            return {}

    def _doubt(self, step: Step, found: Observed | None) -> str | None:
        if found is None:
            return "it is not shown"
        kind, item = self.writer.item(step)
        return doubt(found, kind, item, self.writer.want(step.address, {}), "")


def _delete(kind: Kind, found: Observed) -> Call:
    return delete_calls(kind, Subject(found.address, found.tree, service_id=found.service_id))[0]


def _merged(calls: Sequence[Call], kind: Kind) -> Call:
    """One request with the items of all."""
    items = [item for call in calls for item in call.fields[kind.crud.items]]
    return replace(calls[0], fields={**calls[0].fields, kind.crud.items: items})
