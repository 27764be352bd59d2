"""Eigenvalues of sampled networks pass the test beside the theory, and fail it beside a theory that is 5 % wrong."""

import numpy as np
import pytest

import meanfield as mf
from meanfield import transfer
from meanfield.errors import ParameterError
from meanfield.models import kac_rice, rank1_stationary
from meanfield.networks import bind_model
from meanfield.simulate.many_networks import draw, sample_fixed_points, system_of
from meanfield.simulate.overlay import (
    distribution_of,
    extrapolated_test,
    fresh_moduli,
    moduli_of,
    paired_test,
    radial_test,
    typical_moduli,
)


def verdicts(moduli, cdf) -> list[float]:
    """p-values of the theory, and of the theory with all radii 5 % smaller and larger."""
    return [radial_test(moduli, lambda r, f=f: cdf(r / f)).p_value for f in (1.0, 0.95, 1.05)]


def test_spectra_at_the_stationary_state_of_rank_one_networks() -> None:
    """Each network's own fixed point, found from the theory's law; its Jacobian has the rank-one part in it."""
    N, K, parameters = 400, 14, {"g": 1.2, "M_m": 1.0, "M_n": 2.0, "Sigma_m": 0.5}
    state = mf.solve(rank1_stationary.MODEL, **parameters)
    numbers = bind_model(rank1_stationary.MODEL, **parameters)
    moduli = []
    for k in range(K):
        system = system_of(draw(numbers, N, 0, k, fix_moments=True))
        x = state["mu"] + np.sqrt(state["Delta_0"]) * np.random.default_rng(k).normal(size=(1, N))
        moduli.append(abs(mf.find_fixed_points(system.J, system.phi, starts=x).eigenvalues + 1))
    right, smaller, larger = verdicts(moduli, lambda r: state.profile("radial_cdf", r))
    assert right > 0.05
    assert max(smaller, larger) < 0.02


def test_spectra_of_kac_rice_fixed_points() -> None:
    """Matrices with coordinates from mu*: at N = 500 the soft edge is within the spread of eight of them."""
    state = mf.solve(kac_rice.MODEL, g=2.0, D=0.0)
    moduli = typical_moduli(lambda y: state.profile("density", y), 1.1, 2.0, transfer.tanh, 500, 8, seed=2)
    right, smaller, larger = verdicts(moduli, lambda r: state.profile("radial_cdf", r))
    assert right > 0.05
    assert max(smaller, larger) < 0.002


def test_small_matrices_are_told_from_the_limit_but_not_from_their_own_kind() -> None:
    """At N = 40 the soft edge shows (the test is sensitive); beside matrices of the same size it does not."""
    state = mf.solve(kac_rice.MODEL, g=2.0, D=0.0)
    density = lambda y: state.profile("density", y)
    small = typical_moduli(density, 1.1, 2.0, transfer.tanh, 40, 150, seed=3)
    assert radial_test(small, lambda r: state.profile("radial_cdf", r)).p_value < 0.01
    own = distribution_of(typical_moduli(density, 1.1, 2.0, transfer.tanh, 40, 1000, seed=4))
    right, smaller, larger = verdicts(small, own)
    assert right > 0.05
    assert max(smaller, larger) < 0.002


def test_p_values_are_uniform_under_the_hypothesis() -> None:
    """Networks of correlated items: a common shift for each. The usual formula rejects them far too often; this test does not."""
    rng = np.random.default_rng(5)
    grid = np.linspace(-3, 4, 200)
    reference = np.sort(rng.normal(size=200_000) * 0.2 + rng.uniform(size=200_000))
    cdf = distribution_of([reference])
    ours, usual = [], []
    for k in range(200):
        nets = [rng.uniform(size=60) + 0.2 * rng.normal() for _ in range(15)]
        test = radial_test(nets, cdf, r=grid, resamples=300, seed=k)
        ours.append(test.p_value)
        usual.append(test.iid_p_value)
    assert 0.01 < np.mean(np.array(ours) < 0.1) < 0.2
    assert np.mean(np.array(usual) < 0.1) > 0.4


def test_differences_of_order_one_over_N_are_extrapolated_away() -> None:
    rng = np.random.default_rng(6)
    uniform = lambda r: np.clip(r, 0, 1)
    nets = {N: [rng.uniform(size=400) ** (1 - 4 / N) for _ in range(30)] for N in (20, 40, 80)}
    assert radial_test(nets[20], uniform).p_value < 0.01
    together = extrapolated_test(nets, dict.fromkeys(nets, uniform))
    assert together.p_value > 0.05
    wrong = extrapolated_test(nets, dict.fromkeys(nets, lambda r: uniform(r / 1.1)))
    assert wrong.p_value < 0.01


def test_refusals() -> None:
    with pytest.raises(ParameterError, match="at least four"):
        radial_test([np.ones(3)] * 3, np.sqrt)
    with pytest.raises(ParameterError, match="sizes"):
        extrapolated_test({1: [], 2: []}, {1: np.sqrt})


def test_spectra_at_true_fixed_points() -> None:
    """At N = 50 the coordinates of fixed points are not yet spread like mu*; given them, the eigenvalues are where theory has them,
    and 5 % further in or out they are not."""
    g = 2.0
    ensemble = sample_fixed_points(kac_rice.MODEL, neurons=50, networks=12, starts=256, seed=1, workers=1, g=g, D=0.0)
    moduli, fresh = moduli_of(ensemble), fresh_moduli(ensemble, g)
    assert paired_test(moduli, fresh).p_value > 0.05
    for factor in (0.95, 1.05):
        assert paired_test(moduli, [factor * m for m in fresh]).p_value < 0.01
    with pytest.raises(ParameterError, match="as many eigenvalues"):
        paired_test(moduli, fresh[1:])
