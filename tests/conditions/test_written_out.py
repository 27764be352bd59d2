"""What a preparation computes, as formulas."""

import pytest

import meanfield as mf
from meanfield import models
from meanfield.conditions import fix_parameters, indicator_zero, singular, written_out
from meanfield.errors import ModelError, ParameterError

POINT = {"g": 2.5, "M_m": 1.2, "M_n": 0.5, "M_I": 0.1, "Sigma_m": 1.1, "Sigma_mI": 0.2, "Sigma_nI": 0.3}
POINT_OF_FOLD = {"g": 0.8, "M_m": 3.5, "M_n": 1, "Sigma_m": 1, "Sigma_nI": 0}
INPUT = {"Sigma_n": 0.9, "Sigma_perp": 0.4}


@pytest.mark.parametrize("name", ["rank1-input-stationary", "rank1-input-chaotic"])
def test_the_written_model_has_the_same_solutions(name: str) -> None:
    model = models.by_name(name)
    written = written_out(model)
    assert {"Sigma_n", "Sigma_perp"} <= {s.name for s in written.parameters}
    assert "Sigma_I_squared" not in {s.name for s in written.parameters}
    a, b = (mf.solve(m, find="one", **POINT, **INPUT) for m in (model, written))
    assert all(abs(a[u] - b[u]) <= a.error[u] + b.error[u] + 1e-15 for u in a.unknowns)


def test_a_freed_covariance_is_not_silently_left_out_of_the_variance() -> None:
    """The preparation knows only what is given: with Sigma_nI an unknown it cannot compute the variance of the input."""
    model = models.by_name("rank1-input-stationary")
    assert indicator_zero(model, "chaos", "M_I").prepare is model.prepare
    boundary = indicator_zero(model, "chaos", "Sigma_nI")
    rest = {name: value for name, value in POINT.items() if name != "Sigma_nI"}
    with pytest.raises(ParameterError, match="Sigma_n, Sigma_perp cannot be prepared, since Sigma_nI is an unknown.*written_out"):
        mf.solve(boundary, **rest, **INPUT)
    with pytest.raises(ParameterError, match="give Sigma_I_squared to hold it constant"):
        mf.solve(boundary, **rest)
    held = mf.solve(singular(model, free="M_I", window=(-1, 1)), find="all", **POINT_OF_FOLD, Sigma_I_squared=1)
    freed = singular(model, free="Sigma_nI", window=(-1, 1)).changed(starts=())
    start = [held[0][n] for n in ("mu", "kappa", "Delta_0")] + [held[0][n] for n in ("v_mu", "v_kappa", "v_Delta_0")] + [0.0]
    given = {k: v for k, v in POINT_OF_FOLD.items() if k != "Sigma_nI"}
    again = mf.solve(freed, find="all", starts=[start], rounds=0, M_I=held[0]["M_I"], Sigma_I_squared=1, **given)
    assert any(abs(s["Sigma_nI"]) < 1e-9 for s in again)


def test_models_that_prepare_nothing_stay_what_they_are() -> None:
    model = models.by_name("rank1-stationary")
    assert written_out(model) is model
    written = written_out(models.by_name("rank1-input-stationary"))
    assert written_out(written) is written
    assert fix_parameters(written, {"Sigma_n": 1}).parameters[-1].name == "Sigma_perp"


def test_a_preparation_without_formulas_is_refused() -> None:
    model = models.by_name("rank1-input-stationary")
    mute = model.changed(prepare=type(model.prepare)(("Sigma_n",), model.prepare.function))  # type: ignore[misc, union-attr]
    with pytest.raises(ModelError, match="not given as formulas"):
        written_out(mute)
