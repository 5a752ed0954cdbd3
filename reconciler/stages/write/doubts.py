"""What an answer of the service does not show of what was sent, in words.

Pure: an observed object and what was wanted in, a sentence or None out. Does not belong here: reading.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.change import Effect
from reconciler.core.kind import Keeps, Kind, Versions
from reconciler.core.ownership import value_at
from reconciler.core.state import Desired, LiveVersion, Mark, Observed
from reconciler.core.tree import ABSENT, Tree, put, same, show_path


def doubt(found: Observed, kind: Kind, item: Desired, want: Tree, record: str) -> str | None:
    """What an object does not show of what was sent, in words; None when it shows everything."""
    if kind.keeps is not Keeps.INVENTORY and (found.record is None or found.record.text() != record):
        return "the service does not show the record that was sent with it"
    have = kind.align(want, found.tree)
    return _other_values(kind, item, want, have, Effect.IN_PLACE)


def version_doubt(version: LiveVersion, kind: Kind, item: Desired, want: Tree, mark: Mark) -> str | None:
    """The same of a new version."""
    if version.mark != mark:
        return "it does not show the mark that was sent with it"
    have = put({}, versions_of(kind).path, version.tree or ABSENT)
    return _other_values(kind, item, want, have, Effect.NEW_VERSION)


def _other_values(kind: Kind, item: Desired, want: Tree, have: Tree, effect: Effect) -> str | None:
    hidden = (*kind.fields.write_only, *kind.fields.sensitive, *kind.fields.late)
    wrong = [
        path
        for path in sorted(item.owned)
        if kind.effect(path) is effect
        and not kind.fields.any(hidden, path)
        and not same(value_at(want, path, kind), value_at(have, path, kind))
    ]
    return f"the service shows other values: {', '.join(show_path(path) for path in wrong)}" if wrong else None


def versions_of(kind: Kind) -> Versions:
    """How a kind keeps versions; a step on versions of a kind without any is a mistake of ours."""
    if kind.versions is None:
        raise ValueError(f"a {kind.name} has no versions")
    return kind.versions


def record_text(observed: Observed) -> str | None:
    """The record an object shows, as stored."""
    return observed.record.text() if observed.record else None


def same_record(seen: Observed, found: Observed) -> bool:
    """Whether two looks at an object show one record; its form may be new, since an inventory is renewed as a whole."""
    one, other = (replace(o.record, canon=0) if o.record else None for o in (seen, found))
    return one == other
