"""The pages of a list, the next ones asked for while one is worked on.

A list ends at an empty page only (facts 3.0), so after a full page the next one has to be asked for anyway: it may as
well travel meanwhile. Of a long list two are on their way, which costs at most one request more, behind the end.
Belongs here: which pages are asked for and when, and that no element comes twice. Does not belong here: sending
(`api`).
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from google.protobuf.message import Message

from reconciler.core.remote import ApiError

Page = list[Message]
Fetch = Callable[[int], Page]
"""The elements of the page with this number, from 1."""

AHEAD = 2
LONG = 4
"""Full pages after which a list counts as long: one request more is then less than a fifth of all."""


def read_ahead(fetch: Fetch, per_page: int, *, ahead: int = AHEAD) -> Iterator[Page]:
    """The pages until an empty one; no more than `ahead` are on their way while the caller has one, 0 for none.

    Only after a full page: one that is not is most likely the last, and a caller may need no more than the first. A
    service may clamp `per_page`, so what is full is as long as the pages before.
    """
    coming: deque[Future[Page]] = deque()
    full = per_page
    pool = ThreadPoolExecutor(max(1, ahead), "pages")
    try:
        for page in itertools.count(1):
            elements = coming.popleft().result() if coming else fetch(page)
            if not elements:
                return
            if len(elements) >= full:
                last = page + min(ahead, 1 if page < LONG else AHEAD)
                coming.extend(pool.submit(fetch, number) for number in range(page + len(coming) + 1, last + 1))
            full = min(full, len(elements))
            yield elements
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def without_repeats(pages: Iterable[Page], rpc: str) -> Iterator[Page]:
    """The pages without elements that earlier ones held: what is written meanwhile moves others to a later page.

    Raises ApiError for a service that gives the same page for ever.
    """
    seen: set[object] = set()
    stale = 0
    for number, elements in enumerate(pages, start=1):
        fresh = _unseen(elements, seen)
        stale = 0 if fresh else stale + 1
        if stale == 2:  # one such page can be a shift by concurrent writes
            raise ApiError(rpc, f"does not move on: page {number} holds nothing but elements of the pages before")
        if fresh:
            yield fresh


def _unseen(elements: Iterable[Any], seen: set[object]) -> Page:
    """The elements that no earlier page held; their keys are added to `seen`."""
    fresh = []
    for element in elements:
        key = _identity(element)
        if key not in seen:
            seen.add(key)
            fresh.append(element)
    return fresh


def _identity(element: Any) -> object:
    """What makes an element the same one on another page: its id and app, or all of it when it has no id."""
    if not isinstance(element, Message):
        return element
    identity = tuple(getattr(element, name, "") for name in ("user_id", "app_id", "id"))
    return identity if identity[-1] else element.SerializeToString(deterministic=True)
