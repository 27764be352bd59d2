"""Averages that diverge and laws that cannot be are refused with a sentence, never answered with a number."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.errors import AverageError, ParameterError

mu, v, c = mf.unknown("mu"), mf.parameter("V"), mf.parameter("c")
x = mf.gaussian("x", mean=0, var=v)
E = mf.average
tanh = mf.transfer.tanh


def model(equation: sp.Expr, **observables: sp.Expr) -> mf.Model:
    return mf.Model("m", equations={mu: equation + 0 * v + 0 * c}, parameters=(v, c), observables=observables)


@pytest.mark.parametrize(
    "body",
    [1 / x, x**-2, 1 / tanh(x) ** 2, sp.tan(x), 1 / (x - c), sp.exp(x**3), sp.exp(sp.exp(x)), sp.exp(mf.transfer.cubic(x) ** 2)],
)
def test_averages_that_never_exist(body: sp.Expr) -> None:
    with pytest.raises(AverageError, match="does not converge"):
        mf.solve(model(1 + E(body)), V=0.1, c=0.2)
    solution = mf.solve(model(sp.S.One, e=E(body)), V=0.1, c=0.2)
    with pytest.raises(AverageError, match="does not converge"):
        solution["e"]


def test_an_integrable_singularity_is_refused_as_such() -> None:
    with pytest.raises(AverageError, match="converges, but"):
        mf.solve(model(E(1 / sp.sqrt(sp.Abs(x)))), V=1, c=0)


def test_a_zero_of_the_numerator_takes_the_pole_away() -> None:
    z = mf.gaussian("z", mean=sp.Rational(3, 10), var=v)
    assert mf.solve(model(E(sp.sin(z) / z)), V=1.0, c=0)["mu"] == pytest.approx(0.8444625789333060, abs=1e-13)


def test_growth_like_a_gaussian_converges_below_a_variance() -> None:
    m = model(E(sp.exp(x**2)))
    solution = mf.solve(m, V=0.49, c=0)
    assert abs(solution["mu"] - 1 / np.sqrt(0.02)) <= solution.error["mu"] < 1e-10
    with pytest.raises(AverageError, match=r"V=0.5: the average <exp\(x\*\*2\)>.* does not converge"):
        mf.solve(m, V=0.5, c=0)
    observed = mf.solve(model(sp.S.One, e=E(sp.exp(x**2) * tanh(x) ** 2)), V=0.7, c=0)
    with pytest.raises(AverageError, match="does not converge"):
        observed["e"]
    with pytest.raises(AverageError, match="does not converge"):
        mf.solve(model(E(sp.exp(mf.standard_normal("z") ** 2))), V=0.5, c=0)


def test_exponentials_move_the_law() -> None:
    mean, a = sp.Rational(1, 2), sp.Rational(3, 10)
    z = mf.gaussian("z", mean=mean, var=v)
    solution = mf.solve(model(E(sp.exp(a * z**2 + z) * sp.tanh(z) ** 2)), V=1.2, c=0)
    assert abs(solution["mu"] - 124.36006134567015) <= solution.error["mu"] < 1e-10


def test_impossible_laws_of_given_numbers() -> None:
    y, z = mf.gaussian_pair("y z", mean=0, var=v, cov=c)
    pair = model(E(tanh(y) * tanh(z)))
    assert mf.solve(pair, V=1.0, c=1.0).found
    for cov in (1.5, -1.5):
        with pytest.raises(ParameterError, match="the covariance c of two random variables is larger"):
            mf.solve(pair, V=1.0, c=cov)
    with pytest.raises(ParameterError, match="the variance V of a random variable is negative"):
        mf.solve(model(E(tanh(x) ** 2)), V=-1.0, c=0)
    with pytest.raises(AverageError, match="covariance of a Gaussian is 2"):
        mf.gaussian_pair("y z", var=1, cov=2)


def test_roots_at_which_a_law_is_impossible_are_no_solutions() -> None:
    z = mf.gaussian("z", mean=0, var=mu)
    free = mf.Model("m", equations={mu: c + E(tanh(z) ** 2)}, parameters=(c,))
    assert mf.solve(free, c=0.5, find="all")[0]["mu"] > 0.5
    assert len(mf.solve(free, c=-1.0, find="all")) == 0
    pair = mf.gaussian_pair("y z", mean=0, var=1, cov=mu)
    nu = mf.unknown("nu")
    free = mf.Model("m", equations={mu: c, nu: E(tanh(pair[0]) * tanh(pair[1]))}, parameters=(c,))
    assert len(mf.solve(free, c=0.2, find="all")) == 1
    found = mf.solve(free, c=2.0, find="all")  # a correlation held at 1 would give a root
    assert len(found) == 0
    assert "the covariance mu of two random variables is larger than their variances 1 and 1 allow" in found.why
