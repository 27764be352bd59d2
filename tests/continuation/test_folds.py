"""Folds, closed loops and isolas with known places; steps, predictors and scales must not matter."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.continuation import Branch, End, Steps, Stops, follow, resume
from meanfield.continuation.chord import Chord
from meanfield.continuation.walk import PREDICTORS
from tests.continuation import zoo
from tests.continuation.zoo import p, u


def cubic_start(at: float, scale: float = 1.0) -> list[float]:
    roots = np.roots([-1 / 3, 0, 1, at])
    return [float(roots[np.abs(roots.imag) < 1e-9].real[0]) * scale]


def cubic_branch(size: float = 1.0, **options) -> Branch:
    return follow(zoo.cubic(scale=size), "p", 2, x=cubic_start(-2.0, size), p=[-2.0], **options)


def check_cubic(branch: Branch, scale: float = 1.0) -> None:
    folds = branch.events("fold")
    assert len(folds) == 2, branch
    zoo.close(folds[0], {"p": 2 / 3}, 1e-14)
    zoo.close(folds[1], {"p": -2 / 3}, 1e-14)
    zoo.close(folds[0], {"u": -scale}, 1e-13 * scale)
    zoo.close(folds[1], {"u": scale}, 1e-13 * scale)
    assert branch.ends is End.WINDOW and branch["p"][-1] == pytest.approx(2.0, abs=1e-14)


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e-3])
@pytest.mark.parametrize("given", [True, False])
def test_cubic_folds_at_any_scale(scale: float, given: bool) -> None:
    check_cubic(cubic_branch(scale, scale=[scale] if given else None), scale)


@pytest.mark.parametrize("largest", [0.2, 0.05, 0.01])
@pytest.mark.parametrize("predictor", ["tangent", "secant"])
def test_cubic_folds_with_any_steps(largest: float, predictor: str) -> None:
    check_cubic(cubic_branch(steps=Steps(largest=largest, predictor=predictor)))


def test_every_point_lies_on_the_curve_within_its_claim() -> None:
    branch = cubic_branch()
    for row, off in zip(branch.u, branch.error["u"], strict=True):
        with mpmath.workdps(30):
            at, near = mpmath.mpf(float(row[1])), mpmath.mpf(float(row[0]))
            slope = abs(1 - near**2)
            if slope < 1e-3:
                continue  # claims are across the branch, and here that is not along u
            true = mpmath.findroot(lambda v, at=at: at + v - v**3 / 3, near)
            assert abs(true - near) <= off * (1 + 1 / slope) + 1e-16


@pytest.mark.parametrize("predictor", sorted(PREDICTORS))
def test_predictors_give_the_same_curve(predictor: str) -> None:
    branch = follow(zoo.PITCHFORK, "p", 3, x=[1.0], p=[1.0], steps=Steps(predictor=predictor))
    assert np.abs(branch["u"] - np.sqrt(branch["p"])).max() < 1e-14


def test_the_natural_predictor_ends_at_a_fold() -> None:
    branch = cubic_branch(steps=Steps(predictor="natural"))
    assert branch.ends is End.LOST and abs(branch["p"][-1] - 2 / 3) < 1e-6


def test_there_and_back_gives_the_same_points() -> None:
    there = cubic_branch()
    back = follow(zoo.cubic(), "p", -2, x=[there.u[-1, 0]], p=[2.0])
    for a, b in zip(there.events("fold"), reversed(back.events("fold")), strict=True):
        assert np.abs(a.u - b.u).max() <= 1e-14
    assert np.abs(back.u[-1] - there.u[0]).max() < 1e-13
    for row in back.u:  # every point of the way back lies on the way there
        assert abs(row[1] + row[0] - row[0] ** 3 / 3) < 1e-14


@pytest.mark.parametrize("both", [False, True])
def test_a_closed_loop_is_followed_once(both: bool) -> None:
    branch = follow(zoo.CIRCLE, "p", 1, window=(-1, 1), x=[0.5], p=[0.0], both=both)
    assert branch.ends is End.CLOSED
    assert [round(e.at["p"], 12) for e in branch.events("fold")] == [0.5, -0.5]
    assert (branch.u[0] == branch.u[-1]).all()
    turn = np.unwrap(np.arctan2(branch["u"], branch["p"]))
    assert abs(abs(turn[-1] - turn[0]) - 2 * np.pi) < 1e-9


@pytest.mark.parametrize("window", [(-2, 2), (0.3, 4)])
def test_an_isola_is_found_from_the_window(window: tuple[float, float]) -> None:
    U, P = mf.unknown("u"), mf.parameter("p")
    isola = mf.Model("isola", unknowns=(U,), parameters=(P,), implicit=[(P - 1) ** 2 + (U - 3) ** 2 - sp.Rational(1, 4)])
    forest = mf.bifurcation_diagram(isola, "p", window)
    assert len(forest) == 1 and forest[0].ends is End.CLOSED
    for event, at in zip(sorted(forest.events("fold"), key=lambda e: e.at["p"]), (0.5, 1.5), strict=True):
        zoo.close(event, {"p": at, "u": 3.0}, 1e-14)


@pytest.mark.parametrize("epsilon", [1e-1, 1e-2, 1e-3, 1e-4, 1e-6])
def test_two_folds_within_one_step_are_not_skipped(epsilon: float) -> None:
    at = -2 * (epsilon / 3) ** 1.5
    first = float(mpmath.findroot(lambda v: -1 - v**3 + epsilon * v, -1.0))
    branch = follow(zoo.problem([p - u**3 + epsilon * u]), "p", 1, x=[first], p=[-1.0])
    folds = branch.events("fold")
    assert len(folds) == 2, branch
    for event, sign in zip(folds, (-1, 1), strict=True):
        zoo.close(event, {"p": sign * at, "u": sign * np.sqrt(epsilon / 3)}, 1e-13)


def test_a_curve_near_a_cusp_keeps_to_its_own_branch() -> None:
    """p u - u^3 + q along q: for p < 0 no fold, for p > 0 two of them, however close to the cusp."""
    for at in (-1e-4, -1e-6, 1e-6, 1e-4, 1e-2):
        roots = np.roots([-1, 0, at, -1])
        first = float(roots[np.abs(roots.imag) < 1e-12].real[0])
        branch = follow(zoo.IMPERFECT, "q", 1, x=[first], p=[at, -1.0])
        folds = branch.events("fold")
        assert len(folds) == (2 if at > 0 else 0), at
        for event, sign in zip(folds, (1, -1), strict=False):
            zoo.close(event, {"q": sign * 2 * (at / 3) ** 1.5}, 1e-13)


def test_the_chain_of_twenty_unknowns() -> None:
    size = 20
    x = cubic_start(-1.5)
    for _ in range(size - 1):
        x.append(x[-1] + x[-1] ** 2 / 100)
    branch = follow(zoo.chain(size), "p", 1.5, x=x[::-1], p=[-1.5])
    folds = branch.events("fold")
    zoo.close(folds[0], {"p": 2 / 3, f"x_{size}": -1.0}, 1e-13)
    zoo.close(folds[1], {"p": -2 / 3, f"x_{size}": 1.0}, 1e-13)
    assert len(folds) == 2 and len(branch) < 150


def test_along_a_combination_of_parameters() -> None:
    """p u - u^3 + q with p = s, q = 2 s: s (u + 2) = u^3."""
    s = sp.Symbol("s", real=True)
    first = float(mpmath.findroot(lambda v: v**3 + v + 2, -1.0))
    branch = follow(zoo.IMPERFECT, {"p": s, "q": 2 * s}, 1, at=-1.0, x=[first], p=[-1.0, -2.0])
    assert branch.along == "s" and branch.ends is End.WINDOW
    assert np.abs(branch["u"] ** 3 - branch["s"] * (branch["u"] + 2)).max() < 1e-14
    back = follow(zoo.IMPERFECT, {"p": s, "q": s**2 / 10}, -40, window=(-40, 3), at=1.0, x=[1.0466805], p=[1.0, 0.1])
    for event in back.events("fold"):  # folds of u^3 = s u + s^2 / 10 where 4 s^3 = 27 s^4 / 100
        zoo.close(event, {"s": 400 / 27}, 1e-11)


def test_stop_rules() -> None:
    assert cubic_branch(stops=Stops(event=("fold", 1))).ends is End.EVENT
    first = cubic_branch(stops=Stops(event=("fold", 1)))
    assert first.u[-1] == pytest.approx([-1, 2 / 3], abs=1e-14) and len(first.events("fold")) == 1
    second = cubic_branch(stops=Stops(event=("fold", 2)))
    assert second.u[-1] == pytest.approx([1, -2 / 3], abs=1e-14) and len(second.events("fold")) == 2
    assert cubic_branch(stops=Stops(event=("fold", 3))).ends is End.WINDOW
    assert len(cubic_branch(stops=Stops(points=7), steps=Steps(between=2))) == 7
    assert len(cubic_branch(stops=Stops(points=7))) == 5  # with three points in every step nine would be next
    short = cubic_branch(stops=Stops(length=0.3))
    assert short.ends is End.LENGTH and len(short) < len(cubic_branch())
    until = cubic_branch(stops=Stops(until=lambda at: at["u"] > 0))
    assert until.ends is End.CONDITION and until["u"][-1] > 0 >= until["u"][-2]
    inside = cubic_branch(stops=Stops({"u": (-3.0, 0.5)}))
    assert inside.ends is End.WINDOW and inside["u"][-1] == 0.5
    zoo.close(inside.events("window")[0], {"u": 0.5, "p": 0.5**3 / 3 - 0.5}, 1e-15)


@pytest.mark.parametrize("predictor", ["tangent", "secant"])
@pytest.mark.parametrize("cut", ["window", "points", "event"])
def test_resuming_gives_the_same_points_bit_for_bit(predictor: str, cut: str) -> None:
    steps = Steps(predictor=predictor)
    whole = cubic_branch(steps=steps)
    if cut == "window":
        part = follow(zoo.cubic(), "p", 0.1, window=(-2, 0.1), x=cubic_start(-2.0), p=[-2.0], steps=steps, scale=[1.0])
        # scaled lengths depend on the window: only the event may be compared
        more = resume(part, (-2.0, 2.0))
        check_cubic(more)
        return
    part = cubic_branch(steps=steps, stops=Stops(points=9) if cut == "points" else Stops(event=("fold", 1)))
    more = resume(part, (-2.0, 2.0))
    assert more.u.shape == whole.u.shape and (more.u == whole.u).all()
    assert [e.at for e in more.events()] == [e.at for e in whole.events()]


def test_bratu_fold_converges_with_second_order() -> None:
    exact = zoo.bratu_fold()
    assert exact == pytest.approx(3.513830719125, abs=1e-12)
    off = []
    for size in (9, 19, 39, 79):
        stops = Stops({f"u_{size // 2}": (-1, 5)})
        branch = follow(zoo.Bratu(size), "p", 3.0, window=(0, 5), x=np.zeros(size), p=[0.0], stops=stops)
        fold = branch.events("fold")[0]
        assert fold.error["p"] < 1e-10
        off.append(exact - fold.at["p"])
    order = np.log2(np.array(off[:-1]) / off[1:])
    assert np.abs(order - 2).max() < 0.01 and (np.abs(np.diff(order)) < 0.006).all()
    steps = np.array([1 / 10, 1 / 20, 1 / 40, 1 / 80]) ** 2  # the value without discretisation, from the four
    limit = np.linalg.solve(np.vander(steps, increasing=True), exact - np.array(off))[0]
    assert abs(limit - exact) < 1e-9


def test_the_discrete_bratu_fold_is_where_it_claims() -> None:
    size = 7
    branch = follow(zoo.Bratu(size), "p", 3.0, window=(0, 5), x=np.zeros(size), p=[0.0], stops=Stops({"u_3": (-1, 5)}))
    fold = branch.events("fold")[0]
    with mpmath.workdps(30):
        h2 = mpmath.mpf(1) / (size + 1) ** 2

        def system(*y):
            x, at, v = [0, *y[:size], 0], y[size], [0, *y[size + 1 :], 0]
            rows = [x[i - 1] - 2 * x[i] + x[i + 1] + h2 * at * mpmath.exp(x[i]) for i in range(1, size + 1)]
            slopes = [v[i - 1] - 2 * v[i] + v[i + 1] + h2 * at * mpmath.exp(x[i]) * v[i] for i in range(1, size + 1)]
            return [*rows, *slopes, v[size // 2 + 1] - 1]

        v = fold.located.vector / fold.located.vector[size // 2]
        root = mpmath.findroot(system, [mpmath.mpf(float(z)) for z in (*fold.u, *v)])
        exact = {**{f"u_{i}": float(root[i]) for i in range(size)}, "p": float(root[size])}
    zoo.close(fold, exact, 1e-12)


def test_three_folds_within_one_step() -> None:
    f = sp.integrate(sp.expand(u * (u - sp.Rational(3, 100)) * (u - sp.Rational(6, 100))), u)
    branch = follow(
        zoo.problem([p - f]), "p", 0, window=(0 - 1, 5), x=[-2.0], p=[float(f.subs(u, -2))], stops=Stops({"u": (-2, 2)})
    )
    assert [e.unknowns["u"] for e in branch.events("fold")] == pytest.approx([0, 0.03, 0.06], abs=1e-9)


def test_events_are_located_in_few_passes(monkeypatch):
    """Folds and the end at the window together: one pass, where they are expected."""
    guess, passes = Chord.guess, []
    monkeypatch.setattr(Chord, "guess", lambda chord, rows, share: passes.append(len(rows)) or guess(chord, rows, share))
    branch = cubic_branch()
    assert len(branch.events("fold")) == 2 and passes == [3]
