"""Pooled averages with jackknife errors, and lines through values with errors."""

import numpy as np
import pytest

from meanfield.errors import ParameterError
from meanfield.simulate.pooled import fit_line, log_of_mean, pooled_mean


def test_equal_networks_give_the_textbook_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=(9, 3))
    pooled = pooled_mean(5 * values, np.full(9, 5))
    assert pooled.value == pytest.approx(values.mean(axis=0))
    assert pooled.error == pytest.approx(values.std(axis=0, ddof=1) / 3)


def test_errors_are_those_of_repetitions() -> None:
    """Networks with unequal numbers of correlated items: the claimed error is the spread over repetitions of the experiment."""
    rng = np.random.default_rng(1)
    found, claimed = [], []
    for _ in range(400):
        counts = rng.poisson(4, size=40)
        sums = counts * rng.normal(1 + 0.1 * counts, 0.5)
        pooled = pooled_mean(sums, counts)
        found.append(pooled.value)
        claimed.append(pooled.error)
    assert np.mean(found) == pytest.approx(1 + 0.1 * (4 + 1), abs=0.02)  # <n (1 + n/10)> / <n>
    assert np.mean(claimed) == pytest.approx(np.std(found), rel=0.12)


def test_logarithm_of_a_mean_without_its_bias() -> None:
    rng = np.random.default_rng(2)
    counts = rng.exponential(3.0, size=(2000, 12))
    logs = [log_of_mean(c) for c in counts]
    values = np.array([p.value for p in logs])
    assert values.mean() == pytest.approx(np.log(3), abs=0.015)
    assert np.log(counts.mean(axis=1)).mean() < np.log(3) - 0.03  # what was removed
    assert np.mean([p.error for p in logs]) == pytest.approx(values.std(), rel=0.15)


def test_lines() -> None:
    rng = np.random.default_rng(3)
    x, e = np.array([40.0, 60, 80, 100]), np.array([0.1, 0.2, 0.1, 0.3])
    fits = [fit_line(x, 0.5 + 0.02 * x + e * rng.normal(size=4), e) for _ in range(500)]
    slopes = np.array([f.slope for f in fits])
    assert slopes.mean() == pytest.approx(0.02, abs=4 * slopes.std() / np.sqrt(500))
    assert fits[0].slope_error == pytest.approx(slopes.std(), rel=0.1)
    assert np.mean([f.chi_squared for f in fits]) == pytest.approx(fits[0].degrees, rel=0.15)


def test_refusals() -> None:
    with pytest.raises(ParameterError, match="nothing|anything"):
        pooled_mean(np.zeros(3), np.zeros(3))
    assert pooled_mean([2.0], [4]).error == np.inf
    with pytest.raises(ParameterError, match="two networks"):
        log_of_mean([3, 0])
    with pytest.raises(ParameterError, match="two different"):
        fit_line([1, 1], [2, 3], [1, 1])
