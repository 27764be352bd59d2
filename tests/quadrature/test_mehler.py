"""Pairs of different laws from the coefficients of each, against a closed form and against the product rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield import transfer
from meanfield.errors import QuadratureError
from meanfield.quadrature import Projection, mehler, pair_average


def projection(phi, widest, **options):
    t = phi.traits
    facts = {"strip": t.strip, "pole_order": t.pole_order, "imaginary_growth": t.imaginary_growth}
    return Projection(lambda x: phi.jet([0], x)[0], widest, **facts, **options)


def pairs(p, laws_u, laws_v, rho):
    ours, theirs = p(*laws_u), np.moveaxis(p(*laws_v), -1, 1)
    return mehler(p, ours, theirs, rho)


correlations = st.lists(st.floats(-1, 1), min_size=1, max_size=5).map(lambda r: np.array([[*r, 1.0, -1.0, 0.0]]))


@settings(max_examples=25)
@given(st.floats(0, 2), st.floats(0, 2), correlations)
def test_erf_has_a_closed_form_for_unequal_variances(a, b, rho):
    p = projection(transfer.erf, 2.0, parity="odd")
    zero = np.zeros((1, rho.shape[1]))
    value = pairs(p, (zero[:, 0], np.array([a])), (zero, np.full_like(zero, b)), rho)
    exact = 2 / np.pi * np.arcsin(rho * a * b / np.sqrt((a**2 + 2 / np.pi) * (b**2 + 2 / np.pi)))
    assert value == pytest.approx(exact, abs=1e-10)


@settings(max_examples=15)
@given(st.sampled_from(["tanh", "logistic", "algebraic", "sine"]), st.floats(-2, 2), st.floats(0.1, 1.7), correlations)
def test_against_the_product_rule(name, mean, sigma, rho):
    phi = transfer.by_name(name)
    p = projection(phi, 1.7)
    one = np.ones((1, rho.shape[1]))
    value = pairs(p, (mean * one[:, 0], sigma * one[:, 0]), (0.3 * one, 1.2 * one), rho)
    f = lambda x: phi.jet([0], x)[0]
    t = phi.traits
    exact, error = pair_average(
        f, f, mean, sigma**2, sigma * 1.2 * rho[0], mean_v=0.3, var_v=1.44, strip=t.strip, pole_order=t.pole_order
    )
    assert np.abs(value[0] - exact).max() < 1e-10 + error.max()


def test_long_rows_of_falling_correlation():
    rho = np.exp(-np.linspace(0, 20, 1000))[None]
    p = projection(transfer.erf, 1.5, parity="odd")
    zero = np.zeros_like(rho)
    value = pairs(p, (zero[:, 0], np.array([1.4])), (zero, zero + 1.4), rho)
    assert value == pytest.approx(2 / np.pi * np.arcsin(rho * 1.96 / (1.96 + 2 / np.pi)), abs=1e-10)


def test_a_law_without_width():
    p = projection(transfer.tanh, 0.5)
    value = pairs(p, (np.array([0.7]), np.zeros(1)), (np.array([[-0.2]]), np.zeros((1, 1))), np.zeros((1, 1)))
    assert value == pytest.approx(np.tanh(0.7) * np.tanh(-0.2), abs=1e-14)


def test_laws_that_are_too_wide_are_refused():
    with pytest.raises(QuadratureError, match="use the rotated product rule"):
        projection(transfer.tanh, 60.0)
