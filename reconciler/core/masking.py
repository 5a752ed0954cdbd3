"""What must not be shown: a change with its sensitive values replaced by a mark, before anything renders it.

Belongs here: replacing values. Does not belong here: which fields are sensitive (`kind`), or how the mark looks in a
text or a document (`report`, `plan_document`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from reconciler.core.change import FieldChange, ResourceChange
from reconciler.core.tree import ABSENT, Path


class _Sensitive:
    """Stands where a sensitive value was; one instance."""

    def __repr__(self) -> str:
        return "(sensitive value)"

    def __copy__(self) -> _Sensitive:
        return self

    def __deepcopy__(self, memo: object) -> _Sensitive:
        return self


SENSITIVE: Final = _Sensitive()


def conceal(change: ResourceChange) -> ResourceChange:
    """The change with every value that it or one of its fields calls sensitive replaced, wherever the value stands."""
    secret = frozenset(field.path for field in change.fields if field.sensitive) | frozenset(change.sensitive)
    if not secret:
        return change
    return replace(
        change,
        fields=tuple(_conceal_field(field, secret) for field in change.fields),
        before=change.before and _masked(change.before, (), secret),
        after=change.after and _masked(change.after, (), secret),
    )


def _conceal_field(field: FieldChange, secret: Collection[Path]) -> FieldChange:
    before, after = (_masked(value, field.path, secret) for value in (field.before, field.after))
    return replace(field, before=before, after=after)


def _masked(value: Any, at: Path, secret: Collection[Path]) -> Any:
    if value is ABSENT or value is None:
        return value
    if any(at[: len(path)] == path for path in secret):
        return SENSITIVE
    below = [path for path in secret if path[: len(at)] == at]
    if not below:
        return value
    if not isinstance(value, dict):
        return SENSITIVE  # the secret lies inside a leaf: better to hide too much
    return {name: _masked(inner, (*at, name), below) for name, inner in value.items()}
