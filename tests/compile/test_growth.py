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


def test_the_noiseless_network_is_claimed_to_its_accuracy() -> None:
    """Divided by Delta_0^2, small differences of averages are large: the coarser rule's error must not count as the finer one's."""
    g = np.linspace(1.05, 4, 400)
    solution = mf.solve(mf.models.by_name("scs"), g=g)
    assert (solution.error["Delta_0"] < 1e-10 * np.maximum(1, solution["Delta_0"])).all()
