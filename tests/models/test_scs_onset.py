"""The random network just above g = 1, where terms of size 1/Delta_0 cancel in the slopes of the energy relation (THEORY A7)."""

import mpmath
import numpy as np
import pytest

import meanfield as mf

MODEL = mf.models.by_name("scs")


@pytest.mark.parametrize("excess", [1.02e-6, 2.27e-6, 8.2e-6, 6e-5, 2.6e-4, 5e-3, 0.12])
def test_claims_hold(excess: float) -> None:
    point = mf.solve(MODEL, g=1 + excess)
    exact = mf.solve(MODEL, g=1 + excess, digits=28)
    for name in (*point.unknowns, *point.observables, *point.indicators):
        assert abs(mpmath.mpf(float(point[name])) - mpmath.mpf(exact[name])) <= point.error[name], name


def test_the_universal_slope() -> None:
    excess = np.array([1e-6, 1e-5, 1e-4, 1e-3])
    ratio = mf.solve(MODEL, g=1 + excess)["Delta_0"] / excess
    # Delta_0 = eps + (7/6) eps^2 + O(eps^3) for tanh
    assert (np.abs(ratio - 1 - 7 / 6 * excess) < 2 * excess**2 + 1e-6).all()
