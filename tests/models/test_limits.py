"""Reductions of one model to another, and limits with known expansions."""

import numpy as np
import pytest

import meanfield as mf
from meanfield import models, transfer

SCS, KAC_RICE = models.by_name("scs"), models.by_name("kac-rice")


@pytest.mark.parametrize("g", [1.2, 2.0, 5.0])
def test_without_structure_the_rank_one_network_is_scs(g: float) -> None:
    (chaos,) = mf.solve(models.by_name("rank1-chaotic"), find="all", g=g, M_m=0, M_n=1.3, Sigma_m=0)
    plain = mf.solve(SCS, g=g)
    assert abs(chaos["Delta_0"] - plain["Delta_0"]) <= chaos.error["Delta_0"] + plain.error["Delta_0"]
    assert abs(chaos["Delta_inf"]) <= 1e-12


def test_near_its_onset_scs_chaos_grows_as_expanded() -> None:
    """``Delta_0 = eps + (7/6) eps^2 + ...`` for tanh, ``eps / (3 a)`` for ``phi = x - a x^3``."""
    eps = np.array([1e-3, 2e-3, 4e-3])
    Delta_0 = mf.solve(SCS, g=1 + eps)["Delta_0"]
    assert (Delta_0 - eps) / eps**2 == pytest.approx(7 / 6, abs=0.01)
    for phi, a in ((transfer.erf, np.pi / 12), (transfer.algebraic, 1 / 2), (transfer.sine, 1 / 6)):
        assert mf.solve(SCS, transfer=phi, g=1.001)["Delta_0"] == pytest.approx(1e-3 / (3 * a), rel=5e-3)


def test_strong_coupling_approaches_the_sign_function() -> None:
    assert mf.solve(SCS, g=200.0)["Delta_0"] / 200**2 == pytest.approx(2 * (1 - 2 / np.pi), rel=2e-3)


def test_noise_alone_without_coupling() -> None:
    assert mf.solve(SCS, g=0, sigma_squared=0.7)["Delta_0"] == pytest.approx(0.7, rel=1e-12)


def test_complexity_near_its_onset_is_universal() -> None:
    """``c = (16/81) eps^3``, ``alpha = 2 eps/3``, ``f_u = (2/(3 pi)) (2 eps/3)^(3/2)``, whatever phi."""
    eps = 0.005
    for phi in (transfer.tanh, transfer.erf):
        state = mf.solve(KAC_RICE, transfer=phi, g=1 + eps)
        assert state["complexity"] / eps**3 == pytest.approx(16 / 81, rel=0.03)
        assert state["alpha"] == pytest.approx(2 * eps / 3, rel=0.03)
        assert state["fraction_unstable"] == pytest.approx(2 / (3 * np.pi) * (2 * eps / 3) ** 1.5, rel=0.03)


def test_complexity_vanishes_quadratically_at_the_critical_input() -> None:
    (edge,) = mf.solve(mf.indicator_zero(KAC_RICE, "alpha", "D"), find="all", g=1.5)
    depths = np.array([1e-2, 1e-3])
    complexity = mf.solve(KAC_RICE, g=1.5, D=edge["D"] * (1 - depths))["complexity"]
    assert np.log10(complexity[0] / complexity[1]) == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize(("g", "depth", "many"), [(2.0, 1e-6, True), (2.0, -1e-6, False), (1.2, 1e-3, True), (1.2, -1e-3, False)])
def test_each_side_of_the_junction_has_its_one_state(g: float, depth: float, many: bool) -> None:
    (edge,) = mf.solve(mf.indicator_zero(KAC_RICE, "alpha", "D"), find="all", g=g)
    (state,) = mf.solve(KAC_RICE, find="all", g=g, D=edge["D"] * (1 - depth))
    assert (state["alpha"] > 0) is many
    assert state.stable is not many


@pytest.mark.parametrize("g", [0.5, 1.0])
def test_without_input_and_with_weak_coupling_nothing_is_returned(g: float) -> None:
    assert len(mf.solve(KAC_RICE, find="all", g=g)) == 0
    assert len(mf.solve(SCS, find="all", g=g)) == 0
    assert len(mf.solve(models.by_name("rank1-chaotic"), find="all", g=g, M_m=1, M_n=0.5)) == 0


def test_large_coupling_gives_the_closed_form_of_the_complexity() -> None:
    """``c -> ln(exp(-1/pi) + erf(1/sqrt(pi)))``, approached from below like 1/g."""
    limit = 0.264239325143
    c = mf.solve(KAC_RICE, g=np.array([10.0, 20.0]))["complexity"]
    assert c[0] < c[1] < limit
    assert 2 * c[1] - c[0] == pytest.approx(limit, abs=0.02)


def test_threshold_linear_chaos_with_inhibition() -> None:
    """A11: g = 2, b = 1, J_0 = -4, and nothing beyond the run-away."""
    model = models.by_name("rank1-input-chaotic").with_transfer(transfer.relu)
    (state,) = mf.solve(model, find="all", g=2, M_m=1, M_n=-4, M_I=1)
    known = {"mu": -0.733078379700654, "Delta_0": 3.46845494105791, "Delta_inf": 2.33447393395121}
    assert {name: state[name] for name in known} == pytest.approx(known, rel=1e-11)
    assert len(mf.solve(model, find="all", g=1.85, M_m=1, M_n=-1, M_I=1)) == 0


def test_threshold_linear_fixed_point_diverges_at_sqrt_2() -> None:
    model = models.by_name("rank1-input-stationary").with_transfer(transfer.relu)
    (state,) = mf.solve(model, find="all", g=1.2, M_m=0, M_n=0, M_I=1)
    assert state["Delta_0"] == pytest.approx(21.9356172184, rel=1e-11)
    assert len(mf.solve(model, find="all", g=1.42, M_m=0, M_n=0, M_I=1)) == 0
