"""Numbers, arithmetic and sweeps behind -p."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meanfield.cli.parsing import Sweep, number, parameters, window
from meanfield.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2.0),
        ("-1e-3", -1e-3),
        ("sqrt(2)", math.sqrt(2)),
        ("2*pi*(3/4)**2", 2 * math.pi * 0.5625),
        ("+.5", 0.5),
        ("1_000", 1000.0),
        ("-2**2", -4.0),
    ],
)
def test_numbers_and_arithmetic(text, value):
    assert number(text) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_float_is_read_back(value):
    assert number(repr(value)) == value


def test_with_digits_a_decimal_means_itself():
    with mpmath.workdps(40):
        assert mpmath.almosteq(number("0.1", 30), mpmath.mpf("0.1"), rel_eps=mpmath.mpf(10) ** -35)
        assert mpmath.almosteq(number("sqrt(2)/10", 30), mpmath.sqrt(2) / 10, rel_eps=mpmath.mpf(10) ** -35)


@pytest.mark.parametrize("digits", [None, 30])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "two",
        "__import__('os')",
        "1 if 1 else 2",
        "sqrt(2, 3)",
        "sqrt(x=2)",
        "sqrt",
        "(1).real",
        "[1]",
        "1,5",
        "'1'",
        "True",
        "1j",
        "nan",
        "2;3",
        "0x" + "f" * 300,
        "1//2",
        "(" * 150 + "1" + ")" * 150,
        "1/0",
        "sqrt(-1)",
        "(-8)**0.5",
        "10**400",
    ],
)
def test_anything_else_is_refused_in_one_sentence(text, digits):
    with pytest.raises(ParameterError) as caught:
        number(text, digits)
    assert "\n" not in str(caught.value)


def test_sweeps():
    found = parameters(["g=0.5:3:26", "M_n=-1"])
    assert found == {"g": Sweep(0.5, 3.0, 26), "M_n": -1.0}
    assert np.allclose(found["g"].values(), np.linspace(0.5, 3, 26))
    assert list(found) == ["g", "M_n"]


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ("g", "NAME=VALUE"),
        ("=2", "NAME=VALUE"),
        ("g=1:2", "start:stop:count"),
        ("g=1:2:3:4", "start:stop:count"),
        ("g=1:2:2.5", "whole number"),
        ("g=1:2:0", "at least 1"),
    ],
)
def test_what_is_no_parameter(item, says):
    with pytest.raises(ParameterError, match=says):
        parameters([item])


def test_given_twice():
    with pytest.raises(ParameterError, match="twice"):
        parameters(["g=1", "g=2"])


def test_axes_of_a_diagram():
    assert window("g=0:3", "--x", 61) == ("g", Sweep(0.0, 3.0, 61))
    assert window("g=0:sqrt(9):7", "--x", 61) == ("g", Sweep(0.0, 3.0, 7))
    for item, says in [("g=0", "NAME=FROM:TO"), ("g=1:1", "no extent"), ("g=0:1:1", "at least 2")]:
        with pytest.raises(ParameterError, match=says):
            window(item, "--x", 61)
