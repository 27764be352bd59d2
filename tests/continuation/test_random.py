"""Random polynomial problems: events within their claimed errors, whatever the steps, the scale or the parametrisation."""

from __future__ import annotations

import numpy as np
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield.continuation import Branch, Steps, Stops, follow
from tests.continuation import zoo
from tests.continuation.zoo import Array, p, u, v

FEW = settings(max_examples=8, deadline=None, derandomize=True)
roots = st.lists(st.floats(-1.5, 1.5).map(lambda x: round(x, 2)), min_size=1, max_size=4, unique=True)


def turning(at: list[float]) -> tuple[sp.Expr, list[float]]:
    """f(u) whose slope vanishes just at the given places, once each, and the values there."""
    slope = sp.Mul(*(u - sp.Rational(str(r)) for r in at))
    f = sp.expand(sp.integrate(sp.expand(slope), u))
    return f, [float(f.subs(u, sp.Rational(str(r)))) for r in at]


def well_apart(at: list[float]) -> bool:
    return len(at) < 2 or min(np.diff(sorted(at))) > 0.02


def graph(f: sp.Expr, steps: Steps | None = None, scale: float = 1.0) -> Branch:
    """p = f(u) from u = -2 to u = 2, in unknowns that are ``scale`` times as large."""
    begin, end = (float(f.subs(u, x)) for x in (-2, 2))
    low, high = bounds(f)
    # A float would turn the coefficients into floats, which are printed to fifteen digits: another polynomial, 1e-14 off.
    problem = zoo.problem([p - f.subs(u, u / sp.Rational(str(scale)))])
    stops = Stops({"u": (-2.0 * scale, 2.0 * scale)})
    options = {"x": [-2.0 * scale], "p": [begin], "window": (low, high), "steps": steps, "stops": stops, "scale": [scale]}
    both = follow(problem, "p", high if end > begin else low, both=True, **options)
    return both


def bounds(f: sp.Expr) -> tuple[float, float]:
    values = sp.lambdify(u, f, "numpy")(np.linspace(-2, 2, 4001)) * np.ones(4001)
    room = values.max() - values.min()
    return float(values.min() - 0.1 * room), float(values.max() + 0.1 * room)


def folds(branch: Branch) -> Array:
    """(K, 2) places in the order of u."""
    found = np.array([[e.unknowns["u"], e.at["p"]] for e in branch.events("fold")]).reshape(-1, 2)
    return found[np.argsort(found[:, 0])]


@FEW
@given(at=roots.filter(well_apart))
def test_every_fold_of_a_polynomial_is_found_within_its_claim(at: list[float]) -> None:
    f, values = turning(at)
    branch = graph(f)
    expected = sorted(zip(at, values, strict=True))
    found = sorted(branch.events("fold"), key=lambda e: e.unknowns["u"])
    assert len(found) == len(expected), (at, branch)
    for event, (where, value) in zip(found, expected, strict=True):
        zoo.close(event, {"u": where, "p": value}, 1e-8)


@FEW
@given(at=roots.filter(well_apart), largest=st.sampled_from([0.02, 0.1]), size=st.sampled_from([1e-3, 1.0, 1e3]))
def test_neither_steps_nor_scale_matter(at: list[float], largest: float, size: float) -> None:
    f, _ = turning(at)
    one, other = folds(graph(f)), folds(graph(f, Steps(largest=largest), size))
    assert one.shape == other.shape, at
    assert np.abs(one[:, 0] - other[:, 0] / size).max(initial=0) < 1e-8
    assert np.abs(one[:, 1] - other[:, 1]).max(initial=0) < 1e-12


@FEW
@given(at=roots.filter(well_apart), rate=st.floats(0.3, 3.0), shift=st.floats(-1.0, 1.0))
def test_nor_does_the_parametrisation(at: list[float], rate: float, shift: float) -> None:
    """p = rate (s + s^3 / 10) + shift is the same curve along another coordinate."""
    f, _ = turning(at)
    s = sp.Symbol("s", real=True)
    move = rate * (s + s**3 / 10) + shift
    to_s = lambda value: float(sp.nsolve(move - value, s, value / rate))
    low, high = bounds(f)
    begin = float(f.subs(u, -2))
    branch = follow(
        zoo.problem([p - f]),
        {"p": move},
        to_s(high),
        both=True,
        at=to_s(begin),
        x=[-2.0],
        p=[begin],
        window=(to_s(low), to_s(high)),
        stops=Stops({"u": (-2.0, 2.0)}),
    )
    found = np.sort([e.unknowns["u"] for e in branch.events("fold")])
    assert np.abs(found - np.sort(at)).max() < 1e-8


@FEW
@given(
    a=st.floats(-1.0, 1.0).map(lambda x: round(x, 3)),
    b=st.floats(-1.0, 1.0).map(lambda x: round(x, 3)).filter(lambda x: abs(x) > 0.05),
    c=st.floats(-2.0, 2.0).map(lambda x: round(x, 3)).filter(lambda x: abs(x) > 0.05),
    turn=st.floats(0.0, 3.0),
)
def test_branch_points_in_rotated_unknowns(a: float, b: float, c: float, turn: float) -> None:
    """x ((p - a) b + c x) in a rotated plane: a transcritical point at p = a, nothing else on the trunk."""
    x, y = sp.cos(turn) * u - sp.sin(turn) * v, sp.sin(turn) * u + sp.cos(turn) * v
    forest = follow(zoo.problem([x * ((p - a) * b + c * x), y - x**2], (u, v)), "p", 2, x=[0.0, 0.0], p=[-2.0], switch=True)
    [event] = forest[0].events("transcritical")
    zoo.close(event, {"p": a, "u": 0.0, "v": 0.0}, 1e-12)
    assert len(forest) == 2 and [e.type for e in forest[0].events()] == ["transcritical", "window"]
