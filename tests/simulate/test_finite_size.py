"""What fluctuations of the size of fixed points add in finite networks: Laplace's limit, and networks with planted fixed points."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.conditions import change_unknowns
from meanfield.errors import ModelError
from meanfield.models import kac_rice
from meanfield.networks import network
from meanfield.simulate.finite_size import FiniteSize
from meanfield.simulate.kac_rice import beside_tallies
from meanfield.simulate.laws import Units
from meanfield.simulate.planted import planted_fixed_points
from meanfield.simulate.tally import MEANS, log_count
from meanfield.transfer import tanh


def finite_size(g: float, D: float) -> tuple[mf.Solution, FiniteSize]:
    state = mf.solve(kac_rice.MODEL, g=g, D=D)
    finite = FiniteSize.of(state)
    assert finite is not None
    return state, finite


@pytest.mark.parametrize(("g", "D"), [(2.0, 0.0), (2.0, 0.3), (3.0, 10.0), (15.0, 0.0)])
def test_limits_are_the_theorys(g: float, D: float) -> None:
    """The network's own laws, summed up without the theory's solution, have its averages where they are most frequent."""
    state, finite = finite_size(g, D)
    for name, limit in finite.limits.items():
        if name != "fraction_near_zero":
            precise = 1e-4 if name == "fraction_unstable" else 1e-9
            assert limit == pytest.approx(state[name] ** (2 if name == "bulk_radius" else 1), rel=precise), name
    assert np.nanmax(finite.inner) < 1e-9


def test_functions_that_never_let_the_edge_pass() -> None:
    """At g = 6 a sine leaves no fixed point whose eigenvalues stay below 1; there are no outer laws."""
    finite = FiniteSize.of(mf.solve(kac_rice.MODEL.with_transfer("sine"), g=6.0, D=1.0))
    assert finite is not None and np.isneginf(finite.gap).all()
    assert abs(finite.added("fraction_unstable", 100)) < 0.1


def test_it_goes_like_one_over_n() -> None:
    """To the leading order, by Laplace's rule: ``sqrt(N/pi) p/s beta sqrt(2 pi / (N |c''|))``."""
    _, finite = finite_size(2.0, 0.0)
    for name in MEANS:
        nearer, near = (N * finite.added(name, N) for N in (4000, 2000))
        assert nearer == pytest.approx(near, rel=0.15), name  # a width N^(-1/2) would be 40 % off
    k = int(np.nanargmax(finite.inner))
    narrow, wide = ((2 * finite.inner[k] - finite.inner[k - m] - finite.inner[k + m]) / (m * finite.step) ** 2 for m in (20, 40))
    bend = (4 * narrow - wide) / 3
    leading = finite.log_rest[k] + np.log(2 / bend) / 2
    assert 1e5 * finite.added("complexity", 100_000) == pytest.approx(leading, abs=2e-3)


@pytest.mark.parametrize(("g", "D"), [(2.0, 0.0), (3.0, 0.5), (3.0, 10.0), (2.0, 1.4)])
def test_networks_show_what_it_says(g: float, D: float) -> None:
    """The number of fixed points, constant included, and averages over them, which are not yet those of infinite networks; also
    near D_c = 15.1 and 1.7, where half of them have no eigenvalue beyond 1 and their number was 1.8 times the formula's."""
    state, finite = finite_size(g, D)
    planted = planted_fixed_points(state, neurons=60, samples=384, seed=3, workers=1)
    count = log_count(planted)
    left = count.value - 60 * (state["complexity"] + finite.added("complexity", 60))
    assert abs(left) < 4 * count.error < 0.25
    for row in beside_tallies({60: planted}, state, finite)[1:]:
        shown = row.sizes[60]
        # Next to 1, where hardly any eigenvalue is unstable, the real axis counts, of which the formula knows nothing.
        share = 0.05 if row.theory > 0.01 else 0.5
        assert abs(shown.value - row.theory - row.added[60]) < 3 * shown.error + share * row.theory, row.quantity
        if row.quantity == "fraction_unstable" and D != 0.5:
            assert row.added[60] > 4 * shown.error  # it is not small


@pytest.mark.parametrize(("D", "middle"), [(0.0, 2.0), (0.4, 2.0), (0.0, 15.0)])
def test_it_is_smooth_in_the_coupling(D: float, middle: float) -> None:
    """Where <phi^2> can grow no further exponents fall ever faster: a curve through them had a bump there at some couplings."""
    couplings = middle * np.linspace(0.9, 1.1, 9)
    for name in ("complexity", "mean_square", "fraction_unstable"):
        values = np.array([finite_size(g, D)[1].added(name, 60) for g in couplings])
        smooth = np.polyval(np.polyfit(couplings, values, 4), couplings)
        assert np.abs(values - smooth).max() < 1e-3 * np.abs(values).max() + 1e-5, name


