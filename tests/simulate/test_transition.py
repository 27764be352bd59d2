"""Where the edge of a random matrix's spectrum passes 1."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfc, gammaln

from meanfield.simulate.transition import OUTSIDE, log_passage, log_passage_slope, outside, unstable

T = np.array([-40.0, -11.9, -3.0, -0.7, 1e-9, 0.4, 2.0, 6.0, 25.0])


def test_limits() -> None:
    assert log_passage(np.array([-np.inf, -40.0])) == pytest.approx([0.0, 0.0])
    assert log_passage(np.array([30.0])) + 900 == pytest.approx([OUTSIDE])


def test_slope() -> None:
    h = 1e-5
    difference = (log_passage(T + h) - log_passage(T - h)) / (2 * h)
    np.testing.assert_allclose(log_passage_slope(T), difference, atol=1e-7)


@pytest.mark.parametrize("x", [0.8, 0.95, 1.0, 1.05, 1.2])
def test_against_the_mean_determinant_of_real_matrices(x: float) -> None:
    """``E |det(G/sqrt(N) - x)|`` by Monte Carlo, over its form inside: ``exp(N (x^2 - 1)/2) sqrt(2)`` for equal variances."""
    N, rng = 64, np.random.default_rng(7)
    sizes = np.linalg.slogdet(rng.standard_normal((6000, N, N)) / np.sqrt(N) - x * np.eye(N))[1]
    mean, error = np.exp(sizes).mean(), np.exp(sizes).std() / np.sqrt(len(sizes))
    # The form inside without an expansion in 1/N: E |det G| at x = 0, times exp(N x^2/2).
    at_zero = N * np.log(2 / N) / 2 + gammaln((N + 1) / 2) - gammaln(0.5)
    exponent = N * (x * x - 1) / 2
    t = np.sign(x - 1) * np.sqrt(max(exponent - N * np.log(x), 0.0))
    expected = np.exp(at_zero + N * x * x / 2 + log_passage(np.array([t]))[0])
    assert mean == pytest.approx(expected, abs=5 * error + 0.05 * expected)


def test_outside_is_the_integral_of_the_edge() -> None:
    for t in T[2:7]:
        assert outside(t) == pytest.approx(quad(lambda u: erfc(np.sqrt(2) * u) / 2, t, 12)[0], rel=1e-9)


def test_unstable() -> None:
    for t in T[2:7]:
        exact = 1.5 * quad(lambda u, t=t: float(outside(t + u * u)), 0, 6, epsabs=1e-14)[0]
        assert unstable(np.array([t]))[0] == pytest.approx(exact, rel=2e-4, abs=1e-8)
    assert unstable(np.array([-12.001]))[0] == pytest.approx(unstable(np.array([-11.999]))[0], rel=3e-4)
    assert unstable(np.array([-1e4])) == pytest.approx([1e6], rel=1e-8)
