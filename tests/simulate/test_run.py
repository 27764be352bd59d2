"""Whole simulations against results that need no mean-field theory; reproducibility; interruption."""

import tracemalloc
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov

import meanfield as mf
from meanfield.errors import ModelError, ParameterError
from meanfield.networks import bind, network
from meanfield.progress import CallbackProgress
from meanfield.simulate import Settings, Simulation, Start, simulate
from meanfield.simulate.run import _Run, run, run_network
from meanfield.simulate.sample import sample, streams
from meanfield.simulate.settings import default_interval, memory, settings_of


def plan(net: mf.Network, networks: int, **settings: Any) -> Simulation:
    return Simulation(bind(net, {}), Settings(**settings), networks)


def identical(a: Simulation, b: Simulation) -> bool:
    return a.measured.keys() == b.measured.keys() and all(
        np.array_equal(x, y, equal_nan=True) for k in a.measured for x, y in zip(astuple(a.measured[k]), astuple(b.measured[k]))
    )


def test_noise_alone_is_an_ornstein_uhlenbeck_process() -> None:
    settings = Settings(neurons=500, trajectories=10, time=60, transient=15, dt=0.5, lags=(0.0, 1.0, 2.0))
    m = run_network(bind(network(mf.transfer.tanh, sigma_squared=0.7), {}), settings, 0)
    lagged = m.lagged[0].mean(axis=1)
    # 5000 independent processes, each with about time / correlation time samples.
    error = 0.7 * np.sqrt(2 / (5000 * 60))
    np.testing.assert_allclose(lagged, 0.7 * np.exp([0.0, -1.0, -2.0]), rtol=0, atol=4 * error)
    assert lagged[0] == pytest.approx(m.mean_square.mean(), rel=1e-12)


def test_a_linear_network_has_the_covariance_of_its_lyapunov_equation() -> None:
    numbers = bind(network(mf.transfer.linear, strength=0.7, sigma_squared=0.5), {})
    settings = Settings(neurons=40, trajectories=300, time=40, transient=20, dt=0.1, lags=(0.0, 1.0, 3.0))
    J = sample(numbers, 40, streams(0, 40, 0).structure).random
    A = J - np.eye(40)
    C = solve_continuous_lyapunov(A, -2 * 0.5 * np.eye(40))
    m = run_network(numbers, settings, 0)
    lagged = m.lagged[0]
    expected = [np.trace(expm(A * tau) @ C) / 40 for tau in (0.0, 1.0, 3.0)]
    error = lagged.std(axis=1, ddof=1) / np.sqrt(300)
    # The scheme's own bias is below 3e-3 at this step (test_integrators).
    assert (np.abs(lagged.mean(axis=1) - expected) < 4 * error + 3e-3 * expected[0]).all()
    assert (error < 0.01 * expected[0]).all()


def test_the_frozen_part_of_the_variance_is_unbiased() -> None:
    frozen = network(mf.transfer.tanh, sigma_squared=0.5, covariances={("I", "I"): 0.3})
    settings = Settings(neurons=400, trajectories=6, time=8, transient=10, dt=0.25)
    m = run_network(bind(frozen, {}), settings, 0)
    B = 6
    average = (m.overlaps[0][:B, :B] + m.overlaps[0][:B, B:] + m.overlaps[0][B:, :B] + m.overlaps[0][B:, B:]) / 4
    pairs = average[~np.eye(B, dtype=bool)]
    # Averages over 8 time units of a process of variance 1/2 still fluctuate: one trajectory alone would give 0.3 + 0.11.
    assert average.diagonal().mean() > 0.38
    assert pairs.mean() == pytest.approx(0.3, abs=0.02)


def test_without_random_couplings_the_overlap_obeys_its_own_equation() -> None:
    """With g = 0 a fixed point is ``x = kappa m`` with ``kappa = n . phi(kappa m) / N`` for the vectors that were drawn."""
    model = mf.models.by_name("rank1-stationary")
    result = simulate(
        model, neurons=200, networks=2, settings={"start": Start(1.0, 1.0, (1.0,))}, g=0, M_m=1, M_n=2, Sigma_m=0.5, Sigma_n=0.3
    )
    for k, m in result.measured.items():
        net = sample(result.numbers, 200, streams(0, 200, k).structure)
        kappa = float(m.kappa[0, 0])
        assert kappa == pytest.approx(float(net.vectors["n"] @ np.tanh(kappa * net.vectors["m"])) / 200, abs=1e-9)
        assert kappa > 1
        assert m.speed[0] < 1e-10
        np.testing.assert_allclose(m.fluctuation, 0, atol=1e-12)


def test_the_lyapunov_exponent_of_a_linear_network_is_its_leading_eigenvalue() -> None:
    numbers = bind(network(mf.transfer.linear, strength=0.8), {})
    for k in (0, 1):
        eigenvalues = np.linalg.eigvals(sample(numbers, 30, streams(0, 30, k).structure).random - np.eye(30))
        m = run_network(numbers, Settings(neurons=30, trajectories=2, transient=40, time=100, lyapunov=True), k)
        np.testing.assert_allclose(m.lyapunov, eigenvalues.real.max(), atol=0.03)


