"""Which pages are asked for, and when: an order of events, without a clock or a network."""

import threading

import pytest

from reconciler.client.paging import AHEAD, one_by_one, read_ahead

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

    def pages_as_lists(self):
        return [list(page) for page in self.pages]

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


# ---- lists that are known to be long


def long_read(pages, expected, count):
    reading = read_ahead(pages, len(FULL), expected)
    for _ in range(count):
        next(reading)
    return reading


def test_of_a_list_that_is_known_to_be_long_some_pages_travel_at_once():
    pages = Pages(*[FULL] * 9)
    reading = long_read(pages, 18, 1)
    assert all(pages.has_been_asked_for(number) for number in range(1, 2 + AHEAD))
    assert not set(pages.asked) - set(range(1, 2 + AHEAD))
    reading.close()


@pytest.mark.parametrize("length", range(12))
@pytest.mark.parametrize("expected", range(0, 26, 3))
def test_the_same_pages_come_whatever_was_expected(length, expected):
    pages = Pages(*[[f"{number}a", f"{number}b"] for number in range(length)])
    assert list(read_ahead(pages, len(FULL), expected)) == pages.pages_as_lists()
    assert max(pages.asked) <= max(length + 1, min(expected // len(FULL), length + 1 + AHEAD))
    assert sorted(pages.asked) == list(range(1, max(pages.asked) + 1))


def test_a_list_that_is_as_long_as_expected_costs_no_page_more():
    pages = Pages(*[FULL] * 7, SHORT)
    assert len(list(read_ahead(pages, len(FULL), 15))) == 8
    assert sorted(pages.asked) == list(range(1, 10))


def test_a_page_that_fails_fails_where_its_turn_is():
    class Broken(Pages):
        def __call__(self, number):
            if number == 3:
                raise ValueError("page 3")
            return super().__call__(number)

    reading = long_read(Broken(*[FULL] * 9), 18, 2)
    with pytest.raises(ValueError, match="page 3"):
        next(reading)
