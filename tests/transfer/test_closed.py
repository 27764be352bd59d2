"""Closed Gaussian averages against quadrature, Price's theorem and published values."""

import math
from functools import cache

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield import transfer as T

CLOSED = [T.erf, T.relu, T.step, T.threshold_power(3), T.sine, T.cubic, T.linear, T.exponential]
closed = pytest.mark.parametrize("phi", CLOSED, ids=str)
means = st.sampled_from([0.0]) | st.floats(-1.5, 1.5)
variances = st.floats(0.1, 3.0)
correlations = st.sampled_from([-1.0, 0.0, 1.0]) | st.floats(-0.97, 0.97)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(90)


def value(expr: sp.Expr, functions: str = "numpy") -> float:
    table = T.NUMPY_FUNCTIONS if functions == "numpy" else T.MPMATH_FUNCTIONS
    return float(sp.lambdify([], expr, modules=[table, functions])())


@cache
def compiled(average, arity, centred, functions="numpy"):
    """The closed form as a function of (mu, Delta[, C]); `centred` builds it for mu = 0."""
    mu, *rest = names = sp.symbols("mu Delta C", real=True)[:arity]
    table = T.NUMPY_FUNCTIONS if functions == "numpy" else T.MPMATH_FUNCTIONS
    return sp.lambdify(names, average(0 if centred else mu, *rest), modules=[table, functions])


def normal_rule(mean, variance):
    """Nodes and weights of N(mean, variance) on the last axis, split at 0, where the kinks are."""
    mean, s = np.asarray(mean)[..., None], math.sqrt(variance)
    ends = np.concatenate([mean - 14 * s, np.clip(0.0, mean - 14 * s, mean + 14 * s), mean + 14 * s], axis=-1)
    half = np.diff(ends)[..., None] / 2
    x = ends[..., :-1, None] + half * (1 + NODES)
    w = half * WEIGHTS * np.exp(-0.5 * ((x - mean[..., None]) / s) ** 2) / (s * math.sqrt(2 * math.pi))
    return x.reshape(*mean.shape[:-1], -1), w.reshape(*mean.shape[:-1], -1)


def quadrature(phi, orders, mu, Delta, C=None):
    """`<phi^(j) phi^(k)>` of one variable (C None) or of a pair, by split Gauss-Legendre."""
    x, w = normal_rule(mu, Delta)
    if C is None:
        return float(np.sum(w * np.prod([phi.jet([k], x)[0] for k in orders], axis=0)))
    j, k = orders
    rest = Delta - C**2 / Delta
    if rest < 1e-12 * Delta:
        # y is a function of x, so its kink splits the line a second time
        low, high = mu - 14 * math.sqrt(Delta), mu + 14 * math.sqrt(Delta)
        ends = np.unique(np.clip([low, 0.0, 2 * mu if C < 0 else 0.0, high], low, high))
        half = np.diff(ends)[:, None] / 2
        x = (ends[:-1, None] + half * (1 + NODES)).ravel()
        w = (half * WEIGHTS).ravel() * np.exp(-0.5 * (x - mu) ** 2 / Delta) / math.sqrt(2 * math.pi * Delta)
        return float(np.sum(w * phi.jet([j], x)[0] * phi.jet([k], mu + C / Delta * (x - mu))[0]))
    y, v = normal_rule(mu + C / Delta * (x - mu), rest)
    return float(np.sum(w * phi.jet([j], x)[0] * np.sum(v * phi.jet([k], y)[0], axis=-1)))


def highest(phi):
    """The highest order that is a function; higher ones hold deltas and are left to Price's theorem."""
    return min((min(kink.jumps) for kink in phi.traits.kinks), default=9)


@closed
@settings(max_examples=8, deadline=None)
@given(mu=means, Delta=variances)
def test_one_variable(phi, mu, Delta):
    for orders, average in phi.traits.closed1.items():
        if max(orders) <= highest(phi) and not (average.zero_mean_only and mu):
            exact = quadrature(phi, orders, mu, Delta)
            for functions in ("numpy", "mpmath"):
                assert float(compiled(average, 2, not mu, functions)(mu, Delta)) == pytest.approx(exact, rel=1e-9, abs=1e-10), (
                    orders
                )


@closed
@settings(max_examples=8, deadline=None)
@given(mu=means, Delta=variances, rho=correlations)
def test_pairs(phi, mu, Delta, rho):
    for orders, average in phi.traits.closed2.items():
        if max(orders) <= highest(phi) and not (average.zero_mean_only and mu):
            exact = quadrature(phi, orders, mu, Delta, rho * Delta)
            found = float(compiled(average, 3, not mu)(mu, Delta, rho * Delta))
            assert found == pytest.approx(exact, rel=1e-8, abs=1e-8 * (1 + Delta**2)), orders


