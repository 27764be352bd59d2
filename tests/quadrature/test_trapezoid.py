"""Trapezoid rules: known integrals, node counts, nestedness."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield.errors import QuadratureError
from meanfield.quadrature import gaussian_cutoff, gaussian_trapezoid, refine, trapezoid_size, trapezoid_step
from meanfield.quadrature.trapezoid import ladder_index, ladder_step

STRIP = np.pi / 2


def mean_tanh(mean: float, var: float) -> float:
    with mpmath.workdps(25):
        s, m = mpmath.sqrt(var), mpmath.mpf(mean)
        edges = [-12, -6, -3, *sorted([float(-m / s), 0.0]), 3, 6, 12]
        edges = sorted(set(edges))
        return float(mpmath.quad(lambda z: mpmath.npdf(z) * mpmath.tanh(m + s * z), edges))


@pytest.mark.parametrize(("var", "published"), [(0.1, 19), (1.0, 37), (10.0, 105), (100.0, 309)])
def test_node_counts_of_the_design(var: float, published: int) -> None:
    h = trapezoid_step(STRIP, var**0.5, 1e-10)
    rule = gaussian_trapezoid(h, gaussian_cutoff(1e-10))
    assert 0.75 * published <= len(rule) <= 1.2 * published
    assert len(rule) == trapezoid_size(h, gaussian_cutoff(1e-10))
    assert abs(rule.average(np.tanh(0.7 + var**0.5 * rule.nodes)) - mean_tanh(0.7, var)) < 2e-10


@pytest.mark.parametrize("tol", [1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("sigma", [0.2, 1.0, 4.0])
def test_step_for_a_double_pole_and_for_entire_functions(tol: float, sigma: float) -> None:
    reference = gaussian_trapezoid(0.02 / max(1, sigma), 9.0)

    def check(h: float, f) -> None:  # noqa: ANN001
        rule = gaussian_trapezoid(h, gaussian_cutoff(tol))
        assert abs(rule.average(f(rule.nodes)) - reference.average(f(reference.nodes))) < 5 * tol

    check(trapezoid_step(STRIP, sigma, tol, pole_order=2), lambda z: 1 - np.tanh(0.3 + sigma * z) ** 2)
    check(
        trapezoid_step(np.inf, sigma, tol, imaginary_growth=np.pi / 4),
        lambda z: np.exp(-np.pi / 4 * (0.3 + sigma * z) ** 2),
    )


def test_moments_and_normalisation() -> None:
    rule = gaussian_trapezoid(0.4, 9.0)
    assert rule.weights.sum() == pytest.approx(1, abs=3e-16)
    assert rule.average(rule.nodes**2) == pytest.approx(1, abs=1e-14)
    assert rule.average(rule.nodes**4) == pytest.approx(3, abs=1e-13)


def test_half_rule_serves_even_integrands() -> None:
    whole, half = gaussian_trapezoid(0.3, 8.0), gaussian_trapezoid(0.3, 8.0, half=True)
    assert len(half) == len(whole) // 2 + 1
    assert half.average(np.cos(half.nodes)) == pytest.approx(np.exp(-0.5), abs=1e-14)


@settings(max_examples=60, deadline=None)
@given(h=st.floats(0.01, 2.5), cutoff=st.floats(0.5, 12.0))
def test_rules_are_nested_and_rounding_is_idempotent(h: float, cutoff: float) -> None:
    coarse, fine = gaussian_trapezoid(h, cutoff), gaussian_trapezoid(refine(h), cutoff)
    assert np.isin(coarse.nodes, fine.nodes).all()
    index = ladder_index(h)
    assert ladder_index(ladder_step(index)) == index
    assert ladder_step(index) <= h
    assert np.array_equal(coarse.nodes, -coarse.nodes[::-1])


def test_rules_are_cached_and_protected() -> None:
    assert gaussian_trapezoid(0.3, 8.0) is gaussian_trapezoid(ladder_step(ladder_index(0.3)), 8.0)
    with pytest.raises(ValueError, match="read-only"):
        gaussian_trapezoid(0.3, 8.0).weights[0] = 1


def test_refusals_say_why() -> None:
    with pytest.raises(QuadratureError, match="strip > 0"):
        trapezoid_step(0.0, 1.0, 1e-10)
    with pytest.raises(QuadratureError, match="between 0 and 1"):
        trapezoid_step(1.0, 1.0, 0.0)
    with pytest.raises(QuadratureError, match="steeper"):
        gaussian_trapezoid(1e-9, 8.0)
    with pytest.raises(QuadratureError, match="cutoff"):
        gaussian_trapezoid(0.1, np.inf)
