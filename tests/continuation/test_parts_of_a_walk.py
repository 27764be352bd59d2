"""Prediction, determinants and ends of windows, each on its own."""

import numpy as np
import pytest
import sympy as sp

from meanfield.continuation import Steps, follow
from meanfield.continuation.curve import Curve
from meanfield.continuation.path import path_of
from meanfield.continuation.planes import meeting
from meanfield.continuation.tangent import Behind, by_cubic
from meanfield.continuation.walk import determinants
from tests.continuation import zoo
from tests.continuation.zoo import p, u


def circle(angle: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([[np.cos(angle), np.sin(angle)]]), np.array([[-np.sin(angle), np.cos(angle)]])


def test_the_cubic_is_off_by_the_fourth_power_of_the_step() -> None:
    one, off = np.ones((1, 2)), []
    for step in (0.2, 0.1, 0.05):
        (before, slope), (here, ahead), (there, _) = (circle(k * step) for k in (-1, 0, 1))
        guess = by_cubic(here, Behind(before, slope, one), ahead, np.array([step]), one)
        off.append(np.abs(guess - there).max())
    assert [off[0] / off[1], off[1] / off[2]] == pytest.approx([16, 16], rel=0.1)


def test_the_cubic_does_not_depend_on_the_scales() -> None:
    (before, slope), (here, ahead) = circle(-0.1), circle(0.0)
    one, wide = np.ones((1, 2)), np.array([[2.0, 2.0]])
    alone = by_cubic(here, Behind(before, slope, one), ahead, np.array([0.1]), one)
    other = by_cubic(here, Behind(before, slope, wide), ahead, np.array([0.05]), wide)
    assert other == pytest.approx(alone, rel=1e-14)


@pytest.mark.parametrize("size", [2, 4, 21, 200])
def test_a_lane_goes_on_alone_as_among_others_bit_for_bit(size: int) -> None:
    random = np.random.default_rng(size)
    ahead, slope = (x / np.linalg.norm(x, axis=1)[:, None] for x in 1 + 0.1 * random.normal(size=(2, 5, size)))
    before, scale, step = random.normal(size=(5, size)), 1 + random.random((5, size)), 0.1 + 0.1 * random.random(5)
    here = before + 0.12 * (ahead + slope) / 2 * scale
    together = by_cubic(here, Behind(before, slope, scale), ahead, step, scale)
    assert (together != here + step[:, None] * ahead * scale).any(axis=1).all()  # the cubic was believed
    for k in range(5):
        one = slice(k, k + 1)
        alone = by_cubic(here[one], Behind(before[one], slope[one], scale[one]), ahead[one], step[one], scale[one])
        assert (alone == together[one]).all()


def test_where_there_is_one_point_or_the_curve_is_straight_the_tangent_leads() -> None:
    here, ahead = circle(0.3)
    one = np.ones((1, 2))
    first = by_cubic(here, Behind(here, ahead, one), ahead, np.array([0.1]), one)
    straight = by_cubic(here, Behind(here - 0.2 * ahead, ahead, one), ahead, np.array([0.1]), one)
    assert first == pytest.approx(here + 0.1 * ahead, rel=1e-15)
    assert straight == pytest.approx(here + 0.1 * ahead, rel=1e-13)


@pytest.mark.parametrize("largest", [0.15, 0.01])
def test_every_point_has_its_determinant(largest: float) -> None:
    """They are computed many at once while the walk goes on, and when it has ended."""
    branch = follow(zoo.problem([p + u - u**3 / 3]), "p", 2, x=[-2.355301397608119], p=[-2.0], steps=Steps(largest=largest))
    lane, curve = branch.pieces[0].lane, branch.subject.curve
    points = lane.points()
    _, jacobian = curve.residual_jacobian(points, np.zeros((len(points), 1)))
    weight = np.repeat(lane.weight[None], len(points), axis=0)
    known = determinants(jacobian, np.array(lane.tangent), np.array(lane.scale), weight)
    assert np.array(lane.determinant) == pytest.approx(known, rel=0.02)  # the last correction, at most 0.012, moves the Jacobian


def cubic_curve() -> Curve:
    problem = zoo.problem([p + u - u**3 / 3])
    return Curve(problem, path_of(problem.parameter_names, "p"))


@pytest.mark.parametrize("value", [2.0, -2.0])
def test_ends_of_a_window_are_claimed_and_lie_in_the_plane(value: float) -> None:
    true = float(sp.nsolve(value + u - u**3 / 3, u, 2.3 * np.sign(value), prec=30))
    found = meeting(cubic_curve(), np.array([[true + 0.05, 0.95 * value]]), np.zeros((1, 1)), np.ones((1, 2)), 1, value)
    assert found.found.all() and found.y[0, 1] == value
    assert abs(found.y[0, 0] - true) <= found.error[0, 0] <= 1e-13


def test_a_plane_that_only_touches_the_curve_has_no_sharp_end() -> None:
    found = meeting(cubic_curve(), np.array([[-1.02, 0.66]]), np.zeros((1, 1)), np.ones((1, 2)), 1, 0.7)
    assert not found.found[0] and np.isinf(found.error).all()  # p = 0.7 lies beyond the fold at 2/3


def test_a_point_that_stands_still_is_claimed_beside_others_that_do_not() -> None:
    start = np.array([[0.0, 0.1], [2.5, 1.9]])  # p = 0 at u = 0, exactly; from the other one the way is longer
    together = meeting(cubic_curve(), start, np.zeros((2, 1)), np.ones((2, 2)), 1, 0.0)
    alone = [meeting(cubic_curve(), row[None], np.zeros((1, 1)), np.ones((1, 2)), 1, 0.0) for row in start]
    assert together.found.all() and (together.y == np.concatenate([one.y for one in alone])).all()
