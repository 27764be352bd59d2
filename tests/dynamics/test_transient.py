"""The two-time equations: exact processes, order of convergence, and their stationary limit."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.special import i0e

import meanfield as mf
from benchmarks.first_order_two_time import euler
from meanfield import store
from meanfield.errors import ParameterError, TransferError

CASES = {case["id"]: case for case in json.loads((Path(__file__).parents[1] / "data" / "fixed_points.json").read_text())["cases"]}
tanh, linear = mf.transfer.tanh, mf.transfer.linear


def bessel(g, t, s):
    """``exp(-t-s) I_0(2 g sqrt(t s))``: the response of two times to a pulse at 0."""
    return i0e(2 * g * np.sqrt(t * s)) * np.exp(2 * g * np.sqrt(t * s) - t - s)


def linear_network(g, sigma_squared, D, variance, t, s):
    """C(t, s) for phi(x) = x, in closed form."""
    value = variance * bessel(g, t, s)
    value += 2 * sigma_squared * quad(lambda u: bessel(g, t - u, s - u), 0, min(t, s), epsabs=1e-13)[0]
    if D:
        value += D * dblquad(lambda u, v: bessel(g, u, v), 0, t, 0, s, epsabs=1e-12)[0]
    return value


@given(st.floats(0, 3), st.sampled_from([0.0, 0.5]), st.floats(0, 3), st.floats(-2, 2), st.floats(-2, 2))
@settings(max_examples=8)
def test_without_connections_x_is_an_ornstein_uhlenbeck_process(sigma_squared, D, variance, mean, M_I):
    run = mf.two_time(
        tanh, g=0, sigma_squared=sigma_squared, D=D, variance=variance, mean=mean, M_I=M_I, duration=2, dt=0.1, every=1
    )
    t, C = run.matrix()
    T, S = np.meshgrid(t, t, indexing="ij")
    exact = variance * np.exp(-T - S) + sigma_squared * (np.exp(-abs(T - S)) - np.exp(-T - S))
    exact += D * (1 - np.exp(-T)) * (1 - np.exp(-S))
    # Without frozen input the process is exact for every step; with it D(t, t) is no polynomial.
    assert np.abs(C - exact).max() < (1e-13 * (1 + exact.max()) if D == 0 else run.error["C"].max()) <= 1e-4 * (1 + D)
    assert np.abs(run.mean - (mean * np.exp(-t) + M_I * (1 - np.exp(-t)))).max() < 1e-13


@pytest.mark.parametrize("g, sigma_squared, D, variance", [(0.8, 0.3, 0.0, 1.0), (0.6, 0.0, 0.5, 0.4), (1.2, 0.2, 0.0, 0.0)])
def test_linear_networks_have_a_closed_form(g, sigma_squared, D, variance):
    run = mf.two_time(linear, g=g, sigma_squared=sigma_squared, D=D, variance=variance, duration=6, dt=0.05, every=1)
    for t, s in ((0.1, 0.05), (0.5, 0.5), (1.0, 0.95), (2.0, 0.3), (6.0, 6.0), (6.0, 5.9), (6.0, 1.0)):
        i, j = round(t / 0.05), round(s / 0.05)
        error = abs(run.C[i, i - j] - linear_network(g, sigma_squared, D, variance, t, s))
        assert error <= run.error["C"][i] < 1e-4, (t, s, error)


@pytest.mark.parametrize("sigma_squared", [0.0, 0.5])
def test_the_order_of_convergence_is_four(sigma_squared):
    exact = linear_network(0.9, sigma_squared, 0.0, 1.0, 2.0, 1.6)
    errors = []
    for dt in (0.05, 0.025, 0.0125):
        run = mf.two_time(linear, g=0.9, sigma_squared=sigma_squared, variance=1.0, duration=2, dt=dt, tol=1e-13)
        errors.append(abs(run.C[-1, round(0.4 / dt)] - exact))
    orders = np.log2(errors[:-1]) - np.log2(errors[1:])
    assert (orders > 3.7).all() and (orders < 4.4).all(), (errors, orders)


def test_covariances_of_a_nonlinear_network_converge_in_order_four_too():
    runs = [mf.two_time(tanh, g=2, sigma_squared=0.5, variance=1.0, duration=4, dt=0.1 / 2**k, tol=1e-13) for k in range(4)]
    rows = [run.C[-1, :: 2**k] for k, run in enumerate(runs)]
    gaps = [np.abs(rows[k] - rows[k + 1]).max() for k in range(3)]
    assert gaps[0] / gaps[1] > 12 and gaps[1] / gaps[2] > 12, gaps


@settings(max_examples=10)
@given(
    st.floats(0, 2.5),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 2),
    st.floats(-1, 1),
    st.sampled_from(["tanh", "erf", "logistic"]),
)
def test_covariances_are_symmetric_and_positive(g, sigma_squared, D, variance, mean, name):
    run = mf.two_time(
        mf.transfer.by_name(name), g=g, sigma_squared=sigma_squared, D=D, variance=variance, mean=mean, duration=3, dt=0.1, every=1
    )
    t, C = run.matrix()
    assert np.array_equal(C, C.T) and np.isfinite(C).all()
    assert np.linalg.eigvalsh(C).min() >= -t.size * run.error["C"].max()


def test_points_of_a_batch_do_not_see_each_other():
    g = np.array([[0.5, 1.5, 2.5]])
    batch = mf.two_time(tanh, g=g, sigma_squared=0.1, variance=[[0.5], [1.0]], duration=3, dt=0.1)
    assert batch.C.shape == (2, 3, 31, 31) and batch.Delta_0.shape == (2, 3, 31)
    one = mf.two_time(tanh, g=2.5, sigma_squared=0.1, variance=1.0, duration=3, dt=0.1)
    assert batch.C[1, 2] == pytest.approx(one.C, abs=1e-9, nan_ok=True)
    assert batch.error["Delta_0"][1, 2] == pytest.approx(one.error["Delta_0"], rel=0.1)


@pytest.mark.slow
def test_chaos_is_reached_and_stays():
    """At dt = 0.05, g = 1.5 and 2, where 1e-4 is asked for; doubling the run changes nothing at 1e-5."""
    chaos = np.array([0.747686380553398067, 1.9248054137370534])
    run = mf.two_time(tanh, g=[1.5, 2.0], variance=[0.75, 1.9], duration=400, dt=0.05, window=60)
    half = run.Delta_0[:, run.t.size // 2]
    error = np.abs(run.Delta_0[:, -1] - chaos)
    assert (np.abs(run.Delta_0[:, -1] - half) < 1e-5).all()
    assert (error < 1e-7).all() and (error <= run.error["Delta_0"][:, -1] + [2e-8, 0]).all(), error
    lags, C = run.autocovariance()
    for tau, value in CASES["scs_tanh_g1.5_k0.0"]["values"]["Delta_tau"].items():
        assert C[0, round(float(tau) / 0.05)] == pytest.approx(value, abs=1e-6)
    # How long it takes: a continuum of modes above gamma = 2 (1 - sqrt(1 - k^2)) leaves A t^-1.5 exp(-gamma t).
    k = mf.solve(mf.models.by_name("scs"), g=[1.5, 2.0])["decay_rate"]
    t = np.array([100, 120, 150])
    transient = run.Delta_0[:, np.round(t / 0.05).astype(int)] - chaos[:, None]
    amplitude = transient * t**1.5 * np.exp(2 * (1 - np.sqrt(1 - k[:, None] ** 2)) * t)
    assert amplitude == pytest.approx(np.array([-5.0, -5.5])[:, None] * np.ones(3), rel=0.03)


def test_noise_is_met_a_thousand_times_closer_than_by_a_first_order_scheme():
    """At dt = 0.05, g = 1.5 and 2: Euler's method is off by 1e-2 because of the kink on the diagonal."""
    exact = mf.solve(mf.models.by_name("scs"), g=[1.5, 2.0], sigma_squared=0.5)["Delta_0"]
    run = mf.two_time(tanh, g=[1.5, 2.0], sigma_squared=0.5, variance=exact, duration=70, dt=0.05, window=25)
    error = np.abs(run.Delta_0[:, -1] - exact)
    assert (error < 2e-6).all(), error
    for g, variance in zip((1.5, 2.0), exact):
        for consistent in (False, True):
            first = euler(g, 0.5, variance, 25.0, 0.05, consistent)
            assert abs(first[-1] - first[-100]) < 3e-3 and 5e-3 < abs(first[-1] - variance) < 2e-2


