"""Folds of a bistable rank-one network driven by an input, found by `diagram` from the model and the window alone.

M_m = 3.5, M_n = 1, g = 0.8, all deviations 1, as in the figure of Mastrogiuseppe & Ostojic on inputs. The expected values are
Newton's method on (mu, Delta_0, parameter) with the determinant of the equations' Jacobian as the third equation, in 34 digits,
averages by a trapezoidal rule of step 1/16 to 13 standard deviations.
"""

from __future__ import annotations

import numpy as np
import pytest

import meanfield as mf
from meanfield.continuation import bifurcation_diagram
from meanfield.diagram import PhaseDiagram

HELD = {"M_m": 3.5, "M_n": 1, "g": 0.8, "Sigma_m": 1, "Sigma_n": 1, "Sigma_perp": 1}
IN_M_I = {"M_I": 0.759386054001021241196743, "mu": -1.43858518118884937287, "Delta_0": 1.82285513571358723220}
IN_SIGMA_nI = {"Sigma_nI": 0.726839032283081124615508, "mu": -2.13865110988459055863, "Delta_0": 2.40304763446929408817}


@pytest.fixture(scope="module")
def drawn() -> PhaseDiagram:
    model = mf.models.by_name("rank1-input-stationary")
    return mf.diagram(model, plane=("M_I", "Sigma_nI"), window=((-1, 1), (-1, 1)), points=5, **HELD)


@pytest.mark.parametrize(("expected", "cut"), [(IN_M_I, {"Sigma_nI": 0.0}), (IN_SIGMA_nI, {"M_I": 0.0})])
def test_both_folds_are_found_to_ten_digits(drawn: PhaseDiagram, expected: dict[str, float], cut: dict[str, float]) -> None:
    """The variance of the input changes with Sigma_nI: a curve that held it constant would be another one."""
    assert drawn.certificate and not drawn.failures, drawn.certificate.missing
    points = [p for c in drawn.curves if c.condition == "fold" for p in c.at(**cut)]
    assert len(points) == 2
    for sign in (1, -1):  # mu -> -mu with both inputs
        (point,) = [p for p in points if p["mu"] * expected["mu"] * sign > 0]
        for name, value in expected.items():
            exact = value if name == "Delta_0" else sign * value
            assert abs(point[name] - exact) <= min(1e-10, point.error[name]), name


@pytest.mark.parametrize(("along", "held"), [("M_I", {"Sigma_nI": 0.1}), ("Sigma_nI", {"M_I": -0.1})])
def test_a_fold_found_on_a_branch_lies_on_the_traced_curve(drawn: PhaseDiagram, along: str, held: dict[str, float]) -> None:
    forest = bifurcation_diagram(mf.models.by_name("rank1-input-stationary"), along, (-1, 1), sections=3, **HELD, **held)
    folds = forest.events("fold")
    traced = [p for c in drawn.curves if c.condition == "fold" for p in c.at(**held)]
    assert len(folds) == len(traced) == 2
    for event in folds:
        point = min(traced, key=lambda p: abs(p[along] - event.at[along]))
        for name in (along, "mu", "Delta_0"):
            value = event.at.get(name, event.unknowns.get(name))
            assert abs(point[name] - value) <= min(1e-10, point.error[name] + event.error[name]), name


def test_there_and_back_gives_the_same_points(drawn: PhaseDiagram) -> None:
    """A branch through both folds, walked from either end: each walk's points lie on the other's curve, its folds are the same."""
    model = mf.models.by_name("rank1-input-stationary")
    there, back = (
        mf.follow(
            mf.solve(model, M_I=-s, Sigma_nI=0.1, **HELD, starts={"mu": -4 * s, "kappa": -s, "Delta_0": 3}), along="M_I", to=s
        )
        for s in (1, -1)
    )
    for one, other in ((there, back), (back, there)):
        assert len(one.events("fold")) == 2
        for mine, theirs in zip(one.events("fold"), reversed(other.events("fold")), strict=True):
            assert abs(mine.at["M_I"] - theirs.at["M_I"]) <= mine.error["M_I"] + theirs.error["M_I"]
    for place in np.linspace(0, len(there) - 1, 7).round().astype(int):
        again = mf.solve(model, M_I=float(there["M_I"][place]), Sigma_nI=0.1, **HELD, find="all")
        nearest = min(again, key=lambda s: abs(s["mu"] - there["mu"][place]))
        assert abs(nearest["mu"] - there["mu"][place]) <= nearest.error["mu"] + there.error["mu"][place]


def test_a_plane_of_what_only_prepares_parameters_is_refused() -> None:
    with pytest.raises(mf.errors.ParameterError, match="Sigma_perp.*only to compute"):
        held = {k: v for k, v in HELD.items() if k != "Sigma_perp"}
        mf.diagram(mf.models.by_name("rank1-input-stationary"), plane=("M_I", "Sigma_perp"), window=((-1, 1), (0, 1)), **held)
