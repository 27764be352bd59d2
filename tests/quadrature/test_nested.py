"""Claims: never below the true error, whatever the integrand; refinement reaches the tolerance where it can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf, ndtr

from meanfield.errors import QuadratureError
from meanfield.quadrature import claim, gaussian_average, gaussian_trapezoid

MEAN = st.floats(-6, 6)
LOG_VAR = st.floats(-6, 5)


def dense(f, mean: float, var: float) -> float:  # noqa: ANN001
    rule = gaussian_trapezoid(0.004, 12.0)
    return float(rule.average(f(mean + np.sqrt(var) * rule.nodes)))


def relu_average(mean: float, var: float) -> float:
    h = mean / np.sqrt(var)
    return mean * ndtr(h) + np.sqrt(var) * np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi)


SMOOTH = {
    "tanh": (np.tanh, {"strip": np.pi / 2}),
    "tanh steep": (np.tanh, {"strip": np.pi / 2, "steep": 0.0}),
    "tanh unknown": (np.tanh, {}),
    "slope": (lambda x: 1 - np.tanh(x) ** 2, {"strip": np.pi / 2, "pole_order": 2}),
    "algebraic": (lambda x: x / np.sqrt(1 + x * x), {"strip": 1.0}),
    "gauss": (lambda x: np.exp(-np.pi / 4 * x * x), {"strip": np.inf, "imaginary_growth": np.pi / 4}),
    "cubic": (lambda x: x**3 - x, {}),
}


@pytest.mark.parametrize("name", SMOOTH)
@settings(max_examples=12)
@given(mean=MEAN, log_var=LOG_VAR)
def test_claims_hold_for_smooth_functions(name: str, mean: float, log_var: float) -> None:
    f, options = SMOOTH[name]
    var = np.exp(log_var)
    value, error = gaussian_average(f, np.array([mean]), np.array([var]), **options)
    truth = dense(f, mean, var)
    assert abs(value[0] - truth) <= error[0] + 1e-14 * max(1, abs(truth))
    assert error[0] <= 2e-12 * max(1, dense(lambda x: abs(f(x)), mean, var))


@pytest.mark.parametrize("kinks", [(), (0.0,)])
@settings(max_examples=25)
@given(mean=MEAN, log_var=LOG_VAR)
def test_claims_hold_across_kinks_and_jumps(kinks: tuple[float, ...], mean: float, log_var: float) -> None:
    var = np.exp(log_var)
    for f, truth in (
        (lambda x: np.maximum(x, 0), relu_average(mean, var)),
        (lambda x: (x > 0) * 1.0, ndtr(mean / np.sqrt(var))),
    ):
        value, error = gaussian_average(f, np.array([mean]), np.array([var]), kinks=kinks, max_nodes=2000)
        assert abs(value[0] - truth) <= error[0] + 1e-15 * max(1, abs(truth))
        if kinks:
            assert error[0] < 1e-11


def test_a_batch_equals_its_points() -> None:
    mean, var = np.array([0.0, 1.0, -2.0, 0.3]), np.array([0.01, 4.0, 60.0, 0.0])
    value, error = gaussian_average(np.tanh, mean, var)
    single = [gaussian_average(np.tanh, m, v)[0][0] for m, v in zip(mean, var)]
    assert np.abs(value - single).max() < 1e-14
    assert value[3] == pytest.approx(np.tanh(0.3), abs=1e-15)
    assert (error < 1e-11).all()


def test_exponential_growth_widens_the_grid() -> None:
    value, error = gaussian_average(np.exp, np.array([0.3]), np.array([81.0]))
    assert value[0] == pytest.approx(np.exp(0.3 + 40.5), rel=1e-12)
    assert error[0] < 1e-10 * value[0]


def test_known_closed_form() -> None:
    mean, var = np.array([0.4]), np.array([3.0])
    phi = lambda x: erf(np.sqrt(np.pi) / 2 * x)
    value, error = gaussian_average(phi, mean, var, strip=np.inf, imaginary_growth=np.pi / 4)
    truth = erf(np.sqrt(np.pi) / 2 * mean / np.sqrt(1 + np.pi * var / 2))
    assert abs(value - truth)[0] <= error[0] < 1e-11


def test_points_without_an_answer_say_so() -> None:
    value, error = gaussian_average(np.tanh, np.array([0.0, np.nan, 0.0]), np.array([-1.0, 1.0, 1.0]))
    assert np.isnan(value[:2]).all()
    assert np.isinf(error[:2]).all()
    assert error[2] < 2e-12


def test_claim_guards_against_accidental_agreement() -> None:
    one = np.ones(1)
    assert claim(one, one, one)[0] < 1e-14
    assert claim(one, one, one, earlier=(1.1 * one, 1.3 * one))[0] > 0.05
    assert np.isinf(claim(one, np.nan * one, one)[0])


def test_refusal() -> None:
    with pytest.raises(QuadratureError, match="tolerance"):
        gaussian_average(np.tanh, np.zeros(1), np.ones(1), tol=0.0)
