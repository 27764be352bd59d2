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


def test_where_the_table_ends_above_what_it_resolves() -> None:
    """Correlations nearer to 1 than ``narrowest`` are extrapolated from larger ones, which must be there."""
    table = pair_table(
        lambda x: sech2(x)[None], [(0, 0)], 16.0, 1e-3, strip=np.pi / 2, pole_order=2, tol=1e-13, centred=True, widest=5e-4
    )
    apart = 2 * np.array([1e-8, 1e-7]) / 144.0
    found = table_averages(table, 0.0, 144.0, apart)[0]
    x = np.linspace(-40, 40, 8001)
    weight = np.exp(-x * x / 288) / np.sqrt(2 * np.pi * 144) * (x[1] - x[0])
    phi, slope = np.tanh(x), sech2(x)
    # f(X + Y) f(X - Y) = f^2 + (f f'' - f'^2) Y^2 + ..., with f = 1 - phi^2; X is narrower than the law by less than 1e-8.
    bend = slope * (4 * phi**2 - 2 * slope) * slope - 4 * (phi * slope) ** 2
    assert found == pytest.approx(weight @ slope**2 + weight @ bend * 72 * apart, rel=1e-8)


@pytest.mark.parametrize("mean", [0.0, 3.0, -40.0])
@pytest.mark.parametrize("sigma", [5.1, 7.9, 30.0])
def test_means_and_widths(mean: float, sigma: float) -> None:
    functions = lambda x: np.stack([np.tanh(x), sech2(x), np.tanh(x - 4) + 0.1 * x])  # noqa: E731
    pairs = [(0, 0), (1, 1), (0, 2), (2, 2)]
    width = 2.0 ** np.ceil(np.log2(sigma))
    apart = np.array([1e-5, 1e-3, 0.02])
    args = {"strip": np.pi / 2, "pole_order": 2, "tol": 1e-13, "centred": mean == 0, "mean": abs(mean), "degree": 1}
    table = pair_table(functions, pairs, width, sigma * 1e-3, widest=sigma / 4, **args)
    var = np.full(3, sigma**2)
    expected, error = pair_average(
        lambda x: functions(x)[[i for i, _ in pairs]],
        lambda x: functions(x)[[j for _, j in pairs]],
        np.full(3, mean),
        var,
        var * (1 - apart),
        strip=np.pi / 2,
        pole_order=2,
    )
    assert (
        np.abs(table_averages(table, mean, sigma**2, apart) - expected) <= error + 1e-12 * np.maximum(np.abs(expected), 1)
    ).all()


def test_waves_have_equal_spacing() -> None:
    """What goes on far out does not become smoother there."""
    args = {"strip": 2.0, "pole_order": 1, "tol": 1e-13, "centred": False, "widest": 0.5}
    wave = lambda x: np.cos(x)[None]  # noqa: E731
    table = pair_table(wave, [(0, 0)], 16.0, 0.2, **args)
    apart = 2 * np.array([0.3, 0.45]) ** 2 / 144.0
    # <cos u cos v> = (<cos(u - v)> + <cos(u + v)>)/2; the second is below 1e-100
    assert table_averages(table, 1.0, 144.0, apart)[0] == pytest.approx(np.exp(-144.0 * apart) / 2, rel=1e-12)
    assert np.ptp(table.X_weights) < 1e-12
    receding = pair_table(lambda x: np.tanh(x)[None], [(0, 0)], 16.0, 0.2, **args | {"strip": np.pi / 2})
    assert receding.X.size < table.X.size / 3


@pytest.mark.parametrize("mean", [0.0, 100.0])
def test_what_is_narrow_far_out_is_seen(mean: float) -> None:
    """Between nodes that are 100 apart: 7e-4 of the second moment was not seen."""
    bump = lambda x: np.tanh(x) + np.exp(-9 * (x - 500.3) ** 2)  # noqa: E731
    args = {"strip": 2 / 3, "pole_order": 1, "tol": 1e-8, "widest": 2e-3}
    table = pair_table(lambda x: bump(x)[None], [(0, 0)], 512.0, 1e-3, centred=mean == 0, mean=mean, **args)
    x = np.arange(-4000.0, 4000.0, 0.02)
    weight = np.exp(-((x - mean) ** 2) / (2 * 460.0**2)) / np.sqrt(2 * np.pi * 460.0**2) * 0.02
    assert table_averages(table, mean, 460.0**2, np.array([0.0]))[0] == pytest.approx(weight @ bump(x) ** 2, abs=1e-6)


@pytest.mark.parametrize("width", [4.0, 1024.0])
def test_functions_that_vanish_at_most_places(width: float) -> None:
    """Far from the law, or narrower than its spread by far: there was no largest value to compare with."""
    args = {"strip": 0.5, "pole_order": 1, "tol": 1e-13, "centred": True, "widest": 0.5}
    far = pair_table(lambda x: np.exp(-((x - 2000.0) ** 2))[None], [(0, 0)], width / 16, 1e-3, **args)
    assert table_averages(far, 0.0, (width / 20) ** 2, np.array([0.1, 1e-3]))[0] == pytest.approx(0.0, abs=1e-30)
    narrow = pair_table(lambda x: (x * np.exp(-9 * x * x))[None], [(0, 0)], width, 1e-3, **args | {"strip": 1 / 3})
    exact = np.sqrt(np.pi / 18) / 36 / np.sqrt(2 * np.pi * 0.7) / width  # <x^2 exp(-18 x^2)> but for 1/(36 var)
    found = table_averages(narrow, 0.0, 0.7 * width**2, np.array([0.0]))[0]
    assert found == pytest.approx(exact * (1 + 1 / (36 * 0.7 * width**2)) ** -1.5, rel=1e-6)


def test_tables_that_would_be_too_large_are_refused() -> None:
    args = {"strip": 1.0, "pole_order": 1, "tol": 1e-13, "centred": False}
    assert pair_table(lambda x: np.tanh(x)[None], [(0, 0)], 512.0, 0.1, largest=1e6, **args) is None
