"""Delta(tau) and its power spectrum: exact cases, sum rules, the equation of motion, derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meanfield as mf
from meanfield import models
from meanfield.errors import ModelError, ParameterError

SCS = models.by_name("scs")


def test_without_coupling_it_is_the_process_of_ornstein_and_uhlenbeck() -> None:
    """``Delta = sigma^2 exp(-tau)``, ``S = 2 sigma^2/(1 + omega^2)``, and tangents shrink at the rate 1."""
    state = mf.solve(SCS, g=0.0, sigma_squared=0.7)
    tau, omega = np.array([0.0, 0.3, 2.0, 30.0]), np.array([0.0, 1.0, 10.0, 300.0])
    covariance, error = mf.autocovariance(state, tau)
    np.testing.assert_allclose(covariance, 0.7 * np.exp(-tau), rtol=1e-13)
    assert (np.abs(covariance - 0.7 * np.exp(-tau)) <= error).all() and error.max() < 1e-12
    power, error = mf.power_spectrum(state, omega)
    exact = 1.4 / (1 + omega**2)
    assert (np.abs(power - exact) <= error).all() and error.max() < 1e-11
    assert state["tau_half"] == pytest.approx(np.log(2), rel=1e-13)
    assert state["lambda_max"] == pytest.approx(-1, abs=1e-6)  # 1 - E vanishes there, and its root amplifies rounding
    assert state["kinetic_energy"] == pytest.approx(0.7)


@settings(max_examples=12, deadline=None)
@given(g=st.floats(0.2, 8.0), noise=st.floats(0.05, 3.0))
def test_the_equation_of_motion_holds(g: float, noise: float) -> None:
    """``Delta'' = Delta - g^2 C_phi(Delta)`` by differences in tau, and the kink at 0."""
    state = mf.solve(SCS.with_transfer(mf.transfer.erf), g=g, sigma_squared=noise)
    h, at = 0.02, np.array([0.5, 1.5, 4.0])
    offsets = h * np.arange(-3, 4)
    covariance, _ = mf.autocovariance(state, (at[:, None] + offsets).ravel())
    D = covariance.reshape(3, 7)
    second = D @ np.array([2, -27, 270, -490, 270, -27, 2]) / (180 * h * h)
    s = state["Delta_0"] + 2 / np.pi
    assert second == pytest.approx(D[:, 3] - g * g * 2 / np.pi * np.arcsin(D[:, 3] / s), abs=1e-7 * g * g + 1e-9)
    start, _ = mf.autocovariance(state, 1e-4 * np.arange(5))
    kink = start @ np.array([-25, 48, -36, 16, -3]) / 12e-4
    assert kink == pytest.approx(-noise, abs=1e-6 * (1 + g * g))


@pytest.mark.parametrize(("g", "noise"), [(1.05, 0.0), (2.0, 0.0), (3.0, 0.4)])
def test_sum_rules_of_the_spectrum(g: float, noise: float) -> None:
    """``int S domega/2pi = Delta_0``, ``S(0) = 2 int Delta``, and with noise ``omega^2 S -> 2 sigma^2``."""
    state = mf.solve(SCS, g=g, sigma_squared=noise)
    k = state["decay_rate"]
    if noise == 0:
        omega = np.linspace(0, 25 * k if g < 1.1 else 14, 401)
        power, error = mf.power_spectrum(state, omega)
        step = omega[1]
        total = (power.sum() - power[0] / 2) * step / np.pi  # equidistant: exponentially accurate
        assert total == pytest.approx(state["Delta_0"], rel=1e-8)
        assert (power > -error).all()
    else:
        power, _ = mf.power_spectrum(state, np.array([200.0, 400.0]))
        scaled = power * np.array([200.0, 400.0]) ** 2
        assert (4 * scaled[1] - scaled[0]) / 3 == pytest.approx(2 * noise, rel=1e-6)
    tau = np.linspace(0, 45 / k, 3001)
    covariance, _ = mf.autocovariance(state, tau)
    weights = np.tile([2.0, 4.0], 1501)[:3001]
    weights[0] = weights[-1] = 1.0
    zero, _ = mf.power_spectrum(state, [0.0])
    assert zero[0] == pytest.approx(2 * (weights @ covariance) * tau[1] / 3, rel=1e-6)


def test_shapes_and_refusals() -> None:
    states = mf.solve(SCS, g=np.array([[0.5, 1.5, 2.0]]))
    covariance, error = mf.autocovariance(states, [0.0, 1.0])
    assert covariance.shape == error.shape == (1, 3, 2)
    assert np.isnan(covariance[0, 0]).all() and np.isfinite(covariance[0, 1:]).all()
    with pytest.raises(ModelError, match="equation of motion"):
        mf.autocovariance(mf.solve(models.by_name("rank1-stationary"), g=0.5, M_m=1.0, M_n=1.5), [0.0])
    with pytest.raises(ParameterError, match="finite"):
        mf.power_spectrum(states, [np.inf])


def test_errors_of_the_unknowns_are_carried() -> None:
    """Near the onset Delta_0 is known less well than it can be evaluated; the claim of Delta(tau) says so."""
    state = mf.solve(SCS, g=1.01)
    _, error = mf.autocovariance(state, [0.0, 100.0, 1000.0])
    assert error[0] >= state.error["Delta_0"] and error.max() < 1e-8


def test_kinetic_energy_is_the_second_moment_of_the_spectrum() -> None:
    state = mf.solve(SCS, g=2.0)
    omega = np.linspace(0, 14, 401)
    power, _ = mf.power_spectrum(state, omega)
    assert (omega**2 * power).sum() * omega[1] / np.pi == pytest.approx(state["kinetic_energy"], rel=1e-8)


def test_kinks_of_the_transfer_function_cost_no_digits() -> None:
    """ReLU: W has odd powers of the root of ``Delta_0 - Delta``. References: 30 digits, W by the angle of the orthant's probability
    in Chebyshev polynomials of that root, times by quadrature. (As even functions of it: 5e-7 off, with claims of 4e-8.)"""
    relu = models.by_name("rank1-input-chaotic").with_transfer(mf.transfer.relu)
    state = mf.solve(relu, g=2, M_m=1, M_n=-4, M_I=1, Sigma_m=0, Sigma_I_squared=0)
    covariance, error = mf.autocovariance(state, [1.8291437129857175158, 10.871521554646156895])
    exact = np.array([3.3550568403472385322, 2.4478720346618812483])
    assert (np.abs(covariance - exact) <= error).all() and error.max() < 1e-11
    half = 5.0814523329555726472
    assert abs(state["tau_half"] - half) <= state.error["tau_half"] < 1e-10


def test_kinks_of_a_slope_cost_no_digits_of_the_exponent() -> None:
    """Threshold-quadratic: phi'' jumps, and the exponent exists. Reference: shooting in tau with W by Price's theorem from the
    orthant's probability, good to 1e-12. (As an even function of the root of ``Delta_0 - Delta`` it was 5e-9 off.)"""
    square = models.by_name("rank1-input-chaotic").with_transfer(mf.transfer.by_name("threshold_power:2"))
    state = mf.solve(square, g=1, M_m=1, M_n=-4, M_I=1, Sigma_m=0, Sigma_I_squared=0)
    assert abs(state["lambda_max"] - 0.3601366986228) <= state.error["lambda_max"] + 1e-12
    assert state.error["lambda_max"] < 1e-10
