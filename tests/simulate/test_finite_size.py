"""What fluctuations of the size of fixed points add in finite networks: Laplace's limit, and networks with planted fixed points."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.models import kac_rice
from meanfield.simulate.finite_size import FiniteSize
from meanfield.simulate.kac_rice import beside_tallies
from meanfield.simulate.planted import planted_fixed_points
from meanfield.simulate.tally import MEANS, log_count


def finite_size(g: float, D: float) -> tuple[mf.Solution, FiniteSize]:
    state = mf.solve(kac_rice.MODEL, g=g, D=D)
    finite = FiniteSize.of(state)
    assert finite is not None
    return state, finite


def test_limits_are_the_theorys_own() -> None:
    state, finite = finite_size(2.0, 0.3)
    for name, limit in finite.limits.items():
        if name != "fraction_near_zero":
            assert limit == pytest.approx(state[name] ** (2 if name == "bulk_radius" else 1), rel=1e-9), name
    assert finite.complexity.max() < 1e-8  # the theory's beta is where there are most


def test_it_goes_like_one_over_n() -> None:
    """To the leading order, by Laplace's rule: ``sqrt(N/pi) p/s beta sqrt(2 pi / (N |c''|))``."""
    _, finite = finite_size(2.0, 0.0)
    for name in MEANS:
        nearer, near = (N * finite.added(name, N) for N in (4000, 2000))
        assert nearer == pytest.approx(near, rel=0.15), name  # a width N^(-1/2) would be 40 % off
    k, step = int(finite.complexity.argmax()), finite.log_beta[1] - finite.log_beta[0]
    bend = (2 * finite.complexity[k] - finite.complexity[k - 20] - finite.complexity[k + 20]) / (20 * step) ** 2
    leading = finite.log_rest[k] + np.log(2 / bend) / 2
    assert 1e5 * finite.added("complexity", 100_000) == pytest.approx(leading, abs=2e-3)


@pytest.mark.parametrize(("g", "D"), [(2.0, 0.0), (3.0, 0.5)])
def test_networks_show_what_it_says(g: float, D: float) -> None:
    """The number of fixed points, constant included, and averages over them, which are not yet those of infinite networks."""
    state, finite = finite_size(g, D)
    planted = planted_fixed_points(state, neurons=60, samples=384, seed=3, workers=1)
    count = log_count(planted)
    left = count.value - 60 * (state["complexity"] + finite.added("complexity", 60))
    assert abs(left) < 4 * count.error < 0.2
    for row in beside_tallies({60: planted}, state, finite)[1:]:
        shown = row.sizes[60]
        assert abs(shown.value - row.theory - row.added[60]) < 3 * shown.error + 0.05 * row.theory, row.quantity
        if row.quantity == "fraction_unstable" and D == 0:
            assert row.added[60] > 4 * shown.error  # it is not small


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
