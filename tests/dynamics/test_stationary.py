"""Self-consistent spectra: against energy conservation, brute force on a grid, and the rank-one models."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

import meanfield as mf
from meanfield import store
from meanfield.dynamics.units import adapting, leaky
from meanfield.errors import ParameterError, QuadratureError, TransferError

CASES = [
    case
    for case in json.loads((Path(__file__).parents[1] / "data" / "fixed_points.json").read_text())["cases"]
    if case["model"] == "scs"
]
tanh, erf = mf.transfer.tanh, mf.transfer.erf


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_reference_state(case):
    phi, values, est = mf.transfer.by_name(case["transfer"]), case["values"], case["est_error"]
    found = mf.stationary_spectrum(phi, **case["parameters"])
    error = abs(found.Delta_0 - float(values["Delta_0"]))
    assert error <= found.error["Delta_0"] and error < 1e-10 * max(1.0, float(values["Delta_0"]))
    assert found.status == "converged: the claimed error is within the tolerance"
    taus = [float(t) for t in values["Delta_tau"]]
    gaps = np.abs(found.Delta(taus) - list(values["Delta_tau"].values()))
    assert (gaps <= found.error["Delta"] + 1e-12 * found.Delta_0).all()
    half, claim = found.tau_half
    assert abs(half - values["tau_half"]) <= claim + est["tau_half"] and claim < 1e-6


def test_near_the_onset_of_chaos():
    g = np.array([1.001, 1.003, 1.01])
    found = mf.stationary_spectrum(tanh, g=g)
    exact = mf.solve(mf.models.by_name("scs"), g=g)
    assert (np.abs(found.Delta_0 - exact["Delta_0"]) <= found.error["Delta_0"] + exact.error["Delta_0"]).all()
    assert (found.error["Delta_0"] < 1e-9).all()
    assert found.tau_half[0] * (g - 1) == pytest.approx(2.28106, rel=2e-2)


@settings(max_examples=20)
@given(st.floats(0.1, 3.5), st.floats(3e-3, 3.0), st.sampled_from(["tanh", "erf", "algebraic"]))
def test_claims_hold(g, sigma_squared, name):
    phi = mf.transfer.by_name(name)
    found = mf.stationary_spectrum(phi, g=g, sigma_squared=sigma_squared)
    exact = mf.solve(mf.models.by_name("scs").with_transfer(phi), g=g, sigma_squared=sigma_squared)
    assert abs(found.Delta_0 - exact["Delta_0"]) <= found.error["Delta_0"] + exact.error["Delta_0"] < 1e-6


def brute_force(found, unit, g, sigma_squared):
    """Largest |Delta - right side|, the right side by a Fourier transform on an equidistant grid (erf, zero mean)."""
    n, dt = 2048, 0.05
    tau = dt * np.arange(n + 1)
    Delta, variance = found.Delta(tau), float(found.Delta_0)
    field = g**2 * 2 / np.pi * np.arcsin(Delta / (variance + 2 / np.pi))
    omega = 2 * np.pi * np.fft.rfftfreq(2 * n, dt)
    spectrum = np.fft.rfft(np.concatenate([field, field[-2:0:-1]])).real * unit.power(omega)
    right = np.fft.irfft(spectrum, 2 * n)[: n + 1] + 2 * sigma_squared * unit.covariance(tau)
    return np.abs(Delta - right).max()


@pytest.mark.parametrize("unit", [leaky(1.0, 0.3), leaky(1.0, 1.0), adapting(1.0, 4.0)])
@pytest.mark.parametrize("sigma_squared", [0.0, 0.3])
def test_units_of_other_dynamics_against_brute_force(unit, sigma_squared):
    found = mf.stationary_spectrum(erf, g=2.5, sigma_squared=sigma_squared, unit=unit)
    assert found.error["Delta"] < 1e-7
    # The equidistant grid errs by its spacing squared, as it sees a corner at tau = 0 with noise.
    assert brute_force(found, unit, 2.5, sigma_squared) < 1e-3
    same = mf.stationary_spectrum(erf, g=2.5, sigma_squared=sigma_squared, unit=unit.response)
    assert abs(same.Delta_0 - found.Delta_0) <= same.error["Delta_0"] + found.error["Delta_0"]


def test_adaptation_makes_correlations_oscillate():
    found = mf.stationary_spectrum(tanh, g=3.0, unit=adapting(1.0, 5.0))
    assert found.Delta(np.linspace(0, 20, 200)).min() < -0.1 * found.Delta_0
    omega = np.linspace(0, 2, 400)
    assert omega[found.spectrum(omega).argmax()] > 0.2


def test_a_delay_changes_nothing():
    late = mf.stationary_spectrum(tanh, g=1.8, sigma_squared=0.2, unit=lambda omega: np.exp(-0.5j * omega) / (1 + 1j * omega))
    usual = mf.stationary_spectrum(tanh, g=1.8, sigma_squared=0.2)
    assert abs(late.Delta_0 - usual.Delta_0) <= late.error["Delta_0"] + usual.error["Delta_0"]


def test_linear_networks_in_closed_form():
    g, s = 0.7, 0.4
    found = mf.stationary_spectrum(mf.transfer.linear, g=g, sigma_squared=s)
    k = np.sqrt(1 - g**2)
    tau, omega = np.array([0, 0.5, 3.0]), np.array([0, 1.0, 10.0])
    assert found.Delta(tau) == pytest.approx(s / k * np.exp(-k * tau), abs=1e-10)
    assert found.spectrum(omega) == pytest.approx(2 * s / (k**2 + omega**2), abs=1e-9)


def test_structure_and_frozen_input():
    held = {"M_m": 1.0, "Sigma_m": 1.0, "g": 2.1, "M_n": 2.5}
    found = mf.stationary_spectrum(tanh, **held, mean=0.6)
    state = mf.solve(mf.models.by_name("rank1-chaotic"), **held)
    for ours, theirs in ((found.mean, "mu"), (found.Delta_0, "Delta_0"), (found.Delta_inf, "Delta_inf")):
        assert abs(ours - state[theirs]) < 1e-10
    frozen = mf.stationary_spectrum(tanh, g=2, D=0.25 * 1.6359572439)
    assert frozen.Delta_0 == pytest.approx(2.65282, abs=1e-5) and frozen.Delta_inf == pytest.approx(2.00744, abs=1e-5)


def test_what_does_not_fluctuate_is_refused_with_a_sentence():
    found = mf.stationary_spectrum(tanh, g=[0.8, 0.8, 1.5], D=[0.0, 0.3, 0.0])
    assert np.isnan(found.Delta_0[:2]).all() and found.Delta_0[2] == pytest.approx(0.747686380553398, abs=1e-10)
    assert found.status[:2].tolist() == ["no solution was found from any start"] * 2
    assert np.isnan(found.Delta([0.0, 1.0])[:2]).all() and np.isnan(found.tau_half[0][0]) and np.isnan(found.spectrum(1.0)[1])


def test_fluctuations_that_are_small_beside_the_frozen_variance():
    """At g = 10 they vanish linearly where ``g^2 <phi'^2> = 1`` in the frozen state: 7e-8 of the variance at D = 2730."""
    z = np.linspace(-10, 10, 20001)
    weight = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    variance = brentq(lambda v: 100 * weight @ np.cosh(np.sqrt(v) * z) ** -4 - 1, 2500.0, 3000.0, xtol=1e-10)
    onset = variance - 100 * weight @ np.tanh(np.sqrt(variance) * z) ** 2
    D = np.array([2729.0, 2730.0])
    found = mf.stationary_spectrum(tanh, g=10, D=D)
    moving, unsure = found.Delta_0 - found.Delta_inf, found.error["Delta"]
    assert (moving > 100 * unsure).all()
    assert moving[1] / moving[0] == pytest.approx((onset - D[1]) / (onset - D[0]), rel=2e-3)


