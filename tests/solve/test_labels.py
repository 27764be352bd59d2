"""Labels and reasons: only what the model says of stability, and of why there is no solution."""

import sympy as sp

import meanfield as mf

kappa = mf.unknown("kappa")
g, s = mf.parameters("g s", nonnegative="g")
x = mf.gaussian("x", var=g**2)
phi = mf.transfer.tanh
EQUATIONS = {kappa: s * kappa * mf.E(phi.d(1)(x)) - kappa**3}


def test_nothing_is_called_stable_that_was_not_declared() -> None:
    silent = mf.Model("no word on stability", equations=EQUATIONS)
    assert [one.stable for one in mf.solve(silent, g=0.5, s=2.0, find="all")] == [None, None, None]
    assert mf.solve(silent, g=0.5, s=2.0).stable is None


def test_what_was_declared_is_told() -> None:
    slope = mf.E(phi.d(1)(x)) * s - 3 * kappa**2
    telling = mf.Model("with a condition", equations=EQUATIONS, stable={"small perturbations shrink": 1 - slope})
    assert [one.stable for one in mf.solve(telling, g=0.5, s=2.0, find="all")] == [True, False, True]


def test_declared_dynamics_tell() -> None:
    dynamics = {kappa: -kappa + EQUATIONS[kappa]}
    moving = mf.Model("with dynamics", equations=EQUATIONS, dynamics=dynamics)
    assert [one.stable for one in mf.solve(moving, g=0.5, s=2.0, find="all")] == [True, False, True]


def test_why_there_is_none() -> None:
    quiet = mf.Model(
        "only for large s", equations={kappa: kappa + 1 + kappa**2}, absent={"the parabola has no zero": sp.Integer(1)}
    )
    assert mf.solve(quiet, find="all").why == "no solution: the parabola has no zero"
    scs = mf.models.by_name("scs")
    assert "x = 0 is the only state" in mf.solve(scs, g=0.9, find="all").why
