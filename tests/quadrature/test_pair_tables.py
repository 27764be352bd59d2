"""One table for all correlations against the product rule."""

import numpy as np
import pytest

from meanfield.quadrature.pair_tables import pair_table, table_averages
from meanfield.quadrature.pairs import pair_average

APART = np.array([0.0, 1e-9, 1e-6, 1e-4, 1e-2, 0.1, 0.5, 0.9, 1.0, 1.3])


def sech2(x: np.ndarray) -> np.ndarray:
    e = np.exp(-2 * np.abs(x))
    return 4 * e / (1 + e) ** 2


def slope(x: np.ndarray) -> np.ndarray:
    """Of the algebraic sigmoid: it falls slowly."""
    return (1 + x * x) ** -1.5


@pytest.mark.parametrize(
    ("f", "strip", "mean", "var"), [(sech2, np.pi / 2, 0.0, 9.0), (sech2, np.pi / 2, 1.3, 30.0), (slope, 1.0, 0.7, 4.0)]
)
def test_against_the_product_rule(f, strip, mean, var) -> None:
    width = np.sqrt(var)
    table = pair_table(lambda x: f(x)[None], [(0, 0)], width, width * 1e-4, strip=strip, pole_order=2, tol=1e-15, centred=mean == 0)
    found = table_averages(table, mean, var, APART)[0]
    full = np.full(APART.shape, var)
    expected, error = pair_average(
        f, f, np.full(APART.shape, mean), full, var * (1 - APART), strip=strip, pole_order=2, tol=1e-13, max_nodes=1201
    )
    assert (np.abs(found - expected) <= 1e-13 + error).all() and error.max() < 1e-9
    assert np.abs(found - expected).max() < 1e-12


def test_two_different_functions() -> None:
    table = pair_table(
        lambda x: np.stack([np.tanh(x), sech2(x)]), [(0, 1)], 3.0, 1e-3, strip=np.pi / 2, pole_order=2, tol=1e-15, centred=False
    )
    apart = np.array([0.01, 0.4, 1.0])
    found = table_averages(table, 0.8, 8.0, apart)[0]
    expected, _ = pair_average(np.tanh, sech2, np.full(3, 0.8), np.full(3, 8.0), 8.0 * (1 - apart), pole_order=2, tol=1e-13)
    assert found == pytest.approx(expected, abs=1e-13)
