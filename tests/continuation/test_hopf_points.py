"""Hopf points that lie close to folds, to each other, or to what only looks like one."""

import numpy as np
import pytest
import sympy as sp

from meanfield.continuation import follow
from tests.continuation import zoo
from tests.continuation.zoo import p, q, u, v, w

REST = [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("b", [0.1, 1e-2, 1e-4])
def test_hopf_point_beside_a_fold(b: float) -> None:
    """Takens-Bogdanov: trace b + u, determinant -2u. For small b the pair crosses, becomes real and splits within one step."""
    problem = zoo.problem([v, p + b * v + u**2 + u * v], (u, v), flow=True)
    branch = follow(problem, "p", 1, x=[-1.0, 0.0], p=[-1.0], window=(-1, 1))
    hopf, fold, _ = branch.events()
    assert (hopf.type, fold.type) == ("hopf", "fold")
    zoo.close(hopf, {"p": -(b**2), "u": -b}, 1e-14)
    assert abs(hopf.details["frequency"] - np.sqrt(2 * b)) < 1e-13
    assert hopf.stable_before and not fold.stable_after


def test_two_hopf_points_closer_than_a_step_are_not_one() -> None:
    rate = p**2 - sp.Rational(1, 10**8)
    branch = follow(zoo.problem([rate * u - v, u + rate * v], (u, v), flow=True), "p", 1, x=[0.0, 0.0], p=[-1.0])
    one, other = branch.events("hopf")
    zoo.close(one, {"p": -1e-4}, 1e-13)
    zoo.close(other, {"p": 1e-4}, 1e-13)


@pytest.mark.parametrize("apart", [0.01, 0.0])
def test_two_pairs_that_cross_together_or_one_after_the_other(apart: float) -> None:
    flow = [p * u - v, u + p * v, (p - apart) * w - 2 * q, 2 * w + (p - apart) * q]
    branch = follow(zoo.problem(flow, (u, v, w, q), flow=True), "p", 1, x=REST, p=[-1.0])
    found = branch.events("hopf")
    places = [0.0, apart] if apart else [0.0]
    assert np.allclose([e.at["p"] for e in found], places, atol=1e-13) and all(e.sharp for e in found)
    assert found[0].stable_before and not found[-1].stable_after


def test_a_neutral_saddle_is_no_hopf_point() -> None:
    """Eigenvalues of opposite sign whose sum vanishes at p = 0."""
    assert not follow(zoo.problem([v, u + p * v], (u, v), flow=True), "p", 1, x=[0.0, 0.0], p=[-1.0]).events("hopf")
