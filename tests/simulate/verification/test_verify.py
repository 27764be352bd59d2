"""Theory beside networks of 250, 500 and 1000 neurons: right theories pass, wrong ones do not, and what cannot be told is said."""

from dataclasses import replace
from functools import cache
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.errors import ModelError, NoSolution, ParameterError
from meanfield.simulate import Start
from meanfield.simulate.verification import Verdict, verify
from meanfield.simulate.verification.states import classify, states_of
from tests.simulate.verification.misprints import CHAOTIC, SHORT, STATIONARY


@cache
def chaotic() -> mf.Verification:
    return verify(mf.models.by_name("rank1-input-chaotic"), networks=14, settings=SHORT, **CHAOTIC)


def assert_passes(result: mf.Verification, names: set[str]) -> None:
    assert result.passed, str(result)
    assert {c.name for c in result.comparisons} == names
    assert all(abs(c.z) < 4 and c.share <= 0.03 for c in result.comparisons)
    assert list(result.neurons) == [250, 500, 1000]


MOMENTS = {"Delta_0", "mean_square_phi", "mean_dphi", "mean_dphi2", "bulk_radius"}


def test_the_chaotic_network_passes() -> None:
    assert_passes(verify(mf.models.by_name("scs"), networks=7, settings=SHORT, g=2), MOMENTS)


def test_the_network_with_noise_passes_and_its_step_is_allowed_for() -> None:
    result = verify(mf.models.by_name("scs"), networks=3, settings=SHORT, g=2, sigma_squared=0.5)
    assert_passes(result, MOMENTS)
    assert 0 < result["Delta_0"].step_error < 0.003
    assert abs(result["Delta_0"].step) < 0.01


def test_the_stationary_rank_one_network_with_input_passes() -> None:
    result = verify(mf.models.by_name("rank1-input-stationary"), networks=4, **STATIONARY)
    assert_passes(result, {"mu", "kappa", "Delta_0", "mean_phi", "bulk_radius"})
    assert all(set(c) == {"in the state"} for c in result.counts)


def test_the_chaotic_rank_one_network_with_input_passes() -> None:
    result = chaotic()
    assert_passes(result, {"mu", "kappa", "Delta_0", "Delta_inf", "mean_phi", "bulk_radius"})
    assert result.skipped == ["Delta_T"]
    # Some of the smallest networks come to rest, and what leaving them out may shift is an error: with N = 100, 200 and 400, of
    # which 42, 13 and 2 % come to rest, the right theory had failed with z = 6.
    assert set(result.counts[0]) == {"in the state", "at rest, where the theory fluctuates"}
    assert "trajectories left out" in result.note and "of N = 250" in result.note
    assert result["Delta_inf"].step_error > 0.5 * result["Delta_inf"].limit.standard_error


def test_networks_on_the_other_side_of_the_onset_of_chaos_are_told_and_left_out() -> None:
    near = {**CHAOTIC, "g": 2.5, "M_n": 0.5, "M_I": 0.3, "Sigma_perp": 1.4, "Sigma_nI": 0.5, "Sigma_n": 1}
    result = verify(mf.models.by_name("rank1-input-chaotic"), neurons=(50, 100, 200), networks=4, settings=SHORT, **near)
    resting = [counts["at rest, where the theory fluctuates"] for counts in result.counts]
    assert resting[0] > 0
    assert result.used[0] < result.networks[0]
    assert result.used[0] * 2 >= result.counts[0]["in the state"]


def test_too_few_networks_are_inconclusive_not_a_pass() -> None:
    settings = {**SHORT, "lags": (2.0,), "lyapunov": True}
    result = verify(mf.models.by_name("scs"), neurons=(50, 100, 200), networks=3, settings=settings, g=2)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert {c.name for c in result.comparisons} == MOMENTS | {"Delta(2)", "lambda_max"}
    assert all(abs(c.z) < 4 for c in result.comparisons)
    assert result["Delta(2)"].theory == pytest.approx(1.69965984, abs=1e-8)
    assert result["lambda_max"].theory == pytest.approx(0.11245811, abs=1e-8)