@closed
@pytest.mark.parametrize("mu", [sp.S.Zero, sp.Rational(2, 5)], ids=str)
def test_price(phi, mu):
    """`d<f>/dmu = <f'>`, `d<f>/dDelta = <f''>/2`, `d<f(x) f(y)>/dC = <f'(x) f'(y)>`, deltas included."""
    m, Delta, C = sp.symbols("mu Delta C", real=True)
    at = {m: mu, Delta: sp.Rational(13, 10), C: sp.Rational(-1, 2)}
    one, two = phi.traits.closed1, phi.traits.closed2
    for k in range(-1, 4):
        if (k,) in one and (k + 1,) in one:
            slope = one[(k,)](m, Delta).diff(m).xreplace(at)
            assert value(slope) == pytest.approx(value(one[(k + 1,)](m, Delta).xreplace(at)), abs=1e-12)
        if (k,) in one and (k + 2,) in one:
            slope = 2 * one[(k,)](m, Delta).diff(Delta).xreplace(at)
            assert value(slope) == pytest.approx(value(one[(k + 2,)](m, Delta).xreplace(at)), abs=1e-12)
        if (k, k) in two and (k + 1, k + 1) in two:
            # the special form of erf at mu = 0 needs a mean that is zero, not one that becomes zero
            slope = two[(k, k)](m if mu else mu, Delta, C).diff(C).xreplace(at)
            exact = two[(k + 1, k + 1)](m, Delta, C).xreplace(at)
            assert value(slope) == pytest.approx(value(exact), rel=1e-11)


@closed
def test_one_variable_is_the_pair_at_full_correlation(phi):
    for orders in set(phi.traits.closed1) & set(phi.traits.closed2):
        pair = value(phi.traits.closed2[orders](0.3, 1.7, 1.7))
        assert value(phi.traits.closed1[orders](0.3, 1.7)) == pytest.approx(pair, rel=1e-12)


def test_signatures_are_sorted():
    for phi in CLOSED:
        for signature in (*phi.traits.closed1, *phi.traits.closed2):
            assert list(signature) == sorted(signature)


def test_erf_general_mean_tends_to_the_arcsine():
    for orders in ((-1, -1), (0, 0), (1, 1)):
        average = T.erf.traits.closed2[orders]
        assert value(average(1e-9, 1.3, 0.4)) == pytest.approx(value(average(0, 1.3, 0.4)), rel=1e-7)
    assert T.erf.traits.closed2[(0, 0)](0, 1, 0.5).has(sp.asin)


def test_published_erf_covariances():
    """C_phi = (2/pi) asin(C/s), C_phi' = [(1 + pi Delta/2)^2 - (pi C/2)^2]^(-1/2), s = Delta + 2/pi."""
    Delta, C = 1.9, -0.7
    s = Delta + 2 / math.pi
    two, one = T.erf.traits.closed2, T.erf.traits.closed1
    assert value(two[(0, 0)](0, Delta, C)) == pytest.approx(2 / math.pi * math.asin(C / s), rel=1e-14)
    slopes = ((1 + math.pi * Delta / 2) ** 2 - (math.pi * C / 2) ** 2) ** -0.5
    assert value(two[(1, 1)](0, Delta, C)) == pytest.approx(slopes, rel=1e-14)
    assert value(one[(1,)](0, Delta)) == pytest.approx((1 + math.pi * Delta / 2) ** -0.5, rel=1e-14)


def test_relu_at_zero_mean_is_the_arc_cosine_kernel():
    """Cho & Saul (2009): `<phi phi> = Delta (sin t + (pi - t) cos t) / 2 pi`, `cos t = C / Delta`."""
    t = 1.1
    kernel = 2.0 * (math.sin(t) + (math.pi - t) * math.cos(t)) / (2 * math.pi)
    assert value(T.relu.traits.closed2[(0, 0)](0, 2.0, 2.0 * math.cos(t))) == pytest.approx(kernel, rel=1e-14)
    assert value(T.relu.traits.closed2[(1, 1)](0, 2.0, 2.0 * math.cos(t))) == pytest.approx((math.pi - t) / 2 / math.pi)


def test_quadrant_probability_by_mpmath_quadrature():
    mu, Delta, C = 0.6, 1.3, 0.8
    h = mu / mpmath.sqrt(Delta)
    integral = mpmath.quad(lambda t: mpmath.exp(-(h**2) / (1 + mpmath.sin(t))), [0, mpmath.asin(C / Delta)])
    exact = mpmath.ncdf(h) ** 2 + integral / (2 * mpmath.pi)
    assert value(T.relu.traits.closed2[(1, 1)](mu, Delta, C)) == pytest.approx(float(exact), rel=1e-14)
