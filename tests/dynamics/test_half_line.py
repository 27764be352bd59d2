"""Laguerre functions, filters, and the response of units to white noise, against exponentials in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from meanfield.dynamics.half_line import HalfLine, laguerre_functions
from meanfield.dynamics.units import FilterUnit, RationalUnit, adapting, leaky, unit_of
from meanfield.errors import ParameterError

TAU = np.array([0.0, 0.1, 1.0, 4.0])


def test_functions_are_orthonormal():
    line = HalfLine(40, 1.0)
    assert line.values @ line.analysis.T == pytest.approx(np.eye(40), abs=1e-12)
    assert laguerre_functions(np.zeros(1), 5) == pytest.approx(np.ones((5, 1)))


@settings(max_examples=20)
@given(st.floats(0.4, 2.5), st.floats(0.5, 2))
def test_an_exponential_through_a_filter(scale, b):
    """(1 - d^2) T = exp(-a |tau|) decays as (exp(-a tau) - a exp(-tau))/(1 - a^2)."""
    a = scale * b if abs(scale * b - 1) > 1e-2 else 2.0
    line = HalfLine(96, b)
    f = line.analysis @ np.exp(-a * line.tau)
    matrix, _ = line.filter(leaky().power)
    assert (matrix @ f) @ line.at(TAU) == pytest.approx((np.exp(-a * TAU) - a * np.exp(-TAU)) / (1 - a * a), abs=1e-9)
    omega = np.array([0.0, 0.7, 5.0])
    assert 2 * line.half_transform(f, omega).real == pytest.approx(2 * a / (a * a + omega**2), abs=1e-8)


@pytest.mark.parametrize("unit", [leaky(), leaky(1.0, 1.0), leaky(1.0, 0.3, 2.0), adapting(1.0, 5.0), adapting(-0.5, 3.0)])
def test_white_noise_through_a_unit(unit):
    exact = [quad(unit.power, 0, np.inf)[0] / np.pi]
    exact += [quad(unit.power, 0, np.inf, weight="cos", wvar=t)[0] / np.pi for t in TAU[1:3]]
    assert unit.covariance(TAU[:3]) == pytest.approx(exact, abs=2e-8)
    basis = HalfLine(72, 0.8)
    assert FilterUnit(unit.response).covariance(TAU, basis) == pytest.approx(unit.covariance(TAU), abs=1e-10)
    assert FilterUnit(unit.response).gain == pytest.approx(unit.gain)


def test_units_in_closed_form():
    assert leaky().covariance(TAU) == pytest.approx(np.exp(-TAU) / 2)
    assert leaky(1.0, 1.0).covariance(TAU) == pytest.approx((1 + TAU) * np.exp(-TAU) / 4)
    assert unit_of(None) == leaky() and unit_of(([1], [1, 1])) == leaky()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: RationalUnit((1.0,), (1.0, -1.0)), "unstable"),
        (lambda: RationalUnit((1.0, 1.0), (1.0, 1.0)), "must not respond at infinite frequency"),
        (lambda: RationalUnit((1.0,), (1.0, float("nan"))), "finite coefficients"),
        (lambda: leaky(0.0), "time constant must be positive"),
        (lambda: adapting(-1.5, 3.0), "unstable"),
        (lambda: unit_of(3), "unit must be a unit, a function"),
        (lambda: FilterUnit(lambda w: 1j / (1 + w**2)).gain, "must be real at omega = 0"),
        (lambda: FilterUnit(lambda w: 1.0 + 0 * w), "must fall at least like 1/omega"),
        (lambda: FilterUnit(lambda w: w / 0.0), "not finite"),
    ],
)
def test_refusals(make, message):
    with np.errstate(all="ignore"), pytest.raises(ParameterError, match=message):
        make()
