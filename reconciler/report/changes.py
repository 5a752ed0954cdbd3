"""The changes of a plan, grouped by cause: edits with their consequences, what others moved, what only records say.

Belongs here: which object stands where, and its headline. Does not belong here: what changes inside it (`fields`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby

from reconciler.core.change import Action, Cause, FieldChange, ResourceChange
from reconciler.core.masking import conceal
from reconciler.core.tree import show_path, walk
from reconciler.report.fields import MOVED, change_lines, tree_lines, value_span
from reconciler.report.lines import BLANK, Line, Span, Spans, fits, say

SIGNS = {
    Action.CREATE: ("+", "add"),
    Action.UPDATE: ("~", "change"),
    Action.REPLACE: ("-/+", "delete"),
    Action.DELETE: ("-", "delete"),
    Action.ADOPT: ("=", "adopt"),
    Action.FORGET: (".", "warning"),
}

ONE_LINE_FIELDS = 3
"""A new object with no more fields than this is shown on its headline, if it fits."""


@dataclass(frozen=True)
class Grouping:
    """Who stands at the top level and who beneath whom; every change stands somewhere."""

    roots: tuple[ResourceChange, ...]
    followers: dict[str, tuple[ResourceChange, ...]]
    """Address of a cause -> the changes that have a field following it."""
    nested: frozenset[str]
    """Addresses of those that are nothing but consequences: shown beneath their causes only."""
    shown: set[str] = field(default_factory=set)


def grouping(changes: Iterable[ResourceChange]) -> Grouping:
    """Sort out causes and consequences; secrets are gone from here on."""
    concealed = tuple(conceal(change) for change in changes if change.action is not Action.NO_OP)
    known = {str(change.address) for change in concealed}
    followers = _followers(concealed, known)
    nested = frozenset(str(c.address) for c in concealed if _only_follows(c, known))
    reached = _reached([a for a in known if a not in nested], followers, nested)
    roots = tuple(c for c in concealed if str(c.address) not in nested & reached)
    return Grouping(roots, followers, nested & reached)


def _followers(changes: Iterable[ResourceChange], known: set[str]) -> dict[str, tuple[ResourceChange, ...]]:
    found: dict[str, tuple[ResourceChange, ...]] = {}
    for change in changes:
        for cause in sorted(_causes(change) & known):
            found[cause] = (*found.get(cause, ()), change)
    return found


def _causes(change: ResourceChange) -> set[str]:
    if change.action not in (Action.UPDATE, Action.REPLACE):
        return set()  # a new object is a declaration, not a consequence
    follows = {f.follows for f in change.fields if f.cause is Cause.FOLLOWS and f.follows}
    return follows - {str(change.address)}


def _only_follows(change: ResourceChange, known: set[str]) -> bool:
    causes = _causes(change)
    return bool(causes) and causes <= known and all(f.cause is Cause.FOLLOWS and f.follows for f in change.fields)


def _reached(start: list[str], followers: dict[str, tuple[ResourceChange, ...]], nested: frozenset[str]) -> set[str]:
    """Consequences that hang, link by link, on something shown: two that only follow each other would be lost."""
    reached, todo = set(start), list(start)
    while todo:
        for change in followers.get(todo.pop(), ()):
            address = str(change.address)
            if address in nested and address not in reached:
                reached.add(address)
                todo.append(address)
    return reached


def is_moved(change: ResourceChange) -> bool:
    """Whether all of it repairs what others did in the live app."""
    if change.action is Action.CREATE:
        return change.cause is Cause.DRIFT
    own = [f for f in change.fields if f.cause is not Cause.FOLLOWS]
    return change.action is Action.UPDATE and bool(own) and all(f.cause in MOVED for f in own)


def moved_fields(change: ResourceChange) -> int:
    """How much of it others moved in the live app: fields, or 1 for an object that they deleted."""
    if change.action is Action.CREATE:
        return int(change.cause is Cause.DRIFT)
    return sum(field.cause in MOVED for field in change.fields)


def block_lines(changes: Iterable[ResourceChange], group: Grouping, width: int) -> list[Line]:
    """One block an object; those of a single line stand together."""
    blocks = [_block(change, group, 0, width) for change in changes]
    lines: list[Line] = []
    for short, some in groupby(blocks, key=lambda block: len(block) == 1):
        for block in some:
            lines += [*block] if short else [*block, BLANK]
        if short:
            lines.append(BLANK)
    return lines


def _block(change: ResourceChange, group: Grouping, indent: int, width: int) -> list[Line]:
    if change.action is Action.CREATE and (short := _on_one_line(change, indent, width)):
        return [short]
    return [*_headline(change, group, indent, width), *detail_lines(change, group, indent + 4, width)]


def detail_lines(change: ResourceChange, group: Grouping, indent: int, width: int) -> list[Line]:
    """All that stands beneath the headline of an object: what changes inside it, and its consequences."""
    lines = _inside(change, indent, width)
    group.shown.add(str(change.address))
    for follower in group.followers.get(str(change.address), ()):
        if str(follower.address) in group.nested:
            lines += [BLANK, *_consequence(follower, change, group, indent, width)]
    return lines


def _consequence(change: ResourceChange, cause: ResourceChange, group: Grouping, indent: int, width: int) -> list[Line]:
    """An object beneath what makes it change, with the fields that follow this cause only."""
    again = str(change.address) in group.shown
    if not again:
        lines = _headline(change, group, indent, width)
    else:
        lines = [Line((Span(str(change.address)), Span("  (the same update as above)", "dim")), _lead(" ", "", indent))]
    lines += change_lines([f for f in change.fields if f.follows == str(cause.address)], indent + 4, width)
    group.shown.add(str(change.address))
    if not again:
        for follower in group.followers.get(str(change.address), ()):
            if str(follower.address) in group.nested and str(follower.address) not in group.shown:
                lines += _consequence(follower, change, group, indent + 4, width)
    return lines


# ---- headlines


def _headline(change: ResourceChange, group: Grouping, indent: int, width: int) -> list[Line]:
    lead = _lead(*SIGNS[change.action], indent)
    place = _place(change)
    title = (Span(str(change.address), "bold"), *_what(change))
    arrow = _arrow(change, group)
    line, below = Line((*title, *arrow), lead, 4, place), list[Line]()
    if arrow and not fits(line, width):
        line, below = Line(title, lead, 4, place), [Line(arrow[1:], (Span(" " * (indent + 6)),), 3)]
    why = _why(change)
    longer = replace(line, body=(*line.body, Span("  "), why))
    if not why.text or (not below and fits(longer, width)):
        return [longer if why.text else line, *below]
    return [line, *below, *say(why.text, "dim", indent=indent + 6, hang=1)]


def headline_text(change: ResourceChange, group: Grouping) -> str:
    """What the headline says behind the address, for formats that draw no lines."""
    words = (_what_text(change), "".join(span.text for span in _arrow(change, group)).strip(), _why(change).text)
    return " ".join(word for word in words if word)


def short_values(change: ResourceChange) -> list[tuple[str, object]] | None:
    """The few values of a new object, by path, if they need no block of their own."""
    if change.action is not Action.CREATE:
        return None
    told = _untold(change)
    if len(told) > ONE_LINE_FIELDS or any(isinstance(value, (dict, list)) for _, value in told):
        return None
    return [(show_path(path), value) for path, value in told]


def _why(change: ResourceChange) -> Span:
    return Span(f"({'; '.join(change.reasons)})" if change.reasons else "", "dim")


def _lead(sign: str, style: str, indent: int) -> Spans:
    return Span(" " * indent), Span(f"{sign:>3} ", style)


def _place(change: ResourceChange) -> Span | None:
    where = change.location
    return Span(f"{where.file}:{where.line}", "dim") if where else None


def _what(change: ResourceChange) -> Spans:
    """The word that the sign does not say."""
    text = _what_text(change)
    return (Span(f"  {text}", SIGNS[change.action][1]),) if text else ()


def _what_text(change: ResourceChange) -> str:
    match change.action:
        case Action.CREATE if change.cause is Cause.DRIFT and not change.reasons:
            return "was deleted; created again"
        case Action.UPDATE if change.new_version:
            return "new version"
        case Action.REPLACE:
            return "must be replaced"
        case Action.DELETE:
            return "will be deleted"
        case Action.FORGET if not change.reasons:
            return "left in the app"
    return ""


def _arrow(change: ResourceChange, group: Grouping) -> Spans:
    """`-> repoints 1 node in workflows/auto-annotation`: the consequences at a glance."""
    here = str(change.address)
    followers = group.followers.get(here, ())
    if not followers:
        return ()
    nodes = {str(c.address): _repointed(c, here) for c in followers}
    if len(nodes) > 2:
        text = f"followed by {len(nodes)} objects"
    elif all(nodes.values()):
        text = "repoints " + ", ".join(f"{counted(count, 'node')} in {address}" for address, count in nodes.items())
    else:
        text = f"followed by {', '.join(nodes)}"
    return Span(" "), Span("-> ", "dim"), Span(text)


def _repointed(change: ResourceChange, cause: str) -> int:
    """How many nodes of a workflow follow a cause."""
    paths = [f.path for f in change.fields if f.cause is Cause.FOLLOWS and f.follows == cause]
    return len({path[1] for path in paths if path[0] == "nodes" and len(path) > 1})


def them(number: int) -> str:
    """What stands for so many objects."""
    return "it" if number == 1 else "them"


def counted(number: int, noun: str) -> str:
    """`1 node`, `2 nodes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


# ---- insides


def _on_one_line(change: ResourceChange, indent: int, width: int) -> Line | None:
    told = short_values(change)
    if told is None:
        return None
    said = [(Span(f"{path}: ", "dim"), value_span(value, width)) for path, value in told]
    body: list[Span] = [Span(str(change.address), "bold"), *_what(change)]
    for number, spans in enumerate(said):
        body += [Span(", " if number else "  "), *spans]
    if change.reasons:
        body += [Span("  "), _why(change)]
    line = Line(tuple(body), _lead(*SIGNS[change.action], indent), 4, _place(change))
    return line if fits(line, width) else None


def _untold(change: ResourceChange) -> list[tuple[tuple[str, ...], object]]:
    """The written values without what the address says already."""
    told = {change.address.id, *re.split(r"[.@/#]", change.address.id)}
    leaves = walk(change.after or {})
    return [(path, value) for path, value in leaves if not (isinstance(value, str) and value in told)]


def _inside(change: ResourceChange, indent: int, width: int) -> list[Line]:
    if change.action is Action.CREATE:
        return _written(change, indent, width)
    if change.action in (Action.DELETE, Action.FORGET):
        return []
    moved = [f for f in change.fields if f.cause in MOVED]
    rest = [f for f in change.fields if f.cause not in MOVED]
    if is_moved(change):
        rest, moved = moved, []
        rest += [f for f in change.fields if f.cause is Cause.FOLLOWS]
    lines = _follow_groups(rest, indent, width)
    if moved:
        lines += say("moved in the live app by someone else:", "drift", indent=indent + 2)
        lines += change_lines(moved, indent, width, depth=1)
    return lines


def _written(change: ResourceChange, indent: int, width: int) -> list[Line]:
    if change.after:
        return tree_lines(change.after, indent, width) if _untold(change) else []
    return change_lines([f for f in change.fields if f.after is not None], indent, width)


def _follow_groups(fields: list[FieldChange], indent: int, width: int) -> list[Line]:
    own = [f for f in fields if not (f.cause is Cause.FOLLOWS and f.follows)]
    lines = change_lines(own, indent, width)
    for cause in dict.fromkeys(f.follows for f in fields if f.cause is Cause.FOLLOWS and f.follows):
        lines += say(f"follows {cause}:", "dim", indent=indent + 2)
        lines += change_lines([f for f in fields if f.follows == cause and f not in own], indent, width, depth=1)
    return lines