def test_noise_driven_states():
    cases = [CASES[name] for name in ("scs_tanh_g0.5_k0.5", "scs_tanh_g2_k1.0")]
    given = {k: [c["parameters"][k] for c in cases] for k in ("g", "sigma_squared")}
    run = mf.two_time(tanh, **given, variance=2.0, duration=60, dt=0.1, window=30)
    exact = [float(c["values"]["Delta_0"]) for c in cases]
    assert (np.abs(run.Delta_0[:, -1] - exact) <= run.error["Delta_0"][:, -1]).all() and run.error["Delta_0"].max() < 1e-3
    _, C = run.autocovariance()
    for row, claim, case in zip(C, run.error["C"][:, -1], cases):
        for tau, value in case["values"]["Delta_tau"].items():
            assert abs(row[round(float(tau) / 0.1)] - value) <= claim < 1e-4


def test_frozen_input_and_structure():
    """The states of the rank-one models are where transients end: one stationary, one chaotic."""
    held = {"M_m": 1.0, "Sigma_m": 1.0}
    still = mf.two_time(tanh, g=0.8, M_n=1.5, **held, mean=1.0, variance=1.0, duration=60, dt=0.1, window=20)
    state = mf.solve(mf.models.by_name("rank1-stationary"), g=0.8, M_n=1.5, **held)
    assert still.mean[-1] == pytest.approx(state["mu"], abs=1e-10)
    assert still.Delta_0[-1] == pytest.approx(state["Delta_0"], abs=1e-10)
    assert still.C[-1, -1] == pytest.approx(state["Delta_0"], abs=1e-8)

    moving = mf.two_time(tanh, g=2.1, M_n=2.5, **held, mean=0.6, variance=3.0, duration=80, dt=0.1, window=40)
    state = mf.solve(mf.models.by_name("rank1-chaotic"), g=2.1, M_n=2.5, **held)
    assert moving.mean[-1] == pytest.approx(state["mu"], abs=1e-5)
    assert moving.Delta_0[-1] == pytest.approx(state["Delta_0"], abs=1e-5)
    assert moving.C[-1, -1] == pytest.approx(state["Delta_inf"], abs=2e-2)  # at a lag of 40


