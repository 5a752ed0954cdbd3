"""`${NAME}` in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declaration import Scalar
from reconciler.core.diagnostics import Location
from reconciler.core.variables import Variables

AT = Location("a.yaml", 3, 7)
VALUES = {"NAME": "x", "EMPTY": "", "TRICKY": "${NAME}"}


def filled(text):
    variables = Variables(VALUES)
    return variables.text(text, AT), [str(p) for p in variables.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"), ("${NAME}", "x"), ("a-${NAME}-${NAME}", "a-x-x"), ("$NAME", "$NAME"), ("$5 {a}", "$5 {a}"),
        ("${OTHER:-d}", "d"), ("${OTHER:-}", ""), ("${NAME:-d}", "x"), ("${EMPTY}", ""), ("${EMPTY:-d}", "d"),
        ("$${NAME}", "${NAME}"), ("$$${NAME}", "$${NAME}"), ("${TRICKY}", "${NAME}"), ("${OTHER:-a:-b}", "a:-b"),
        ("$${", "${"), ("$${a b}", "${a b}"),
    ],
)  # fmt: skip
def test_what_a_text_becomes(text, value):
    assert filled(text) == (value, [])


def test_an_undefined_name_is_a_problem_with_its_place_and_a_way_out():
    text, [problem] = filled("${MISSING}")
    assert text == "${MISSING}"
    assert problem.startswith("a.yaml:3:7: error: variable MISSING is not defined")
    assert "--var MISSING=VALUE" in problem


@pytest.mark.parametrize("text", ["${}", "${1A}", "${a b}", "${NAME", "${NAME-x}", "x ${-} y"])
def test_what_only_looks_like_a_variable_is_a_problem(text):
    [problem] = filled(text)[1]
    assert "is no variable" in problem


def test_a_scalar_keeps_style_and_place():
    scalar = Variables(VALUES).scalar(Scalar("${NAME}", True, *AT))
    assert scalar == Scalar("x", True, *AT)


@given(st.text(alphabet="${}N:-a", max_size=12))
def test_no_text_is_too_strange(text):
    filled(text)
