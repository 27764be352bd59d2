"""The Kac-Rice action of a sample: invariant under permutations, its gradient the limit of differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meanfield.models import kac_rice_action
from meanfield.symbols import symbol
from tests.averages.reference import Reference

g, D, z_star, x_i = [symbol(n) for n in ("g", "D", "z_star", "x_i")]
MODEL = kac_rice_action.MODEL
ACTION, GRADIENT = MODEL.named("action"), MODEL.profiles["N_gradient"][1]
samples = st.lists(st.floats(-3, 3), min_size=3, max_size=12).map(np.array)
gains, noises = st.floats(0.3, 4), st.floats(0.05, 2)


def saddle(data: np.ndarray, gain: float) -> float:
    """z* of ``1 = <s^2/(1 + z s^2)>`` by bisection, or 0 where ``<s^2> <= 1``."""
    s2 = gain**2 / np.cosh(data) ** 4
    if s2.mean() <= 1:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(s2 / (1 + middle * s2)) > 1 else (low, middle)
    return low


def action(data: np.ndarray, gain: float, noise: float) -> float:
    at = {g: gain, D: noise, z_star: saddle(data, gain)}
    return Reference(samples={"x": data})(ACTION, at)


@given(samples, gains, noises, st.randoms(use_true_random=False))
def test_permutations_change_nothing(data: np.ndarray, gain: float, noise: float, random: object) -> None:
    shuffled = data.copy()
    random.shuffle(shuffled)
    assert action(shuffled, gain, noise) == pytest.approx(action(data, gain, noise), rel=1e-12, abs=1e-12)


@given(samples, gains, noises)
def test_gradient_is_the_limit_of_differences(data: np.ndarray, gain: float, noise: float) -> None:
    """z* is stationary, so it need not be differentiated: `N_gradient` at x_i is ``N dS/dx_i``."""
    z, h = saddle(data, gain), 1e-5
    for i in (0, data.size - 1):
        step = h * np.eye(data.size)[i]
        expected = data.size * (action(data + step, gain, noise) - action(data - step, gain, noise)) / (2 * h)
        at = {g: gain, D: noise, z_star: z, x_i: data[i]}
        assert Reference(samples={"x": data})(GRADIENT, at) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@given(samples, noises)
def test_small_gain_has_no_saddle_in_z(data: np.ndarray, noise: float) -> None:
    """Where ``<s^2> <= 1`` the determinant adds nothing: zeta = 0."""
    at = {g: 0.9, D: noise, z_star: saddle(data, 0.9)}
    assert Reference(samples={"x": data})(MODEL.named("zeta"), at) == 0
