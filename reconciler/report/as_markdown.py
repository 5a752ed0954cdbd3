"""A plan, a result or the problems of the manifests for a pull request: the numbers first, what needs eyes next, the
details folded away.

Belongs here: the order of the parts. Escaping is in `markup`, the limit in `fitting`, pictures in `mermaid`, drift in
`drift_markdown`. Every text begins with a hidden comment by which the same pull request comment is found and updated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.outcome import ApplyResult, Status, StepOutcome
from reconciler.core.plan import Pin, Plan, Refusal
from reconciler.report.account import REASONS, cost_text, headline, next_text, worth_telling
from reconciler.report.as_text import open_flags, summary_text
from reconciler.report.changes import Grouping, counted, grouping, them
from reconciler.report.costs import left_alone, takes
from reconciler.report.fitting import COMMENT, Block, Limit, fitted
from reconciler.report.markdown_changes import change_blocks, graph_blocks, moved_rows, record_blocks
from reconciler.report.markup import code, fold, hidden, plain_html, quoted, table, text
from reconciler.report.problems import by_place, verdict_text
from reconciler.report.values import cut, short_id

LOUD = (Status.FAILED, Status.UNKNOWN)


def plan_markdown(plan: Plan, *, limit: Limit = COMMENT, more: str = "") -> str:
    """A plan; `more` says, in Markdown, where all of it can be seen if it must be cut."""
    group = grouping(plan.changes)
    blocks = [
        *_refusals(plan.refusals),
        *_open(plan),
        *_moved(group),
        *_notes(_warnings(plan), Severity.ERROR, Severity.WARNING),
        *change_blocks(group),
        *graph_blocks(group),
        *record_blocks(group),
        *_undeclared(plan),
        *_left_out(plan),
        *_pins(plan.pins),
        *_notes(plan.notes, Severity.NOTE),
    ]
    how = {"stamp": "live models read by their stamps", "full": "every live model read in full"}
    said = [*where(plan.scope, plan.host, plan.owner), how.get(plan.refresh, f"refresh {text(plan.refresh)}")]
    if plan.unchanged:
        said.append(f"{counted(len(plan.unchanged), 'object')} unchanged")
    if parts := takes(plan):
        said.append(f"applying takes {'; '.join(parts)}")
    return fitted(top("plan", plan.scope, plan.owner, summary_text(plan), said), blocks, limit, more)


def result_markdown(result: ApplyResult, *, limit: Limit = COMMENT, more: str = "") -> str:
    """The account of an apply: what did not get done stands first."""
    plan, rest = result.plan, [Status.SKIPPED, Status.NOT_STARTED]
    blocks = [
        *(block for status in LOUD for block in _trouble(result, status)),
        *(block for status in rest for block in _trouble(result, status)),
        *_next(result),
        *notes_block(result.left),
        *_remarks(result),
        *_steps(result.outcomes),
    ]
    said = [*where(plan.scope, plan.host, plan.owner), cost_text(result)]
    return fitted(top("result", plan.scope, plan.owner, " ".join(headline(result)), said), blocks, limit, more)


def diagnostics_markdown(diagnostics: Iterable[Diagnostic], *, limit: Limit = COMMENT, more: str = "") -> str:
    """Every problem of the manifests in one table."""
    ordered = by_place(diagnostics)
    head, rows = table(("Where", "", "Problem"), [_problem_cells(problem) for problem in ordered])
    blocks = [Block(head, "problem", tuple(rows))] if rows else []
    return fitted(f"{hidden(['reconciler', 'validate'])}### {text(verdict_text(ordered))}\n", blocks, limit, more)


# ---- parts that the drift report has as well


def top(what: str, scope: object, owner: str, summary: str, said: Sequence[str]) -> str:
    """The hidden comment, the summary line, and one line on what it is about."""
    return f"{hidden(['reconciler', what, str(scope), owner])}### {text(summary)}\n\n{', '.join(said)}.\n"


def where(scope: object, host: str, owner: str) -> list[str]:
    """What a report is about."""
    named = [code(cut(str(name), 120)) for name in (scope, host, owner)]
    return [f"{named[0]} at {named[1]}", f"owner {named[2]}"]


def alert(kind: str, sentence: str, heads: Sequence[str], rows: Iterable[Sequence[str]], what: str) -> Block:
    """A table nobody overlooks; elsewhere than on GitHub and GitLab it is a quotation."""
    head, lines = table(heads, rows)
    return Block(quoted(f"[!{kind}]\n{sentence}\n\n{head}"), what, tuple(map(quoted, lines)))


def notes_block(notes: Sequence[Diagnostic]) -> list[Block]:
    """Remarks as a list."""
    return [Block("", "note", tuple(f"- {_note(note)}\n" for note in by_place(notes)))] if notes else []


def folded_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], what: str) -> Block:
    """A table that opens on a click; its rows can be left out one by one."""
    head, lines = table(heads, rows)
    opening, closing = fold(plain_html(title), "\0").split("\0")
    return Block(opening + head, what, tuple(lines), closing)


# ---- plan


def _refusals(refusals: Sequence[Refusal]) -> Iterator[Block]:
    if refusals:
        said = f"**Refused: {counted(len(refusals), 'change')}; nothing is applied until this is settled.**"
        rows = [
            (code(r.rule), code(str(r.address)), text(r.message), code(r.flag) if r.flag else "nothing")
            for r in refusals
        ]
        yield alert("CAUTION", said, ("Rule", "Object", "Why", "Allowed by"), rows, "refusal")


def _open(plan: Plan) -> Iterator[Block]:
    if flags := open_flags(plan):
        yield Block(f"**Let pass by flags:** {', '.join(map(code, flags))}\n", "list of flags")


def _moved(group: Grouping) -> Iterator[Block]:
    if rows := moved_rows(group):
        said = "**Changed in the live app by someone else; applying sets it back.**"
        yield alert("WARNING", said, ("Object", "Field", "Live", "Manifest", ""), rows, "drifted field")


def _warnings(plan: Plan) -> list[Diagnostic]:
    alone = left_alone(plan)
    return [*plan.notes, *([Diagnostic(Severity.WARNING, alone)] if alone else [])]


def _notes(notes: Sequence[Diagnostic], *severities: Severity) -> list[Block]:
    return notes_block([note for note in notes if note.severity in severities])


def _note(note: Diagnostic) -> str:
    place = note.location or note.address
    hint = f" ({text(note.hint)})" if note.hint else ""
    return f"**{note.severity}:** {text(note.summary)}{hint}{f' {code(str(place))}' if place else ''}"


def _problem_cells(problem: Diagnostic) -> tuple[str, str, str]:
    place = problem.location or problem.address
    hint = f"<br>{text(problem.hint)}" if problem.hint else ""
    return code(str(place)) if place else "", f"**{problem.severity}**", text(problem.summary) + hint


def _left_out(plan: Plan) -> Iterator[Block]:
    if plan.left_out:
        items = tuple(f"- {code(str(address))}\n" for address in plan.left_out)
        yield Block(f"**{len(plan.left_out)} left out;** not selected, and would change:\n\n", "object", items)


def _undeclared(plan: Plan) -> Iterator[Block]:
    if plan.undeclared:
        items = tuple(f"- {code(str(address))}\n" for address in plan.undeclared)
        number = len(plan.undeclared)
        yield Block(f"**{number} no longer declared;** `--prune` deletes {them(number)}:\n\n", "object", items)


def _pins(pins: Sequence[Pin]) -> Iterator[Block]:
    if pins:
        rows = [
            (code(pin.target.qualified), code(short_id(pin.value)), f"{code(str(pin.consumer))} {code(pin.path)}")
            for pin in pins
        ]
        title = f"{counted(len(pins), 'version')} looked up now and fixed in this plan"
        yield folded_table(title, ("Model", "Version", "For"), rows, "pin")


# ---- result


def _trouble(result: ApplyResult, status: Status) -> Iterator[Block]:
    some = [o for o in result.outcomes if o.status is status and worth_telling(o)]
    if not some:
        return
    title, heads = REASONS[status][0], ("Object", "Step", "Why")
    rows = [(code(str(o.step.address)), text(o.step.title or o.step.verb), text(o.message)) for o in some]
    if status in LOUD:
        kind = "CAUTION" if status is Status.FAILED else "WARNING"
        yield alert(kind, f"**{title}.**", heads, rows, "step")
    else:
        yield folded_table(f"{title}: {counted(len(some), 'step')}", heads, rows, "step")


def _next(result: ApplyResult) -> Iterator[Block]:
    if said := next_text(result):
        yield Block(f"{said}\n", "hint")


def _remarks(result: ApplyResult) -> Iterator[Block]:
    remarks = [o for o in result.outcomes if o.status is Status.DONE and o.message]
    if remarks:
        yield Block("", "remark", tuple(f"- {code(str(o.step.address))}: {text(o.message)}\n" for o in remarks))


def _steps(outcomes: Sequence[StepOutcome]) -> Iterator[Block]:
    done = [outcome for outcome in outcomes if outcome.status is Status.DONE]
    if done:
        rows = [
            (code(str(o.step.address)), text(o.step.title or o.step.verb), f"{o.seconds:.1f} s", _outputs(o))
            for o in done
        ]
        yield folded_table(f"{counted(len(done), 'step')} done", ("Object", "Step", "Took", ""), rows, "step")


def _outputs(outcome: StepOutcome) -> str:
    return "<br>".join(f"{text(name)} {code(value)}" for name, value in sorted(outcome.outputs.items()))
