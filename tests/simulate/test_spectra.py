"""Eigenvalues of the Jacobian where trajectories end: those of its definition, kept in files, and beside the theory."""

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.networks import Population, bind, bind_model
from meanfield.simulate.field import Field
from meanfield.simulate.overlay import moduli_of, radial_test
from meanfield.simulate.sample import sample
from meanfield.simulate.spectra import jacobian_eigenvalues
from meanfield.transfer.token import X


def test_they_are_those_of_the_derivative_of_the_right_side() -> None:
    """Two populations, mean couplings, a low-rank part and a curved drift, against differences of what the simulation runs."""
    vectors = {("m", "m"): 1, ("n", "n"): 1, ("m", "n"): 0.5}
    populations = (
        Population(mf.transfer.tanh, "a", sp.Rational(1, 2), covariances=vectors),
        Population(mf.transfer.erf, "b", sp.Rational(1, 2), drift=-X - X**3 / 5, covariances=vectors),
    )
    net = sample(bind(mf.Network(populations, [[1, 2], [3, 1]], [[1, -2], [0, 1]], [("m", "n")]), {}), 16, np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(16, 2))
    found = jacobian_eigenvalues(net, x)
    field, step = Field(net, 1), 1e-6
    for b in range(2):
        J = np.empty((16, 16))
        for j in range(16):
            ends = np.empty((2, 16, 1))
            for out, sign in zip(ends, (1, -1)):
                field(x[:, b : b + 1] + sign * step * np.eye(16)[:, j : j + 1], out)
            J[:, j] = (ends[0] - ends[1])[:, 0] / (2 * step)
        np.testing.assert_allclose(np.sort_complex(found[b]), np.sort_complex(np.linalg.eigvals(J)), atol=1e-7)


@pytest.fixture(scope="module")
def resting() -> tuple[mf.Model, dict[str, float], mf.Simulation]:
    model, parameters = mf.models.by_name("rank1-stationary"), {"g": 0.8, "M_m": 1.0, "M_n": 2.0, "Sigma_m": 0.5}
    settings = {"spectrum": True, "trajectories": 1, "transient": 60, "time": 4}
    return model, parameters, mf.simulate(model, neurons=200, networks=8, settings=settings, **parameters)


def test_beside_the_theory(resting) -> None:
    model, parameters, runs = resting
    state = mf.solve(model, **parameters)
    cdf = lambda r: state.profile("radial_cdf", r)
    test = radial_test(moduli_of(runs), cdf)
    assert (test.networks, test.eigenvalues) == (8, 8 * 200)
    assert test.p_value > 0.05
    assert radial_test(moduli_of(runs), lambda r: cdf(r / 1.2)).p_value < 0.002


def test_they_are_kept_in_files(resting, tmp_path: Path) -> None:
    model, parameters, runs = resting
    path = tmp_path / "runs.nc"
    mf.store.save_simulation(runs, path, model)
    again = mf.store.load_simulation(path, bind_model(model, **parameters))
    assert again.settings == runs.settings
    assert all(np.array_equal(again.measured[k].eigenvalues, m.eigenvalues) for k, m in runs.measured.items())
