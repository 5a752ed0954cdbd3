"""What plain and quoted text means."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declaration import Scalar
from reconciler.core.scalars import as_bool, as_float, as_int, as_json, fits_double, fits_float32, quoted


def plain(text):
    return Scalar(text, True, "a.yaml", 1, 1)


def in_quotes(text):
    return Scalar(text, False, "a.yaml", 1, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, None) for text in ("", "~", "null", "Null", "NULL")],
        *[(text, True) for text in ("true", "True", "TRUE")],
        *[(text, False) for text in ("false", "False", "FALSE")],
        *[("0", 0), ("-0", 0), ("+5", 5), ("-12", -12), ("0o17", 15), ("0x1F", 31)],
        *[("1.5", 1.5), (".5", 0.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0), ("1E-2", 0.01), ("0.0", 0.0)],
        *[(".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf)],
    ],
)
def test_the_core_schema(text, value):
    found = as_json(plain(text))
    assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_a_number():
    assert math.isnan(as_json(plain(".nan")))
    assert math.isnan(as_float(plain(".NaN")))


TEXT = "no yes off 0123 -007 00 01.5 12:30 1_000 1,5 2020-01-01 tRUE nULL . 0o8 0xG -0x1 1e e3 inf nan --1 ٣ 1.2.3"


@pytest.mark.parametrize("text", [*TEXT.split(), "1 ", "true\n", "<<", "="])
def test_everything_else_is_text(text):
    assert as_json(plain(text)) == text


@pytest.mark.parametrize("text", ["", "null", "true", "1", "1.5", ".inf"])
def test_quoted_is_text(text):
    assert as_json(in_quotes(text)) == text


@pytest.mark.parametrize("make", [plain, in_quotes])
def test_where_the_type_is_known_quotes_do_not_matter(make):
    assert as_bool(make("true")) is True
    assert as_int(make("5")) == 5
    assert as_float(make("0.5")) == 0.5


@pytest.mark.parametrize(("text", "value"), [("1e+06", 1_000_000), ("3.0", 3), ("0x10", 16), ("-7", -7), ("0", 0)])
def test_whole_numbers(text, value):
    found = as_int(plain(text))
    assert (found, type(found)) == (value, int)


@pytest.mark.parametrize(
    ("ask", "text", "sentence"),
    [
        (as_bool, "no", "'no' is not true or false; write false"),
        (as_bool, "On", "'On' is not true or false; write true"),
        (as_bool, "1", "'1' is not true or false"),
        (as_bool, "", "an empty value is not true or false"),
        (as_int, "1.5", "'1.5' is not a whole number"),
        (as_int, "many", "'many' is not a whole number"),
        (as_int, ".inf", "'.inf' is not a whole number"),
        (as_int, "0123", "'0123' has a leading zero; write it without, or 0o… for octal"),
        (as_int, "1_000", "'1_000' is not a whole number; write 1000"),
        (as_float, "0,5", "'0,5' is not a number; write 0.5"),
        (as_float, "inf", "'inf' is not a number; write .inf, -.inf or .nan"),
        (as_float, "12:30", "'12:30' is not a number"),
        (as_float, "1e400", "'1e400' is too large for a number"),
        (as_float, "9" * 350, f"'{'9' * 57}…' is too large for a number"),
        (as_json, "9" * 5_000, f"'{'9' * 57}…' is too large: a number of 5,000 characters"),
        (as_json, "1e400", "'1e400' is too large for a number"),
    ],
)
def test_a_refusal_is_a_sentence(ask, text, sentence):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        ask(plain(text))
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("value", "fits"),
    [(2**53, True), (2**53 + 1, False), (2**60, True), (10**400, False), (0.1, True), (math.inf, True)],
)
def test_what_a_double_holds(value, fits):
    assert fits_double(value) is fits


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (0.1, True),
        (16777217, True),
        (3.4028235e38, True),
        (3.5e38, False),
        (-3.5e38, False),
        (math.inf, True),
        (math.nan, True),
        (10**400, False),
    ],
)
def test_what_a_float32_holds(value, fits):
    assert fits_float32(value) is fits


@given(st.text(max_size=20) | st.from_regex(r"[-+0-9.eExo_]{1,12}"))
def test_no_text_raises_anything_but_a_sentence(text):
    for ask in (as_json, as_bool, as_int, as_float):
        try:
            ask(plain(text))
        except ValueError as refusal:
            assert "invalid literal" not in str(refusal)  # noqa: PT017


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none())
def test_what_json_writes_reads_back(value):
    assert as_json(plain(json.dumps(value))) == value


def test_a_quoted_text_is_short_and_printable():
    assert quoted("a\nb") == r"'a\nb'"
    assert len(quoted("x" * 1000)) == 60
