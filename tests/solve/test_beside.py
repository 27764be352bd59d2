"""Roots that lie nearer to each other than rough quadrature can tell: next to folds and pitchforks."""

import numpy as np
import pytest

import meanfield as mf

INPUT = {"g": 0.8, "M_m": 3.5, "M_n": 1.0, "Sigma_m": 1.0, "Sigma_n": 1.0, "Sigma_mI": 0.0, "Sigma_nI": 0.0, "Sigma_perp": 1.0}


@pytest.mark.parametrize("inside", [1e-6, 1e-8, 1e-9])
@pytest.mark.parametrize("side", [1, -1])
def test_both_roots_at_a_fold(inside: float, side: int) -> None:
    model = mf.models.by_name("rank1-input-stationary")
    fold = 0.7593860540010214  # tests/diagram finds it; the roots are at sqrt(c inside) from it
    within = mf.solve(model, find="all", **INPUT, M_I=side * (fold - inside))
    assert len(within) == 3
    kappa = np.sort([side * float(s["kappa"]) for s in within])
    assert kappa[1] - kappa[0] == pytest.approx(1.02229 * np.sqrt(inside), rel=1e-3)
    assert len(mf.solve(model, find="all", **INPUT, M_I=side * (fold + inside))) == 1


@pytest.mark.parametrize("beyond", [1e-5, 1e-7, 1e-8, 1e-9])
@pytest.mark.parametrize("g", [0.5, 0.9])
def test_the_pair_at_a_pitchfork(g: float, beyond: float) -> None:
    model = mf.models.by_name("rank1-stationary")
    found = mf.solve(model, find="all", g=g, M_m=1.0, M_n=1 + beyond, Sigma_m=0.0)
    kappa = [float(s["kappa"]) for s in found]
    assert kappa[1] == 0.0 and len(kappa) == 3
    size = kappa[2]
    assert size == pytest.approx(-kappa[0], abs=found[0].error["kappa"] + found[2].error["kappa"])
    # To third order Delta_0 = g^2 (Delta_0 + kappa^2) and 1 = M_n (1 - kappa^2 / 3 - Delta_0).
    assert size**2 == pytest.approx(beyond / (1 / 3 + g**2 / (1 - g**2)), rel=20 * beyond + 1e-5)
    assert [s.stable for s in found] == [True, False, True]


def test_the_one_solution_beyond_a_pitchfork_is_a_stable_one() -> None:
    model = mf.models.by_name("rank1-stationary")
    M_n = np.array([0.9, 1 - 1e-8, 1 + 1e-8, 1 + 1e-6, 1.1])
    found = mf.solve(model, g=0.5, M_m=1.0, M_n=M_n, Sigma_m=0.0)
    assert found.stable.all()
    assert ((found["kappa"] > 0) == (M_n > 1)).all()
    alone = mf.solve(model, g=0.5, M_m=1.0, M_n=1 + 1e-8, Sigma_m=0.0)
    assert alone["kappa"] == pytest.approx(found["kappa"][2], abs=2 * float(alone.error["kappa"]))