def test_points_keep_their_shape(tmp_path):
    found = mf.stationary_spectrum(tanh, g=[[0.5], [1.5]], sigma_squared=[0.1, 0.5, 1.0])
    assert found.Delta_0.shape == (2, 3) and found.Delta([0.0, 1.0]).shape == (2, 3, 2) and found.Delta(1.0).shape == (2, 3)
    assert found.Delta(0.0) == pytest.approx(found.Delta_0, abs=1e-12)
    found.to_netcdf(tmp_path / "spectrum.nc", np.linspace(0, 5, 6))
    back = store.load(tmp_path / "spectrum.nc", expect=store.SPECTRUM_FORMAT)
    xr.testing.assert_equal(back, found.to_dataset(np.linspace(0, 5, 6)))
    assert back["Delta"].dims == ("point_0", "point_1", "tau") and back["Delta_error"].shape == (2, 3)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"g": float("nan")}, "g must be finite"),
        ({"sigma_squared": -1.0}, "sigma_squared must not be negative"),
        ({"tol": 0.0}, "the tolerance must lie between 0 and 1"),
        ({"unit": ([1], [1, -1])}, "unstable"),
    ],
)
def test_refusals(wrong, message):
    with pytest.raises(ParameterError, match=message):
        mf.stationary_spectrum(tanh, **({"g": 2.0} | wrong))


def test_kinks_and_widths_beyond_reach_are_refused():
    with pytest.raises(QuadratureError, match="too wide for the self-consistent spectrum with tanh; take a smaller g"):
        mf.stationary_spectrum(tanh, g=200.0)
    with pytest.raises(TransferError, match="analytic in a known strip, got relu"):
        mf.stationary_spectrum(mf.transfer.relu, g=1.0)


def test_a_point_beyond_reach_leaves_the_others_alone(tmp_path):
    found = mf.stationary_spectrum(tanh, g=[1.5, 200.0])
    assert found.Delta_0[0] == mf.stationary_spectrum(tanh, g=1.5).Delta_0
    assert found.status[0].startswith("converged") and "too wide for the self-consistent spectrum" in found.status[1]
    assert np.isnan(found.Delta_0[1]) and np.isnan(found.Delta(1.0)[1]) and np.isinf(found.error["Delta_0"][1])
    found.to_netcdf(tmp_path / "s.nc", [0.0, 1.0])


@pytest.mark.parametrize("name, g", [("tanh", 20.0), ("algebraic", 12.0), ("erf", 20.0)])
def test_strong_coupling(name, g):
    """Laws so wide that the series serves small correlations only, tables the rest."""
    phi = mf.transfer.by_name(name)
    found, exact = mf.stationary_spectrum(phi, g=g), mf.solve(mf.models.by_name("scs").with_transfer(phi), g=g)
    error = abs(found.Delta_0 - exact["Delta_0"])
    assert error <= found.error["Delta_0"] + exact.error["Delta_0"] and error < 1e-10 * exact["Delta_0"]
