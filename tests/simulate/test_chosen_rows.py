"""Rows that are chosen by the determinant: it counts as it does on average, and rows follow the law that the fixed point leaves."""

import numpy as np
import pytest

from meanfield.simulate import chosen_rows as module
from meanfield.simulate.chosen_rows import chosen_rows


def point(D: float, N: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """x, phi, phi', the variance of a coupling and that of an input, at g = 2."""
    x = np.random.default_rng(3).normal(size=N)
    f = np.tanh(x)
    return x, f, 1 - f**2, 4 / N, float(4 * (f @ f) / N + D)


def plainly(D: float, many: int) -> np.ndarray:
    """J (many, N, N) with the fixed point x: drawn freely, then moved on the condition that ``x = J f + eta``."""
    x, f, _, spread, variance = point(D)
    rng = np.random.default_rng(1)
    J = rng.normal(size=(many, len(x), len(x))) * np.sqrt(spread)
    eta = rng.normal(size=(many, len(x))) * np.sqrt(D)
    return J + ((x - J @ f - eta) / variance)[..., None] * (f * spread)


@pytest.mark.parametrize("D", [0.0, 0.3])
@pytest.mark.parametrize("last", [1, 16])
def test_the_determinant_counts_as_it_does_on_average(D: float, last: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does what is averaged with it; however many rows are left to the last block."""
    monkeypatch.setattr(module, "_LAST", last)
    x, f, slope, spread, variance = point(D)
    J = plainly(D, 50_000)
    size = abs(np.linalg.det(J * slope - np.eye(len(x))))
    rng = np.random.default_rng(2)
    found = [chosen_rows(x, f, slope, spread, variance, rng) for _ in range(700)]
    chosen, weight = np.array([K for K, _ in found]), np.exp([log_det for _, log_det in found])
    for quantity in (lambda K: np.ones(len(K)), lambda K: K[:, 0, 1] ** 2, lambda K: 1 + K[:, -1, 2]):
        a, b = size * quantity(J), weight * quantity(chosen)
        error = np.hypot(a.std() / np.sqrt(len(a)), b.std() / np.sqrt(len(b)))
        assert abs(a.mean() - b.mean()) < 4 * error < 0.3 * a.mean()


def test_without_other_input_x_is_a_fixed_point() -> None:
    x, f, slope, spread, variance = point(0.0, N=70)
    J, _ = chosen_rows(x, f, slope, spread, variance, np.random.default_rng(0))
    assert abs(J @ f - x).max() < 1e-12
    J, _ = chosen_rows(x, f, slope, spread, variance + 0.5, np.random.default_rng(0))
    assert np.std(J @ f - x) == pytest.approx(np.sqrt(0.5), rel=0.3)


def test_blocks_make_determinants_fluctuate_less() -> None:
    """Of the relative variance that plain rows have little is left."""
    x, f, slope, spread, variance = point(0.0, N=64)
    rng = np.random.default_rng(5)
    logs = np.array([chosen_rows(x, f, slope, spread, variance, rng)[1] for _ in range(150)])
    weights = np.exp(logs - logs.max())
    assert weights.var() < 0.6 * weights.mean() ** 2
