"""Averages of integrands that grow exponentially: their bulk lies far out, and the rule must reach it."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf

mu, v = mf.unknown("mu"), mf.parameter("v", nonnegative=True)
x = mf.gaussian("x", mean=0, var=v)
MODEL = mf.Model("growth", equations={mu: 1 + 0 * v}, parameters=(v,), observables={"e": mf.average(sp.exp(x))})


@pytest.mark.parametrize("variance", [0.5, 16.0, 64.0, 100.0])
def test_the_average_of_an_exponential_is_reached(variance: float) -> None:
    solution = mf.solve(MODEL, v=variance, find="all")[0]
    truth = np.exp(variance / 2)
    assert abs(solution["e"] - truth) <= solution.error["e"]
    assert solution.error["e"] < 1e-8 * truth