def test_every_network_is_the_same_whatever_else_is_run() -> None:
    net = network(mf.transfer.tanh, strength=2, sigma_squared=0.3)
    settings = {"neurons": 40, "trajectories": 2, "time": 5, "transient": 2, "dt": 0.1, "seed": 5}
    whole = run(plan(net, 3, **settings), CallbackProgress(lambda *_: None))
    again = run(plan(net, 3, **settings), CallbackProgress(lambda *_: None))
    alone = run_network(whole.numbers, whole.settings, 2)
    other = run(plan(net, 3, **{**settings, "seed": 6}), CallbackProgress(lambda *_: None))
    assert identical(whole, again)
    assert np.array_equal(alone.mean_square, whole.measured[2].mean_square)
    assert not identical(whole, other)


def test_an_interrupt_keeps_what_is_finished_and_resuming_gives_what_would_have_been() -> None:
    model = mf.models.by_name("scs")
    asked = {"neurons": 40, "settings": {"time": 10, "transient": 5, "trajectories": 2}, "g": 2}
    saved = []

    def stop(done: int, total: int | None, text: str) -> None:
        if done > 60:  # of 50 for each network
            raise KeyboardInterrupt

    part = simulate(model, networks=3, progress=stop, finished=saved.append, **asked)
    assert list(part.measured) == [0]
    assert not part.complete
    assert identical(saved[-1], part)
    whole = simulate(model, networks=3, **asked)
    assert identical(simulate(model, networks=3, resume=part, **asked), whole)
    assert whole.complete
    with pytest.raises(ParameterError, match="cannot resume"):
        simulate(model, networks=3, resume=part, **{**asked, "g": 2.5})


def test_networks_that_run_away_say_so() -> None:
    model = mf.models.by_name("rank1-stationary").with_transfer(mf.transfer.relu)
    result = simulate(model, neurons=50, networks=1, settings={"time": 500}, g=3, M_m=1, M_n=2)
    assert result.measured[0].diverged


def test_single_precision_changes_averages_by_no_more_than_rounding() -> None:
    """The same network at rest, in both precisions."""
    model = mf.models.by_name("rank1-stationary")
    values = []
    for precision in ("float64", "float32"):
        numbers = mf.networks.bind_model(model, g=0.8, M_m=1, M_n=2, Sigma_m=1)
        settings = Settings(neurons=120, precision=precision, start=Start(1.0, 2.0, (1.0,)))
        net = sample(numbers, 120, streams(1, 120, 0).structure)  # drawn in float64, run in either
        cast = replace(
            net,
            random=net.random.astype(settings.dtype),
            left=net.left.astype(settings.dtype),
            right=net.right.astype(settings.dtype),
            vectors={k: v.astype(settings.dtype) for k, v in net.vectors.items()},
        )
        m = _Run(cast, settings, streams(1, 120, 0), CallbackProgress(lambda *_: None)).go()
        values.append([m.mean_square[0, 0], m.kappa[0, 0], m.mean_square_phi[0, 0]])
    np.testing.assert_allclose(values[1], values[0], rtol=2e-5)


@pytest.mark.parametrize("more", [{}, {"orthogonal": True}, {"spectrum": True}, {"method": "DOP853"}, {"trajectories": 60}])
def test_memory_is_bounded_as_stated(more: dict[str, Any]) -> None:
    net = network(mf.transfer.tanh, strength=2, low_rank=[("m", "n")], means={"m": 1, "n": 1}, covariances={("m", "m"): 1})
    numbers = bind(net, {})
    settings = Settings(**{"neurons": 300, "trajectories": 8, "time": 20, "transient": 2, "lags": (5.0,), "lyapunov": True} | more)
    run_network(numbers, replace(settings, neurons=30), 0)  # what is imported at first use is not counted
    tracemalloc.start()
    run_network(numbers, settings, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < memory(numbers, settings) < 2.5 * peak
    with pytest.raises(ParameterError, match="more than the limit"):
        simulate(mf.models.by_name("scs"), neurons=300, memory_limit=1e5, g=2)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ParameterError, match="dt must be positive"):
        Settings(neurons=10, dt=0)
    numbers = bind(network(mf.transfer.linear, strength=0.8), {})
    with pytest.raises(ParameterError, match="dt must be at most the time between two samples, 0.5, got 10"):
        settings_of(numbers, 10, {"dt": 10.0})
    assert settings_of(numbers, 10, {"dt": 10.0, "interval": 20.0, "time": 100.0}).step == 10
    assert settings_of(numbers, 10, {"dt": 0.5, "lags": (0.3,)}).step == 0.3
    assert settings_of(numbers, 10, {"lags": 2.0}).lags == (2.0,)
    with pytest.raises(ParameterError, match="neurons must be a whole number, at least 1"):
        Settings(neurons=0)
    with pytest.raises(ParameterError, match="lags must lie"):
        Settings(neurons=10, lags=(300.0,))
    with pytest.raises(ModelError, match=r"network=mf.network\("):
        simulate(mf.models.by_name("scs").changed(network=None), neurons=10, g=2)