def test_finite_networks():
    """Six networks of 500 neurons, 16 trajectories each: variances and a covariance within their standard errors of the theory."""
    g, noise, size, dt, steps = 2.0, 0.3, 500, 0.05, 80
    rng = np.random.default_rng(4)
    decay, kick = np.exp(-dt), np.sqrt(noise * (1 - np.exp(-2 * dt)))
    measured = []
    for _ in range(6):
        J = rng.normal(0, g / np.sqrt(size), (size, size))
        x = [rng.normal(size=(size, 16))]
        for _ in range(steps):
            drive = J @ np.tanh(x[-1])
            ahead = decay * x[-1] + (1 - decay) * drive
            bend = J @ np.tanh(ahead) - drive
            x.append(ahead + (1 - (1 - decay) / dt) * bend + kick * rng.normal(size=(size, 16)))
        measured.append([np.mean(x[i] * x[j]) for i, j in ((20, 20), (40, 40), (80, 80), (80, 40))])
    run = mf.two_time(tanh, g=g, sigma_squared=noise, variance=1.0, duration=steps * dt, dt=dt, every=1)
    theory = [run.Delta_0[20], run.Delta_0[40], run.Delta_0[80], run.C[80, 40]]
    error = np.std(measured, axis=0, ddof=1) / np.sqrt(6)
    assert (error < 0.04 * np.array(theory)).all() and (np.abs(np.mean(measured, axis=0) - theory) < 4 * error).all()


def test_a_window_changes_little_and_says_how_much():
    all_of_it = mf.two_time(tanh, g=2, sigma_squared=0.5, variance=1.0, duration=40, dt=0.1)
    windowed = mf.two_time(tanh, g=2, sigma_squared=0.5, variance=1.0, duration=40, dt=0.1, window=12)
    assert windowed.C.shape[1] == 121 and not np.isnan(windowed.C[-1]).any()
    assert abs(windowed.Delta_0[-1] - all_of_it.Delta_0[-1]) <= windowed.error["Delta_0"][-1]
    assert np.abs(windowed.C[-1] - all_of_it.C[-1, :121]).max() <= windowed.error["C"][-1]


def test_every_so_many_rows_are_kept():
    run = mf.two_time(tanh, g=1.5, variance=1.0, duration=4, dt=0.1, every=7)
    whole = mf.two_time(tanh, g=1.5, variance=1.0, duration=4, dt=0.1)
    assert run.kept.tolist() == [5, 12, 19, 26, 33, 40] and np.array_equal(run.C, whole.C[run.kept], equal_nan=True)
    t, C = run.matrix()
    assert np.allclose(C, whole.matrix()[1][np.ix_(run.kept, run.kept)], rtol=0, atol=0) and t[-1] == 4
    assert np.array_equal(run.autocovariance(2.0)[1], run.C[2], equal_nan=True)


def test_there_and_back(tmp_path):
    run = mf.two_time(tanh, g=[0.5, 1.5], variance=1.0, duration=2, dt=0.1)
    run.to_netcdf(tmp_path / "run.nc")
    back = store.load(tmp_path / "run.nc", expect=store.TWO_TIME_FORMAT)
    xr.testing.assert_equal(back, run.to_dataset())
    assert back["C"].dims == ("point", "kept", "lag") and back["g"].values.tolist() == [0.5, 1.5]
    assert back.attrs["parameter_variance"] == 1.0 and back.attrs["transfer"] == "tanh"


