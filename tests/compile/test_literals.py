"""Numbers that a user writes are the numbers that are computed with."""

import mpmath
import numpy as np
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import meanfield as mf
from meanfield.averages import E
from meanfield.compile import compile
from meanfield.compile.source import code
from meanfield.symbols import gaussian
from meanfield.transfer import custom
from meanfield.transfer.numeric import array_function

X = sp.Symbol("X", real=True)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_printed_whole(value: float) -> None:
    assert float(code(sp.Float(value))) == value
    assert array_function(X, sp.Float(value) + 0 * X)(0.0) == value


def test_a_model_with_float_coefficients_keeps_its_claim() -> None:
    """Fifteen digits of 1/3 are 3e-16 off, more than rounding of a sum that is known to the last digit."""
    u = mf.unknown("u")
    x = gaussian("x", mean=0, var=1)
    phi = custom("third", lambda y: sp.Float(1 / 3) * sp.tanh(y) ** 2)
    kernel = compile(mf.Model(title="thirds", unknowns=[u], equations={u: sp.Float(2 / 3) * E(phi(x))}))
    value, claim = kernel.refined(np.zeros((1, 1)), np.zeros((1, 0)))
    with mpmath.workdps(25):
        average = mpmath.quad(lambda y: mpmath.tanh(y) ** 2 * mpmath.npdf(y), [-12, -4, 0, 4, 12])
        wanted = mpmath.mpf(2 / 3) * mpmath.mpf(1 / 3) * average
    assert abs(wanted + float(value[0, 0])) <= claim[0, 0]
    assert abs(wanted + float(value[0, 0])) < 5e-17
