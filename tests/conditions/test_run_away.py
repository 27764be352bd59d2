"""Run-away of the threshold-linear network, from its scale-free form (THEORY A11: simulated and solved independently).

max(0, x) is homogeneous of degree one. Where all activity diverges the bias no longer matters, and what remains is the
same model without input, whose solutions are rays; on the ray with Delta_0 = 1 the strength g is what is left to solve for.
"""

import pytest

import meanfield as mf
from meanfield.conditions import fix_parameters, indicator_zero

SILENT = {"M_m": 1, "M_I": 0, "Sigma_m": 0, "Sigma_mI": 0, "Sigma_nI": 0, "Sigma_I_squared": 0}


@pytest.mark.parametrize(("inhibition", "g_run"), [(-1.0, 1.7891843267), (-2.0, 2.0863283204), (-4.0, 2.5751164134)])
def test_where_the_activity_diverges(inhibition: float, g_run: float) -> None:
    network = mf.models.by_name("rank1-input-chaotic").with_transfer(mf.transfer.relu)
    ray = fix_parameters(network, SILENT)
    Delta_0 = next(s for s in ray.public_unknowns if s.name == "Delta_0")
    boundary = indicator_zero(ray, ray.reports[Delta_0] - 1, "g", window=(1.4, 3))
    (found,) = mf.solve(boundary, M_n=inhibition, find="all")
    assert found["g"] == pytest.approx(g_run, abs=6e-11)  # as many digits as are known
    assert found.error["g"] < 1e-12
    assert found["mu"] < 0 < found["Delta_inf"] < 1
