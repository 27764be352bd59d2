"""Pitchforks, transcritical points and Hopf points of normal forms: places, kinds, what switching finds."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.continuation import End, follow
from tests.continuation import zoo
from tests.continuation.zoo import p, u, v

ARMS = {"supercritical": (zoo.PITCHFORK, 1.0), "subcritical": (zoo.SUBCRITICAL, -1.0)}


@pytest.mark.parametrize("kind", ARMS)
def test_pitchfork_from_the_trunk(kind: str) -> None:
    problem, side = ARMS[kind]
    forest = follow(problem, "p", 1, x=[0.0], p=[-1.0], switch=True)
    [event] = forest[0].events("pitchfork")
    zoo.close(event, {"p": 0.0, "u": 0.0}, 1e-15)
    assert event.name == f"{kind} pitchfork" and event.details["opens"] == side
    assert (event.stable_before, event.stable_after) == (True, False)
    assert len(forest) == 3
    for arm in forest[1:]:
        assert arm.begins is End.JOINED and arm["p"][-1] == side
        assert np.abs(arm["u"] ** 2 - np.abs(arm["p"])).max() < 1e-14
    assert forest[1]["u"][-1] == -forest[2]["u"][-1]


@pytest.mark.parametrize("kind", ARMS)
def test_pitchfork_from_an_arm(kind: str) -> None:
    problem, side = ARMS[kind]
    forest = follow(problem, "p", -side, window=(-1, 1), x=[1.0], p=[side], switch=True)
    events = forest[0].events()
    assert [e.type for e in events] == ["pitchfork", "window"]  # no fold is told at the tip of the arms
    assert events[0].name == f"{kind} pitchfork"
    zoo.close(events[0], {"p": 0.0, "u": 0.0}, 1e-14)
    [trunk] = forest[1:]
    assert sorted(trunk["p"][[0, -1]]) == [-1.0, 1.0] and [e.type for e in trunk.events()] == ["window", "pitchfork", "window"]
    assert all(np.abs(branch["u"]).max() == 0 for branch in forest[1:])


def test_switching_takes_the_side_asked_for() -> None:
    [event] = follow(zoo.PITCHFORK, "p", 1, x=[0.0], p=[-1.0]).events("pitchfork")
    assert event.switch(1)["u"][-1] == pytest.approx(1.0) and event.switch(-1)["u"][-1] == pytest.approx(-1.0)


def test_transcritical() -> None:
    forest = follow(zoo.TRANSCRITICAL, "p", 1, x=[0.0], p=[-1.0], switch=True)
    [event] = forest[0].events("transcritical")
    zoo.close(event, {"p": 0.0, "u": 0.0}, 1e-15)
    assert (event.stable_before, event.stable_after) == (True, False)
    [branch] = forest[1:]
    assert sorted(branch["p"][[0, -1]]) == [-1.0, 1.0] and np.abs(branch["u"] - branch["p"]).max() < 1e-15
    [crossing] = branch.events("transcritical")
    zoo.close(crossing, {"p": 0.0, "u": 0.0}, 1e-15)
    away = branch["p"] != crossing.at["p"]
    assert (branch.stable[away] == (branch["p"][away] > 0)).all()


@pytest.mark.parametrize("start", [(0.0, 0.0), (0.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (0.0, 1.0)])
def test_the_same_forest_from_every_start(start: tuple[float, float]) -> None:
    forest = follow(
        zoo.PITCHFORK, "p", 1 if start[1] < 1 else -1, window=(-1, 1), x=[start[0]], p=[start[1]], switch=True, both=True
    )
    ends = sorted({tuple(np.round(row, 12) + 0.0) for branch in forest for row in branch.u[[0, -1]]} - {(0.0, 0.0)})
    assert ends == [(-1.0, 1.0), (0.0, -1.0), (0.0, 1.0), (1.0, 1.0)]
    assert {(e.type, e.at["p"]) for e in forest.events("pitchfork")} == {("pitchfork", 0.0)}


@pytest.mark.parametrize("epsilon", [1e-1, 1e-2, 1e-3, 1e-4])
def test_two_branch_points_within_one_step_are_not_skipped(epsilon: float) -> None:
    branch = follow(zoo.problem([u * (p**2 + u**2 - epsilon**2)]), "p", 1, x=[0.0], p=[-1.0])
    found = branch.events("pitchfork")
    assert len(found) == 2, branch
    for event, sign in zip(found, (-1, 1), strict=True):
        zoo.close(event, {"p": sign * epsilon, "u": 0.0}, 1e-15)


@pytest.mark.parametrize("offset", [0.1, 1e-3, -1e-6])
def test_imperfect_pitchfork_has_a_disconnected_branch(offset: float) -> None:
    U, (P, Q) = mf.unknown("u"), mf.parameters("p q")
    model = mf.Model("imperfect pitchfork", unknowns=(U,), parameters=(P, Q), implicit=[P * U - U**3 + Q])
    forest = mf.bifurcation_diagram(model, "p", (-2, 2), q=offset)
    assert len(forest) == 2
    [fold] = forest.events("fold")
    zoo.close(fold, {"p": 3 * (offset**2 / 4) ** (1 / 3), "u": -np.cbrt(offset / 2)}, 1e-12)


def test_pitchfork_of_a_model_with_its_symmetry() -> None:
    U, P = mf.unknown("u"), mf.parameter("p")
    model = mf.Model("pitchfork", unknowns=(U,), parameters=(P,), implicit=[P * U - U**3], symmetries=[{U: -U}])
    forest = mf.bifurcation_diagram(model, "p", (-2, 2))
    assert len(forest) == 3
    arms = [b for b in forest if np.abs(b["u"]).max() > 1]
    assert len(arms) == 2 and arms[1].partner is arms[0] and (arms[1].u[:, 0] == -arms[0].u[:, 0]).all()


@pytest.mark.parametrize("cubic", [1e-6, 1e6])
def test_pitchforks_of_hardly_any_and_of_strong_curvature(cubic: float) -> None:
    forest = follow(zoo.problem([p * u - cubic * u**3], flow=True), "p", 1, x=[0.0], p=[-1.0], switch=True)
    [event] = forest.events("pitchfork")
    assert event.details["supercritical"] is True and event.name == "supercritical pitchfork"
    assert sorted(float(b["u"][-1]) for b in forest) == pytest.approx([-(cubic**-0.5), 0.0, cubic**-0.5], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("a", [0.5, 1.0, 3.0])
def test_hopf_point_of_the_brusselator(a: float) -> None:
    branch = follow(zoo.BRUSSELATOR, "q", 12, x=[a, 0.5 / a], p=[a, 0.5])
    [event] = branch.events("hopf")
    zoo.close(event, {"q": 1 + a**2, "u": a, "v": (1 + a**2) / a}, 1e-13)
    assert abs(event.details["frequency"] - a) < 1e-12
    assert (event.stable_before, event.stable_after) == (True, False)
    assert (branch.stable == (branch["q"] < 1 + a**2)).all()


def test_hopf_point_of_a_model() -> None:
    X, Y = mf.unknown("x"), mf.unknown("y")
    A, B = mf.parameters("A B")
    flow = {X: A - (B + 1) * X + X**2 * Y, Y: B * X - X**2 * Y}
    model = mf.Model("Brusselator", unknowns=(X, Y), parameters=(A, B), implicit=list(flow.values()), dynamics=flow)
    start = mf.solve(model, A=1.5, B=1.0)
    branch = follow(start, "B", 6)
    [event] = branch.events("hopf")
    zoo.close(event, {"B": 1 + 1.5**2, "x": 1.5, "y": (1 + 1.5**2) / 1.5}, 1e-13)
    assert (event.stable_before, event.stable_after) == (True, False)


def test_two_hopf_points_within_one_step() -> None:
    """Rotation with the rate of growth p^2 - epsilon^2."""
    for epsilon in (1e-1, 1e-2, 1e-3):
        rate = p**2 - sp.Float(epsilon) ** 2
        branch = follow(zoo.problem([rate * u - v, u + rate * v], (u, v), flow=True), "p", 1, x=[0.0, 0.0], p=[-1.0])
        found = branch.events("hopf")
        assert [e.type for e in found] == ["hopf", "hopf"], epsilon
        for event, sign in zip(found, (-1, 1), strict=True):
            zoo.close(event, {"p": sign * epsilon}, 1e-15)


@pytest.mark.parametrize("gap", [1e-6, 1e-9])
def test_curves_that_hardly_miss_each_other_do_not_cross(gap: float) -> None:
    """r x - x^3 + h: a pitchfork for h = 0 alone; else no branch point, and a fold at 3 (h/2)^(2/3)."""
    x, r, h = mf.unknown("x"), *mf.parameters("r h")
    model = mf.Model("imperfect pitchfork", implicit=[r * x - x**3 + h], unknowns=(x,), parameters=(r, h), starts=[{x: 0}, {x: 1}])
    forest = mf.bifurcation_diagram(model, "r", (-1.0, 1.0), h=gap)
    assert sorted(e.type for e in forest.events()) == ["fold", *["window"] * 4]
    zoo.close(forest.events("fold")[0], {"r": 3 * (gap / 2) ** (2 / 3), "x": -((gap / 2) ** (1 / 3))}, 1e-14)
    ends = sorted((float(b["r"][0]), float(np.sign(b["x"][0])), float(np.sign(b["x"][-1]))) for b in forest)
    assert ends == [(-1.0, 1.0, 1.0), (1.0, -1.0, -1.0)]


@pytest.mark.parametrize("offset", [3e-10, -2e-9, 6e-8, 1e-6, -1e-4])
def test_a_walk_past_a_pitchfork_that_is_nearly_one_stays_on_its_branch(offset: float) -> None:
    """p u - u^3 + e = 0: on the way the curve turns by a right angle within a length of e^(2/3), 5e-7 for the smallest."""
    problem = zoo.problem([p * u - u**3 + sp.Float(offset, 20)])
    sign = np.sign(offset)
    through = follow(problem, "p", 2, x=[float(offset) / 2], p=[-2.0])
    assert [e.type for e in through.events()] == ["window"]
    assert through.u[-1] == pytest.approx([sign * np.sqrt(2), 2.0], abs=1e-3)
    other = follow(problem, "p", -2, window=(-2, 2), x=[-sign * np.sqrt(2) + float(offset) / 4], p=[2.0])
    assert [e.type for e in other.events()] == ["fold", "window"]
    assert other.u[-1] == pytest.approx([-float(offset) / 2, 2.0], rel=1e-6)
    zoo.close(other.events("fold")[0], {"p": 3 * (offset**2 / 4) ** (1 / 3), "u": -np.cbrt(offset / 2)}, 1e-12)


@pytest.mark.parametrize(("a", "b", "c"), [(0.5, 1.0, 1.0), (0.1, 1.0, 0.5), (0.3, 1.0, 1.0), (0.5, 2.0, 1.0), (0.3, 0.5, 0.0)])
def test_two_curves_that_cross_at_a_shallow_angle(a: float, b: float, c: float) -> None:
    """The line x = c p and the parabola x = c p + a p + b p^2: long steps led from one to the other, past the crossing."""
    line = u - sp.Rational(str(c)) * p
    equation = sp.expand(line * (line - sp.Rational(str(a)) * p - sp.Rational(str(b)) * p**2))
    model = mf.Model("crossing", implicit=[equation], unknowns=(u,), parameters=(p,))
    forest = mf.bifurcation_diagram(model, "p", (-2.0, 2.1))
    assert len(forest) == 2
    for branch in forest:
        assert sorted(e.at["p"] for e in branch.events("transcritical")) == pytest.approx([-a / b, 0.0], abs=1e-12)
    off = [np.abs(branch["u"] - c * branch["p"]).max() for branch in forest]
    assert min(off) < 1e-12 < 1 < max(off)
