"""Trapezoid on the line for unnormalised weights."""

import numpy as np
import pytest

from meanfield.errors import QuadratureError
from meanfield.quadrature import line_trapezoid


def test_weights_of_different_widths_share_one_grid_shape() -> None:
    beta = np.array([0.01, 1.0, 30.0])
    y, steps = line_trapezoid(np.sqrt(beta), 0.25 * np.sqrt(beta))
    value = (np.exp(-(y**2) / (2 * beta[:, None])) * steps).sum(axis=1)
    assert value == pytest.approx(np.sqrt(2 * np.pi * beta), rel=1e-14)
    assert (steps <= 0.25 * np.sqrt(beta)[:, None] * (1 + 1e-12)).all()


def test_half_rule_serves_even_integrands() -> None:
    y, steps = line_trapezoid(np.array([2.0]), 0.25, half=True)
    assert y[0, 0] == 0
    assert (np.exp(-(y**2) / 8) * y**2 * steps).sum() == pytest.approx(8 * np.sqrt(2 * np.pi), rel=1e-14)


def test_saddle_point_weight_of_kac_rice_needs_a_quarter_step() -> None:
    alpha, beta, gamma = 1.0, 1.6, -0.3

    def norm(level: int) -> float:
        y, steps = line_trapezoid(np.sqrt([beta]), 0.25, half=True, level=level)
        t2 = np.tanh(y) ** 2
        return float((np.sqrt(1 + alpha * (1 - t2) ** 2) * np.exp(-(y**2) / (2 * beta) + gamma * t2) * steps).sum())

    assert norm(0) == pytest.approx(norm(3), rel=1e-9)


def test_levels_are_nested() -> None:
    scale = np.array([1.0, 0.3])
    coarse, _ = line_trapezoid(scale, 0.25)
    fine, _ = line_trapezoid(scale, 0.25, level=1)
    assert np.array_equal(coarse, fine[:, ::2])


def test_unusable_scales() -> None:
    y, steps = line_trapezoid(np.array([1.0, np.nan, -1.0]), 0.25)
    assert np.isfinite(y[0]).all()
    assert np.isnan(steps[1:]).all()
    with pytest.raises(QuadratureError, match="scale"):
        line_trapezoid(np.array([0.0]), 0.25)
    with pytest.raises(QuadratureError, match="positive"):
        line_trapezoid(np.array([1.0]), 0.0)
