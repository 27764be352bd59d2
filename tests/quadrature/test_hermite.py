"""Hermite tables: orthonormality at high order, coefficients, counts, divided differences."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from meanfield.errors import QuadratureError
from meanfield.quadrature import (
    hermite_count,
    hermite_cutoff,
    hermite_functions,
    hermite_step,
    hermite_table,
    homogeneous,
)


def test_functions_are_orthonormal() -> None:
    h = 0.06
    z = np.arange(-900, 901) * h
    table = hermite_functions(z, 600)
    gram = table @ table.T * h / np.sqrt(2 * np.pi)
    assert np.abs(gram - np.eye(600)).max() < 1e-12


def test_functions_stay_finite_at_the_far_end() -> None:
    table = hermite_functions(np.array([-90.0, 0.0, 53.0, 90.0]), 4000)
    assert np.isfinite(table).all()
    # He_k(z) exp(-z^2/4)/sqrt(k!), k = 3999, z = 90, from the recursion in 60 digits
    assert table[3999, 3] == pytest.approx(-table[3999, 0], rel=1e-12)
    assert abs(table[3999, 3] - far_value(3999, 90)) < 1e-11


def far_value(k: int, z: int) -> float:
    import mpmath

    with mpmath.workdps(60):
        before, now = mpmath.mpf(0), mpmath.exp(-(mpmath.mpf(z) ** 2) / 4)
        for j in range(k):
            before, now = now, (z * now - mpmath.sqrt(j) * before) / mpmath.sqrt(j + 1)
        return float(now)


def test_coefficients_of_the_exponential_are_known() -> None:
    sigma, count = 0.7, 24
    h = hermite_step(np.inf, sigma, 1e-15, count)
    nodes, weights = hermite_table(h, hermite_cutoff(1e-15) + 2, count)
    k = np.arange(count)
    known = np.exp(sigma**2 / 2) * sigma**k / np.sqrt([float(np.prod(np.arange(1, j + 1.0))) for j in k])
    assert np.abs(np.exp(sigma * nodes) @ weights - known).max() < 1e-13


def test_mehler_series_of_the_error_function() -> None:
    # <phi phi> = (2/pi) asin(Delta/(Delta_0 + 2/pi)) for phi = erf(sqrt(pi) x/2)
    from scipy.special import erf

    var = 2.0
    for rho in (-1.0, -0.5, 0.0, 0.9, 1.0):
        count = hermite_count(np.inf, rho, 1e-13, growth=np.pi / 4 * var)
        h = hermite_step(np.inf, var**0.5, 1e-14, count, imaginary_growth=np.pi / 4)
        nodes, weights = hermite_table(h, hermite_cutoff(1e-15), count)
        a = erf(np.sqrt(np.pi) / 2 * np.sqrt(var) * nodes) @ weights
        value = a**2 @ rho ** np.arange(count)
        assert value == pytest.approx(2 / np.pi * np.arcsin(rho * var / (var + 2 / np.pi)), abs=1e-12)


@pytest.mark.parametrize("var", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("rho", [0.5, 0.95, 1.0])
def test_count_covers_the_tail_without_waste(var: float, rho: float) -> None:
    tol = 1e-9
    count = hermite_count(np.pi / 2 / np.sqrt(var), rho, tol)
    longer = 2 * count + 64
    h = hermite_step(np.pi / 2, var**0.5, 1e-16, longer)
    nodes, weights = hermite_table(h, hermite_cutoff(1e-17), longer)
    a = np.tanh(0.3 + np.sqrt(var) * nodes) @ weights
    terms = a**2 * rho ** np.arange(longer)
    tails = np.cumsum(terms[::-1])[::-1]
    assert tails[count] < tol
    assert count <= 1.6 * np.argmax(tails < tol) + 12


def test_homogeneous_against_exact_rationals() -> None:
    count = 12
    for r in (Fraction(-1), Fraction(-3, 8), Fraction(0), Fraction(7, 8), Fraction(1), Fraction(65, 64)):
        for p in range(4):
            for q in range(4):
                exact = [Fraction(1)] + [Fraction(0)] * (count - 1)
                # one variable at a time: h_k(S + {v}) = h_k(S) + v h_{k-1}(S + {v})
                for value in [r] * p + [Fraction(1)] * q:
                    for k in range(1, count):
                        exact[k] += value * exact[k - 1]
                got = homogeneous(count, np.array([float(r), 0.5]), p, q)[0]
                scale = max(1, *(abs(float(e)) for e in exact))
                assert np.abs(got - np.array([float(e) for e in exact])).max() <= 1e-14 * scale


def test_homogeneous_is_the_divided_difference_of_monomials() -> None:
    r, m = 0.3, 7
    # [1, 1, r] of t^m
    quotient = (m - (1 - r**m) / (1 - r)) / (1 - r)
    assert homogeneous(m, np.array([r]), 1, 2)[0, m - 2] == pytest.approx(quotient, rel=1e-13)
    assert homogeneous(m, np.array([1.0]), 1, 2)[0, m - 2] == comb(m, 2)


def test_refusals() -> None:
    with pytest.raises(QuadratureError, match="rotated product rule"):
        hermite_count(1.0, 1.5, 1e-10)
    with pytest.raises(QuadratureError, match="Hermite coefficients"):
        hermite_table(0.1, 9.0, 0)
    with pytest.raises(QuadratureError, match="negative"):
        homogeneous(4, np.array([0.5]), -1, 1)
