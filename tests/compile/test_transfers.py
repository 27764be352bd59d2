"""Models with transfer functions of every kind: kinks, flat at zero, growing, vanishing."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.compile.generators import analyticity
from meanfield.compile.pair_choice import coefficient_counts
from meanfield.compile.source import FLOAT_NAMES, array_names, code
from meanfield.model import Model
from meanfield.symbols import gaussian, parameters, unknown

E, custom, relu = mf.average, mf.transfer.custom, mf.transfer.relu
u = unknown("u")
m, v = parameters("m v")
x = gaussian("x", mean=m, var=v)
zero = custom("zero", lambda y: 0 * y)
two = custom("two", lambda y: 2 + 0 * y)
hard = custom("hard", lambda y: sp.Max(-1, sp.Min(1, y)))


def value(expr, mean=0.3, var=1.0):
    """An average at (m, v) by the finest rules, and its claim; for one point and in a batch."""
    kernel = mf.compile(Model("average", name="average", unknowns=(u,), parameters=(m, v), equations={u: expr}))
    p = np.array([[mean, var], [mean, var]])
    one, many = kernel.residual(np.zeros((1, 1)), p[:1]), kernel.residual(np.zeros((2, 1)), p)
    np.testing.assert_allclose(many, np.repeat(one, 2, axis=0), rtol=1e-15)
    fine, claim = kernel.refined(np.zeros((1, 1)), p[:1])
    return -fine[0, 0], claim[0, 0]


@pytest.mark.parametrize(
    ("expr", "truth"),
    [
        (E(relu.d(2)(x) * mf.transfer.tanh(x)), 0.0),  # delta(x) tanh(x)
        (sp.diff(E(relu.d(1)(x) ** 2), m), 0.38138781546052414),
        (E(relu(x) * relu.d(2)(x)), 0.0),
        (E(relu.d(1)(x) * relu.d(2)(x)), 0.38138781546052414 / 2),
        (E(zero(x) ** 2), 0.0),
        (E(two(x) ** 2), 4.0),
        (E(two.d(1)(x)), 0.0),
        (E(mf.transfer.linear.d(2)(x)), 0.0),
    ],
    ids=str,
)
def test_averages_that_reduce_to_edges_or_to_nothing(expr, truth):
    found, claim = value(expr)
    assert found == pytest.approx(truth, abs=1e-14)
    assert abs(found - truth) <= claim + 1e-15


@pytest.mark.parametrize("order", [0, 1])
def test_pieces_are_compiled_and_agree_with_their_decomposition(order):
    """clip(x) = relu(x + 1) - relu(x - 1) - 1, whose averages have closed forms."""
    above, below = gaussian("a", mean=m + 1, var=v), gaussian("b", mean=m - 1, var=v)
    truth = value(E(relu.d(order)(above)))[0] - value(E(relu.d(order)(below)))[0] - (1 - order)
    found, claim = value(E(hard.d(order)(x)))
    assert found == pytest.approx(truth, abs=1e-13)
    assert claim < 1e-13


def test_pieces_without_value_are_nan_in_both_kinds_of_code():
    y = sp.Symbol("y", real=True)
    expr = sp.Piecewise((y**2, (y > 0) & (y < 1)), (3, sp.Or(y >= 5, sp.Eq(y, 2))))
    text = code(expr)
    points = [0.5, 2.0, 7.0, 3.0, -1.0]
    truth = [0.25, 3.0, 3.0, np.nan, np.nan]
    assert [eval(text, dict(FLOAT_NAMES), {"y": p}) for p in points] == pytest.approx(truth, nan_ok=True)
    assert eval(text, dict(array_names()), {"y": np.array(points)}) == pytest.approx(truth, nan_ok=True)


@pytest.mark.parametrize("phi", [mf.transfer.cubic, mf.transfer.exponential, mf.transfer.linear], ids=str)
def test_series_of_entire_functions_end_at_correlation_one(phi):
    y = sp.Symbol("y", real=True)
    counts = coefficient_counts(analyticity([phi(y)], y), np.array([0.1, 1.0, 3.0]), np.ones(3), 1e-12)
    assert ((counts > 0) & (counts < 400)).all()


@pytest.mark.parametrize("order", [1, 2])
def test_jacobian_of_kinked_functions_exists_where_the_variance_vanishes(order):
    model = mf.models.by_name("rank1-stationary").with_transfer(mf.transfer.threshold_power(order))
    kernel = mf.compile(model)
    p = np.array([[{"g": 0.8, "M_m": 1.0, "M_n": 1.3, "Sigma_m": 0.5}[n] for n in kernel.parameter_names]])
    mu = 0.4
    found = kernel.residual_jacobian(np.array([[mu, 0.0]]), p)[1][0]
    near = kernel.residual_jacobian(np.array([[mu, 1e-6]]), p)[1][0]
    np.testing.assert_allclose(found, near, atol=1e-5)
