"""Safe functions: accuracy near zero and far out, and derivatives."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from meanfield.transfer import functions as F
from meanfield.transfer import probabilities as P

NAMES = ("lncosh", "logistic", "softplus", "softplus_integral")
EXACT = {
    "lncosh": lambda x: mpmath.log(mpmath.cosh(x)),
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "softplus_integral": lambda x: mpmath.re(-mpmath.polylog(2, -mpmath.exp(x))),
}
sizes = st.floats(-4, 2).map(lambda e: 10.0**e)
numbers = st.tuples(sizes, st.sampled_from([-1.0, 1.0])).map(lambda p: p[0] * p[1])


@pytest.mark.parametrize("x", [1e-300, 1e-150, 1e-20, 1e-8, 1e-3, 0.5, 0.999, 1.0, 1.001, 20.0, 711.0, 1e4])
def test_lncosh_is_exact_to_rounding(x):
    with mpmath.workprec(4200):
        exact = mpmath.log(mpmath.cosh(mpmath.mpf(x)))
    for sign in (1, -1):
        assert float(F.NUMPY_FUNCTIONS["lncosh"](sign * x)) == pytest.approx(float(exact), rel=1e-15, abs=0.0)
        assert float(F.MPMATH_FUNCTIONS["lncosh"](mpmath.mpf(sign * x))) == pytest.approx(float(exact), rel=1e-15, abs=0)


@pytest.mark.parametrize("name", NAMES)
@given(x=numbers)
def test_relative_accuracy(name, x):
    with mpmath.workprec(600):
        exact = EXACT[name](mpmath.mpf(x))
    assert float(F.NUMPY_FUNCTIONS[name](x)) == pytest.approx(float(exact), rel=1e-14, abs=0)
    assert abs(F.MPMATH_FUNCTIONS[name](mpmath.mpf(x)) - exact) <= 1e-14 * abs(exact)


@pytest.mark.parametrize("name", [*NAMES, "heaviside0"])
def test_arrays_overflow_and_nan(name):
    f = F.NUMPY_FUNCTIONS[name]
    x = np.array([[-1e4, -1.0, 0.0], [1.0, 750.0, 1e4]])
    assert f(x).shape == x.shape and np.isfinite(f(x)).all()
    assert np.isnan(f(np.array([np.nan]))).all()


def test_heaviside0_is_zero_at_zero():
    x = sp.Symbol("x", real=True)
    assert F.NUMPY_FUNCTIONS["heaviside0"](np.array([-1.0, 0.0, 1e-300])).tolist() == [0.0, 0.0, 1.0]
    assert F.MPMATH_FUNCTIONS["heaviside0"](mpmath.mpf(0)) == 0
    assert F.heaviside0(x).diff(x) == 0


def test_derivatives_are_the_expected_functions():
    x = sp.Symbol("x", real=True)
    assert F.lncosh(x).diff(x) == sp.tanh(x)
    assert F.softplus(x).diff(x) == F.logistic(x)
    assert F.softplus_integral(2 * x).diff(x) == 2 * F.softplus(2 * x)
    assert F.logistic(x).diff(x) == F.logistic(x) * F.logistic(-x)


means = st.floats(-2, 2)
variances = st.floats(0.05, 5)
correlations = st.sampled_from([-1.0, 1.0, 0.0]) | st.floats(-1, 1)


@given(mu=means, Delta=variances, rho=correlations)
def test_quadrant_probability(mu, Delta, rho):
    C = rho * Delta
    value = float(P.NUMPY_FUNCTIONS["orthant"](mu, Delta, C))
    mirrored = float(P.NUMPY_FUNCTIONS["orthant"](-mu, Delta, C))
    tail = float(P.NUMPY_FUNCTIONS["gauss_tail"](mu, Delta))
    assert -1e-15 <= value <= tail + 1e-15
    assert mirrored == pytest.approx(1 - 2 * tail + value, abs=1e-14)
    at_zero = 0.25 + np.arcsin(rho) / (2 * np.pi)
    assert float(P.NUMPY_FUNCTIONS["orthant"](0.0, Delta, C)) == pytest.approx(at_zero, abs=2e-8)


@pytest.mark.parametrize("rho", [-1.0, -0.99, -0.3, 0.0, 0.6, 0.999, 1.0])
@pytest.mark.parametrize("mu", [0.0, 0.4, -1.1])
def test_quadrant_probability_in_mpmath_is_the_same(mu, rho):
    numpy, exact = (table["orthant"](mu, 1.5, 1.5 * rho) for table in (P.NUMPY_FUNCTIONS, P.MPMATH_FUNCTIONS))
    assert float(numpy) == pytest.approx(float(exact), abs=1e-14)


def test_vanishing_variance():
    for table in (P.NUMPY_FUNCTIONS, P.MPMATH_FUNCTIONS):
        assert [float(table["gauss_tail"](mu, 0.0)) for mu in (-1.0, 0.0, 1.0)] == [0.0, 0.5, 1.0]
        assert [float(table["gauss_edge"](mu, 0.0)) for mu in (-1.0, 0.0, 1.0)] == [0.0, 0.0, 0.0]
    assert float(P.NUMPY_FUNCTIONS["gauss_tail"](np.array([1.0]), -1e-18)[0]) == 1.0
    assert P.NUMPY_FUNCTIONS["orthant"](np.array([-1.0, 0.0, 1.0]), 0.0, 0.0).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("head", [P.gauss_tail, P.gauss_edge, P.orthant], ids=lambda h: h.__name__)
def test_derivatives_of_probabilities(head):
    names = sp.symbols("mu Delta C", real=True)[: head.nargs.args[0]]
    code = sp.lambdify(names, head(*names), modules=[P.MPMATH_FUNCTIONS, "mpmath"])
    with mpmath.workdps(30):
        point = [mpmath.mpf(v) for v in ("0.3", "1.4", "0.5")][: len(names)]
        for i, name in enumerate(names):
            slope = sp.lambdify(names, head(*names).diff(name), modules=[P.MPMATH_FUNCTIONS, "mpmath"])
            orders = tuple(int(j == i) for j in range(len(names)))
            assert abs(slope(*point) - mpmath.diff(code, tuple(point), orders)) < 1e-12
