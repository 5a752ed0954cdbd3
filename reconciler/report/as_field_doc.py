"""A field of a manifest, explained for a terminal, as `kubectl explain` does it.

Belongs here: its lines. Does not belong here: what is known of the field (`core/field_docs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.field_docs import FieldDoc
from reconciler.report.lines import BLANK, Line, Span, render, say

_INDENT = 2


def field_doc_text(doc: FieldDoc, kind: str, api_version: str, *, color: bool = False, width: int = 100) -> str:
    """The whole explanation, at most `width` columns wide."""
    return render(list(_lines(doc, kind, api_version)), color=color, width=width)


def _lines(doc: FieldDoc, kind: str, api_version: str) -> Iterator[Line]:
    yield _labelled("KIND", kind)
    yield _labelled("VERSION", api_version)
    if doc.path:
        yield _labelled("FIELD", f"{'.'.join(doc.path)} <{doc.type}>")
    for said in filter(None, (doc.description, _rules(doc))):
        yield BLANK
        yield from say(said, indent=_INDENT)
    if doc.fields:
        yield from (BLANK, Line((Span("FIELDS", "bold"),)))
        yield from _table(doc.fields)
    for model_type, params in (doc.by_model_type or {}).items():
        yield from (BLANK, Line((Span(f"PARAMS of {model_type}", "bold"),)))
        yield from _table(params) if params else say("none", "dim", indent=_INDENT)


def _labelled(label: str, text: str) -> Line:
    return Line((Span(text),), (Span(f"{label:<9}", "bold"),))


def _table(fields: Sequence[FieldDoc]) -> Iterator[Line]:
    """One line a field; what is said of it stands beside it and wraps under itself."""
    names = max(len(field.path[-1]) for field in fields)
    types = max(len(field.type) for field in fields) + 2
    for field in fields:
        lead = f"{'':{_INDENT}}{field.path[-1]:<{names}}  {f'<{field.type}>':<{types}}  "
        yield Line((Span(_said(field), "dim" if field.older else ""),), (Span(lead),))


def _said(field: FieldDoc) -> str:
    """What fits beside a field: its rules, and the first sentence of its description."""
    first, stop, _ = " ".join(field.description.split("\n\n")[0].split()).partition(". ")
    return "; ".join(filter(None, (_rules(field), first + stop.strip())))


def _rules(field: FieldDoc) -> str:
    parts = [
        "required" if field.required else "",
        field.rules,
        f"one of {', '.join(field.values)}" if len(field.values) > 1 else "".join(field.values),
        f"for example {', '.join(field.examples)}" if field.examples else "",
        "an older place of what stands elsewhere now" if field.older else "",
    ]
    return "; ".join(filter(None, parts))
