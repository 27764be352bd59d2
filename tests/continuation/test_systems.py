"""Extended systems: what is exact of their matrices, and what is made of differences."""

import numpy as np
import pytest
import sympy as sp

from meanfield.continuation.curve import Curve
from meanfield.continuation.path import path_of
from meanfield.continuation.settle import slopes_of
from meanfield.continuation.systems import BranchPoint, Fold, Hopf, Sheet, System, Zero
from tests.continuation import zoo
from tests.continuation.zoo import p, u, v

PROBLEM = zoo.problem([p * u - u**3 * v + sp.sin(v), u**2 - p * v + sp.exp(p * u)], (u, v), flow=True)
CURVE = Curve(PROBLEM, path_of(PROBLEM.parameter_names, "p"))
JACOBIAN = lambda at, base: PROBLEM.dynamics(at[:, :-1], at[:, -1:])
SYSTEMS: list[tuple[System, int]] = [
    (Fold(CURVE), 5),
    (BranchPoint(CURVE), 6),
    (Zero(CURVE, lambda at, base: (at[:, 0] - at[:, 1] ** 2, np.zeros(len(at)))), 3),
    (Hopf(CURVE, JACOBIAN), 8),
]


@pytest.mark.parametrize(("system", "size"), SYSTEMS, ids=lambda x: type(x).__name__)
def test_the_matrix_is_the_derivative_of_the_residual(system: System, size: int) -> None:
    random = np.random.default_rng(size)
    y, sheet = 0.5 + random.random((3, size)), Sheet(np.zeros((3, 1)), random.normal(size=(3, 2)))
    residual, known = system.slopes(y, sheet)
    assert (residual == system.residual(y, sheet)).all() and known.shape == (3, size, size - 3)
    h = 1e-6
    ways = [system.residual(y + h * e, sheet) - system.residual(y - h * e, sheet) for e in np.eye(size)]
    expected = np.stack(ways, axis=2) / (2 * h)
    assert slopes_of(system, y, sheet, known) == pytest.approx(expected, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(("system", "size"), SYSTEMS, ids=lambda x: type(x).__name__)
def test_only_the_points_of_the_curve_are_moved(system: System, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two evaluations for each of the 3 coordinates of u, whatever else a system asks for."""
    seen, inner = [], PROBLEM.residual_jacobian
    y, sheet = np.ones((1, size)), Sheet(np.zeros((1, 1)), np.ones((1, 2)))
    known = system.slopes(y, sheet)[1]
    monkeypatch.setattr(PROBLEM, "residual_jacobian", lambda x, q: seen.append(len(x)) or inner(x, q))
    slopes_of(system, y, sheet, known)
    assert seen == [6]
