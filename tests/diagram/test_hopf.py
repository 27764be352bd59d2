"""Boundaries at which states begin to oscillate."""

from __future__ import annotations

import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import ParameterError

X, Y = mf.unknown("X"), mf.unknown("Y")
A, B = mf.parameters("A B")
RATES = {X: A + X**2 * Y - (B + 1) * X, Y: B * X - X**2 * Y}
BRUSSELATOR = mf.Model("Brusselator", implicit=list(RATES.values()), dynamics=RATES, starts=[{X: A, Y: B / A}])
WINDOW = ((0.2, 3), (0.5, 6))


@pytest.mark.parametrize("points", [8, 13])
def test_the_brusselator(points: int) -> None:
    d = mf.diagram(BRUSSELATOR, plane=("A", "B"), window=WINDOW, points=points)
    [curve] = d.curves
    assert curve.condition == "hopf" and np.abs(curve.points[:, 1] - 1 - curve.points[:, 0] ** 2).max() < 1e-12
    assert d.certificate and d.certificate.edges == 2 * points * (points - 1)


def test_a_hopf_curve_ends_where_its_frequency_vanishes() -> None:
    """Bogdanov and Takens: x' = y, y' = b_1 + b_2 x + x^2 - x y. Folds at 4 b_1 = b_2^2, Hopf points at b_1 = 0 > b_2."""
    a, b = mf.parameters("b_1 b_2")
    rates = {X: Y, Y: a + b * X + X**2 - X * Y}
    model = mf.Model("Takens", implicit=list(rates.values()), dynamics=rates)
    d = mf.diagram(model, plane=("b_1", "b_2"), window=((-1, 1), (-2, 2.1)), points=8)
    curves = {c.condition: c.points for c in d.curves}
    assert set(curves) == {"fold", "hopf"} and d.certificate
    assert np.abs(4 * curves["fold"][:, 0] - curves["fold"][:, 1] ** 2).max() < 1e-12
    assert np.abs(curves["hopf"][:, 0]).max() < 1e-12 and curves["hopf"][:, 1].max() < 1e-9 and len(curves["hopf"]) < 100
    [end] = d.corners
    assert end.type == "end" and set(end.curves) == {"fold", "hopf"} and max(map(abs, end.at.values())) < 1e-9


def test_from_an_event() -> None:
    branches = mf.bifurcation_diagram(BRUSSELATOR, "B", (0.5, 6), A=1.3, expressions={"even": Y - 1})
    [event], [even] = branches.events("hopf"), branches.events("even")
    assert event.details["frequency"] == pytest.approx(1.3, abs=1e-12) and event.details["frequency_error"] < 1e-11
    curve = mf.trace(event, plane=("A", "B"), window=WINDOW)
    assert np.abs(curve.points[:, 1] - 1 - curve.points[:, 0] ** 2).max() < 1e-12
    assert np.abs(np.subtract(*mf.trace(even, plane=("A", "B"), window=WINDOW).points.T)).max() < 1e-12  # Y = B / A
    with pytest.raises(ParameterError, match="outside of the window"):
        mf.trace(event, plane=("A", "B"), window=((2, 3), (0.5, 6)))
    with pytest.raises(ParameterError, match="no boundary"):
        mf.trace(branches.events("window")[0], plane=("A", "B"), window=WINDOW)
