"""Gauss rules: exactness, kinks against closed forms, the layer of the regular energy equation."""

import numpy as np
import pytest
from scipy.special import ndtr

from meanfield.errors import QuadratureError
from meanfield.quadrature import gauss_hermite, gauss_legendre, panel_gauss, split_gauss, unit_interval


def density(h: np.ndarray) -> np.ndarray:
    return np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi)


@pytest.mark.parametrize("count", [1, 2, 7, 48, 96])
def test_gauss_legendre_is_exact_and_normalised(count: int) -> None:
    x, w = gauss_legendre(count)
    assert w.sum() == pytest.approx(2, abs=2e-15)
    for degree in (0, count, 2 * count - 2):
        degree -= degree % 2
        assert x**degree @ w == pytest.approx(2 / (degree + 1), abs=2e-15)


def test_gauss_hermite_moments() -> None:
    rule = gauss_hermite(6)
    moments = [rule.average(rule.nodes**k) for k in (0, 2, 4, 10)]
    assert moments == pytest.approx([1, 1, 3, 945], rel=1e-13)


def test_split_rule_takes_each_point_at_its_own_kink() -> None:
    kinks = np.array([-7.0, -1.3, 0.0, 0.4, 5.0, 30.0, -np.inf, np.nan])
    nodes, weights = split_gauss(kinks[:, None])
    known = kinks[:-2]
    values = (np.maximum(nodes[:-2] - known[:, None], 0) * weights[:-2]).sum(axis=1)
    assert np.abs(values - (density(known) - known * ndtr(-known))).max() < 1e-14
    assert np.abs((weights * (nodes > kinks[:, None])).sum(axis=1)[:-2] - ndtr(-known)).max() < 1e-14
    assert np.abs(weights.sum(axis=1) - 1).max() < 1e-14


def test_layers_add_panels_around_the_break() -> None:
    width = 1e-4
    nodes, weights = split_gauss(np.array([[0.5]]), count=48, layers=np.array([[9 * width]]))
    value = (ndtr((nodes - 0.5) / width) * weights).sum()
    assert value == pytest.approx(ndtr(-0.5 / np.sqrt(1 + width**2)), abs=1e-14)


def test_panels_of_width_zero_weigh_nothing() -> None:
    nodes, weights = panel_gauss(np.array([[0.0, 1.0, 1.0, 2.0]]), 5)
    assert nodes.shape == (1, 15)
    assert (nodes**3 * weights).sum() == pytest.approx(4.0)


def test_unit_interval_resolves_the_layer_of_the_energy_equation() -> None:
    # 2 int (1 - s) <phi' phi'>_{s Delta_0} ds for phi = erf(sqrt(pi) x/2), in closed form by its potential
    q = np.pi * 71.0 / 2
    exact = 2 / q * (np.arcsin(q / (1 + q)) + (np.sqrt(1 + 2 * q) - 1 - q) / q)

    def error(count: int, power: int) -> float:
        rule = unit_interval(count, power)
        assert np.abs(rule.nodes + rule.complement - 1).max() < 1e-15
        # (1 + q)^2 - (q s)^2 without cancellation
        kernel = 1 / np.sqrt((1 + q * rule.complement) * (1 + q + q * rule.nodes))
        return abs(2 * rule.complement * kernel @ rule.weights - exact) / exact

    assert error(16, 2) < 1e-8 < error(16, 1)
    assert error(32, 2) < 1e-13


def test_refusals() -> None:
    with pytest.raises(QuadratureError, match="at least one node"):
        gauss_legendre(0)
    with pytest.raises(QuadratureError, match="at least one node"):
        gauss_hermite(0)
    with pytest.raises(QuadratureError, match="power"):
        unit_interval(4, 0)
