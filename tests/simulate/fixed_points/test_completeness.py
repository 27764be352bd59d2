"""Estimates of what is missing, against published examples and against samples of known size."""

import numpy as np
import pytest

from meanfield.simulate.fixed_points import chao1, coverage, found_against_starts, recapture


def _hits(abundances: dict[int, int]) -> np.ndarray:
    """Hits with ``{times: species drawn so often}``."""
    return np.repeat(list(abundances), list(abundances.values()))


# The spiders of Ellison et al. (2010) as in the guide of the R package iNEXT (Hsieh, Ma & Chao 2016): abundances; Chao's
# estimate with its standard error.
GIRDLED = [46, 22, 17, 15, 15, 9, 8, 6, 6, 4, *[2] * 4, *[1] * 12]
LOGGED = [88, 22, 16, 15, 13, 10, 8, 8, 7, 7, 7, 5, 4, 4, 4, 3, 3, 3, 3, *[2] * 4, *[1] * 14]


@pytest.mark.parametrize(("spiders", "n", "value", "error"), [(GIRDLED, 168, 43.893, 14.306), (LOGGED, 252, 61.403, 18.532)])
def test_textbook_examples(spiders: list[int], n: int, value: float, error: float) -> None:
    assert sum(spiders) == n
    estimate = chao1(spiders)
    assert estimate.value == pytest.approx(value, abs=5e-4)
    assert estimate.error == pytest.approx(error, abs=5e-4)
    assert len(spiders) < estimate.low < estimate.value < estimate.high


def test_nothing_is_missing_when_everything_was_seen_often() -> None:
    estimate = chao1([5, 9, 7])
    assert (estimate.value, estimate.error, estimate.low, estimate.high) == (3, 0, 3, 3)
    assert chao1([]).value == 0
    assert coverage([5, 9, 7])[0] == 1


def test_no_species_seen_twice() -> None:
    assert chao1(_hits({1: 4, 3: 2})).value == pytest.approx(6 + 9 / 10 * 4 * 3 / 2)


def test_estimates_cover_the_truth() -> None:
    """Draws from 60 species of unequal frequency: Chao's is a lower bound in expectation; coverage is a probability."""
    rng = np.random.default_rng(3)
    frequency = rng.gamma(2.0, size=60)
    frequency /= frequency.sum()
    estimates, covered, again, seen = [], [], [], []
    for _ in range(200):
        draws = rng.multinomial(100, frequency)
        estimates.append(chao1(draws).value)
        covered.append(coverage(draws)[0] - frequency[draws > 0].sum())
        again.append(recapture(draws, rng.multinomial(100, frequency)).value)
        seen.append((draws > 0).sum())
    assert np.mean(seen) + 3 < np.mean(estimates) < 61
    assert abs(np.mean(covered)) < 3 * np.std(covered) / np.sqrt(200)
    assert np.mean(again) == pytest.approx(55, abs=5)


def test_recapture_of_equally_likely_species_is_unbiased() -> None:
    rng = np.random.default_rng(4)
    pairs = rng.multinomial(60, np.full(50, 0.02), size=(300, 2))
    estimates = [recapture(a, b) for a, b in pairs]
    values = np.array([e.value for e in estimates])
    assert values.mean() == pytest.approx(50, abs=4 * values.std() / np.sqrt(300))
    assert np.sqrt(np.mean([e.error**2 for e in estimates])) == pytest.approx(values.std(), rel=0.2)


def test_curve_counts_first_discoveries() -> None:
    assert list(found_against_starts([-1, 0, 0, -2, 1, 0, 2, 2])) == [0, 1, 1, 1, 2, 2, 3, 3]
    assert found_against_starts(np.array([], dtype=int)).size == 0
