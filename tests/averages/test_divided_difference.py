"""Confluent divided differences: symmetric, closed under derivatives, equal to quotients and to the Hermite-Genocchi integral."""

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from meanfield.averages import E, divided_difference, hermite_genocchi
from meanfield.averages.scope import substitute
from meanfield.errors import AverageError
from meanfield.symbols import gaussian, gaussian_pair, symbol
from meanfield.transfer import tanh as phi
from tests.averages.reference import Reference, confluent

mu, D0, Dinf, a, b, c = [symbol(n) for n in ("mu", "Delta_0", "Delta_inf", "a", "b", "c")]
AT = {mu: 0.3, D0: 0.3, Dinf: 0.12, a: 0.11, b: 0.2, c: 0.05}
grid = Reference(20)


def potential(C: sp.Expr) -> sp.Expr:
    """``<Phi(x) Phi(y)>`` with covariance C."""
    x, y = gaussian_pair("x y", mean=mu, var=D0, cov=C)
    return E(phi.d(-1)(x) * phi.d(-1)(y)) + a * C**3


def quotient(f: object, points: list[float]) -> float:
    """Newton's recursion for distinct points."""
    if len(points) == 1:
        return f(points[0])
    return (quotient(f, points[1:]) - quotient(f, points[:-1])) / (points[-1] - points[0])


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=4, unique_by=lambda x: round(x, 1)))
def test_reference_is_the_quotient(points: list[float]) -> None:
    assert confluent(np.exp, points) == pytest.approx(quotient(np.exp, points), rel=1e-9, abs=1e-9)


def test_reference_at_coinciding_points() -> None:
    assert confluent(np.exp, [0.3] * 4) == pytest.approx(math.exp(0.3) / 6, rel=1e-7)


@pytest.mark.parametrize("points", [(a, b), (a, a), (a, b, c), (a, a, b), (a, a, b, b), (c, c, c, a)])
def test_values(points: tuple[sp.Symbol, ...]) -> None:
    node = divided_difference(potential, *points)
    f = lambda C: grid(potential(C), AT)
    assert grid(node, AT) == pytest.approx(float(confluent(np.vectorize(f), [AT[p] for p in points])), rel=1e-6)


@given(st.permutations([a, a, b, c]))
def test_order_of_the_points_is_irrelevant(points: list[sp.Symbol]) -> None:
    assert divided_difference(potential, *points) == divided_difference(potential, a, a, b, c)


@pytest.mark.parametrize("degree", range(6))
def test_powers(degree: int) -> None:
    node = divided_difference(lambda C: C**degree, a, b, c)
    expected = {0: 0, 1: 0, 2: 1, 3: a + b + c}.get(degree)
    if expected is not None:
        assert sp.expand(node - expected) == 0
    assert node.subs({a: 1, b: 1, c: 1}) == math.comb(degree, 2)


def test_derivatives() -> None:
    node = divided_difference(potential, Dinf, Dinf, D0 - a)
    for s in (Dinf, D0, mu, a):
        h = 1e-4
        ends = [grid(substitute(node, {s: s + k * sp.Float(h)}), AT) for k in (1, -1)]
        assert grid(node.diff(s), AT) == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5)


@pytest.mark.parametrize("points", [(a, b), (a, a, b), (b, a, b), (a, a, b, b)])
def test_hermite_genocchi_is_the_same_number(points: tuple[sp.Symbol, ...]) -> None:
    node = divided_difference(lambda C: E(phi(gaussian("x", mean=C, var=D0)) ** 2), *points)
    assert grid(hermite_genocchi(node), AT) == pytest.approx(grid(node, AT), rel=1e-9)


def test_hermite_genocchi_under_an_outer_average() -> None:
    """The points may depend on the variable of an average around the node."""
    t = gaussian("t", mean=a, var=sp.Rational(1, 50))
    node = divided_difference(lambda C: sp.cos(C * phi(t)), b, t)
    outer, integral = E(sp.exp(node), t), E(sp.exp(hermite_genocchi(node)), t)
    assert grid(integral, AT) == pytest.approx(grid(outer, AT), rel=1e-9)


def test_hermite_genocchi_needs_two_points() -> None:
    with pytest.raises(AverageError, match="two distinct points, got 3"):
        hermite_genocchi(divided_difference(potential, a, b, c))


def test_coincidence_is_the_onset_of_chaos() -> None:
    g = symbol("g")
    x = gaussian("x", mean=mu, var=D0)
    V = lambda C: -(C**2) / 2 + g**2 * potential(C).subs(a, 0)
    regular = divided_difference(V, Dinf, Dinf, D0)
    assert sp.expand(substitute(regular, {Dinf: D0}) - (g**2 * E(phi.d(1)(x) ** 2) - 1) / 2) == 0
