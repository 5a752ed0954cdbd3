"""A plan as people read it in a terminal: what will happen, why, and what stands in the way.

Belongs here: the order of a plan's parts, their headings, the summary line. The other screens are in `problems`
(diagnostics and errors), re-exported here, and in `account` (what an apply did), which a plan does not load.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.change import Action, ResourceChange
from reconciler.core.plan import Plan, Refusal, Summary, allowing
from reconciler.report.changes import Grouping, block_lines, counted, grouping, is_moved, them
from reconciler.report.costs import left_alone, takes
from reconciler.report.lines import BLANK, Line, Span, columns, fits, render, say
from reconciler.report.problems import by_place, diagnostic_lines, diagnostics_text, error_text
from reconciler.report.values import short_id

__all__ = ["diagnostics_text", "error_text", "plan_text", "summary_text"]

NO_CHANGES = "No changes."


def plan_text(plan: Plan, *, color: bool, width: int = 100) -> str:
    """The whole plan, the summary line last."""
    group = grouping(plan.changes)
    lines = [
        *_header(plan),
        *_planned(group, width),
        *_moved(group, width),
        *_records(group, width),
        *_undeclared(plan),
        *_left_out(plan),
        *_pins(plan, width),
        *_notes(plan),
        *_refusals(plan),
        *_open(plan),
        *_cost(plan),
        *_summary(plan),
    ]
    return render(lines, color=color, width=max(40, width))


def summary_text(plan: Plan) -> str:
    """The summary line, a public interface: Terraform's words, and what only we do in front and behind."""
    if plan.summary.empty:
        return f"{NO_CHANGES} {'There is nothing to destroy.' if plan.destroying else _matches(plan)}"
    return f"Plan: {_counts(plan.summary)}."


def open_flags(plan: Plan) -> list[str]:
    """The flags that let guards pass, as they were typed: whoever approves the plan approves them, too."""
    return [allowing(rule, address) for rule, address in plan.allowed]


def _matches(plan: Plan) -> str:
    if plan.refusals:
        return "What is wanted was refused."
    return "What is selected matches the manifests." if plan.left_out else "Your app matches the manifests."


def _counts(summary: Summary) -> str:
    adopt = f"{summary.adopt} to adopt, " if summary.adopt else ""
    forget = f", {summary.forget} to forget" if summary.forget else ""
    return f"{adopt}{summary.add} to add, {summary.change} to change, {summary.destroy} to destroy{forget}"


def _cost(plan: Plan) -> list[Line]:
    """What applying takes: the service limits requests, and bills trainings and runs."""
    alone = left_alone(plan)
    said = say(f"Applying takes {'; '.join(parts)}.", "dim") if (parts := takes(plan)) else []
    return [*(say(alone, "warning") if alone else []), *said]


def _header(plan: Plan) -> list[Line]:
    what = "Destroy plan" if plan.destroying else "Plan"
    title = (Span(f"{what} for "), Span(str(plan.scope), "bold"), Span(f" at {plan.host}, owner {plan.owner}", "dim"))
    how = {
        "stamp": "Live models were read by their stamps; --refresh full reads each one in full.",
        "full": "Every live model was read in full.",
    }
    return [Line(title), *say(how.get(plan.refresh, f"Refresh: {plan.refresh}."), "dim"), BLANK]


def _planned(group: Grouping, width: int) -> Iterator[Line]:
    apart = (Action.ADOPT, Action.FORGET)
    changes = [change for change in group.roots if change.action not in apart and not is_moved(change)]
    if changes:
        yield from say("Reconciler will perform the following actions:", "bold")
        yield BLANK
        yield from block_lines(changes, group, width)


def _moved(group: Grouping, width: int) -> Iterator[Line]:
    changes = [change for change in group.roots if is_moved(change)]
    if changes:
        yield Line((Span("Changed in the live app by someone else", "drift"), Span("; applying sets it back:")))
        yield BLANK
        yield from block_lines(changes, group, width)