@pytest.mark.parametrize("change", [lambda model: model, lambda model: model.asking("lambda_max")], ids=["on request", "indicator"])
@pytest.mark.parametrize("name", ["rank1-chaotic", "rank1-input-chaotic"])
def test_the_exponent_of_a_model_is_the_one_that_is_compared(name, change) -> None:
    """It was made anew from the motion, in other unknowns, and "the name 'lambda_max' is used for two quantities"."""
    model, settings = mf.models.by_name(name), {"time": 5, "transient": 5, "lags": (2.0,), "lyapunov": True}
    at = CHAOTIC if "input" in name else {"g": 3, "M_m": 1, "M_n": 2.5, "Sigma_m": 1}
    result = verify(change(model), neurons=(60, 90, 120), networks=4, settings=settings, **at)
    state = mf.solve(model, **at)
    assert result["lambda_max"].theory == pytest.approx(state["lambda_max"], rel=1e-8)
    assert result["Delta(2)"].theory == pytest.approx(mf.autocovariance(state, [2.0])[0][0], rel=1e-8)


def test_a_theory_of_another_network_fails() -> None:
    model = mf.models.by_name("rank1-input-stationary")
    g, variance = mf.parameter("g", nonnegative=True), mf.parameter("Sigma_I_squared", nonnegative=True)
    parameters = {"g": 0.5, "M_m": 0, "M_n": 0, "Sigma_I_squared": 0.5}
    right = mf.network(mf.transfer.tanh, strength=g, covariances={("I", "I"): variance})
    result = verify(model.changed(network=right), neurons=(50, 100, 200), networks=6, quantities=["Delta_0"], **parameters)
    assert result.verdict is Verdict.PASS
    stronger = mf.network(mf.transfer.tanh, strength=1.2 * g, covariances={("I", "I"): variance})
    result = verify(model.changed(network=stronger), neurons=(50, 100, 200), networks=6, quantities=["Delta_0"], **parameters)
    assert result.verdict is Verdict.FAIL


def test_mirror_images_count_as_the_state_and_other_states_do_not() -> None:
    model = mf.models.by_name("rank1-stationary")
    result = verify(model, neurons=(50, 100, 200), networks=6, settings={"start": Start()}, g=0.5, M_m=1, M_n=2)
    assert result.counts[0]["in its mirror image"] > 10
    assert result.counts[0]["in the state"] > 10
    assert abs(result["kappa"].z) < 4


def test_coexisting_states_are_told_apart() -> None:
    model = mf.models.by_name("rank1-input-stationary")
    away = {"start": Start(-1.3, 1.0, (-1.4,))}
    parameters = {"g": 0.8, "M_m": 1, "M_n": 2, "Sigma_m": 0.5, "M_I": 0.05}
    states = mf.solve(model, find="all", **parameters)
    upper = max(range(len(states)), key=lambda k: states[k]["kappa"])
    result = verify(model, neurons=(50, 100, 200), networks=4, state=upper, settings=away, **parameters)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "too few networks are in the state" in result.why
    assert all("in another state (rank1-input-stationary: mu = -1.366" in words for counts in result.counts for words in counts)


