"""Pair averages at every correlation, smooth and kinked, against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from meanfield.quadrature import correlation, pair_average, pair_average_split

RHO = st.one_of(st.sampled_from([-1.0, 0.0, 1.0, 1 - 1e-9, -1 + 1e-9]), st.floats(-1, 1))


def phi(x: np.ndarray) -> np.ndarray:
    return erf(np.sqrt(np.pi) / 2 * x)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def step(x: np.ndarray) -> np.ndarray:
    return (x > 0) * 1.0


@settings(max_examples=25)
@given(rho=RHO, log_u=st.floats(-4, 3), log_v=st.floats(-4, 3))
def test_error_function_is_known(rho: float, log_u: float, log_v: float) -> None:
    var_u, var_v = np.exp([log_u]), np.exp([log_v])
    cov = rho * np.sqrt(var_u * var_v)
    value, error = pair_average(phi, phi, np.zeros(1), var_u, cov, var_v=var_v, strip=np.inf, imaginary_growth=np.pi / 4)
    truth = 2 / np.pi * np.arcsin(cov / np.sqrt((var_u + 2 / np.pi) * (var_v + 2 / np.pi)))
    assert abs(value - truth)[0] <= error[0] + 1e-15
    assert error[0] < 2e-12


@settings(max_examples=15)
@given(rho=RHO, mean=st.floats(-3, 3), other=st.floats(-3, 3), log_u=st.floats(-4, 2.5), log_v=st.floats(-4, 2.5))
def test_claims_hold_for_tanh(rho: float, mean: float, other: float, log_u: float, log_v: float) -> None:
    var_u, var_v = np.exp([log_u]), np.exp([log_v])
    args = (np.tanh, np.tanh, np.array([mean]), var_u, rho * np.sqrt(var_u * var_v))
    value, error = pair_average(*args, mean_v=np.array([other]), var_v=var_v, tol=1e-9)
    truth, small = pair_average(*args, mean_v=np.array([other]), var_v=var_v, tol=1e-14)
    assert small[0] < 1e-13
    assert abs(value - truth)[0] <= error[0]
    assert error[0] < 1e-8


def test_the_ends_are_one_dimensional_averages() -> None:
    z = np.arange(-400, 401) * 0.025
    w = np.exp(-(z**2) / 2) * 0.025 / np.sqrt(2 * np.pi)
    mean, var = 0.4, 5.0
    x, y = mean + np.sqrt(var) * z, mean - np.sqrt(var) * z
    value, _ = pair_average(np.tanh, np.tanh, np.full(3, mean), np.full(3, var), np.array([var, -var, 0.0]))
    truth = [np.tanh(x) ** 2 @ w, np.tanh(x) * np.tanh(y) @ w, (np.tanh(x) @ w) ** 2]
    assert np.abs(value - truth).max() < 1e-13


@settings(max_examples=30)
@given(rho=RHO, log_u=st.floats(-4, 4), log_v=st.floats(-4, 4))
def test_rectifier_and_step_are_known(rho: float, log_u: float, log_v: float) -> None:
    var_u, var_v = np.exp([log_u]), np.exp([log_v])
    scale = np.sqrt(var_u * var_v)
    cov = rho * scale
    split = {"kinks_f": (0.0,), "kinks_g": (0.0,), "var_v": var_v}
    exact, plus, minus = correlation(var_u, var_v, cov)
    angle = 2 * np.arctan2(np.sqrt(minus), np.sqrt(plus))
    value, error = pair_average_split(relu, relu, np.zeros(1), var_u, cov, **split)
    truth = scale / (2 * np.pi) * (np.sin(angle) + (np.pi - angle) * exact)
    assert abs(value - truth)[0] <= error[0] + 2e-15 * scale[0]
    assert error[0] < 1e-11 * max(1, scale[0])
    value, error = pair_average_split(step, step, np.zeros(1), var_u, cov, **split)
    assert abs(value - (np.pi - angle) / (2 * np.pi))[0] <= error[0] + 2e-15
    assert error[0] < 1e-11


@settings(max_examples=20)
@given(rho=RHO, mean=st.floats(-2, 2), log_var=st.floats(-3, 2))
def test_kinks_off_the_mean(rho: float, mean: float, log_var: float) -> None:
    # One kink only: <theta(u - k) v> = <theta> mean + cov * density, for every correlation.
    from scipy.special import ndtr

    var, kink = np.exp(log_var), 0.6
    cov = rho * var
    value, error = pair_average_split(
        lambda x: step(x - kink),
        lambda x: relu(x + 0.3) - relu(-x - 0.3),
        np.array([mean]),
        np.array([var]),
        np.array([cov]),
        kinks_f=(kink,),
        kinks_g=(-0.3,),
    )
    h = (mean - kink) / np.sqrt(var)
    truth = (mean + 0.3) * ndtr(h) + cov * np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi * var)
    assert abs(value[0] - truth) <= error[0] + 4e-15
    assert error[0] < 1e-11


def test_variance_zero_and_impossible_covariances() -> None:
    mean, var, cov = np.array([0.3, 0.0, 0.0]), np.array([0.0, 1.0, -1.0]), np.array([0.0, 1.2, 0.0])
    for average in (pair_average, pair_average_split):
        value, error = average(np.tanh, np.tanh, mean, var, cov)
        assert value[0] == pytest.approx(np.tanh(0.3) ** 2, abs=1e-14)
        assert np.isnan(value[1:]).all()
        assert np.isinf(error[1:]).all()


def test_correlation_near_one_keeps_its_digits() -> None:
    gap = 1e-13
    rho, plus, minus = correlation(np.full(1, 2.0), np.full(1, 2.0), np.full(1, 2.0 - 2 * gap))
    assert minus[0] == pytest.approx(gap, rel=1e-2)
    assert plus[0] == pytest.approx(2)
    assert rho[0] == 1 - minus[0]


def test_several_products_at_once_are_each_what_they_are_alone():
    mean, var, cov = np.array([0.3, -1.0]), np.array([2.0, 9.0]), np.array([1.5, 8.9])
    f, g = (np.tanh, lambda x: np.tanh(x) ** 2), (np.tanh, np.cos)
    together = pair_average(lambda x: np.stack([h(x) for h in f]), lambda x: np.stack([h(x) for h in g]), mean, var, cov)
    for k in range(2):
        alone = pair_average(f[k], g[k], mean, var, cov)
        for one, many in zip(alone, together, strict=True):
            assert np.allclose(many[k], one, rtol=1e-12, atol=1e-15)


def test_without_claims_a_single_grid_keeps_the_tolerance() -> None:
    laws = np.array([-1.0, 0.3, 4.0]), np.array([0.5, 9.0, 64.0]), np.array([0.4, -5.0, 63.9])
    value, error = pair_average(np.tanh, np.tanh, *laws, tol=1e-8, claims=False)
    claimed, bound = pair_average(np.tanh, np.tanh, *laws)
    assert np.isinf(error).all() and np.isfinite(bound).all()
    np.testing.assert_allclose(value, claimed, rtol=0, atol=1e-7)
