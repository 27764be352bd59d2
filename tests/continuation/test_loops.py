"""Closed loops, turning points of fourth order, and parts of one curve that meet when they go on."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.continuation import resume_forest

x, r = mf.unknown("x"), mf.parameter("r")


def forest(equation: sp.Expr, window: tuple[float, float]) -> mf.Model:
    return mf.bifurcation_diagram(mf.Model("curve", implicit=[equation], unknowns=(x,), parameters=(r,)), "r", window)


@pytest.mark.parametrize("radius", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("centre", [-0.9, -0.35, 0.2, 0.55])
def test_a_circle_anywhere_in_the_window(centre: float, radius: float) -> None:
    """Either of the two walks from a start may be the one that comes round first."""
    [branch] = forest((r - centre) ** 2 + x**2 - radius**2, (-2, 2))
    assert sorted(e.at["r"] for e in branch.events("fold")) == pytest.approx([centre - radius, centre + radius], abs=1e-12)
    assert (branch.u[0] == branch.u[-1]).all()
    angle = np.unwrap(np.arctan2(branch["x"], branch["r"] - centre))
    assert (
        abs(angle[-1] - angle[0]) == pytest.approx(2 * np.pi, abs=1e-9)
        and (np.diff(angle) * np.sign(angle[-1] - angle[0]) > 0).all()
    )


def test_a_loop_with_a_turning_point_of_fourth_order() -> None:
    [branch] = forest((r - x**2) ** 2 + x**2 - sp.Rational(1, 4), (-2.1, 2.3))
    assert sorted(e.at["r"] for e in branch.events("fold")) == pytest.approx([-0.5, 0.5], abs=1e-6)
    assert (branch.u[0] == branch.u[-1]).all()


def test_a_turning_point_of_fourth_order() -> None:
    [branch] = forest(r - x**4, (-1, 1))
    [fold] = branch.events("fold")
    assert not fold.sharp and abs(fold.at["r"]) <= fold.error["r"]
    assert sorted(branch["x"][[0, -1]]) == pytest.approx([-1, 1], abs=1e-12)


@pytest.mark.parametrize(
    ("equation", "narrow"),
    [(r + x - x**3 / 3, (-0.5, 0.5)), ((r - sp.Rational(1, 5)) ** 2 + x**2 - sp.Rational(1, 4), (-0.1, 0.4))],
)
def test_parts_of_one_curve_become_one_branch(equation: sp.Expr, narrow: tuple[float, float]) -> None:
    parts = forest(equation, narrow)
    [whole] = resume_forest(parts, (-1, 1))
    [fresh] = forest(equation, (-1, 1))
    assert len(parts) > 1
    assert sorted(e.at["r"] for e in whole.events("fold")) == pytest.approx(
        sorted(e.at["r"] for e in fresh.events("fold")), abs=1e-12
    )