def test_what_makes_no_sense_is_refused() -> None:
    scs = mf.models.by_name("scs")
    with pytest.raises(ParameterError, match="at least three different sizes"):
        verify(scs, neurons=(100, 200), g=2)
    with pytest.raises(ParameterError, match="networks must be"):
        verify(scs, networks=1, neurons=(100, 101, 102), g=2)
    with pytest.raises(NoSolution, match="nothing to verify: .*x = 0 is the only state"):
        verify(scs, g=0.5)
    with pytest.raises(ParameterError, match="state must be from 0 to 0"):
        verify(scs, state=3, g=2)
    with pytest.raises(ParameterError, match="networks do not show 'phi'"):
        verify(scs, neurons=(20, 30, 40), networks=3, quantities=["phi"], settings={"time": 2, "transient": 0}, g=2)
    with pytest.raises(ModelError, match="no equation of motion"):
        verify(mf.models.by_name("rank1-stationary"), settings={"lyapunov": True}, g=0.5, M_m=1, M_n=2)
    with pytest.raises(ModelError, match=r"network=mf.network\("):
        verify(scs.changed(network=None), g=2)


def _excitation_and_inhibition(names: tuple[str, str]) -> mf.Model:
    g, w, k, b = mf.parameters("g w k b", nonnegative="g w k")
    phi, E = mf.transfer.logistic, mf.average
    mu = [mf.unknown(f"mu_{a}") for a in names]
    Delta = [mf.unknown(f"Delta_0_{a}", nonnegative=True) for a in names]
    r, q = ([E(phi(mf.gaussian("x", mean=m, var=v)) ** n) for m, v in zip(mu, Delta, strict=True)] for n in (1, 2))
    half, drive, spread = sp.Rational(1, 2), w * (r[0] - k * r[1]), g**2 * (q[0] + q[1])
    populations = (mf.Population(phi, "E", fraction=half, means={"I": b}), mf.Population(phi, "I", fraction=half))
    net = mf.Network(populations, [[2 * g**2] * 2] * 2, [[2 * w, -2 * w * k]] * 2)
    equations = {mu[0]: drive + b, mu[1]: drive, Delta[0]: spread, Delta[1]: spread}
    return mf.Model("EI", equations=equations, observables={"r_E": r[0], "rate of I": r[1]}, network=net)


@pytest.mark.parametrize("names", [("E", "I"), ("1", "2")])
def test_populations_are_known_by_name_or_number(names) -> None:
    """Only mu_1, Delta_0_1, ... had been known, which was said nowhere; inconclusive had no reason."""
    model = _excitation_and_inhibition(names)
    settings = {"time": 8, "transient": 8}
    result = verify(model, neurons=(40, 80, 160), networks=4, settings=settings, g=0.5, w=1.5, k=0.8, b=1.0)
    first, second = names
    assert [c.name for c in result.comparisons] == [
        f"mu_{first}", f"mu_{second}", f"Delta_0_{first}", f"Delta_0_{second}", "r_E", "rate of I"
    ]  # fmt: skip
    assert not result.skipped and all(abs(c.z) < 4 for c in result.comparisons)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert f"the standard error of Delta_0_{first} is" in result.reason and "take more networks" in str(result)


def test_trajectories_of_populations_are_told_apart() -> None:
    """mu of the first population alone had been looked at, by a name that no such theory has: all states were at distance 0."""
    model = _excitation_and_inhibition(("E", "I"))
    states = states_of(model, {"g": 0.5, "w": 1.5, "k": 0.8, "b": 1.0})
    (here,) = states
    assert here.values["mu_1"] == here.values["mu_E"] and here.values["Delta_0_2"] == here.values["Delta_0_I"]
    other = replace(here, values={**here.values, "mu_2": here.values["mu_2"] + 5})
    mean = np.array([[here.values["mu_1"]] * 2, [here.values["mu_2"], here.values["mu_2"] + 5]])
    square = mean**2 + np.array([[here.values["Delta_0_1"]], [here.values["Delta_0_2"]]])
    still = SimpleNamespace(speed=np.zeros(2), diverged=False, mean=mean, mean_square=square, kappa=np.zeros((0, 2)))
    calm = SimpleNamespace(sigma_squared=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("meanfield.simulate.verification.states"), "at_rest", lambda m, least: np.ones(2, bool))
        where = classify(still, calm, here, [here, other])
    assert where.inside.tolist() == [True, False]
