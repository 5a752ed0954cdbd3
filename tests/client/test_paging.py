"""Which pages are asked for, and when: an order of events, without a clock or a network."""

import threading

import pytest

from reconciler.client.paging import one_by_one, read_ahead

FULL = ["a", "b"]
SHORT = ["c"]


class Pages:
    """Pages by number, empty ones behind them; remembers what was asked for, by whichever thread."""

    def __init__(self, *pages):
        self.pages = pages
        self.asked = []
        self._changed = threading.Condition()

    def __call__(self, number):
        with self._changed:
            self.asked.append(number)
            self._changed.notify_all()
        return list(self.pages[number - 1]) if number <= len(self.pages) else []

    def has_been_asked_for(self, number):
        """Waits until it is so; the test fails if it never is."""
        with self._changed:
            return self._changed.wait_for(lambda: number in self.asked, timeout=10)


def read(pages, count):
    """An iterator that has given so many pages."""
    reading = read_ahead(pages, len(FULL))
    for _ in range(count):
        next(reading)
    return reading


def test_the_page_after_a_full_one_travels_while_that_one_is_worked_on():
    pages = Pages(FULL, FULL)
    reading = read(pages, 1)
    assert pages.has_been_asked_for(2)
    reading.close()


def test_nothing_is_asked_for_behind_a_page_that_is_not_full_until_it_is_wanted():
    pages = Pages(SHORT)
    reading = read(pages, 1)
    assert pages.asked == [1]
    assert list(reading) == []
    assert pages.asked == [1, 2]


def test_a_page_as_long_as_those_before_is_full_whatever_was_asked_for():
    pages = Pages(["a"], ["b"], ["c"])
    reading = read(pages, 2)
    assert pages.has_been_asked_for(3)
    reading.close()


@pytest.mark.parametrize("full", range(4))
@pytest.mark.parametrize("rest", [[], [SHORT]])
@pytest.mark.parametrize("reading", [lambda pages: read_ahead(pages, len(FULL)), one_by_one])
def test_every_page_comes_once_and_in_order_and_none_is_asked_for_in_vain(full, rest, reading):
    pages = Pages(*[FULL] * full, *rest)
    assert list(reading(pages)) == list(pages.pages)
    assert pages.asked == list(range(1, len(pages.pages) + 2))


def test_one_by_one_a_page_is_asked_for_when_it_is_wanted():
    pages = Pages(FULL, FULL)
    next(one_by_one(pages))
    assert pages.asked == [1]


def test_a_page_that_fails_on_its_way_fails_the_list_there():
    def fetch(number):
        if number == 2:
            raise RuntimeError("page 2")
        return FULL

    reading = read_ahead(fetch, len(FULL))
    assert next(reading) == FULL
    with pytest.raises(RuntimeError, match="page 2"):
        next(reading)