@pytest.mark.parametrize("method", ["RK45", "DOP853"])
def test_integrators_of_scipy_follow_the_same_trajectories(method: str) -> None:
    """While trajectories have not yet forgotten where they began, all methods agree to their accuracy."""
    numbers = bind(network(mf.transfer.tanh, strength=1.5, covariances={("I", "I"): 0.5}), {})
    short = {"neurons": 30, "trajectories": 2, "transient": 2, "time": 4, "lyapunov": True, "spectrum": True}
    fine = run_network(numbers, Settings(dt=0.005, **short), 0)
    rough = run_network(numbers, Settings(dt=0.5, **short), 0)
    m = run_network(numbers, Settings(method=method, accuracy=1e-9, **short), 0)
    for name in ("mean_square", "mean_dphi", "overlaps", "speed", "lyapunov"):
        np.testing.assert_allclose(getattr(m, name), getattr(fine, name), rtol=2e-7)
    np.testing.assert_allclose(np.sort_complex(m.eigenvalues), np.sort_complex(fine.eigenvalues), atol=1e-6)
    assert abs(rough.mean_square - fine.mean_square).max() > 1e-6  # and it is their accuracy, not that of dt


def test_integrators_of_scipy_report_what_runs_away_and_refuse_noise() -> None:
    runaway = bind(network(mf.transfer.linear, strength=4.0), {})
    assert run_network(runaway, Settings(neurons=20, method="DOP853", time=900, transient=0), 0).diverged
    noisy = bind(network(mf.transfer.tanh, sigma_squared=0.1), {})
    with pytest.raises(ParameterError, match="noise needs steps of fixed length"):
        run_network(noisy, Settings(neurons=20, method="DOP853"), 0)
    with pytest.raises(ParameterError, match="RK23, RK45, DOP853; got 'DOP853' with float32"):
        Settings(neurons=20, method="DOP853", precision="float32")
    with pytest.raises(ParameterError, match="got 'Euler'"):
        Settings(neurons=20, method="Euler")


def test_lags_between_samples_are_not_rounded() -> None:
    """A lag of 0.3 at samples every 0.5 was measured at 0.5, and told as one of 0.3."""
    with pytest.raises(ParameterError, match="multiples of the interval"):
        Settings(neurons=10, lags=(0.3,))
    settings = {"trajectories": 10, "time": 60, "transient": 15, "lags": (0.3, 0.75)}
    result = simulate(network(mf.transfer.tanh, sigma_squared=0.7), neurons=500, networks=1, settings=settings)
    assert result.settings.interval == pytest.approx(0.15) and result.settings.step <= 0.1
    lagged = result.measured[0].lagged[0].mean(axis=1)
    np.testing.assert_allclose(lagged, 0.7 * np.exp([-0.3, -0.75]), rtol=0, atol=4 * 0.7 * np.sqrt(2 / (5000 * 60)))


def test_intervals_between_samples_divide_all_lags() -> None:
    for lags, interval in (((), 0.5), ((1.0, 2.0), 0.5), ((0.3,), 0.3), ((np.sqrt(2),), np.sqrt(2) / 3), ((0.4, 1.0), 0.2)):
        assert default_interval(lags) == pytest.approx(interval, rel=1e-12)
    with pytest.raises(ParameterError, match="multiples of one time"):
        default_interval((1.0, np.sqrt(2)))


def test_no_step_is_longer_than_asked_for() -> None:
    for dt in (0.05, 0.1, 0.3, 0.4, 0.5, 0.7):
        assert Settings(neurons=10, dt=dt).step <= dt
    assert Settings(neurons=10, dt=0.1).stride == 5


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"time_step": 0.1}, "no setting 'time_step'"),
        ({"lag": (1.0,)}, 'did you mean "lags"'),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"start": 3}, "start must be a Start"),
        ({"trajectories": 2.5}, "trajectories must be a whole number"),
        ({"time": "long"}, "time must be positive, got 'long'"),
        ({"transient": "none"}, "transient must not be negative, got 'none'"),
    ],
)
def test_settings_are_checked_by_name_and_kind(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        simulate(mf.models.by_name("scs"), neurons=20, networks=1, settings=more, g=2)


@pytest.mark.parametrize("networks", [0, -1, 1.5])
def test_a_number_of_networks_is_positive_and_whole(networks: Any) -> None:
    with pytest.raises(ParameterError, match="networks must be a positive whole number"):
        simulate(mf.models.by_name("scs"), neurons=20, networks=networks, g=2)