def wrong(factor: float) -> mf.Model:
    """kac-rice with the equation of gamma multiplied by ``factor``."""
    plain = kac_rice.IN_ORDER_PARAMETERS
    first, second, _ = plain.implicit
    third = sp.expand(kac_rice.beta * (sp.nsimplify(factor) * kac_rice.at_mu_star(kac_rice.gamma_of_rho) - kac_rice.gamma))
    old = {kac_rice.beta: sp.exp(kac_rice.log_beta), kac_rice.gamma: kac_rice.gamma_beta * sp.exp(-kac_rice.log_beta)}
    back = {kac_rice.log_beta: sp.log(kac_rice.beta), kac_rice.gamma_beta: kac_rice.gamma * kac_rice.beta}
    unknowns = (kac_rice.alpha, kac_rice.log_beta, kac_rice.gamma_beta)
    changed = plain.changed(junctions=[], implicit=[first, second, third])
    return change_unknowns(changed, old, unknowns=unknowns, inverse=back)


def test_a_wrong_theory_is_not_helped() -> None:
    """What is taken away had been the difference to the theory under test, which made its errors its networks' errors, too."""
    right, beside = finite_size(2.0, 0.0)
    planted = {N: planted_fixed_points(right, neurons=N, samples=512, seed=N, workers=1) for N in (50, 80, 120)}
    assert all(abs(row.z or 9) < 4 for row in beside_tallies(planted, right))
    for factor in (1.1, -1.0):
        state = mf.solve(wrong(factor), g=2.0, D=0.0)
        finite = FiniteSize.of(state)
        assert finite is not None
        assert finite.limits == pytest.approx(beside.limits, rel=1e-8)
        for N in (40, 1000):
            assert finite.added("mean_square", N) == pytest.approx(beside.added("mean_square", N), rel=1e-5)
        assert max(abs(row.z or 0) for row in beside_tallies(planted, state)) > 4


def test_what_is_decided_beyond_the_laws_is_not_said() -> None:
    """Next to the onset of chaos a hundred neurons have few fixed points, most of them next to the one at rest."""
    state, finite = finite_size(1.05, 0.0)
    assert np.isnan(finite.added("complexity", 100)) and np.isnan(finite.added("mean_square", 100))
    others = mf.solve(kac_rice.MODEL, g=2.0, D=0.0)  # some networks
    planted = {N: planted_fixed_points(others, neurons=N, samples=128, workers=1) for N in (20, 30, 40)}
    for row in beside_tallies(planted, state, finite):
        assert row.z is None and "take larger ones" in row.doubt and "no z" in str(row)


@pytest.mark.parametrize(
    "changed",
    [{"strength": 1.5 * kac_rice.g}, {"covariances": {("I", "I"): 2 * kac_rice.D}}],
)
def test_planted_networks_are_the_models(changed: dict[str, object]) -> None:
    """Not networks of the parameters that happen to be called g and D."""
    settings = {"strength": kac_rice.g, "covariances": {("I", "I"): kac_rice.D}, **changed}
    other = kac_rice.MODEL.changed(network=network(tanh, **settings))
    state = mf.solve(other, g=2.0, D=0.5)
    units = Units.of(state)
    assert (units.g, units.D) == ((3.0, 0.5) if "strength" in changed else (2.0, 1.0))
    planted = {N: planted_fixed_points(state, neurons=N, samples=256, seed=N, workers=1) for N in (40, 60, 90)}
    assert max(abs(row.z or 0) for row in beside_tallies(planted, state)) > 4


def test_networks_that_are_not_plain_are_refused() -> None:
    other = kac_rice.MODEL.changed(network=network(tanh, strength=kac_rice.g, sigma_squared=kac_rice.D))
    with pytest.raises(ModelError, match="independent couplings and a frozen input"):
        planted_fixed_points(mf.solve(other, g=2.0, D=0.5), neurons=20, samples=64)


def test_a_line_no_longer_misses_the_complexity() -> None:
    """Without noise: ``ln E N_fp`` as fluctuations have it is off a line in 1/N by more than what leaving out a size tells."""
    from meanfield.simulate.pooled import fit_line

    _, finite = finite_size(2.0, 0.0)
    sizes = np.array([60, 100, 180, 250, 400])
    added = [finite.added("complexity", N) for N in sizes]
    line, shorter = fit_line(1 / sizes, added, 1 / sizes), fit_line(1 / sizes[1:], added[1:], 1 / sizes[1:])
    assert line.intercept < -1e-4  # half a percent of the complexity, which was 2.7 standard errors of 4096 networks of each size
    assert abs(shorter.intercept - line.intercept) < 0.2 * abs(line.intercept)


def test_other_theories_have_none() -> None:
    assert FiniteSize.of(mf.solve(mf.models.by_name("kac-rice-single"), g=0.8, D=1.0)) is None
    assert FiniteSize.of(mf.solve(mf.models.by_name("scs"), g=2.0)) is None
