"""The pages of a list, those that are sure to be asked for on their way while one is worked on.

A list ends at an empty page only (facts 3.0), so after a full page the next one has to be asked for anyway: it may as
well travel meanwhile. Of a list that is known to be long several may. No request is sent for speed alone. Belongs
here: which pages are asked for and when, and that no element comes twice. Does not belong here: sending (`api`).
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


AHEAD = 4
"""Pages on their way at most: enough to hide some 100 ms of latency behind the work on 500 elements."""


def read_ahead(fetch: Fetch, per_page: int, expected: int = 0) -> Iterator[Page]:
    """The pages until an empty one; the one after a full page is on its way while the caller has that.

    Only after a full page: one that is not is most likely the last, and a caller may need no more than the first. A
    service may clamp `per_page`, so what is full is as long as the pages before. Of a list that is `expected` to have
    so many elements, the pages that these fill are sure to be asked for, so a few of them travel at once. Which pages
    are asked for does not depend on who is faster.
    """
    sure, full, asked = expected // per_page, per_page, 0
    coming: deque[Future[Page]] = deque()
    pool = ThreadPoolExecutor(AHEAD, "pages")
    try:
        for number in itertools.count(1):
            elements = coming.popleft().result() if coming else fetch(number)
            if not elements:
                return
            following = number + 1 if len(elements) >= full else number
            asked = max(asked, number)
            for wanted in range(asked + 1, max(following, min(sure, number + AHEAD)) + 1):
                coming.append(pool.submit(fetch, wanted))
                asked = wanted
            full = min(full, len(elements))
            yield elements
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def one_by_one(fetch: Fetch) -> Iterator[Page]:
    """The pages until an empty one, each asked for when it is wanted: for a run that may have one call at a time."""
    return itertools.takewhile(bool, map(fetch, itertools.count(1)))


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
