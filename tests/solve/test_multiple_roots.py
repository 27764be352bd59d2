"""Claims at multiple roots, where Newton's method only halves the distance and the Jacobian vanishes."""

from typing import Any

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.conditions import indicator_zero
from meanfield.solve import Status

x, a, b = mf.unknown("x"), mf.parameter("a"), mf.parameter("b")
E, phi = mf.average, mf.transfer.tanh


def shifted_pitchfork() -> mf.Model:
    """x - a = <tanh>_{x - a}/<tanh'>_0: a triple root at x = a, whose residual is rounded."""
    slope = E(phi.d(1)(mf.gaussian("w", var=b)))
    starts = [{x: 1}, {x: -2}]
    return mf.Model("shifted", equations={x: a + E(phi(mf.gaussian("z", mean=x - a, var=b))) / slope}, starts=starts)


def powers(order: int) -> mf.Model:
    starts = [{x: 1}, {x: -2}, {x: a + sp.Rational(1, 100)}]
    return mf.Model(f"(x - a)^{order}", unknowns=(x,), implicit=[(x - a) ** order], starts=starts)


EXPANDED = mf.Model("expanded", unknowns=(x,), implicit=[sp.expand((x - a) ** 3)], starts=[{x: 1}, {x: -2}])


@pytest.mark.parametrize("place", [0.3, 1 / 3, 0.7, 2.7])
@pytest.mark.parametrize("model", [shifted_pitchfork(), EXPANDED, *map(powers, (2, 3, 4, 5))], ids=lambda m: m.title)
def test_the_claim_covers_the_distance_to_a_multiple_root(model: mf.Model, place: float) -> None:
    given = {"a": place, "b": 0.5} if b in model.parameters else {"a": place}
    every = mf.solve(model, find="all", **given)
    assert len(every) > 0
    for solution in every:
        assert abs(solution["x"] - place) <= solution.error["x"], (solution["x"], solution.error["x"])


@pytest.mark.parametrize("gap", [0.0, 1e-24, 1e-20, 1e-18, 1e-16, 1e-12, 1e-6])
def test_near_a_fold(gap: float) -> None:
    model = mf.Model("fold", unknowns=(x,), implicit=[(x - a) ** 2 - b], starts=[{x: 1}, {x: -2}])
    every = mf.solve(model, find="all", a=0.3, b=gap)
    assert len(every) == (1 if gap == 0 else 2)
    for solution in every:
        away = min(abs(solution["x"] - 0.3 - side * np.sqrt(gap)) for side in (1, -1))
        assert away <= solution.error["x"]


def test_the_state_at_a_pitchfork_is_exact_and_its_condition_infinite() -> None:
    (s,) = mf.solve(mf.models.by_name("rank1-stationary"), find="all", g=0.5, M_m=1, M_n=1, Sigma_m=0)
    assert (s["mu"], s["Delta_0"], s.error["mu"], s.error["Delta_0"]) == (0, 0, 0, 0) and s.condition == np.inf


CHAOS, OUTLIER = ("rank1-stationary", "chaos", "g", {"M_n": 0.5}), ("rank1-stationary", "outlier", "M_n", {"g": 0.5})
ONSET = ("rank1-chaotic", "onset", "g", {"M_n": 0.5})


@pytest.mark.parametrize(
    ("case", "phi", "find"),
    [(CHAOS, "tanh", "one"), (OUTLIER, "tanh", "one"), (ONSET, "tanh", "one"), (ONSET, "sine", "all")]
    + [(case, phi, "all") for case in (CHAOS, OUTLIER) for phi in ("tanh", "erf", "sine", "cubic")],
)
def test_a_boundary_of_the_state_of_rest_is_a_multiple_root_that_is_known(case: tuple[Any, ...], phi: str, find: str) -> None:
    """Their claims were infinite, or 1e-4."""
    name, indicator, free, given = case
    condition = indicator_zero(mf.models.by_name(name).with_transfer(phi), indicator, free)
    found = mf.solve(condition, find=find, M_m=1, Sigma_m=0, **given)
    (at_rest,) = [s for s in (found if find == "all" else [found]) if s["Delta_0"] == 0]
    assert abs(at_rest[free] - 1) <= at_rest.error[free] < 1e-13
    assert all(at_rest[u] == 0 and at_rest.error[u] < 1e-15 for u in at_rest.unknowns if u != free)
    assert at_rest.status is Status.CONVERGED


def test_two_unknowns_at_zero_leave_two_equations() -> None:
    """x^2 = y (a - u) and the like: a root at x = y = 0 whatever u and v, which have a simple one there."""
    y, u, v = mf.unknown("y"), mf.unknown("u"), mf.unknown("v")
    equations = [x**2 - y * (a - u), y**2 + x * y - x**3, u - a - x, v * u - b]
    model = mf.Model("two at zero", unknowns=(x, y, u, v), implicit=equations, starts=[{x: 0.1, y: -0.1, u: 1, v: 2}])
    found = mf.solve(model, find="all", a=1.3, b=2.6)
    (at_rest,) = [s for s in found if s["x"] == 0 == s["y"]]
    assert abs(at_rest["u"] - 1.3) <= at_rest.error["u"] < 1e-13
    assert abs(at_rest["v"] - 2) <= at_rest.error["v"] < 1e-13
