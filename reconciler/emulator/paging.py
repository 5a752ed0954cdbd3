"""Cut lists into pages the way the service does.

Belongs here: page numbers and sizes, sort options, the rows of one page. Not here: filters and rendering of a
resource (`operations/`). Facts 3.0, 14.1.3: default 128, at most 1000, past the end an empty SUCCESS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

from reconciler.emulator import errors
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.store import Row

T = TypeVar("T")

DEFAULT_SIZE = 128
LARGEST_SIZE = 1000

_SORTS = {
    "sort_by_name": "name",
    "sort_by_id": "id",
    "sort_by_modified_at": "modified",
    "sort_by_created_at": "created",
}


def bounds(call: Call, paged: Any) -> tuple[int, int]:
    """Offset and size of the page a request asks for."""
    size = paged.per_page or DEFAULT_SIZE
    if size > LARGEST_SIZE:
        if call.switches.page_limit == "refused":
            raise errors.invalid(f"per_page is {size}, at most {LARGEST_SIZE} are allowed")
        size = LARGEST_SIZE
    return (max(paged.page, 1) - 1) * size, size


def cut(call: Call, paged: Any, items: Iterable[T]) -> list[T]:
    """The page of any iterable that a request asks for."""
    offset, size = bounds(call, paged)
    return list(islice(items, offset, offset + size))


def order_of(request: Any, default: str) -> tuple[str, bool]:
    """Column and direction a list request asks for.

    Counts of stars are zero here, and relevance and training inputs are not ranked: those sorts keep the default.
    """
    chosen = [column for option, column in _SORTS.items() if getattr(request, option, False)]
    if getattr(request, "sort_by_relevance", False) and not request.search:
        raise errors.invalid("sort_by_relevance needs a search")
    return (chosen[0] if chosen else default), bool(request.sort_ascending)


def page(
    call: Call,
    paged: Any,
    scopes: Sequence[Scope],
    kind: str,
    *,
    parent: str | None = None,
    order: str = "modified",
    ascending: bool = False,
    keep: Callable[[Row], bool] | None = None,
) -> list[Row]:
    """The rows of one page. `keep` filters before cutting; without it only the page itself is read."""
    offset, size = bounds(call, paged)
    if keep is None and len(scopes) == 1 and not call.memory.lag.active:
        only = scopes[0]
        return list(
            call.store.select(
                only.user, only.app, kind, parent=parent, order=order, ascending=ascending, limit=size, offset=offset
            )
        )
    every = chain.from_iterable(_visible(call, s, kind, parent, order, ascending) for s in scopes)
    rows = list(islice(filter(keep, every) if keep else every, offset, offset + size))
    for scope in scopes:
        call.memory.lag.seen(scope.user, scope.app, kind)
    return rows


def _visible(call: Call, scope: Scope, kind: str, parent: str | None, order: str, ascending: bool) -> Iterator[Row]:
    rows = call.store.select(scope.user, scope.app, kind, parent=parent, order=order, ascending=ascending)
    return (row for row in rows if not call.memory.lag.hidden(row.key))
