"""Fixed points of random networks beside the Kac-Rice theory, at a size that fits a test."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import ModelError, ParameterError
from meanfield.models import kac_rice, scs
from meanfield.simulate.ensemble import Ensemble
from meanfield.simulate.kac_rice import beside_theory, complexity, density_limit
from meanfield.simulate.many_networks import sample_fixed_points
from meanfield.simulate.pooled import Pooled

G = 2.0


@pytest.fixture(scope="module")
def ensembles() -> list[Ensemble]:
    sizes = {16: 30, 24: 30, 40: 24}
    return [
        sample_fixed_points(kac_rice.MODEL, neurons=N, networks=K, starts=512, until=0.1, seed=3, g=G, D=0.0)
        for N, K in sizes.items()
    ]


@pytest.fixture(scope="module")
def state():
    return mf.solve(kac_rice.MODEL, g=G, D=0.0)


def test_theory_and_networks_agree(ensembles, state) -> None:
    """Every average within four standard errors after extrapolation in 1/N; the slope of ln <count> is the complexity."""
    rows = {row.quantity: row for row in beside_theory(ensembles, state)}
    means = {"mean_square", "mean_square_phi", "fraction_near_zero", "bulk_radius", "fraction_outside", "fraction_unstable"}
    assert set(rows) == {"complexity", *means}
    for row in rows.values():
        assert row.z is not None
        assert abs(row.z) < 4, str(row)
    line = complexity(ensembles)
    assert line.slope == pytest.approx(state["complexity"], abs=4 * line.slope_error)
    assert line.slope > 3 * line.slope_error  # and it is not zero


def test_the_histogram_of_coordinates_has_its_peak_at_zero(ensembles, state) -> None:
    edges = np.linspace(-3.25, 3.25, 14)
    middle = (edges[1:] + edges[:-1]) / 2
    pooled = ensembles[-1].density(edges)
    fine = (edges[:-1, None] + (edges[1] - edges[0]) * (np.arange(20) + 0.5) / 20).ravel()
    theory = state.profile("density", fine).reshape(13, 20).mean(axis=1)
    assert pooled.value == pytest.approx(pooled.value[::-1])  # partners are counted
    assert np.argmax(pooled.value) == 6
    limit = density_limit(ensembles, edges)
    assert np.isfinite(limit.value).all()
    assert (abs(limit.value - theory) < 4 * limit.error).all()
    assert middle[6] == 0


def test_a_limit_of_densities_says_what_a_line_misses() -> None:
    """Densities with a term of second order in 1/N: the line is off by many standard errors, which its error has to tell."""

    def ensemble(N: int, bend: float) -> Any:
        values = np.array([0.3 + 2 / N + bend / N**2, 0.0])
        return SimpleNamespace(neurons=N, density=lambda edges: Pooled(values, np.array([1e-4, 0.0])))

    edges = np.array([0.0, 1.0, 2.0])
    straight = density_limit([ensemble(N, 0.0) for N in (100, 40, 60, 80)], edges)
    bent = density_limit([ensemble(N, 300.0) for N in (100, 40, 60, 80)], edges)
    assert straight.value[0] == pytest.approx(0.3, abs=1e-12) and straight.error[0] < 3e-4
    off = abs(bent.value[0] - 0.3)
    assert 5 * straight.error[0] < off < 3 * bent.error[0]
    assert np.isnan(bent.value[1])
    with pytest.raises(ParameterError, match="at least two sizes"):
        density_limit([ensemble(40, 0.0)], edges)


def test_networks_count_by_their_fixed_points(ensembles) -> None:
    ensemble = ensembles[-1]
    every = np.concatenate([n.points for n in ensemble.networks if n.count])
    assert ensemble.mean_square.value == pytest.approx(np.mean(every**2))
    assert ensemble.mean_square.error > np.std(np.mean(every**2, axis=1)) / np.sqrt(len(every))  # items are correlated
    moduli = np.concatenate([abs(n.eigenvalues + 1).ravel() for n in ensemble.networks if n.count])
    assert ensemble.radial_cdf([0.5, 1.0]).value == pytest.approx([(moduli <= 0.5).mean(), (moduli <= 1).mean()])
    assert ensemble.fraction_outside.value == pytest.approx(1 - ensemble.radial_cdf(1.0).value)


def test_incomplete_sets_get_no_z(ensembles, state) -> None:
    hasty = [Ensemble(tuple(n.first(12) for n in e.networks)) for e in ensembles]
    assert all(row.completeness < 0.97 and row.z is None and "no z" in str(row) for row in beside_theory(hasty, state))
    assert all(row.limit is None for row in beside_theory(ensembles[:2], state))


def test_with_frozen_input() -> None:
    """Below the onset D_c there are several fixed points, without symmetry; above it one, the static mean-field state."""
    many = sample_fixed_points(kac_rice.MODEL, neurons=30, networks=12, starts=512, seed=1, g=3.0, D=1.0)
    assert many.counts.mean() > 2
    assert not many.networks[0].symmetric
    theory = mf.solve(kac_rice.MODEL, g=3.0, D=1.0)
    assert abs(many.mean_square.value - theory["mean_square"]) < 4 * many.mean_square.error
    one = sample_fixed_points(kac_rice.MODEL, neurons=60, networks=6, starts=128, until=None, seed=1, g=0.8, D=1.0)
    assert list(one.counts) == [1] * 6
    static = mf.solve(kac_rice.MODEL, g=0.8, D=1.0)
    assert abs(one.mean_square.value - static["mean_square"]) < 4 * one.mean_square.error
    assert one.fraction_unstable.value == static["fraction_unstable"] == 0


def test_files_of_networks(ensembles, tmp_path) -> None:
    options = {"neurons": 16, "starts": 256, "seed": 3, "g": G, "save": tmp_path}
    first = sample_fixed_points(kac_rice.MODEL, networks=2, **options)
    again = sample_fixed_points(kac_rice.MODEL, networks=3, **options)
    assert sorted(f.name for f in tmp_path.iterdir()) == [f"network_16_000{k}.nc" for k in range(3)]
    assert np.array_equal(again.networks[1].points, first.networks[1].points)
    assert np.array_equal(ensembles[0].networks[2].system.J, again.networks[2].system.J)


def test_refusals(state) -> None:
    with pytest.raises(ModelError, match="noise"):
        sample_fixed_points(scs.MODEL, neurons=10, g=2.0, sigma_squared=0.5)
    with pytest.raises(ParameterError, match="positive"):
        sample_fixed_points(kac_rice.MODEL, neurons=0, g=2.0)
    with pytest.raises(ParameterError, match="one size"):
        Ensemble(())
    with pytest.raises(ParameterError, match="at least one"):
        beside_theory([], state)
