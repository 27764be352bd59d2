"""Sinh-mapped trapezoid: accuracy and node counts for steep transfer functions."""

import numpy as np
import pytest

from meanfield.errors import QuadratureError
from meanfield.quadrature import gaussian_cutoff, sinh_count, sinh_trapezoid, trapezoid_size, trapezoid_step

MEANS = np.array([0.0, 0.7, -3.0, 20.0])


def tanh_average(var: float, tol: float) -> tuple[np.ndarray, int]:
    sigma, cutoff = np.sqrt(var), gaussian_cutoff(tol)
    distance = np.pi / 2 / sigma
    count = sinh_count(distance, tol, cutoff=cutoff)
    z, w = sinh_trapezoid(-MEANS / sigma, distance, cutoff, count)
    return (np.tanh(MEANS[:, None] + sigma * z) * w).sum(axis=1), count


@pytest.mark.parametrize(("var", "most"), [(10.0, 45), (100.0, 60), (1e3, 75), (1e4, 90)])
def test_few_nodes_for_large_variance(var: float, most: int) -> None:
    value, count = tanh_average(var, 1e-12)
    reference, _ = tanh_average(var, 1e-17)
    assert np.abs(value - reference).max() < 3e-12
    assert count <= most
    plain = trapezoid_size(trapezoid_step(np.pi / 2, np.sqrt(var), 1e-12), gaussian_cutoff(1e-12))
    assert count < plain / 3


def test_reference_is_right() -> None:
    # E sign(mu + sigma z) minus the correction of order 1/Delta, checked at Delta = 1e6 where it is 1e-9
    from scipy.special import ndtr

    value, _ = tanh_average(1e6, 1e-15)
    assert np.abs(value - (2 * ndtr(MEANS / 1e3) - 1)).max() < 1e-7
    moderate, _ = tanh_average(4.0, 1e-15)
    z = np.arange(-2000, 2001) * 0.005
    direct = [np.sum(np.tanh(m + 2 * z) * np.exp(-(z**2) / 2)) * 0.005 / np.sqrt(2 * np.pi) for m in MEANS]
    assert np.abs(moderate - direct).max() < 1e-14


def test_rules_are_nested_and_normalised() -> None:
    coarse, _ = sinh_trapezoid(np.array([0.3]), 0.1, 8.0, 21)
    fine, weights = sinh_trapezoid(np.array([0.3]), 0.1, 8.0, 41)
    assert np.array_equal(coarse[0], fine[0, ::2])
    assert weights.sum() == pytest.approx(1, abs=1e-15)


def test_refusals() -> None:
    with pytest.raises(QuadratureError, match="distance"):
        sinh_count(0.0, 1e-10, cutoff=8.0)
    with pytest.raises(QuadratureError, match="at least 3"):
        sinh_trapezoid(np.zeros(1), 0.1, 8.0, 2)
