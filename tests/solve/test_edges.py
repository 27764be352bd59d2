"""Equations without a value on an edge of their domain: limits where there are any, and nothing where there are none."""

import numpy as np
import pytest

from meanfield.solve import FunctionProblem, extended, newton
from meanfield.solve.edges import WithLimits


def quotient() -> FunctionProblem:
    """(e^x - 1)/x - p, which is 0/0 at the edge x = 0; its limit is 1 - p, with the slope 1/2."""

    def residual(x, p):
        return np.expm1(x) / x - p

    def jacobian(x, p):
        return ((x * np.exp(x) - np.expm1(x)) / x**2)[:, :, None]

    return FunctionProblem(residual, jacobian, ["x"], ["p"], lower=0.0)


def test_a_quotient_has_its_limit_on_the_edge():
    x, p = np.array([[0.0], [0.5]]), np.array([[0.25], [0.25]])
    with np.errstate(all="ignore"):
        value, jacobian = WithLimits(quotient()).residual_jacobian(x, p)
        assert (WithLimits(quotient()).residual(x, p) == value).all()
        assert (value[1] == quotient().residual(x, p)[1]).all()
        bound = WithLimits(quotient()).claims(x, p)
    assert abs(value[0, 0] - 0.75) < 1e-14 and abs(jacobian[0, 0, 0] - 0.5) < 1e-6
    assert np.isfinite(bound).all() and abs(value[0, 0] - 0.75) <= bound[0, 0]


def test_newton_finds_the_root_on_the_edge():
    with np.errstate(all="ignore"):
        run = newton(quotient(), np.array([[1.0]]), np.array([[0.7]]))
    assert run.converged[0] and abs(run.x[0, 0]) < 1e-12


@pytest.mark.parametrize("power", [1, 2])
def test_a_pole_has_no_limit(power: int):
    pole = FunctionProblem(
        lambda x, p: p * x ** (-power), lambda x, p: (-power * p * x ** (-power - 1))[:, :, None], ["x"], ["p"], lower=0.0
    )
    with np.errstate(all="ignore"):
        for size in (1.0, 1e-6):
            assert not np.isfinite(extended(pole).residual(np.array([[0.0]]), np.array([[size]]))).any()
