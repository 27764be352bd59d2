"""A branch point by point, while it is walked."""

import itertools

import numpy as np
import pytest

import meanfield as mf
from meanfield.continuation import Steps, Stops
from meanfield.errors import ParameterError

MODEL = mf.models.by_name("rank1-input-stationary")
FIXED = {"g": 0.8, "M_m": 3.5, "M_n": 1, "Sigma_m": 1, "Sigma_perp": 1}


def test_the_points_are_those_of_the_branch() -> None:
    start = mf.solve(MODEL, M_I=-1.4, **FIXED)
    branch = mf.follow(start, along="M_I", to=1.4)  # over two folds
    points = list(mf.steps_along(start, along="M_I", to=1.4))
    assert len(points) > 15
    walked = list(branch)[:: 1 + Steps().between]  # the others were put in between
    assert len(walked) - 1 <= len(points) <= len(walked)
    for point, known in zip(points, walked, strict=False):
        assert point == pytest.approx(known, rel=1e-9, abs=1e-9)  # `follow` polishes them
    assert max(abs(point["M_I"]) for point in points) <= 1.4


def test_nothing_is_computed_ahead() -> None:
    asked = []

    class Counting:
        names, parameter_names, lower = ("u",), ("p",), np.array([-np.inf])

        def residual(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
            return self.residual_jacobian(x, p)[0]

        def residual_jacobian(self, x: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            asked.append(len(x))
            return p + x - x**3 / 3, (1 - x**2)[:, :, None]

        def parameter_derivative(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
            return np.ones((len(x), 1, 1))

    points = mf.steps_along(Counting(), along="p", to=2.0, x=[-2.103803402735536], p=[-1.0])
    first = list(itertools.islice(points, 5))
    counted = len(asked)
    assert [point["p"] for point in first] == sorted(point["p"] for point in first)
    next(points)
    assert counted < len(asked) <= counted + 12


def test_refusals_come_before_the_first_point() -> None:
    start = mf.solve(MODEL, M_I=-1.4, **FIXED)
    with pytest.raises(ParameterError, match="M_J"):
        mf.steps_along(start, along="M_J", to=1.4)
    with pytest.raises(ParameterError, match="finds no events"):
        mf.steps_along(start, along="M_I", to=1.4, stops=Stops(event=("fold", 1)))


@pytest.mark.parametrize("count", [6, 12])
def test_as_many_points_as_are_asked_for(count: int) -> None:
    start = mf.solve(MODEL, M_I=-1.4, **FIXED)
    assert len(list(mf.steps_along(start, along="M_I", to=1.4, stops=Stops(points=count)))) == count
