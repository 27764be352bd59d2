"""The cubics between points: where they have a value, and which of them are looked at closely."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield.continuation import dips
from meanfield.continuation.between import first_at

MANY = settings(max_examples=300, deadline=None, derandomize=True)
number = st.floats(-3, 3).map(lambda x: round(x, 3))


def first_root(value: float, a: float, b: float, slope_a: float, slope_b: float) -> float:
    """By the roots of the polynomial; real ones scatter when they are double."""
    rise = b - a
    roots = np.roots([slope_a + slope_b - 2 * rise, 3 * rise - 2 * slope_a - slope_b, slope_a, a - value])
    return min((x.real for x in roots if abs(x.imag) < 1e-5 and -1e-9 <= x.real <= 1 + 1e-9), default=np.nan)


@MANY
@given(value=number, a=number, b=number, slope_a=number, slope_b=number)
def test_the_first_place_with_a_value_is_that_of_the_least_root(
    value: float, a: float, b: float, slope_a: float, slope_b: float
) -> None:
    share, expected = first_at(value, a, b, slope_a, slope_b), first_root(value, a, b, slope_a, slope_b)
    if np.isfinite(share):
        square = (1 + 2 * share) * (1 - share) ** 2 * a + share**2 * (3 - 2 * share) * b
        there = square + share * (1 - share) ** 2 * slope_a - share**2 * (1 - share) * slope_b
        assert 0 <= share <= 1 and abs(there - value) < 1e-13
    if np.isnan(share) != np.isnan(expected):
        expected = first_root(value + 1e-9, a, b, slope_a, slope_b), first_root(value - 1e-9, a, b, slope_a, slope_b)
        assert np.isnan(expected).any()  # it only touches the value, or has it in an end
    elif np.isfinite(share) and value != a:
        assert share == pytest.approx(expected, abs=2e-5)


def test_ends_of_a_cubic_are_found_and_nothing_is_where_nothing_is() -> None:
    assert first_at(0.5, 0.5, 1.0, 1.0, 1.0) == 0.0 and first_at(1.0, 0.5, 1.0, 0.5, 0.5) == pytest.approx(1.0, abs=1e-15)
    assert np.isnan(first_at(2.0, 0.5, 1.0, 0.5, 0.5))
    assert first_at(0.25, 0.25, 0.25, 0.0, 0.0) == 0.0  # a constant has it everywhere


@MANY
@given(
    lengths=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=9),
    rate=st.floats(0.3, 9.0),
    phase=st.floats(0.0, 6.0),
    lift=st.sampled_from([0.0, 0.9, 1.0, 1.001, 1.1, -1.0]),
)
def test_no_step_whose_cubic_dips_is_passed_over(lengths: list[float], rate: float, phase: float, lift: float) -> None:
    """The quick bound, by divided differences, beside the cubics themselves, looked at in every step."""
    chords = np.array(lengths)
    way = np.append(0.0, np.cumsum(chords))
    values = (np.cos(rate * way + phase) + lift)[None]
    row, steps = np.nonzero(values[:, 1:] * values[:, :-1] != 0)
    looked_at = dips._drawn(way, values, row, steps, np.zeros(len(steps), dtype=bool))
    bent = dips._bent(chords, values)
    assert all(bent[r, k] for r, k, _ in looked_at)


def test_most_steps_of_a_smooth_row_are_not_bent() -> None:
    way = np.linspace(0.0, 6.0, 61)
    assert dips._bent(np.diff(way), np.cos(way)[None]).mean() < 0.1
