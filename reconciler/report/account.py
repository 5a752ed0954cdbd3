"""The account of an apply: what got done, what did not and why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.address import Address
from reconciler.core.change import Action, ResourceChange
from reconciler.core.outcome import ApplyResult, Status, StepOutcome
from reconciler.core.plan import Summary, Verb
from reconciler.report.changes import counted
from reconciler.report.lines import BLANK, Line, Span, render, say

REASONS = {
    Status.FAILED: ("Failed", "error"),
    Status.UNKNOWN: ("Unknown; may have happened, and nobody could be asked", "warning"),
    Status.SKIPPED: ("Skipped, because something before them did not get done", "warning"),
    Status.NOT_STARTED: ("Not started", "warning"),
}


def result_text(result: ApplyResult, *, color: bool, width: int = 100) -> str:
    """What happened; the last lines say what to do if not everything did."""
    lines = [*_remarks(result), *_troubles(result), *_headline(result), *_next(result), *_cost(result)]
    return render(lines, color=color, width=max(40, width))


def done_summary(result: ApplyResult) -> Summary:
    """How many objects got done, counted like a plan's summary."""
    done = [change for change in result.plan.changes if _is_done(change, result)]
    replaced = _count(done, Action.REPLACE)
    return Summary(
        add=_count(done, Action.CREATE) + replaced,
        change=_count(done, Action.UPDATE),
        destroy=_count(done, Action.DELETE) + replaced,
        adopt=_count(done, Action.ADOPT),
        forget=_count(done, Action.FORGET),
    )


def _is_done(change: ResourceChange, result: ApplyResult) -> bool:
    steps = [o for o in result.outcomes if o.step.address == change.address and not _bookkeeping(o)]
    return bool(steps) and all(outcome.status is Status.DONE for outcome in steps)


def _bookkeeping(outcome: StepOutcome) -> bool:
    return outcome.step.verb in (Verb.OPEN, Verb.CLOSE)


def _count(changes: Sequence[ResourceChange], action: Action) -> int:
    return sum(change.action is action for change in changes)


def headline(result: ApplyResult) -> tuple[str, str]:
    """The summary line, a public interface: how it ended in Terraform's words, and what got done."""
    what = "Destroy" if result.plan.destroying else "Apply"
    how = "complete!" if result.complete else "interrupted." if result.interrupted else "incomplete."
    return f"{what} {how}", f"Resources: {_counts(result)}."


def _headline(result: ApplyResult) -> Iterator[Line]:
    how, counts = headline(result)
    yield Line((Span(how, "success" if result.complete else "error", whole=True), Span(f" {counts}", whole=True)))


def _counts(result: ApplyResult) -> str:
    done = done_summary(result)
    adopted = f"{done.adopt} adopted, " if done.adopt else ""
    forgotten = f", {done.forget} forgotten" if done.forget else ""
    if result.plan.destroying and not (done.add or done.change):
        return f"{adopted}{done.destroy} destroyed{forgotten}"
    return f"{adopted}{done.add} added, {done.change} changed, {done.destroy} destroyed{forgotten}"


def _remarks(result: ApplyResult) -> Iterator[Line]:
    remarks = [o for o in result.outcomes if o.status is Status.DONE and o.message]
    for outcome in remarks:
        yield from say(f"{outcome.step.address}: {outcome.message}", "dim", hang=2)
    if remarks:
        yield BLANK


def _troubles(result: ApplyResult) -> Iterator[Line]:
    for status, (heading, style) in REASONS.items():
        some = [outcome for outcome in result.outcomes if outcome.status is status and worth_telling(outcome)]
        if some:
            yield from _section(heading, style, some)
            yield BLANK


def worth_telling(outcome: StepOutcome) -> bool:
    """Whether a step that did not get done is news: that our own bookkeeping waits for the rest goes without saying."""
    return outcome.status in (Status.FAILED, Status.UNKNOWN) or not _bookkeeping(outcome)


def _section(heading: str, style: str, outcomes: list[StepOutcome]) -> Iterator[Line]:
    """Steps of one object that ended for one reason share a line; a reason common to all stands in the heading."""
    grouped: dict[tuple[Address, str], list[str]] = {}
    for outcome in outcomes:
        grouped.setdefault((outcome.step.address, outcome.message), []).append(outcome.step.title or outcome.step.verb)
    messages = {message for _, message in grouped}
    common = messages.pop() if len(messages) == 1 and len(grouped) > 1 else ""
    yield from say(f"{heading}: {common}" if common else f"{heading}:", style, hang=2)
    for (address, message), titles in grouped.items():
        yield Line((Span(str(address), "bold"), Span(f"  {', '.join(titles)}", "dim")), (Span("  "),), 4)
        if message and not common:
            yield from say(message, indent=6)


def next_text(result: ApplyResult) -> str:
    """What to do after an apply that did not get everything done."""
    command = "destroy" if result.plan.destroying else "apply"
    return "" if result.complete else f"Run {command} again: it continues where this stopped."


def cost_text(result: ApplyResult) -> str:
    """Calls and seconds."""
    calls = sum(result.rpcs.values())
    said = f"{counted(calls, 'RPC')} in " if calls else ""
    return f"{said}{result.seconds:.1f} s"


def _next(result: ApplyResult) -> Iterator[Line]:
    if text := next_text(result):
        yield Line((Span(text),))


def _cost(result: ApplyResult) -> Iterator[Line]:
    yield from say(cost_text(result), "dim")
