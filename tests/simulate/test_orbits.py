"""Orbits beside fixed points, and what steers them."""

import numpy as np
import pytest

import meanfield as mf
from meanfield import transfer
from meanfield.errors import ParameterError
from meanfield.simulate.fixed_points import System
from meanfield.simulate.orbits import orbit, steering


def test_an_orbit_of_a_linear_network_is_known() -> None:
    """Without couplings x(t) = I + (x(0) - I) exp(-t)."""
    system = System(np.zeros((3, 3)), transfer.tanh, np.array([0.5, 0.0, -1.0]))
    x = orbit(system, time=5.0, interval=1.0, transient=1.0, seed=4, accuracy=1e-9)
    start = np.random.default_rng(4).normal(size=3)
    assert x == pytest.approx(system.input + (start - system.input) * np.exp(-np.arange(1.0, 6.0))[:, None], abs=1e-7)


@pytest.fixture(scope="module")
def found() -> mf.FixedPoints:
    J = np.random.default_rng([60, 2]).normal(size=(60, 60)) * 2 / np.sqrt(60)
    return mf.find_fixed_points(J, starts=256)


def test_near_a_fixed_point_the_velocity_is_the_linearised_flow(found) -> None:
    x = found.points + 1e-5 * np.random.default_rng(0).normal(size=found.points.shape)
    s = steering(found, x)
    assert list(s.nearest) == list(range(found.count))
    assert s.linearised.min() > 1 - 1e-6
    assert s.distance == pytest.approx(((x - found.points) ** 2).mean(axis=1), rel=1e-4)
    assert (s.control < 0.9).mean() > 0.5


def test_far_away_the_nearest_one_steers_more_than_a_random_one(found) -> None:
    x = orbit(found.system, time=60.0)
    linearised, control, towards = steering(found, x).means
    assert linearised > control + 0.1
    assert abs(towards) < 0.2
    # The average over all fixed points as controls is the limit of the random one.
    every = [steering(found, x, seed=k).control.mean() for k in range(6)]
    assert control == pytest.approx(np.mean(every), abs=0.1)


def test_directions_are_what_they_are_called(found) -> None:
    x = orbit(found.system, time=3.0)
    s, k = steering(found, x), 1
    star = found.points[s.nearest[k]]
    A = found.system.J * (1 - np.tanh(star) ** 2) - np.eye(60)
    velocity = found.system.J @ np.tanh(x[k]) - x[k]
    cosine = lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert s.linearised[k] == pytest.approx(cosine(velocity, A @ (x[k] - star)))
    assert s.towards[k] == pytest.approx(cosine(velocity, star - x[k]))


def test_without_fixed_points_it_refuses() -> None:
    quiet = mf.find_fixed_points(np.zeros((2, 2)), starts=64)
    with pytest.raises(ParameterError, match="no fixed point"):
        steering(quiet, np.ones((1, 2)))