def _records(group: Grouping, width: int) -> Iterator[Line]:
    """What leaves the objects as they are: only our records of them change."""
    headings = {
        Action.ADOPT: "Adopted: the objects stay as they are, only our record of them is written:",
        Action.FORGET: "Forgotten: the objects stay as they are, only our record of them is dropped:",
    }
    for action, heading in headings.items():
        changes = _of(group.roots, action)
        if changes:
            yield from say(heading, "bold")
            yield BLANK
            yield from block_lines(changes, group, width)


def _of(changes: Sequence[ResourceChange], action: Action) -> list[ResourceChange]:
    return [change for change in changes if change.action is action]


def _undeclared(plan: Plan) -> Iterator[Line]:
    if plan.undeclared:
        number = len(plan.undeclared)
        yield Line((Span(f"{number} no longer declared", "warning"), Span(f"; --prune deletes {them(number)}")))
        for address in plan.undeclared:
            yield Line((Span(str(address)),), (Span("      "),))
        yield BLANK


def _left_out(plan: Plan) -> Iterator[Line]:
    if plan.left_out:
        yield Line((Span(f"{len(plan.left_out)} left out", "warning"), Span("; not selected, and would change:")))
        for address in plan.left_out:
            yield Line((Span(str(address)),), (Span("      "),))
        yield BLANK


def _pins(plan: Plan, width: int) -> Iterator[Line]:
    if plan.pins:
        yield from say("Versions looked up now and fixed in this plan:", "bold")
        for pin in plan.pins:
            target = pin.target.qualified if pin.target.scope != plan.scope else str(pin.target)
            value = (Span(target), Span(" @ ", "dim"), Span(short_id(pin.value)))
            used = Span(f"for {pin.consumer} {pin.path}", "dim")
            line = Line((*value, Span("  "), used), (Span("      "),))
            yield from [line] if fits(line, width) else [Line(value, line.lead), Line((used,), (Span("        "),), 4)]
        yield BLANK


def _notes(plan: Plan) -> Iterator[Line]:
    for note in by_place(plan.notes):
        yield from diagnostic_lines(note)
    if plan.notes:
        yield BLANK


def _refusals(plan: Plan) -> Iterator[Line]:
    if plan.refusals:
        number = counted(len(plan.refusals), "change")
        yield Line((Span(f"Refused: {number}", "error"), Span("; nothing is applied until this is settled:")))
        yield BLANK
        rule_width = max(columns(refusal.rule) for refusal in plan.refusals)
        for refusal in plan.refusals:
            yield from _refusal(refusal, rule_width)
        yield BLANK


def _refusal(refusal: Refusal, rule_width: int) -> Iterator[Line]:
    rule = Span(refusal.rule + " " * (rule_width - columns(refusal.rule)), "error")
    lead = (Span("  ! ", "error"), rule, Span("  "))
    margin = rule_width + 6
    yield Line((Span(str(refusal.address), "bold"),), lead)
    yield from say(refusal.message, indent=margin)
    if refusal.flag:
        yield Line((Span("allow it with ", "dim"), Span(refusal.flag)), (Span(" " * margin),), 2)
    else:
        yield from say("no flag allows this", "dim", indent=margin)


def _open(plan: Plan) -> Iterator[Line]:
    if flags := open_flags(plan):
        yield Line((Span("Let pass by flags", "warning"), Span(": " + ", ".join(flags))), hang=4)


def _summary(plan: Plan) -> Iterator[Line]:
    if plan.unchanged and not plan.summary.empty:
        yield from say(f"{counted(len(plan.unchanged), 'object')} unchanged.", "dim")
    text = summary_text(plan)
    word = NO_CHANGES if text.startswith(NO_CHANGES) else "Plan:"
    style = "success" if word == NO_CHANGES and not plan.refusals else "bold"
    yield Line((Span(word, style, whole=True), Span(text.removeprefix(word), whole=True)))
