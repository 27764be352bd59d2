"""Static stability of chaotic states and outliers of stationary ones."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield import models
from meanfield.dynamics.stability import implicit_slope


def test_implicit_slope_of_functions_that_can_be_solved() -> None:
    x, y, t = sp.symbols("x y t", real=True)
    residuals = [x - sp.exp(t), y - x * t]  # x = e^t, y = t e^t
    slope = implicit_slope(x * y + t, {t: 1}, residuals, [x, y])
    explicit = sp.diff(sp.exp(2 * t) * t + t, t)
    assert sp.simplify(slope.subs({x: sp.exp(t), y: t * sp.exp(t)}) - explicit) == 0
    assert implicit_slope(x, {t: 2}, [x - sp.sin(t)], [x]) == 2 * sp.cos(t)


@pytest.mark.parametrize(
    ("model", "parameters", "kappa", "slope", "stable"),
    [  # THEORY, part E
        ("rank1-input-chaotic", {"g": 2.3, "M_m": 1, "M_n": 3, "M_I": 0.05}, -0.24989631, 1.228, False),
        ("rank1-input-chaotic", {"g": 2.3, "M_m": 1, "M_n": 3, "M_I": 0.05}, -1.5812, 0.781, True),
        ("rank1-chaotic", {"g": 2.1, "M_m": 1, "M_n": 2.5, "Sigma_m": 1}, 0.6224, 0.803, True),
        ("rank1-chaotic", {"g": 2.1, "M_m": 1, "M_n": 2.5, "Sigma_m": 1}, 0.0, 1.157, False),
    ],
)
def test_static_slopes_of_chaotic_states(
    model: str, parameters: dict[str, float], kappa: float, slope: float, stable: bool
) -> None:
    states = mf.solve(models.by_name(model), find="all", **parameters)
    state = min(states, key=lambda s: abs(s["kappa"] - kappa))
    assert state["kappa"] == pytest.approx(kappa, abs=1e-4)
    assert complex(np.ravel(state["static"])[0]) == pytest.approx(slope, abs=6e-4)
    assert state.stable is stable


def test_at_rest_only_one_outlier_is_reported() -> None:
    states = mf.solve(models.by_name("rank1-stationary"), find="all", g=0.5, M_m=1, M_n=0.8)
    (rest,) = states
    outliers = np.ravel(rest["outliers"])
    assert outliers[np.isfinite(outliers)] == pytest.approx([0.8])
    assert rest.physical and rest.stable