def test_progress_is_told():
    seen = []
    mf.two_time(tanh, g=1, variance=1, duration=20, dt=0.1, progress=lambda done, total, text: seen.append((done, total)))
    assert seen[0] == (0, 200) and seen[-1] == (200, 200)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"g": float("nan")}, "g must be finite"),
        ({"sigma_squared": -1}, "sigma_squared must not be negative, got -1"),
        ({"variance": -0.1}, "variance must not be negative"),
        ({"g": "two"}, "g must be a number"),
        ({"dt": 0.5}, "dt must be at most 0.25"),
        ({"dt": float("nan")}, "dt must be a positive number"),
        ({"dt": 0.25, "g": 5.0, "variance": 1e-3}, "implicit step of dt = .* does not converge"),
        ({"duration": 0.1}, "at least 8 steps"),
        ({"window": 0.5}, "the window must be at least 2"),
        ({"every": 0}, "every must be a positive number of steps"),
        ({"g": [1, 2], "D": [1, 2, 3]}, r"do not broadcast: g \(2,\), D \(3,\)"),
        ({"duration": 1e4, "every": 1}, "keep fewer rows"),
    ],
)
def test_refusals(wrong, message):
    with pytest.raises(ParameterError, match=message):
        mf.two_time(tanh, **({"g": 1.0, "variance": 1.0, "duration": 2} | wrong))


def test_transfer_functions_with_kinks_are_refused_and_divergence_is_told():
    with pytest.raises(TransferError, match="smooth transfer function, got relu"):
        mf.two_time(mf.transfer.relu, g=1.0, variance=1.0, duration=2)
    with pytest.raises(ParameterError, match="grows beyond all bounds"):
        mf.two_time(linear, g=3.0, variance=1.0, duration=30, dt=0.1, window=10)


def test_a_point_that_runs_away_leaves_the_others_alone():
    run = mf.two_time(linear, g=[0.5, 3.0, 0.9], variance=1.0, duration=20, dt=0.1)
    alone = mf.two_time(linear, g=[0.5, 0.9], variance=1.0, duration=20, dt=0.1)
    assert np.allclose(run.Delta_0[[0, 2]], alone.Delta_0, rtol=0, atol=1e-9)
    assert np.allclose(run.error["C"][[0, 2]], alone.error["C"], rtol=1e-3, atol=1e-9)
    assert run.status.tolist()[::2] == ["ran to the end"] * 2 and "grows beyond all bounds (at t = " in run.status[1]
    last = np.isfinite(run.Delta_0[1]).sum()
    assert (
        10 < last < 200
        and np.isinf(run.error["Delta_0"][1, last:]).all()
        and np.isfinite(run.error["Delta_0"][1, : last - 2]).all()
    )
    assert run.to_dataset()["status"].values.tolist() == run.status.tolist()


def test_steps_that_are_too_long_are_told_point_by_point():
    run = mf.two_time(tanh, g=[1.0, 5.0], variance=[1.0, 1e-3], duration=4, dt=0.25)
    assert run.status[0] == "ran to the end" and "implicit step of dt = 0.25 does not converge at g = 5" in run.status[1]
    half = mf.two_time(tanh, g=[1.0, 5.0], variance=[1.0, 1e-3], duration=4, dt=0.125)
    assert half.status[1].startswith("ran to the end, but no error is claimed") and np.isfinite(half.Delta_0).all()
    assert np.isinf(half.error["Delta_0"][1]).all() and half.error["Delta_0"][0].max() < 1e-3


def test_a_point_without_comparison_is_told_of_alone_as_in_a_batch():
    """Only its run of twice the step stops. Where none of a batch is left, that is an error, as for a single one."""
    asked = {"variance": 1e-3, "duration": 4, "dt": 0.125}
    for alone in (mf.two_time(tanh, g=5.0, **asked), mf.two_time(tanh, g=5.0, **asked, window=2.5)):
        assert str(alone.status).startswith("ran to the end, but no error is claimed: with twice the step the implicit step")
        assert np.isfinite(alone.Delta_0).all() and all(np.isinf(e).all() for e in alone.error.values())
    batch = mf.two_time(tanh, g=[1.0, 5.0], **asked)
    assert batch.status[1] == str(mf.two_time(tanh, g=5.0, **asked).status)
    with pytest.raises(ParameterError, match="implicit step of dt = 0.25 does not converge at g = 5"):
        mf.two_time(tanh, g=[5.0, 6.0], **(asked | {"dt": 0.25}))
