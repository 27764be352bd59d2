"""Extrapolation to infinite size: unbiased, with errors as large as they are, and blind to nothing that it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meanfield.simulate.verification.fit import extrapolated, selection_error
from meanfield.simulate.verification.record import Comparison, Verdict

SIZES = (250, 500, 1000)


def networks(rng: np.random.Generator, value: float, slope: float, spread: float, bend: float = 0.0) -> list[np.ndarray]:
    counts = (16, 8, 4)
    return [
        value + slope / n + bend / n**2 + spread / np.sqrt(n) * rng.standard_normal(k) for n, k in zip(SIZES, counts, strict=True)
    ]


def test_without_scatter_the_line_is_found_exactly() -> None:
    limit = extrapolated(SIZES, networks(np.random.default_rng(0), 2.0, 30.0, 1e-9))
    assert limit.value == pytest.approx(2.0, abs=1e-9)
    assert limit.slope == pytest.approx(30.0, abs=1e-6)


def test_z_is_a_standard_normal_deviate_though_networks_are_few() -> None:
    rng = np.random.default_rng(1)
    limits = [extrapolated(SIZES, networks(rng, 1.0, 5.0, 3.0)) for _ in range(2000)]
    z = np.array([limit.z(1.0, 0.0) for limit in limits])
    assert abs(z.mean()) < 4 / np.sqrt(2000)
    assert z.var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / 2000))
    assert (np.abs(z) > 3).sum() <= 15  # 5.4 expected
    # One spare size: its distance from the line, too, is in standard errors.
    assert np.mean([limit.curvature**2 for limit in limits]) == pytest.approx(25 / 23, abs=0.2)


def test_a_line_that_does_not_fit_is_seen() -> None:
    limit = extrapolated(SIZES, networks(np.random.default_rng(2), 1.0, 0.0, 0.05, bend=3e4))
    assert limit.curvature > 4


def test_what_is_left_out_may_shift_the_limit() -> None:
    """Networks of which the lower end is not seen, 42 % of the smallest: their theory failed by many standard errors."""
    rng, shares = np.random.default_rng(6), (0.42, 0.02, 0.0)
    seen = [np.sort(rng.normal(size=k))[int(q * k) :] for k, q in zip((3000, 1500, 750), shares, strict=True)]
    limit, error = extrapolated(SIZES, seen), selection_error(SIZES, seen, shares)
    assert abs(limit.value) > 4 * limit.standard_error
    assert abs(limit.z(0.0, error)) < 1.5 and error < 1
    assert selection_error(SIZES, seen, (0.0, 0.0, 0.0)) == 0
    assert 0 < selection_error(SIZES, seen, (0.0, 0.0, 0.02)) < 0.1


def test_a_line_that_does_not_fit_fails_no_theory() -> None:
    """It was said to be inconclusive, but by a limit that is off because of it a right theory failed. Wrong ones still do."""
    rng, failed, right, wrong = np.random.default_rng(5), 0, [], []
    for _ in range(200):
        bent, straight = (extrapolated(SIZES, networks(rng, 1.0, 0.0, 1.0, bend=b)) for b in (-4e4, 0.0))
        right.append(Comparison("x", 1.0, 0.0, bent, 0.0, 0.0, 100.0).verdict)
        wrong.append(Comparison("x", 1.0 + 12 * straight.standard_error, 0.0, straight, 0.0, 0.0, 100.0).verdict)
        failed += abs(bent.z(1.0, 0.0)) >= 4
    assert failed > 190 and right.count(Verdict.FAIL) < 15 and Verdict.PASS not in right
    assert wrong.count(Verdict.FAIL) > 180 and Verdict.PASS not in wrong


def test_what_is_off_the_line_by_rounding_alone_fits() -> None:
    values = networks(np.random.default_rng(2), 1.0, 0.0, 1e-9, bend=3e-3)
    assert extrapolated(SIZES, values).curvature > 4
    assert extrapolated(SIZES, values, 1e-7).curvature < 1
    same = [np.ones(4)] * 3
    assert np.isnan(extrapolated(SIZES, same).curvature) and extrapolated(SIZES, same, 1e-7).curvature < 1e-6


def test_the_error_of_the_theory_counts() -> None:
    limit = extrapolated(SIZES, networks(np.random.default_rng(3), 1.0, 0.0, 0.1))
    assert abs(limit.z(1.5, 0.0)) > 4
    assert abs(limit.z(1.5, 0.5)) < 1.5


@given(st.floats(-5, 5), st.floats(0.01, 100))
def test_shifting_and_scaling_what_is_measured_changes_no_z(shift: float, scale: float) -> None:
    values = networks(np.random.default_rng(4), 1.0, 5.0, 3.0)
    before = extrapolated(SIZES, values).z(1.1, 0.0)
    after = extrapolated(SIZES, [shift + scale * v for v in values]).z(shift + scale * 1.1, 0.0)
    assert after == pytest.approx(before, rel=1e-6, abs=1e-6)
