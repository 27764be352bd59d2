"""Points of codimension two: cusps, degenerate pitchforks, crossings."""

import pytest

import meanfield as mf
from meanfield import models
from meanfield.conditions import both, cusp, degenerate_pitchfork, fix_parameters, indicator_zero, singular
from meanfield.errors import ModelError
from tests.conditions import normal_forms_zoo as zoo


@pytest.mark.parametrize("model", [zoo.imperfect_pitchfork(), zoo.imperfect_in_two()])
def test_the_cusp_of_the_imperfect_pitchfork(model: mf.Model) -> None:
    (s,) = mf.solve(cusp(model, free=("p", "epsilon")), find="all")
    assert max(abs(s[name]) for name in ("u", "p", "epsilon")) < 1e-12


def test_the_cusp_of_the_driven_network_is_its_unforced_pitchfork() -> None:
    """Without input the folds in M_I end where the symmetric state loses its stability."""
    model = fix_parameters(models.by_name("rank1-input-stationary"), {"Sigma_mI": 0, "Sigma_nI": 0})
    point = {"M_m": 3.5, "g": 0.8, "Sigma_m": 1, "Sigma_I_squared": 1}
    (s,) = mf.solve(cusp(model, free=("M_I", "M_n"), windows={"M_n": (0, 2), "M_I": (-1, 1)}), find="all", **point)
    mu, kappa = model.unknowns[:2]
    symmetric = fix_parameters(model, {"M_I": 0}).changed(symmetries=[{mu: -mu, kappa: -kappa}])
    from meanfield.conditions import symmetry_breaking

    (t,) = mf.solve(symmetry_breaking(symmetric, free="M_n"), find="all", **point)
    assert abs(s["M_n"] - t["M_n"]) <= s.error["M_n"] + t.error["M_n"] < 1e-10
    assert abs(s["M_I"]) <= s.error["M_I"]


@pytest.mark.parametrize(("model", "q"), [(zoo.quintic(), 0), (zoo.feedback(), 1)], ids=["quintic", "feedback"])
def test_where_a_pitchfork_turns_subcritical(model: mf.Model, q: float) -> None:
    (s,) = mf.solve(degenerate_pitchfork(model, free=("p", "q")), find="all")
    assert (s["u"], s["p"]) == (0, 0) and s["q"] == pytest.approx(q, abs=1e-14)


def test_the_crossing_of_a_fold_and_the_onset_of_chaos_is_on_both() -> None:
    model = fix_parameters(models.by_name("rank1-input-stationary"), {"Sigma_mI": 0, "Sigma_nI": 0})
    point = {"M_m": 3.5, "M_n": 1, "Sigma_m": 1, "Sigma_I_squared": 1}
    chaos = indicator_zero(model, "chaos", "g", window=(1, 3))
    crossing = both(chaos, singular(model, free="M_I", window=(-1, 1)))
    found = mf.solve(crossing, find="all", rounds=0, **point)
    assert len(found) == 2
    up = found[1]
    assert up["M_I"] == pytest.approx(-found[0]["M_I"], abs=1e-10)
    on_chaos = mf.solve(chaos, find="all", M_I=up["M_I"], **point)
    assert any(abs(s["g"] - up["g"]) < 1e-5 for s in on_chaos)  # a fold of that curve: the root there is double
    folds = mf.solve(singular(model, free="M_I", window=(-1, 1)), find="all", g=up["g"], **point)
    assert min(abs(s["M_I"] - up["M_I"]) for s in folds) < 1e-10


def test_rewrites_compose_in_either_order() -> None:
    model = fix_parameters(models.by_name("rank1-input-stationary"), {"Sigma_mI": 0, "Sigma_nI": 0})
    one = indicator_zero(singular(model, free="M_I"), "chaos", "g")
    two = both(indicator_zero(model, "chaos", "g"), singular(model, free="M_I"))
    assert set(one.residuals) == set(two.residuals) and set(one.unknowns) == set(two.unknowns)
    assert set(one.accept) == set(two.accept) and set(one.refuse) == set(two.refuse)


def test_what_one_condition_dropped_stays_dropped() -> None:
    model = models.by_name("rank1-chaotic")
    onset = indicator_zero(model, "onset", "g")
    crossing = both(onset, singular(model, free="M_n"))
    assert "Delta_0 is not smaller than Delta_inf" not in crossing.accept and not crossing.refuse
    assert "Delta_inf is not negative" in crossing.accept
    assert "the null vector points to one side" in crossing.accept


def test_refusals() -> None:
    model = models.by_name("rank1-stationary")
    with pytest.raises(ModelError, match="needs two free parameters"):
        cusp(model, free="g")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="must be named once"):
        cusp(model, free=("g", "g"))
    with pytest.raises(ModelError, match="each with a free parameter of its own"):
        both(indicator_zero(model, "chaos", "g"), indicator_zero(model, "outlier", "g"))
    with pytest.raises(ModelError, match="reverses 2 directions"):
        degenerate_pitchfork(zoo.imperfect_in_two(), {zoo.u: -zoo.u, zoo.y: -zoo.y}, free=("p", "epsilon"))
