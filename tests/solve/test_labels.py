"""Labels and reasons: only what the model says of stability, and of why there is no solution."""

import re

import pytest
import sympy as sp

import meanfield as mf
from meanfield.averages.scope import substitute
from meanfield.errors import ModelError

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


@pytest.mark.parametrize(
    ("dynamics", "says"),
    [
        ({kappa: -kappa, mf.unknown("kapa"): -kappa}, "dynamics of kapa, which is no unknown; did you mean 'kappa'?"),
        ({}, "dynamics leaves out kappa; give the time derivative of every unknown"),
        ({"kappa": -kappa}, "dynamics must be a dictionary {unknown: its time derivative}, got the key 'kappa'"),
        (-kappa, "dynamics must be a dictionary"),
        ({kappa: "-kappa"}, "text is never evaluated"),
        ({kappa: -kappa + x}, "dynamics of kappa: the random variable x is not averaged"),
    ],
)
def test_dynamics_are_of_the_unknowns_and_of_all_of_them(dynamics, says) -> None:
    """With one left out stability had silently been None; one that does not exist had been accepted."""
    with pytest.raises(ModelError, match=re.escape(says)):
        mf.Model("with dynamics", equations=EQUATIONS, dynamics=dynamics)


def test_dynamics_go_with_a_change_of_the_model() -> None:
    """They had stayed as they were: with the old transfer function, with parameters that were gone."""
    tau = mf.parameter("tau")
    rate = EQUATIONS[kappa] - kappa
    slow = mf.Model("with a time constant", equations=EQUATIONS, dynamics={kappa: rate / tau})
    assert [p.name for p in slow.parameters] == ["g", "s", "tau"]
    fixed = mf.conditions.fix_parameters(slow, {"tau": -1, "g": sp.Rational(1, 2)})
    assert fixed.rates == (substitute(-rate, {g: sp.Rational(1, 2)}),)
    assert [one.stable for one in mf.solve(fixed, s=2.0, find="all")] == [False, True, False]
    other = slow.with_transfer(mf.transfer.algebraic)
    assert other.rates == ((other.equations[kappa] - kappa) / tau,) and other.transfers == (mf.transfer.algebraic,)
    half = mf.unknown("half")
    new = mf.conditions.change_unknowns(slow, {kappa: 2 * half}, unknowns=[half])
    assert new.rates == (substitute(rate, {kappa: 2 * half}) / tau / 2,)
    assert [one.stable for one in mf.solve(new, g=0.5, s=2.0, tau=1, find="all")] == [True, False, True]


def test_why_there_is_none() -> None:
    quiet = mf.Model(
        "only for large s", equations={kappa: kappa + 1 + kappa**2}, absent={"the parabola has no zero": sp.Integer(1)}
    )
    assert mf.solve(quiet, find="all").why == "no solution: the parabola has no zero"
    scs = mf.models.by_name("scs")
    assert "x = 0 is the only state" in mf.solve(scs, g=0.9, find="all").why
