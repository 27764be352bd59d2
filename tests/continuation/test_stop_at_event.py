"""The n-th event ends the walk itself, not only the branch that is returned."""

import numpy as np
import pytest
from sympy import sin

from meanfield.continuation import follow
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import End, Stops
from tests.continuation.zoo import Array, p, problem, u

WAVES = problem([p - u - 3 * sin(u)])  # folds wherever cos(u) = -1/3


class Counted:
    """The problem, with the number of points at which it was asked for its slopes."""

    def __init__(self) -> None:
        self.count = 0

    def __getattr__(self, name: str):
        return getattr(WAVES, name)

    def residual_jacobian(self, x: Array, at: Array):
        self.count += len(x)
        return WAVES.residual_jacobian(x, at)


def followed(event):
    wave = Counted()
    branch = follow(wave, along="p", to=24.0, x=[0.0], p=[0.0], steps=Steps(largest=0.02), stops=Stops(event=event))
    return branch, wave.count


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_walk_to_an_event_costs_no_more_than_the_way_to_it(count: int) -> None:
    whole, cost = followed(None)
    part, less = followed(("fold", count))
    folds = whole.events("fold")
    assert len(folds) > 6 and part.ends is End.EVENT
    assert [e.at["p"] for e in part.events("fold")] == [e.at["p"] for e in folds[:count]]
    assert abs(np.cos(part.u[-1, 0]) + 1 / 3) < 1e-12
    if count < 3:  # as long a way, and what is walked between two looks; twice, as the looks themselves cost
        assert less < 2 * cost * (1.25 * len(part) + 12) / len(whole)


def test_an_event_that_never_comes_does_not_end_a_walk() -> None:
    branch, _ = followed(("fold", 1000))
    assert branch.ends is End.WINDOW
